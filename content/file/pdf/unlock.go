package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/klippa-app/go-pdfium/requests"

	"example.org/imap-integration/content/file/held"
)

// unlock finds the passwords of an encrypted file, and returns the file as PDFium is given it:
// the hash of revision 6 (ISO 32000-2, algorithm 2.B) costs nearly half a second where code is
// interpreted, and opening a file takes two to six of them. So the copy says how its key is
// found without a password in the way of revision 5, whose hash is nothing. Where a lock
// cannot be read here, all the passwords are left to PDFium, and so is the last word on all of it.
func unlock(data []byte, passwords []held.Password, b *held.Budget) (opened []byte, fitting []string) {
	opened = data
	for _, l := range locks(data) {
		switch password, fits := l.opens(passwords, b); {
		case fits && l.revision == 6 && l.eased(data, &opened, password):
		case fits:
			fitting = append(fitting, password)
		case !l.readable():
			all := b.Candidates(passwords)
			for _, p := range all[:min(len(all), maxForeign)] {
				fitting = append(fitting, p.Text)
			}
		}
	}
	return opened, slices.DeleteFunc(slices.Compact(fitting), func(p string) bool { return p == "" })
}

// maxForeign bounds the passwords that PDFium tries.
const maxForeign = 20

// eased writes into a copy of the file that its user's password is the empty one; false where
// there is no room for it.
func (l lock) eased(data []byte, copied *[]byte, password string) bool {
	key := l.fileKey(password)
	user, userKey := easyLock(key)
	if key == nil || user == nil {
		return false
	}
	changes := map[string][]byte{"R": []byte("5"), "U": user, "UE": userKey}
	for name, value := range changes {
		if at, ok := l.places[name]; !ok || at.to > len(data) || len(value) > at.to-at.from {
			return false
		}
	}
	if &(*copied)[0] == &data[0] {
		*copied = bytes.Clone(data)
	}
	for name, value := range changes {
		at := l.places[name]
		copy((*copied)[at.from:at.to], append(value, bytes.Repeat([]byte(" "), at.to-at.from-len(value))...))
	}
	return true
}

// fileKey is algorithm 2.A: the key of the file, nil where it cannot be had.
func (l lock) fileKey(password string) []byte {
	kept, packed, user := l.user, l.userKey, []byte(nil)
	if !l.fitsHash(l.user, password, nil) {
		kept, packed, user = l.owner, l.ownerKey, l.user[:48]
	}
	if len(packed) < 32 {
		return nil
	}
	block, err := aes.NewCipher(l.hash(password, kept[40:48], user))
	if err != nil {
		return nil
	}
	key := bytes.Clone(packed[:32])
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(key, key)
	return key
}

// easyLock is U and UE of revision 5 for an empty password, as strings without a byte that
// has to be escaped: salts are tried until there is none.
func easyLock(key []byte) (user, userKey []byte) {
	for i := range uint64(10_000) {
		salts := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, i), i)
		check, intermediate := sha256.Sum256(salts[:8]), sha256.Sum256(salts[8:])
		block, err := aes.NewCipher(intermediate[:])
		if err != nil || key == nil {
			return nil, nil
		}
		packed := make([]byte, 32)
		cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(packed, key)
		user, userKey = inParentheses(append(check[:], salts...)), inParentheses(packed)
		if user != nil && userKey != nil {
			return user, userKey
		}
	}
	return nil, nil
}

// inParentheses is a string as it stands in a file; nil where it would need escapes.
func inParentheses(s []byte) []byte {
	if bytes.ContainsAny(s, "()\\\r") {
		return nil
	}
	return append(append([]byte("("), s...), ')')
}

// encrypted reports whether a file that was opened is encrypted, be it with the empty password.
func (r *reader) encrypted() bool {
	handler, err := r.pdfium.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: r.document})
	return err == nil && handler.SecurityHandlerRevision > 0
}

// decrypted is the file as PDFium writes it without its encryption, for the look at its objects.
func (r *reader) decrypted() ([]byte, error) {
	out := limited{left: maxSize}
	_, err := r.pdfium.FPDF_SaveAsCopy(&requests.FPDF_SaveAsCopy{Document: r.document, Flags: requests.SaveFlagRemoveSecurity, FileWriter: &out})
	return out.Bytes(), err
}

// limited takes no more than a number of bytes.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("the PDF is too large without its encryption")
	}
	return l.Buffer.Write(p)
}
