package archive

import (
	"bytes"
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// rarReader reads RAR 1.5 to 5.
type rarReader struct{ *reader }

// read reads the archive once for each password: its headers may be encrypted too.
func (r rarReader) read() error {
	err := r.with(held.Password{}, nil)
	if !errors.Is(err, errPassword) {
		return err
	}
	var all held.Member
	err = r.withPassword(&all, 0, func(p held.Password) error { return r.with(p, nil) }) // each key is charged
	if all.OpenedWith != "" || err != nil {
		return err
	}
	if err := r.with(held.Password{}, all.Problems); !errors.Is(err, errPassword) {
		return err // the names are there, the contents are not
	}
	r.problems = append(r.problems, all.Problems...)
	return nil
}

// with reads with one password. What it read is handed over unless the password
// is wrong; given says why members that are encrypted cannot be opened.
func (r rarReader) with(p held.Password, given []held.Problem) error {
	before := r.budget
	var members []*held.Member
	err := r.members(p, given, &members)
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

func (r rarReader) members(p held.Password, given []held.Problem, members *[]*held.Member) error {
	options := []rardecode.Option{rardecode.MaxDictionarySize(maxDictionary)}
	if p.Text != "" {
		options = append(options, rardecode.Password(p.Text))
	}
	facts, err := scanRAR(r.data)
	if err != nil {
		return err
	}
	if p.Text != "" {
		if err := r.charge(facts.keyCost); err != nil {
			return err
		}
	}
	z, err := rardecode.NewReader(patient{r.ctx, bytes.NewReader(r.data)}, options...)
	if err != nil {
		return rarError(err)
	}
	for {
		if facts.solid && len(*members) > 0 && !(*members)[len(*members)-1].Read {
			return coded{message.CodeLimitArchive, errors.New("what follows is packed together with a member that was not unpacked")}
		}
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
			if err := r.charge(facts.keyCost); err != nil {
				return err
			}
		}
		if err := r.member(m, z); err != nil {
			return err
		}
	}
}

// member unpacks a member; only a wrong password is an error.
func (r rarReader) member(m *held.Member, src io.Reader) error {
	err := rarError(r.fill(m, src))
	if err != nil && !errors.Is(err, errPassword) {
		m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
		return nil
	}
	return err
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
