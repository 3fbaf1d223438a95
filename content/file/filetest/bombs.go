package filetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// Bomb is a file that harms a careless reader.
type Bomb struct {
	Name string
	Data []byte
	Code string // of the problem that names it; "" where it may well be read, or where it depends on which byte was hit
	Full bool   // it takes as much work as one file may: the long tests only
}

// stopped is how a file is named that PDFium works on until its time or its memory
// is over: which of them it is first depends on the machine.
const stopped = "limit_file or file_damaged"

// Named reports whether the problems of these codes name what is wrong with the file.
func (b Bomb) Named(codes []string) bool {
	return b.Code == "" || slices.ContainsFunc(strings.Split(b.Code, " or "), func(one string) bool { return slices.Contains(codes, one) })
}

// Bombs returns all of them.
func Bombs() []Bomb {
	return slicesOf(archives(), documents(), pictures(), texts(), flipped())
}

func slicesOf(lists ...[]Bomb) (all []Bomb) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func archives() []Bomb {
	zeros := make([]byte, 40<<20)
	many := make([]File, 2500)
	for i := range many {
		many[i].Name = fmt.Sprint("f", i)
	}
	nested := Zip(File{"core.txt", []byte("x")})
	for i := range 6 {
		nested = Zip(File{fmt.Sprint(i, ".zip"), nested})
	}
	thirty := zeros[:30<<20]
	zip30 := Zip(File{"a", thirty}, File{"b", thirty}, File{"c", thirty}, File{"d", thirty}, File{"e", thirty})
	var wide []File
	for i := range 40 {
		wide = append(wide, File{fmt.Sprint(i, ".zip"), zip30})
	}
	packed := Zip(File{"a.txt", bytes.Repeat([]byte("sound "), 50)})
	gz := Gzip(bytes.Repeat([]byte("sound "), 50))
	return []Bomb{
		{"zeros.zip", Zip(File{"a", zeros}), "limit_archive", false},
		{"five times thirty.zip", zip30, "limit_archive", true},
		{"wide.zip", Zip(wide...), "limit_archive", true},
		{"many.zip", Zip(many...), "limit_archive", false},
		{"nested.zip", nested, "limit_archive", false},
		{"overlapping.zip", overlapping(3000), "limit_archive", true},
		{"cut.zip", packed[:40], "archive_damaged", false},
		{"no directory.zip", packed[:bytes.Index(packed, []byte("PK\x01\x02"))], "archive_damaged", false},
		{"lying size.zip", lyingSize(), "", false},
		{"locked, many.zip", lockedZIP(2000), "archive_encrypted", true},
		{"headers without directory.zip", strayZIP(64<<10, false), "limit_archive", true},
		{"headers in each other.zip", strayZIP(1<<20, true), "limit_archive", true},
		{"zeros.gz", Gzip(zeros), "limit_archive", true},
		{"zeros.tar.gz", Gzip(Tar("a", zeros)), "limit_archive", true},
		{"gz in gz in gz in gz.gz", Gzip(Gzip(Gzip(Gzip(Gzip(zeros))))), "limit_archive", true},
		{"many parts.gz", bytes.Repeat(Gzip(nil), 100000), "", true},
		{"cut.gz", gz[:len(gz)-12], "archive_damaged", false},
		{"cut header.gz", gz[:8], "archive_damaged", false},
		{"zeros.tar", Tar("a", zeros[:33<<20]), "limit_archive", true},
		{"many behind.tar", bytes.Repeat(Tar("a", nil), 5000), "limit_archive", true},
		{"sparse.tar", sparseTar(), "", false},
		{"cut.tar", Tar("a", make([]byte, 4096))[:2000], "archive_damaged", false},
		{"zeros.bz2", zerosBZ2(3), "limit_archive", true},
		{"cut.bz2", []byte("BZh91AY&SY"), "archive_damaged", false},
		{"cut.xz", []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"), "archive_damaged", false},
		{"junk.xz", append([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"), bytes.Repeat([]byte{0xff}, 4000)...), "archive_damaged", false},
		{"dictionary.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("\xff", 24)), "archive_damaged", false},
		{"cut.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04"), "archive_damaged", false},
		{"cut.rar", []byte("Rar!\x1a\x07\x01\x00"), "archive_damaged", false},
		{"junk.rar", append([]byte("Rar!\x1a\x07\x01\x00"), bytes.Repeat([]byte{0xff}, 4000)...), "archive_damaged", false},
		{"junk 4.rar", append([]byte("Rar!\x1a\x07\x00"), bytes.Repeat([]byte{0x74}, 4000)...), "archive_damaged", false},
		{"rounds.rar", roundsRAR(), "limit_archive", false},
		{"cut.cab", []byte("MSCF\x00\x00\x00\x00\xff\xff\xff\xff"), "archive_damaged", false},
		{"files.cab", append([]byte("MSCF\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x03\x01\xff\xff\xff\xff"), make([]byte, 99)...), "archive_damaged", false},
		{"empty.iso", append(make([]byte, 0x8000), []byte("\x01CD001\x01")...), "archive_unsupported", false},
		{"loop.iso", loopISO(), "", false},
		{"udf.iso", append(make([]byte, 0x8000), append([]byte("\x00BEA01\x01"), make([]byte, 4096)...)...), "archive_unsupported", false},
	}
}

// overlapping is a ZIP whose directory names one compressed member many times.
func overlapping(n int) []byte {
	one := Zip(File{"a", make([]byte, 10<<20)})
	start := bytes.Index(one, []byte("PK\x01\x02"))
	end := bytes.LastIndex(one, []byte("PK\x05\x06"))
	entry, tail := one[start:end], bytes.Clone(one[end:])
	out := bytes.Clone(one[:start])
	for range n {
		out = append(out, entry...)
	}
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(entry)))
	return append(out, tail...)
}

// lyingSize says of 10 MB that they are 10 bytes.
func lyingSize() []byte {
	z := Zip(File{"a", make([]byte, 10<<20)})
	at := bytes.Index(z, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(z[at+24:], 10)
	return z
}

// lockedZIP marks all members as encrypted with the cipher of PKWARE.
func lockedZIP(n int) []byte {
	var files []File
	for i := range n {
		files = append(files, File{fmt.Sprint(i), noise(8, 8).Pix})
	}
	z := Zip(files...)
	for at := bytes.Index(z, []byte("PK\x01\x02")); at >= 0 && at+46 < len(z) && bytes.HasPrefix(z[at:], []byte("PK\x01\x02")); {
		z[at+8] |= 1
		z[binary.LittleEndian.Uint32(z[at+42:])+6] |= 1
		at += 46 + int(binary.LittleEndian.Uint16(z[at+28:])) + int(binary.LittleEndian.Uint16(z[at+30:])) + int(binary.LittleEndian.Uint16(z[at+32:]))
	}
	return z
}

// strayZIP has n headers of members outside the directory; those without an end each unpack all that follows, if that may be.
func strayZIP(n int, endless bool) []byte {
	header := append([]byte("PK\x03\x04\x14\x00"), make([]byte, 25)...)
	header[26], header[30] = 1, 'a'
	if endless {
		header[6] = 8
	}
	return append(bytes.Repeat(header, n), Zip()...)
}

// sparseTar claims a terabyte of holes.
func sparseTar() []byte {
	t := Tar("a", nil)
	copy(t[124:136], "\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00")
	t[156] = 'S'
	copy(t[483:495], "\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00")
	sum := 0
	copy(t[148:156], "        ")
	for _, b := range t[:512] {
		sum += int(b)
	}
	copy(t[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return t
}

// zerosBZ2 is n times 40 MB of zeros, as bzip2 writes them.
func zerosBZ2(n int) []byte {
	const stream = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xd8\xec\xdd\xfe\x01\x32\x5f\x40\x08\xc0\x00\x00\x10\x00\x08\x20\x00\x30\xcc\x09\xaa\x69\xa0\x4a\x51\x5b\x50\x12\x94\x57\x8b\xb9\x22\x9c\x28\x48\x6c\x76\x6e\xff\x00"
	return bytes.Repeat([]byte(stream), n)
}

// roundsRAR is a RAR 5 whose headers are encrypted with a key of 2^24 rounds.
func roundsRAR() []byte {
	header := append([]byte{4, 0, 0, 0, 24}, make([]byte, 16)...) // type, flags, version, flags, rounds, salt
	header = append([]byte{byte(len(header))}, header...)
	out := append([]byte("Rar!\x1a\x07\x01\x00"), binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(header))...)
	return append(append(out, header...), make([]byte, 64)...)
}

// loopISO is an image whose folder is in itself.
func loopISO() []byte {
	image := make([]byte, 20*2048)
	descriptor := image[16*2048:]
	copy(descriptor, "\x01CD001\x01")
	record := make([]byte, 34)
	record[0], record[25], record[32] = 34, 2, 1
	binary.LittleEndian.PutUint32(record[2:], 18)
	binary.LittleEndian.PutUint32(record[10:], 2048)
	copy(descriptor[156:], record)
	record[33] = 'A'
	copy(image[18*2048:], record)
	return image
}

// flipped are sound files with one byte changed.
func flipped() (all []Bomb) {
	sound := []File{
		{"a.zip", Zip(File{"a.txt", bytes.Repeat([]byte("sound content "), 50)})},
		{"a.gz", Gzip(bytes.Repeat([]byte("sound content "), 50))},
		{"a.tar", Tar("a.txt", bytes.Repeat([]byte("sound content "), 50))},
		{"a.docx", docx(`<w:p><w:r><w:t>sound</w:t></w:r></w:p>`)},
		{"a.pdf", PDF([]string{"one", "two"}, "http://x.example/")},
	}
	for i := range 6 {
		for _, f := range sound {
			data := bytes.Clone(f.Data)
			data[(i*37+20)%len(data)] ^= 0x55
			all = append(all, Bomb{fmt.Sprintf("flipped %d %s", i, f.Name), data, "", false})
		}
	}
	return all
}
