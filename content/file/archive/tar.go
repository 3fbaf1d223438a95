package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// tarReader reads TAR in all of its forms.
type tarReader struct{ *reader }

const tarBlock = 512

// read reads the archive, and those that stand behind its end: tar -i and programs
// that repair show them, others stop.
func (r tarReader) read() error {
	src := bytes.NewReader(r.data)
	for n := 0; ; n++ {
		if err := r.archive(src); err != nil {
			return err
		}
		rest := bytes.TrimLeft(r.data[len(r.data)-src.Len():], "\x00")
		start := len(r.data) - len(rest)
		start -= start % tarBlock
		switch {
		case len(rest) == 0:
			return nil
		case !IsTarHeader(r.data[start:]):
			r.problem(message.CodeArchiveAmbiguous, "%d bytes stand behind the end of the archive; they were not read", len(rest))
			return nil
		case n == 0:
			r.problem(message.CodeArchiveAmbiguous, "a second archive stands behind the end of the first: some programs show its files, others do not")
		}
		_, _ = src.Seek(int64(start), io.SeekStart)
	}
}

// IsTarHeader reports whether data begins as a TAR does: its checksum tells, in those too that have no mark.
func IsTarHeader(data []byte) bool {
	const at, end = 148, 156 // the checksum, which counts as blanks
	if len(data) < tarBlock || data[0] == 0 {
		return false
	}
	want, err := strconv.ParseUint(strings.Trim(string(data[at:end]), " \x00"), 8, 32)
	sum := uint64((end - at) * ' ')
	for i, b := range data[:tarBlock] {
		if i < at || i >= end {
			sum += uint64(b)
		}
	}
	return err == nil && sum == want
}

func (r tarReader) archive(src *bytes.Reader) error {
	t := tar.NewReader(patient{r.ctx, src})
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo, tar.TypeXGlobalHeader:
			continue // no files; tar unpacks kinds that it does not know as files
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
