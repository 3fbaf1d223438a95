package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"example.org/imap-integration/quote"
)

// tarReader reads TAR in all of its forms.
type tarReader struct{ *reader }

func (r tarReader) read() error {
	t := tar.NewReader(patient{r.ctx, bytes.NewReader(r.data)})
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			continue
		}
		m, err := r.start(h.Name, h.Size)
		if err != nil {
			return err
		}
		if err := r.fill(m, t); err != nil {
			m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
		}
		if err := r.send(m); err != nil {
			return err
		}
	}
}
