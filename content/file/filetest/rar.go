package filetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// LockRAR5 encrypts a RAR 5 archive as RAR does (RAR 5.0 archive format, "Encryption
// header" and "File encryption record"): the contents, and with headers also the names.
// No free program does that; UnRAR opens what it makes. The salts are fixed.
func LockRAR5(archive []byte, password string, headers bool) []byte {
	const mark, rounds = 8, 15
	salt, iv := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 16)
	key, check := rar5Keys(password, salt, rounds)
	out := bytes.Clone(archive[:mark])
	if headers {
		body := append([]byte{4, 0, 0, 1, rounds}, salt...) // type, flags, version, a check follows
		out = append(out, rar5Block(append(body, check...))...)
	}
	for rest := archive[mark:]; len(rest) > 0; {
		b := cutRAR5(rest)
		rest = rest[b.size:]
		header, data := b.header, b.data
		if kind := header[0]; kind == 2 || kind == 3 {
			record := append([]byte{1, 0, 1, rounds}, salt...) // type, version, a check follows
			record = append(append(record, iv...), check...)
			data = cbc(key, iv, data)
			header = b.withRecord(append([]byte{byte(len(record))}, record...), len(data))
		}
		block := rar5Block(header)
		if headers {
			own := bytes.Repeat([]byte{byte(len(out))}, 16)
			block = append(bytes.Clone(own), cbc(key, own, block)...)
		}
		out = append(append(out, block...), data...)
	}
	return out
}

// rar5Keys derives the key and the value that the password is checked with.
func rar5Keys(password string, salt []byte, rounds int) (key, check []byte) {
	derive := func(more int) []byte {
		k, err := pbkdf2.Key(sha256.New, password, salt, 1<<rounds+more, 32)
		must(err)
		return k
	}
	folded := make([]byte, 8)
	for i, b := range derive(32) {
		folded[i%8] ^= b
	}
	sum := sha256.Sum256(folded)
	return derive(0), append(folded, sum[:4]...)
}

// rar5Block puts the checksum and the length before a header.
func rar5Block(header []byte) []byte {
	sized := append(binary.AppendUvarint(nil, uint64(len(header))), header...)
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(sized)), sized...)
}

func cbc(key, iv, data []byte) []byte {
	data = append(bytes.Clone(data), make([]byte, (aes.BlockSize-len(data)%aes.BlockSize)%aes.BlockSize)...)
	block, err := aes.NewCipher(key)
	must(err)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return data
}

// rar5 is a block of an archive.
type rar5 struct {
	size         int // of all of it
	header, data []byte
	fields       []byte // of the header behind its type, flags and sizes, without the records
	kind, flags  uint64
	records      []byte
}

func cutRAR5(archive []byte) (b rar5) {
	length, n := binary.Uvarint(archive[4:])
	start := 4 + n
	b.header = archive[start : start+int(length)]
	rest := b.header
	next := func() uint64 {
		v, n := binary.Uvarint(rest)
		rest = rest[n:]
		return v
	}
	b.kind, b.flags = next(), next()
	var extra, data uint64
	if b.flags&1 != 0 {
		extra = next()
	}
	if b.flags&2 != 0 {
		data = next()
	}
	b.fields, b.records = rest[:len(rest)-int(extra)], rest[len(rest)-int(extra):]
	b.size = start + int(length) + int(data)
	b.data = archive[start+int(length) : b.size]
	return b
}

// withRecord is the header with one more record, and another size of the data.
func (b rar5) withRecord(record []byte, size int) []byte {
	h := binary.AppendUvarint(nil, b.kind)
	h = binary.AppendUvarint(h, b.flags|3)
	h = binary.AppendUvarint(h, uint64(len(record)+len(b.records)))
	h = binary.AppendUvarint(h, uint64(size))
	return append(append(append(h, b.fields...), record...), b.records...)
}
