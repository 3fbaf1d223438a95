package archive

import (
	"bytes"
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/quote"
)

// rarReader reads RAR 1.5 to 5.
type rarReader struct{ *reader }

// read reads the archive once for each password: its headers may be encrypted too.
func (r rarReader) read() error {
	err := r.rarWith(held.Password{}, nil)
	if !errors.Is(err, errPassword) {
		return err
	}
	var all held.Member
	err = r.withPassword(&all, func(password string) error {
		return r.rarWith(held.Password{Text: password, From: r.from(password)}, nil)
	})
	if all.OpenedWith != "" || err != nil {
		return err
	}
	if err := r.rarWith(held.Password{}, all.Problems); !errors.Is(err, errPassword) {
		return err // the names are there, the contents are not
	}
	r.problems = append(r.problems, all.Problems...)
	return nil
}

// from says where a candidate was found.
func (r rarReader) from(password string) string {
	for _, p := range r.passwords {
		if p.Text == password {
			return p.From
		}
	}
	return ""
}

// rarWith reads with one password. What it read is handed over unless the password
// is wrong; given says why members that are encrypted cannot be opened.
func (r rarReader) rarWith(p held.Password, given []held.Problem) error {
	before := r.budget
	var members []*held.Member
	err := r.rarMembers(p, given, &members)
	if errors.Is(err, errPassword) {
		r.budget.Bytes, r.budget.Members = before.Bytes, before.Members
		r.listed = 0
		return err
	}
	for _, m := range members {
		if err := r.send(m); err != nil {
			return err
		}
	}
	return err
}

func (r rarReader) rarMembers(p held.Password, given []held.Problem, members *[]*held.Member) error {
	options := []rardecode.Option{rardecode.MaxDictionarySize(maxDictionary)}
	if p.Text != "" {
		options = append(options, rardecode.Password(p.Text))
	}
	z, err := rardecode.NewReader(patient{r.ctx, bytes.NewReader(r.data)}, options...)
	if err != nil {
		return rarError(err)
	}
	for {
		h, err := z.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		locked := h.Encrypted || h.HeaderEncrypted
		if locked && p.Text == "" && given == nil {
			return errPassword
		}
		if h.IsDir {
			continue
		}
		m, err := r.start(h.Name, h.UnPackedSize)
		if err != nil {
			return err
		}
		*members = append(*members, m)
		if h.UnKnownSize {
			m.Size = -1
		}
		if locked && p.Text == "" {
			m.Problems = given
			continue
		}
		if locked {
			m.OpenedWith, m.Password = p.From, p.Text
		}
		if err := rarError(r.fill(m, z)); errors.Is(err, errPassword) {
			return err
		} else if err != nil {
			m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
		}
	}
}

// rarError tells a wrong password from damage.
func rarError(err error) error {
	for _, wrong := range []error{rardecode.ErrArchiveEncrypted, rardecode.ErrArchivedFileEncrypted, rardecode.ErrBadPassword} {
		if errors.Is(err, wrong) {
			return errPassword
		}
	}
	return err
}
