package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// sevenZipReader reads 7z.
type sevenZipReader struct {
	*reader
	keys *sevenZipKeys
}

// read reads the archive; a wrong password shows in the header or in a checksum.
func (r sevenZipReader) read() error {
	bounded7z()
	defer r.keys.enter(r.reader)()
	z, err := r.with("")
	if z != nil && err == nil {
		return r.members(z, held.Password{}, nil)
	}
	if !errors.Is(err, errPassword) {
		return err
	}
	var all held.Member
	var opened *sevenzip.Reader
	if err := r.withPassword(&all, 0, func(p held.Password) error { // making the key is charged
		z, err := r.with(p.Text)
		if err == nil {
			opened = z
		}
		return err
	}); err != nil {
		return err
	}
	if opened != nil {
		return r.members(opened, held.Password{Text: all.Password, From: all.OpenedWith}, nil)
	}
	if z != nil { // the names are there
		return r.members(z, held.Password{}, all.Problems)
	}
	r.problems = append(r.problems, all.Problems...)
	return nil
}

// with opens the archive and tries the member that takes least. The reader is
// there with errPassword too where only the contents are encrypted.
func (r sevenZipReader) with(password string) (*sevenzip.Reader, error) {
	z, err := sevenzip.NewReaderWithPassword(bytes.NewReader(r.data), int64(len(r.data)), r.keys.token(password))
	if err != nil {
		return nil, sevenZipError(err, password)
	}
	ends, first := streamEnds(z), -1
	for i, f := range z.File {
		if f.UncompressedSize > 0 && (first < 0 || ends[i] < ends[first]) {
			first = i
		}
	}
	if first < 0 {
		return z, nil
	}
	left := r.budget.Bytes
	trial := held.Member{Size: int64(z.File[first].UncompressedSize)}
	if err = r.charge(int(ends[first] >> 16)); err == nil {
		err = r.member(&trial, z.File[first])
	}
	r.budget.Bytes = left
	if err != nil {
		err = sevenZipError(err, password)
	} else if len(trial.Problems) > 0 && trial.Problems[0].Code == message.CodeArchiveDamaged && password != "" {
		err = errPassword
	}
	if errors.Is(err, errPassword) || errors.Is(err, errLimit) {
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

// streamEnds is where each member ends in the stream that it is packed in with
// others: so much has to be unpacked to reach it.
func streamEnds(z *sevenzip.Reader) []uint64 {
	const most = 1 << 40
	streams := map[int]uint64{}
	ends := make([]uint64, len(z.File))
	for i, f := range z.File {
		if f.UncompressedSize > 0 {
			streams[f.Stream] = min(streams[f.Stream]+min(f.UncompressedSize, most), most)
			ends[i] = streams[f.Stream]
		}
	}
	return ends
}

func (r sevenZipReader) members(z *sevenzip.Reader, p held.Password, given []held.Problem) error {
	ends, reached := streamEnds(z), map[int]uint64{}
	for i, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		m, err := r.start(f.Name, int64(min(f.UncompressedSize, 1<<62)))
		if err != nil {
			return err
		}
		m.OpenedWith, m.Password, m.Problems = p.From, p.Text, given
		skipped := int64(ends[i] - f.UncompressedSize - min(reached[f.Stream], ends[i]-f.UncompressedSize))
		switch {
		case given != nil:
		case f.UncompressedSize > 0 && skipped+m.Size > min(maxStream, r.budget.Bytes):
			m.Add(message.CodeLimitArchive, "not unpacked: %d bytes have to be unpacked to reach its end, %d are allowed", skipped+m.Size, min(maxStream, r.budget.Bytes))
		default:
			r.budget.Bytes -= skipped
			err = r.member(m, f)
			reached[f.Stream] = ends[i]
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

func (r sevenZipReader) member(m *held.Member, f *sevenzip.File) error {
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
	if err := dictionary(min(uint64(binary.LittleEndian.Uint32(properties[1:])), size), inputs); err != nil {
		return nil, err
	}
	header := binary.LittleEndian.AppendUint64(bytes.Clone(properties), size)
	binary.LittleEndian.PutUint32(header[1:], uint32(min(uint64(binary.LittleEndian.Uint32(header[1:])), max(size, lzma.MinDictCap))))
	z, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(io.MultiReader(bytes.NewReader(header), inputs[0]))
	return closing{z, inputs[0]}, err
}

func newLZMA2(properties []byte, plain uint64, inputs []io.ReadCloser) (io.ReadCloser, error) {
	if len(properties) != 1 || properties[0] > 40 {
		return nil, errors.New("LZMA2 without its properties")
	}
	size := max(min((2|uint64(properties[0])&1)<<(properties[0]/2+11), plain), lzma.MinDictCap)
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
