package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"

	"example.org/imap-integration/content/file/held"
)

// padding fills passwords up to 32 bytes (ISO 32000-2, algorithm 2).
const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

// maxTries bounds the passwords that are tried on a file.
const maxTries = 100

// readable reports whether a lock is one that takes passwords, and whole.
func (l lock) readable() bool {
	long := 32
	if l.revision >= 5 {
		long = 48
	}
	return l.standard && l.revision >= 2 && l.revision <= 6 && len(l.user) >= long && len(l.owner) >= long
}

// opens tells which password opens the file: the empty one, or the first of these that fits.
func (l lock) opens(passwords []held.Password, b *held.Budget) (password string, fits bool) {
	if !l.readable() {
		return "", false
	}
	if l.fits("") {
		return "", true
	}
	passwords = b.Candidates(passwords)
	for _, p := range passwords[:min(len(passwords), maxTries)] {
		if b.Tries <= 0 {
			break
		}
		b.Tries--
		if l.fits(p.Text) {
			return p.Text, true
		}
	}
	return "", false
}

// fits tries a password as the user's and as the owner's.
func (l lock) fits(password string) bool {
	if l.revision >= 5 {
		return l.fitsHash(l.user, password, nil) || l.fitsHash(l.owner, password, l.user[:48])
	}
	for _, length := range l.keyLengths() {
		if l.fitsUser(padded(password), length) || l.fitsUser(l.userOf(password, length), length) {
			return true
		}
	}
	return false
}

// keyLengths are the lengths that the key may have, in bytes: which of them it is stands in
// several places, and a wrong one fits no password.
func (l lock) keyLengths() []int {
	if l.revision == 2 {
		return []int{5}
	}
	if n := l.length / 8; n > 5 && n < 16 {
		return []int{n, 16, 5}
	}
	return []int{16, 5}
}

func padded(password string) []byte { return []byte(password + padding)[:32] }

// fitsUser is algorithms 4 to 6: what U would be with this password, for revisions 2 to 4.
func (l lock) fitsUser(password []byte, length int) bool {
	for _, id := range l.identifiers {
		for _, clear := range []bool{false, true} { // whether the metadata is left in the clear
			key := l.key(password, id, length, clear)
			if l.revision == 2 {
				if bytes.Equal(crypted(key, []byte(padding)), l.user[:32]) {
					return true
				}
				continue
			}
			sum := md5.Sum(append([]byte(padding), id...))
			if bytes.Equal(cryptedOften(key, sum[:], 0, 1), l.user[:16]) {
				return true
			}
		}
	}
	return false
}

// key is algorithm 2.
func (l lock) key(password, id []byte, length int, clear bool) []byte {
	data := append(bytes.Clone(password), l.owner[:32]...)
	data = append(binary.LittleEndian.AppendUint32(data, uint32(l.permissions)), id...)
	if clear {
		data = append(data, 0xFF, 0xFF, 0xFF, 0xFF)
	}
	return l.hashed(data, length)[:length]
}

// hashed is MD5, and from revision 3 on fifty times more of the first bytes.
func (l lock) hashed(data []byte, length int) []byte {
	sum := md5.Sum(data)
	for i := 0; l.revision >= 3 && i < 50; i++ {
		sum = md5.Sum(sum[:length])
	}
	return sum[:]
}

// userOf is algorithm 7: the user's password, which the owner's decrypts.
func (l lock) userOf(owner string, length int) []byte {
	key := l.hashed(padded(owner), md5.Size)[:length]
	if l.revision == 2 {
		return crypted(key, l.owner[:32])
	}
	return cryptedOften(key, l.owner[:32], 19, -1)
}

// cryptedOften applies RC4 twenty times, each time with the key changed by the number of the round.
func cryptedOften(key, data []byte, first, step int) []byte {
	for i, round := 0, first; i < 20; i, round = i+1, round+step {
		changed := bytes.Clone(key)
		for j := range changed {
			changed[j] ^= byte(round)
		}
		data = crypted(changed, data)
	}
	return data
}

func crypted(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil { // a key has 5 to 16 bytes
		return nil
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// fitsHash is algorithms 11 and 12: revisions 5 and 6 keep a salted hash of each password.
func (l lock) fitsHash(kept []byte, password string, user []byte) bool {
	return bytes.Equal(l.hash(password, kept[32:40], user), kept[:32])
}

func (l lock) hash(password string, salt, user []byte) []byte {
	typed := []byte(password)[:min(len(password), 127)]
	sum := sha256.Sum256(append(append(bytes.Clone(typed), salt...), user...))
	if l.revision == 5 {
		return sum[:]
	}
	return hardened(typed, sum[:], user)
}

// hardened is algorithm 2.B.
func hardened(password, sum, user []byte) []byte {
	last := byte(0)
	for i := 0; i < 64 || int(last) > i-32; i++ {
		data := bytes.Repeat(append(append(bytes.Clone(password), sum...), user...), 64)
		block, err := aes.NewCipher(sum[:16])
		if err != nil { // a key of 16 bytes is none that can fail
			return nil
		}
		cipher.NewCBCEncrypter(block, sum[16:32]).CryptBlocks(data, data)
		rest := 0
		for _, c := range data[:16] {
			rest += int(c)
		}
		switch last = data[len(data)-1]; rest % 3 {
		case 0:
			s := sha256.Sum256(data)
			sum = s[:]
		case 1:
			s := sha512.Sum384(data)
			sum = s[:]
		default:
			s := sha512.Sum512(data)
			sum = s[:]
		}
	}
	return sum[:32]
}
