package archive

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"
	"path"
	"strings"

	"github.com/ulikunitz/xz"

	"example.org/imap-integration/quote"
)

// streamReader reads GZIP, BZ2 and XZ: one file that is compressed.
type streamReader struct{ *reader }

// single hands over the one file of a stream that is compressed.
func (r streamReader) single(name string, src io.Reader) error {
	if name == "" {
		name = strings.TrimSuffix(path.Base(r.name), path.Ext(r.name))
		if ext := strings.ToLower(path.Ext(r.name)); ext == ".tgz" || ext == ".tbz2" || ext == ".txz" {
			name += ".tar"
		}
	}
	m, err := r.start(name, -1)
	if err != nil {
		return err
	}
	if err := r.fill(m, src); err != nil {
		m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
	}
	return r.send(m)
}

func (r streamReader) gzip() error {
	z, err := gzip.NewReader(bytes.NewReader(r.data))
	if err != nil {
		return err
	}
	return r.single(z.Name, z)
}

func (r streamReader) bzip2() error { return r.single("", bzip2.NewReader(bytes.NewReader(r.data))) }

func (r streamReader) xz() error {
	const shortest = 32 // of a stream without content; the library takes a mere header for the end
	if len(r.data) < shortest {
		return io.ErrUnexpectedEOF
	}
	z, err := xz.ReaderConfig{DictCap: 8 << 20}.NewReader(bytes.NewReader(r.data))
	if err != nil {
		return err
	}
	return r.single("", z)
}
