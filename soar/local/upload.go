package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"

	"example.org/imap-integration/soar/packing"
)

// upload is the content of a request: in memory up to one chunk, beyond in a
// file. It is whole before the store is asked for its write lock, so that a
// slow client holds nobody up.
type upload struct {
	given bool // the part was there
	size  int64
	sum   hash.Hash
	small []byte
	file  *os.File // unlinked already; nil for a small one
}

func (u *upload) digest() string { return hex.EncodeToString(u.sum.Sum(nil)) }

func (u *upload) close() {
	if u.file != nil {
		_ = u.file.Close()
	}
}

// chunks yields the content, nothing where there is none.
func (u *upload) chunks(yield func([]byte, error) bool) {
	if u.file == nil {
		if u.given {
			yield(u.small, nil)
		}
		return
	}
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		yield(nil, err)
		return
	}
	chunk := make([]byte, packing.ChunkSize)
	for left := u.size; left > 0; {
		n, err := io.ReadFull(u.file, chunk[:min(left, packing.ChunkSize)])
		if !yield(chunk[:n], err) || err != nil {
			return
		}
		left -= int64(n)
	}
}

// multipart reads a request of two parts: the JSON document metadata, and the
// content, which may be missing.
func (v *server) multipart(r *http.Request, contentName string, metadata any) (_ *upload, err error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, bad(http.StatusUnsupportedMediaType, "media.type", "the body must be multipart/form-data: %v", err)
	}
	content := &upload{sum: sha256.New()}
	defer func() {
		if err != nil {
			content.close()
		}
	}()
	described := false
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		switch name := part.FormName(); {
		case name == "metadata" && !described:
			described = true
			err = decode(part, maxMetadata, metadata)
		case name == contentName && !content.given:
			err = v.receive(part, content)
		default:
			err = bad(http.StatusBadRequest, "bad.request", "there must be one part metadata and one part %s; the part %.40q is too much", contentName, name)
		}
		if err != nil {
			return nil, err
		}
	}
	if !described {
		return nil, bad(http.StatusBadRequest, "bad.request", "the part metadata is missing")
	}
	return content, nil
}

// receive reads a content part to its end.
func (v *server) receive(part *multipart.Part, u *upload) error {
	u.given = true
	from := io.TeeReader(io.LimitReader(part, v.options.MaxContent+1), u.sum)
	var small bytes.Buffer
	n, err := io.CopyN(&small, from, packing.ChunkSize)
	u.small, u.size = small.Bytes(), n
	if errors.Is(err, io.EOF) {
		return v.sized(u)
	}
	if err != nil {
		return unreadable(err)
	}
	if err := v.spool(u, from); err != nil {
		return err
	}
	return v.sized(u)
}

func (v *server) sized(u *upload) error {
	if u.size > v.options.MaxContent {
		return bad(http.StatusRequestEntityTooLarge, "too.large", "the content is larger than %d bytes", v.options.MaxContent)
	}
	if u.small == nil {
		u.small = []byte{}
	}
	return nil
}

// spool goes on in a file beside the store, which is on the disk that must have
// the room anyway.
func (v *server) spool(u *upload, rest io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(v.store.path), ".upload.*")
	if err != nil {
		return v.store.explain("save in", err)
	}
	u.file = f
	if err := os.Remove(f.Name()); err != nil {
		return v.store.explain("save in", err)
	}
	if _, err := f.Write(u.small); err != nil {
		return v.store.explain("save in", err)
	}
	u.small = nil
	n, err := io.Copy(f, rest)
	u.size += n
	var disk *os.PathError
	if errors.As(err, &disk) {
		return v.store.explain("save in", err)
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}
