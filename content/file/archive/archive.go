// Package archive lists and unpacks the archives that emails carry.
//
// What arrives is made to be missed: a ZIP whose password stands in the email, a
// program in an ISO image in a RAR, a member that unpacks to gigabytes, a header
// that claims a dictionary of four gigabytes or a key made by millions of rounds.
// All is read in memory and nothing is written; names of members are text and
// never paths. Each member counts against the email's budget, and what is not
// unpacked stays in the list with the reason. Libraries run in a goroutine of
// their own, whose panic is a problem of that one archive and which is left
// behind when the time is over.
package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

const (
	maxMember     = 32 << 20 // bytes of one member, unpacked
	maxDictionary = 64 << 20 // bytes that a decompressor may look back
	maxStream     = 64 << 20 // bytes that may have to be unpacked to reach the end of a member
)

// errLimit ends the reading of an archive whose budget is used up.
var errLimit = errors.New("limit reached")

// errTries ends the making of keys.
var errTries = fmt.Errorf("no more passwords are tried: %w", errLimit)

// errPassword says that a password does not open what it was tried on.
var errPassword = errors.New("wrong password")

// openers has the reader of each format.
var openers = map[string]func(*reader) error{
	"zip":   func(r *reader) error { return zipReader{r}.read() },
	"7z":    func(r *reader) error { return sevenZipReader{r, &sevenZipKeys{}}.read() },
	"rar":   func(r *reader) error { return rarReader{r}.read() },
	"tar":   func(r *reader) error { return tarReader{r}.read() },
	"cab":   func(r *reader) error { return cabReader{r}.read() },
	"iso":   func(r *reader) error { return isoReader{r}.read() },
	"gzip":  func(r *reader) error { return streamReader{r}.gzip() },
	"bzip2": func(r *reader) error { return streamReader{r}.bzip2() },
	"xz":    func(r *reader) error { return streamReader{r}.xz() },
}

// Formats reports whether format is one of an archive.
func Formats(format string) bool { return openers[format] != nil }

// reader is the reading of one archive.
type reader struct {
	searched  int // bytes, for the ends of the members of a ZIP
	ctx       context.Context
	name      string
	data      []byte
	passwords []held.Password
	budget    held.Budget // a copy: the email's is charged when the reading ends
	gathered  bool        // passwords are all that there are
	members   chan<- held.Member
	wants     chan<- chan<- []held.Password // asks for all passwords: the goroutine of the email gathers them
	problems  []held.Problem
	listed    int
}

// Read unpacks an archive of the given format.
func Read(ctx context.Context, format, name string, data []byte, passwords []held.Password, b *held.Budget) (c held.Content) {
	c.Format = format
	members, wants := make(chan held.Member), make(chan chan<- []held.Password)
	done := make(chan *reader, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		r := &reader{ctx: ctx, name: name, data: data, passwords: passwords, budget: *b, members: members, wants: wants}
		r.run(openers[format])
		done <- r
	}()
	for {
		select {
		case m := <-members:
			c.Members = append(c.Members, m)
		case reply := <-wants:
			reply <- b.Candidates(passwords)
		case r := <-done:
			*b = r.budget
			c.Problems = r.problems
			return c
		case <-ctx.Done():
			for _, m := range c.Members {
				b.Bytes -= int64(len(m.Data))
			}
			c.Add(message.CodeLimitArchive, "the archive was not unpacked to its end: the time was over")
			return c
		}
	}
}

func (r *reader) run(open func(*reader) error) {
	defer func() {
		if p := recover(); p != nil {
			r.problem(message.CodeArchiveDamaged, "the archive makes its reader fail: %s", quote.Line(fmt.Sprint(p), quote.Sentence))
		}
	}()
	err := open(r)
	switch {
	case err == nil:
	case errors.Is(err, errLimit):
		r.problem(message.CodeLimitArchive, "the archive was not unpacked to its end: %d members or the bytes that one email may unpack to are used up", r.listed)
	default:
		r.problem(code(err), "the archive cannot be read to its end: %s", quote.Line(err.Error(), quote.Sentence))
	}
}

func (r *reader) problem(code, format string, args ...any) {
	r.problems = append(r.problems, held.Problem{Code: code, Detail: fmt.Sprintf(format, args...)})
}

// coded is an error with the code of its problem.
type coded struct {
	code string
	error
}

