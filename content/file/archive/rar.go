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

// open begins the reading with one password, whose key is charged.
func (r rarReader) open(p held.Password) (*rardecode.Reader, rarFacts, error) {
	facts, err := scanRAR(r.data)
	if err != nil {
		return nil, facts, err
	}
	options := []rardecode.Option{rardecode.MaxDictionarySize(maxDictionary)}
	if p.Text != "" {
		options = append(options, rardecode.Password(p.Text))
		if err := r.charge(facts.keyCost); err != nil {
			return nil, facts, err
		}
	}
	z, err := rardecode.NewReader(patient{r.ctx, bytes.NewReader(r.data)}, options...)
	if err != nil {
		return nil, facts, rarError(err, p)
	}
	return z, facts, nil
}

func (r rarReader) members(p held.Password, given []held.Problem, members *[]*held.Member) error {
	z, facts, err := r.open(p)
	if err != nil {
		return err
	}
	proven := false // the password opened something
	for {
		if facts.solid && len(*members) > 0 && !(*members)[len(*members)-1].Read {
			return coded{message.CodeLimitArchive, errors.New("what follows is packed together with a member that was not unpacked")}
		}
		h, err := z.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && proven {
			return err
		}
		if err != nil {
			return rarError(err, p)
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
		if err := r.member(m, z, locked && !proven, p); err != nil {
			return err
		}
		proven = proven || locked && m.Read
	}
}

// member unpacks a member; only a wrong password is an error. doubtful tells that it
// is the first that shows whether the password is right.
func (r rarReader) member(m *held.Member, src io.Reader, doubtful bool, p held.Password) error {
	err := r.fill(m, src)
	if err == nil {
		return nil
	}
	if doubtful {
		if err = rarError(err, p); errors.Is(err, errPassword) {
			return err
		}
	}
	m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
	return nil
}

// rarError tells a wrong password from damage: RAR 4 has nothing to check it with, so
// whatever is wrong where one is used is its fault.
func rarError(err error, p held.Password) error {
	for _, wrong := range []error{rardecode.ErrArchiveEncrypted, rardecode.ErrArchivedFileEncrypted, rardecode.ErrBadPassword} {
		if errors.Is(err, wrong) {
			return errPassword
		}
	}
	if _, known := errors.AsType[coded](err); p.Text != "" && !known && !errors.Is(err, errLimit) {
		return errPassword
	}
	return err
}
