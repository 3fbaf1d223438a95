package archive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"unicode/utf16"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// sevenZipReader reads 7z.
type sevenZipReader struct{ *reader }

// read reads the archive; a wrong password shows in the header or in a checksum.
func (r sevenZipReader) read() error {
	bounded7z()
	z, err := r.sevenZipWith("")
	if z != nil && err == nil {
		return r.sevenZipMembers(z, held.Password{}, nil)
	}
	if !errors.Is(err, errPassword) {
		return err
	}
	var all held.Member
	var opened *sevenzip.Reader
	if err := r.withPassword(&all, func(password string) error {
		z, err := r.sevenZipWith(password)
		if err == nil {
			opened = z
		}
		return err
	}); err != nil {
		return err
	}
	if opened != nil {
		return r.sevenZipMembers(opened, held.Password{Text: all.Password, From: all.OpenedWith}, nil)
	}
	if z != nil { // the names are there
		return r.sevenZipMembers(z, held.Password{}, all.Problems)
	}
	r.problems = append(r.problems, all.Problems...)
	return nil
}

// sevenZipWith opens the archive and tries the smallest member. The reader is
// there with errPassword too where only the contents are encrypted.
func (r sevenZipReader) sevenZipWith(password string) (*sevenzip.Reader, error) {
	z, err := sevenzip.NewReaderWithPassword(bytes.NewReader(r.data), int64(len(r.data)), password)
	if err != nil {
		return nil, sevenZipError(err, password)
	}
	var first *sevenzip.File
	for _, f := range z.File {
		if !f.FileInfo().IsDir() && f.UncompressedSize > 0 && (first == nil || f.UncompressedSize < first.UncompressedSize) {
			first = f
		}
	}
	if first == nil {
		return z, nil
	}
	trial := held.Member{Size: int64(min(first.UncompressedSize, 1<<62))}
	left := r.budget.Bytes
	err = r.sevenZipMember(&trial, first)
	r.budget.Bytes = left
	if err != nil {
		err = sevenZipError(err, password)
	} else if len(trial.Problems) > 0 && trial.Problems[0].Code == message.CodeArchiveDamaged && password != "" {
		err = errPassword
	}
	if errors.Is(err, errPassword) {
		return z, err
	}
	return z, nil // damage of one member is said when it is unpacked
}

// sevenZipError tells a wrong password from damage: with one, whatever is wrong is its fault.
func sevenZipError(err error, password string) error {
	if errors.Is(err, errPassword) || password != "" && !errors.Is(err, errLimit) {
		return errPassword
	}
	return err
}

func (r sevenZipReader) sevenZipMembers(z *sevenzip.Reader, p held.Password, given []held.Problem) error {
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		m, err := r.start(f.Name, int64(min(f.UncompressedSize, 1<<62)))
		if err != nil {
			return err
		}
		m.OpenedWith, m.Password, m.Problems = p.From, p.Text, given
		if given == nil {
			err = r.sevenZipMember(m, f)
		}
		if err != nil {
			m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
		}
		if err := r.send(m); err != nil {
			return err
		}
	}
	return nil
}

func (r sevenZipReader) sevenZipMember(m *held.Member, f *sevenzip.File) error {
	src, err := f.Open()
	if err != nil {
		return err
	}
	err = errors.Join(r.fill(m, src), src.Close())
	if err == nil && m.Read && f.CRC32 != 0 && f.CRC32 != crc32.ChecksumIEEE(m.Data) {
		m.Add(message.CodeArchiveDamaged, "its checksum does not fit")
	}
	return err
}

// bounded7z replaces the decompressors whose memory the archive decides: a
// header of a hundred bytes may ask for four gigabytes at once.
var bounded7z = sync.OnceFunc(func() {
	sevenzip.RegisterDecompressor([]byte{0x03, 0x01, 0x01}, newLZMA)
	sevenzip.RegisterDecompressor([]byte{0x21}, newLZMA2)
	sevenzip.RegisterDecompressor([]byte{0x04, 0xf7, 0x11, 0x01}, newZstd)
	sevenzip.RegisterDecompressor([]byte{0x06, 0xf1, 0x07, 0x01}, newAES)
	sevenzip.RegisterDecompressor([]byte{0x03, 0x04, 0x01}, func([]byte, uint64, []io.ReadCloser) (io.ReadCloser, error) {
		return nil, coded{message.CodeArchiveUnsupported, errors.New("compression PPMd is not supported")}
	})
})

// closing joins a decompressor with the input that is closed after it.
type closing struct {
	io.Reader
	io.Closer
}

func dictionary(size uint64, inputs []io.ReadCloser) error {
	if len(inputs) != 1 {
		return errors.New("a decompressor with several inputs")
	}
	if size > maxDictionary {
		return coded{message.CodeLimitArchive, fmt.Errorf("it wants a dictionary of %d bytes, %d are allowed", size, maxDictionary)}
	}
	return nil
}

func newLZMA(properties []byte, size uint64, inputs []io.ReadCloser) (io.ReadCloser, error) {
	if len(properties) != 5 {
		return nil, errors.New("LZMA without its properties")
	}
	if err := dictionary(uint64(binary.LittleEndian.Uint32(properties[1:])), inputs); err != nil {
		return nil, err
	}
	header := binary.LittleEndian.AppendUint64(bytes.Clone(properties), size)
	z, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(io.MultiReader(bytes.NewReader(header), inputs[0]))
	return closing{z, inputs[0]}, err
}

func newLZMA2(properties []byte, _ uint64, inputs []io.ReadCloser) (io.ReadCloser, error) {
	if len(properties) != 1 || properties[0] > 40 {
		return nil, errors.New("LZMA2 without its properties")
	}
	size := (2 | uint64(properties[0])&1) << (properties[0]/2 + 11)
	if err := dictionary(size, inputs); err != nil {
		return nil, err
	}
	z, err := lzma.Reader2Config{DictCap: int(size)}.NewReader2(inputs[0])
	return closing{z, inputs[0]}, err
}

func newZstd(_ []byte, _ uint64, inputs []io.ReadCloser) (io.ReadCloser, error) {
	if err := dictionary(0, inputs); err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(inputs[0], zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxDictionary))
	if err != nil {
		return nil, err
	}
	return closing{z, inputs[0]}, nil
}

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

// Password derives the key, as the library asks.
func (s *sevenZipAES) Password(password string) error {
	if password == "" {
		return errPassword
	}
	seed := bytes.Clone(s.salt)
	for _, u := range utf16.Encode([]rune(password)) {
		seed = binary.LittleEndian.AppendUint16(seed, u)
	}
	n := len(seed)
	seed = append(seed, make([]byte, 8)...)
	h := sha256.New()
	for i := range uint64(1) << s.rounds {
		binary.LittleEndian.PutUint64(seed[n:], i)
		h.Write(seed)
	}
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return err
	}
	s.mode = cipher.NewCBCDecrypter(block, s.iv)
	return nil
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
