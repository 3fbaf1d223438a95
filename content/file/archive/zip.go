package archive

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ulikunitz/xz"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Methods of compression in ZIP (APPNOTE.TXT, section 4.4.5), and the mark of AES.
const (
	zipBzip2  = 12
	zipXZ     = 95
	zipAES    = 99
	extraAES  = 0x9901
	encrypted = 1 // bit of the flags
)

// zipReader reads ZIP (PKWARE APPNOTE.TXT), with the ciphers of PKWARE and WinZip.
type zipReader struct{ *reader }

// read reads the members of the directory at the end, and those that a reader
// finds that goes through the file from its beginning.
func (r zipReader) read() error {
	at := &placeReader{Reader: bytes.NewReader(r.data)}
	z, err := zip.NewReader(at, int64(len(r.data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return r.recovered(err)
	}
	var known []span
	for _, f := range z.File {
		s, err := r.directoryMember(f, at)
		if err != nil {
			return err
		}
		known = append(known, s)
	}
	return r.strays(known, func(m *held.Member) {
		m.Add(message.CodeArchiveAmbiguous, "it stands in the archive but not in its directory: some programs show it, others do not")
	})
}

// directoryMember reads a member of the directory, and returns where it stands.
func (r zipReader) directoryMember(f *zip.File, at *placeReader) (span, error) {
	l, err := at.local(r.data, f)
	if f.FileInfo().IsDir() && f.UncompressedSize64 == 0 {
		return span{l.start, l.body}, nil
	}
	m, full := r.start(zipName(&f.FileHeader), int64(min(f.UncompressedSize64, 1<<62)))
	if full != nil {
		return span{}, full
	}
	end := l.body
	if err == nil {
		var used int
		used, err = r.zipMember(m, &f.FileHeader, cut(r.data, l.body, f.CompressedSize64))
		end += used
	}
	if err != nil {
		m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
	}
	other := l.differs(f)
	if other != "" {
		r.otherwise(m, l)
		m.Add(message.CodeArchiveAmbiguous, "the header in front of its content says otherwise than the directory: %s", other)
	}
	if err := r.send(m); err != nil || other == "" {
		return span{l.start, end}, err
	}
	return span{l.start, min(end, l.end())}, r.otherName(m, l)
}

// Directory reports what is wrong with the directory of a ZIP.
func Directory(data []byte) error {
	_, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if errors.Is(err, zip.ErrInsecurePath) {
		return nil
	}
	return err
}

// zipName is the name as text: names without the UTF-8 mark are in a code page of DOS.
func zipName(f *zip.FileHeader) string {
	if !f.NonUTF8 {
		return f.Name
	}
	name, _ := message.DecodeCharset([]byte(f.Name), "cp437")
	return name
}

// zipMember unpacks a member, and returns how many of the packed bytes belong to it.
func (r zipReader) zipMember(m *held.Member, h *zip.FileHeader, packed []byte) (used int, err error) {
	if h.Flags&encrypted == 0 {
		src := bytes.NewReader(packed)
		if err := r.inflate(m, h, h.Method, true, src); err != nil || !m.Read {
			return len(packed), err
		}
		return len(packed) - src.Len(), nil
	}
	cost := 1
	if h.Method == zipAES {
		cost = 2
	}
	return len(packed), r.withPassword(m, cost, func(p held.Password) error {
		if h.Method == zipAES {
			return r.zipAES(m, h, packed, p.Text)
		}
		return r.zipCrypto(m, h, packed, p.Text)
	})
}

// inflate unpacks a member and checks it. A checksum that does not fit is errPassword where one was used.
func (r zipReader) inflate(m *held.Member, h *zip.FileHeader, method uint16, sum bool, packed *bytes.Reader) error {
	src := io.Reader(packed)
	switch method {
	case zip.Store:
	case zip.Deflate:
		src = flate.NewReader(packed)
	case zipBzip2:
		src = bzip2.NewReader(packed)
	case zipXZ:
		z, err := xz.NewReader(packed)
		if err != nil {
			return err
		}
		src = z
	default:
		return coded{message.CodeArchiveUnsupported, fmt.Errorf("compression method %d is not supported", method)}
	}
	if err := r.fill(m, src); err != nil {
		return err
	}
	if m.Read && sum && h.CRC32 != crc32.ChecksumIEEE(m.Data) && !(method == zip.Store && r.isDeflated(m, h)) {
		m.Add(message.CodeArchiveDamaged, "its checksum does not fit")
	}
	return nil
}

// isDeflated unpacks a member that says that it is stored and is compressed, if
// that gives what the checksum is of. Readers that believe it see only noise.
func (r zipReader) isDeflated(m *held.Member, h *zip.FileHeader) bool {
	trial, left := held.Member{Size: -1}, r.budget.Bytes
	if err := r.fill(&trial, flate.NewReader(bytes.NewReader(m.Data))); err != nil || !trial.Read || crc32.ChecksumIEEE(trial.Data) != h.CRC32 {
		r.budget.Bytes = left
		return false
	}
	m.Data, m.Size = trial.Data, trial.Size
	m.Add(message.CodeArchiveAmbiguous, "it says that it is stored as it is, but it is compressed; it was unpacked")
	return true
}

// zipCrypto decrypts with the cipher of PKWARE (APPNOTE.TXT, section 6.1). One
// wrong password in 256 passes its own check, so the checksum decides.
func (r zipReader) zipCrypto(m *held.Member, h *zip.FileHeader, packed []byte, password string) error {
	const header = 12
	if len(packed) < header {
		return io.ErrUnexpectedEOF
	}
	start := bytes.Clone(packed[:header])
	k := newZipKeys(password)
	k.decrypt(start)
	check := byte(h.CRC32 >> 24)
	if h.Flags&8 != 0 {
		//lint:ignore SA1019 the field of the header is meant, as it stands there
		check = byte(h.ModifiedTime >> 8)
	}
	if start[header-1] != check {
		return errPassword
	}
	plain := bytes.Clone(packed[header:])
	k.decrypt(plain)
	trial, left := *m, r.budget.Bytes
	err := r.inflate(&trial, h, h.Method, true, bytes.NewReader(plain))
	if _, isCoded := errors.AsType[coded](err); isCoded || errors.Is(err, errLimit) {
		return err
	}
	if err != nil || trial.Read && len(trial.Problems) > len(m.Problems) {
		r.budget.Bytes = left
		return errors.Join(errPassword, r.charge(len(packed)>>16))
	}
	*m = trial
	return nil
}

// zipAES decrypts AE-1 and AE-2: the salt, two bytes to check the password, the
// data in counter mode, ten bytes of HMAC-SHA1.
func (r zipReader) zipAES(m *held.Member, h *zip.FileHeader, packed []byte, password string) error {
	const check, mac, rounds = 2, 10, 1000
	strength, method, ok := aesExtra(h.Extra)
	if !ok {
		return errors.New("it says AES and not which")
	}
	keyLen := 8 + 8*int(strength)
	salt := keyLen / 2
	if len(packed) < salt+check+mac {
		return io.ErrUnexpectedEOF
	}
	keys, err := pbkdf2.Key(sha1.New, password, packed[:salt], rounds, 2*keyLen+check)
	if err != nil {
		return err
	}
	if !bytes.Equal(keys[2*keyLen:], packed[salt:salt+check]) {
		return errPassword
	}
	body := packed[salt+check : len(packed)-mac]
	sum := hmac.New(sha1.New, keys[keyLen:2*keyLen])
	sum.Write(body)
	if !hmac.Equal(sum.Sum(nil)[:mac], packed[len(packed)-mac:]) {
		return errPassword
	}
	block, err := aes.NewCipher(keys[:keyLen])
	if err != nil {
		return err
	}
	plain := bytes.Clone(body)
	littleEndianCounter(block, plain)
	return r.inflate(m, h, method, h.CRC32 != 0, bytes.NewReader(plain))
}

// aesExtra finds the strength (1 to 3) and the method under the encryption.
func aesExtra(extra []byte) (strength byte, method uint16, ok bool) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		if id == extraAES && n >= 7 && extra[4] >= 1 && extra[4] <= 3 {
			return extra[4], binary.LittleEndian.Uint16(extra[5:]), true
		}
		extra = extra[n:]
	}
	return 0, 0, false
}

// littleEndianCounter is counter mode with WinZip's order of the counter's bytes.
func littleEndianCounter(block cipher.Block, data []byte) {
	var counter, pad [aes.BlockSize]byte
	for i := 0; i < len(data); i += aes.BlockSize {
		binary.LittleEndian.PutUint64(counter[:], uint64(i/aes.BlockSize)+1)
		block.Encrypt(pad[:], counter[:])
		for j := i; j < min(i+aes.BlockSize, len(data)); j++ {
			data[j] ^= pad[j-i]
		}
	}
}

// zipKeys is the state of PKWARE's cipher.
type zipKeys [3]uint32

func newZipKeys(password string) *zipKeys {
	k := &zipKeys{0x12345678, 0x23456789, 0x34567890}
	for i := range len(password) {
		k.update(password[i])
	}
	return k
}

func (k *zipKeys) update(b byte) {
	k[0] = crc32.IEEETable[byte(k[0])^b] ^ k[0]>>8
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
}

func (k *zipKeys) decrypt(b []byte) {
	for i := range b {
		t := k[2] | 2
		b[i] ^= byte(t * (t ^ 1) >> 8)
		k.update(b[i])
	}
}
