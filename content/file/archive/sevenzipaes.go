package archive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

	"example.org/imap-integration/message"
)

// sevenZipAES decrypts AES-256 in CBC mode. Without a password it says that one is needed.
type sevenZipAES struct {
	io.ReadCloser
	salt, iv []byte
	rounds   byte
	mode     cipher.BlockMode
	plain    []byte
}

// maxRounds is the power of two of a key's rounds; 7-Zip writes 19.
const maxRounds = 20

func newAES(p []byte, _ uint64, inputs []io.ReadCloser) (io.ReadCloser, error) {
	if err := dictionary(0, inputs); err != nil {
		return nil, err
	}
	if len(p) < 2 || p[0]&0xC0 == 0 {
		return nil, errors.New("AES without its properties")
	}
	salt, iv := int(p[0]>>7+p[1]>>4), int(p[0]>>6&1+p[1]&15)
	if len(p) != 2+salt+iv || iv > aes.BlockSize {
		return nil, errors.New("AES with properties that do not fit")
	}
	s := &sevenZipAES{ReadCloser: inputs[0], salt: p[2 : 2+salt], iv: make([]byte, aes.BlockSize), rounds: p[0] & 63}
	copy(s.iv, p[2+salt:])
	if s.rounds > maxRounds {
		return nil, coded{message.CodeLimitArchive, fmt.Errorf("its key takes 2^%d rounds, 2^%d are allowed", s.rounds, maxRounds)}
	}
	return s, nil
}

// sevenZipKeys makes the keys of one archive. The library knows one table of
// decompressors for all archives: so each leads to its own by a token in the password.
type sevenZipKeys struct {
	id   string
	r    *reader
	made map[string][]byte
}

// archives7z has the keys of each archive that is being read, by their tokens.
var archives7z sync.Map

var lastArchive struct {
	sync.Mutex
	n uint64
}

// enter has the library find the keys until the function that it returns is called.
func (k *sevenZipKeys) enter(r *reader) (leave func()) {
	lastArchive.Lock()
	lastArchive.n++
	k.id, k.r, k.made = strconv.FormatUint(lastArchive.n, 36), r, map[string][]byte{}
	lastArchive.Unlock()
	archives7z.Store(k.id, k)
	return func() { archives7z.Delete(k.id) }
}

// token is a password and the way to the keys.
func (k *sevenZipKeys) token(password string) string { return k.id + "\x00" + password }

// Password takes what token gave to the library.
func (s *sevenZipAES) Password(token string) error {
	id, password, _ := strings.Cut(token, "\x00")
	keys, known := archives7z.Load(id)
	if password == "" || !known {
		return errPassword
	}
	key, err := keys.(*sevenZipKeys).make(s.salt, s.rounds, password) //nolint:forcetypeassert // no other is stored
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	s.mode = cipher.NewCBCDecrypter(block, s.iv)
	return nil
}

// make derives a key, and charges it unless it was made before.
func (k *sevenZipKeys) make(salt []byte, rounds byte, password string) ([]byte, error) {
	const perUnit = 13 // the power of two of the rounds that take half a millisecond
	name := fmt.Sprintf("%d %x %s", rounds, salt, password)
	if key := k.made[name]; key != nil {
		return key, nil
	}
	if err := k.r.charge(1 << max(0, int(rounds)-perUnit)); err != nil {
		return nil, err
	}
	seed := bytes.Clone(salt)
	for _, u := range utf16.Encode([]rune(password)) {
		seed = binary.LittleEndian.AppendUint16(seed, u)
	}
	n := len(seed)
	seed = append(seed, make([]byte, 8)...)
	h := sha256.New()
	for i := range uint64(1) << rounds {
		binary.LittleEndian.PutUint64(seed[n:], i)
		h.Write(seed)
	}
	k.made[name] = h.Sum(nil)
	return k.made[name], nil
}

func (s *sevenZipAES) Read(b []byte) (int, error) {
	if s.mode == nil {
		return 0, errPassword
	}
	if len(s.plain) == 0 {
		buffer := make([]byte, 16<<10)
		n, err := io.ReadFull(s.ReadCloser, buffer)
		if n -= n % aes.BlockSize; n == 0 {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return 0, err
		}
		s.mode.CryptBlocks(buffer[:n], buffer[:n])
		s.plain = buffer[:n]
	}
	n := copy(b, s.plain)
	s.plain = s.plain[n:]
	return n, nil
}