// code says what kind of problem an error of a library is.
func code(err error) string {
	if c, ok := errors.AsType[coded](err); ok {
		return c.code
	}
	text := err.Error()
	for _, word := range []string{"unsupported", "unknown", "not supported"} {
		if strings.Contains(text, word) {
			return message.CodeArchiveUnsupported
		}
	}
	return message.CodeArchiveDamaged
}

// start makes a member and counts it.
func (r *reader) start(name string, size int64) (*held.Member, error) {
	if r.budget.Members <= 0 || r.ctx.Err() != nil {
		return nil, errLimit
	}
	r.budget.Members--
	r.listed++
	return &held.Member{Name: name, Size: size}, nil
}

// send hands a member over.
func (r *reader) send(m *held.Member) error {
	select {
	case r.members <- *m:
		return nil
	case <-r.ctx.Done():
		return errLimit
	}
}

// fill reads a member's bytes, as many as it may have.
func (r *reader) fill(m *held.Member, src io.Reader) error {
	limit := min(maxMember, r.budget.Bytes)
	if m.Size > limit {
		m.Add(message.CodeLimitArchive, "not unpacked: it says %d bytes, %d are allowed", m.Size, limit)
		return nil
	}
	counted := &counting{Reader: src}
	data, err := r.all(counted, limit+1, m.Size)
	r.budget.Bytes -= min(counted.n, limit)
	switch {
	case err != nil:
		return err
	case int64(len(data)) > limit:
		m.Add(message.CodeLimitArchive, "not unpacked: more than the %d bytes that are allowed", limit)
		return nil
	}
	m.Data, m.Size, m.Read = data, int64(len(data)), true
	return nil
}

// take gives a member bytes that are counted already.
func (r *reader) take(m *held.Member, data []byte) {
	m.Data, m.Size, m.Read = data, int64(len(data)), true
}

// all reads until the end, the limit or the end of the time, in pieces that are
// joined at last: a buffer that doubles would take three times what it holds. A
// decompressor that got nothing more is ended by its input, which is bounded.
func (r *reader) all(src io.Reader, limit, expected int64) ([]byte, error) {
	const piece = 1 << 20
	src = io.LimitReader(patient{r.ctx, src}, limit)
	next := make([]byte, min(max(expected, 0)+bytes.MinRead, piece))
	var pieces [][]byte
	for filled := 0; ; {
		n, err := src.Read(next[filled:])
		if filled += n; err != nil || filled == len(next) {
			pieces = append(pieces, next[:filled])
		}
		if errors.Is(err, io.EOF) {
			return slices.Concat(pieces...), nil
		}
		if err != nil {
			return nil, err
		}
		if filled == len(next) {
			next, filled = make([]byte, piece), 0
		}
	}
}

// counting is a reader that knows how much it gave: what is read before damage counts too.
type counting struct {
	io.Reader
	n int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

// patient is a reader that ends with the time.
type patient struct {
	ctx context.Context
	io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, errLimit
	}
	return p.Reader.Read(b)
}

// withPassword tries the candidates until open finds none wrong. One that opened
// something stands in front for the members that follow. A try costs what making
// a key costs, whether it is the right one or not.
func (r *reader) withPassword(m *held.Member, cost int, open func(held.Password) error) error {
	r.gather()
	for i, p := range r.passwords {
		err := r.charge(cost)
		if err == nil {
			err = open(p)
		}
		if errors.Is(err, errTries) {
			m.Add(message.CodeLimitArchive, "encrypted; %d of %d passwords were tried, and none opens it", i, len(r.passwords))
			return nil
		}
		if errors.Is(err, errPassword) {
			continue
		}
		if err == nil {
			if i > 0 {
				r.passwords = append([]held.Password{p}, slices.Delete(slices.Clone(r.passwords), i, i+1)...)
			}
			m.OpenedWith, m.Password = p.From, p.Text
		}
		return err
	}
	m.Add(message.CodeArchiveEncrypted, "encrypted; none of %d passwords opens it", len(r.passwords))
	return nil
}

// gather makes all the passwords there are those to be tried.
func (r *reader) gather() {
	if r.gathered {
		return
	}
	reply := make(chan []held.Password, 1)
	select {
	case r.wants <- reply:
		r.passwords, r.gathered = <-reply, true
	case <-r.ctx.Done():
	}
}

// charge takes the cost of a key from the budget, in units of about half a millisecond.
func (r *reader) charge(cost int) error {
	if r.budget.Tries < cost || r.ctx.Err() != nil {
		return errTries
	}
	r.budget.Tries -= cost
	return nil
}
