package archive_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/content/file/filetest"
	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// TestZIPNames holds how names are decoded, and that folders are left out.
func TestZIPNames(t *testing.T) {
	for name, want := range map[string]string{
		"plain.txt": "plain.txt", "Grüße.txt": "Grüße.txt", "a/b/c.exe": "a/b/c.exe", "../../evil": "../../evil", "\x81ber.txt": "über.txt", "folder/": "",
	} {
		got := archive.Read(t.Context(), "zip", "a.zip", filetest.Zip(filetest.File{Name: name}), nil, budget())
		if want == "" && len(got.Members) > 0 || want != "" && (len(got.Members) != 1 || got.Members[0].Name != want) {
			t.Errorf("%q: %+v", name, got.Members)
		}
	}
}

// TestZIPDamage holds that damage of a member is its own problem and stops no other, and that
// what the directory says wrong is read as the header in front of the content says.
func TestZIPDamage(t *testing.T) {
	sound := filetest.Zip(filetest.File{Name: "a", Data: bytes.Repeat([]byte("first "), 100)}, filetest.File{Name: "b", Data: []byte("second")})
	directory := bytes.Index(sound, []byte("PK\x01\x02"))
	for name, c := range map[string]struct {
		damage func(z []byte)
		read   bool
		codes  string
	}{
		"bytes of the member":            {func(z []byte) { z[35] ^= 0xff }, true, "archive_damaged"},
		"checksum":                       {func(z []byte) { z[directory+16] ^= 1 }, true, "archive_damaged"},
		"method in the directory":        {func(z []byte) { binary.LittleEndian.PutUint16(z[directory+10:], 77) }, true, "archive_ambiguous"},
		"method":                         {func(z []byte) { z[8], z[directory+10] = 77, 77 }, false, "archive_unsupported"},
		"no directory":                   {func(z []byte) { z[directory] = 0 }, true, "archive_damaged"},
		"place of the member":            {func(z []byte) { binary.LittleEndian.PutUint32(z[directory+42:], 1<<30) }, false, "archive_damaged archive_ambiguous"},
		"encrypted, no password":         {func(z []byte) { z[6] |= 1; z[directory+8] |= 1 }, false, "archive_encrypted"},
		"encrypted, says one of the two": {func(z []byte) { z[directory+8] |= 1 }, true, "archive_ambiguous"},
	} {
		z := bytes.Clone(sound)
		c.damage(z)
		got := archive.Read(t.Context(), "zip", "a.zip", z, nil, budget())
		if len(got.Members) < 2 || got.Members[0].Read != c.read || strings.Join(codes(got), " ") != c.codes || !got.Members[1].Read || string(got.Members[1].Data) != "second" {
			t.Errorf("%s: %v, %+v", name, codes(got), got.Members)
		}
	}
}

// TestZIPReadersDiffer holds that what one reader shows and another hides is read and named: unzip and
// Python's zipfile show the members of the last directory only, 7z of two archives the first.
func TestZIPReadersDiffer(t *testing.T) {
	file := func(name, data string) []byte { return filetest.Zip(filetest.File{Name: name, Data: []byte(data)}) }
	good, evil := file("good.txt", "good"), file("evil.js", "evil")
	directory := bytes.Index(evil, []byte("PK\x01\x02"))
	renamed := bytes.Replace(evil, []byte("evil.js"), []byte("good.go"), 1)
	stored := bytes.Clone(evil)
	stored[8], stored[directory+10] = 0, 0
	inside := filetest.Zip(filetest.File{Name: "inner.zip", Data: evil})
	for name, c := range map[string]struct {
		data         []byte
		names, codes string
	}{
		"evil first":         {slices.Concat(evil, good), "good.txt evil.js", "archive_ambiguous"},
		"evil last":          {slices.Concat(good, evil), "evil.js good.txt", "archive_ambiguous"},
		"no directory":       {evil[:directory], "evil.js", "archive_damaged"},
		"in front of it":     {slices.Concat(evil[:directory], good), "good.txt evil.js", "archive_ambiguous"},
		"two names":          {renamed, "evil.js good.go", "archive_ambiguous archive_ambiguous"},
		"said to be stored":  {stored, "evil.js", "archive_ambiguous"},
		"a sound one inside": {inside, "inner.zip", ""},
	} {
		got := archive.Read(t.Context(), "zip", "a.zip", c.data, nil, budget())
		var names []string
		for _, m := range got.Members {
			names = append(names, m.Name)
			if !m.Read || m.Name != "inner.zip" && string(m.Data) != "good" && string(m.Data) != "evil" {
				t.Errorf("%s: %+v", name, m)
			}
		}
		if strings.Join(names, " ") != c.names || strings.Join(codes(got), " ") != c.codes {
			t.Errorf("%s: members %q, problems %q; want %q, %q", name, names, codes(got), c.names, c.codes)
		}
		var record held.Content
		if archive.Differences(&record, c.data); len(record.Problems) == 0 != (c.codes == "") && name != "said to be stored" {
			t.Errorf("%s: in the record %v", name, record.Problems)
		}
	}
}

// TestTARBehindEnd holds that what stands behind the end of a TAR is read or named: tar -i shows a second archive, tar does not.
func TestTARBehindEnd(t *testing.T) {
	good, evil := filetest.Tar("good.txt", []byte("good")), filetest.Tar("evil.js", []byte("evil"))
	for name, c := range map[string]struct {
		data         []byte
		names, codes string
	}{
		"one":            {good, "good.txt", ""},
		"zeros behind":   {slices.Concat(good, make([]byte, 9000)), "good.txt", ""},
		"two":            {slices.Concat(good, evil), "good.txt evil.js", "archive_ambiguous"},
		"three, zeros":   {slices.Concat(good, make([]byte, 5120), evil, evil), "good.txt evil.js evil.js", "archive_ambiguous"},
		"something else": {slices.Concat(good, []byte("MZ and more")), "good.txt", "archive_ambiguous"},
	} {
		got := archive.Read(t.Context(), "tar", "a.tar", c.data, nil, budget())
		var names []string
		for _, m := range got.Members {
			names = append(names, m.Name)
		}
		if strings.Join(names, " ") != c.names || strings.Join(codes(got), " ") != c.codes {
			t.Errorf("%s: members %q, problems %q", name, names, got.Problems)
		}
	}
	if !archive.IsTarHeader(good) || archive.IsTarHeader(make([]byte, 512)) || archive.IsTarHeader(bytes.Repeat([]byte("a text "), 100)) {
		t.Error("a header of TAR is not told from what is none")
	}
}

// TestStreams holds the names of the one file in a compressed stream.
func TestStreams(t *testing.T) {
	data := filetest.Gzip([]byte("content"))
	for name, want := range map[string]string{"a.txt.gz": "a.txt", "a.gz": "a", "a.tgz": "a.tar", "A.TGZ": "A.tar", "noext": "noext", "": "", "dir/a.js.gz": "a.js"} {
		got := archive.Read(t.Context(), "gzip", name, data, nil, budget())
		if len(got.Members) != 1 || want != "" && got.Members[0].Name != want || string(got.Members[0].Data) != "content" {
			t.Errorf("%q: %+v", name, got.Members)
		}
	}
}

// TestTries holds that wrong passwords cost, that the right one is tried first for the
// members that follow, and that it is said how many were tried where there were too many.
func TestTries(t *testing.T) {
	var passwords []held.Password
	for i := range 50 {
		passwords = append(passwords, held.Password{Text: strings.Repeat("x", i+1), From: "text"})
	}
	z := filetest.Zip(filetest.File{Name: "a", Data: []byte(strings.Repeat("content", 9))})
	z[6] |= 1
	z[bytes.Index(z, []byte("PK\x01\x02"))+8] |= 1
	for tries, code := range map[int]string{1000: message.CodeArchiveEncrypted, 10: message.CodeLimitArchive} {
		b := budget()
		b.Tries = tries
		got := archive.Read(t.Context(), "zip", "a.zip", z, passwords, b)
		if !slices.Contains(codes(got), code) {
			t.Errorf("with %d: problems %v", tries, codes(got))
		}
		if tries-b.Tries != min(tries, len(passwords)) {
			t.Errorf("with %d: left %d", tries, b.Tries)
		}
	}
}

// TestFormats holds that each format has a reader, and no other name has.
func TestFormats(t *testing.T) {
	for _, f := range []string{"zip", "7z", "rar", "tar", "gzip", "bzip2", "xz", "cab", "iso"} {
		if !archive.Formats(f) {
			t.Errorf("%s has no reader", f)
		}
		if c := archive.Read(t.Context(), f, "a", nil, nil, budget()); len(codes(c)) == 0 && f != "tar" {
			t.Errorf("nothing is taken for a sound %s", f)
		}
	}
	if archive.Formats("pdf") || archive.Formats("") {
		t.Error("a format that is no archive has a reader")
	}
}
