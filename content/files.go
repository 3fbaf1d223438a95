package content

import (
	"context"
	"fmt"
	"time"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// File is what was read of a file: one that is attached, or a member of an archive.
type File struct {
	Path       string // of the part; behind it a ! and the name of each file down to this one: "2!a.zip!b.exe"
	Name       string // as its message or archive gives it
	Format     string // of [file.Sniff], or the kind of a message
	Size       int64  // bytes, unpacked; -1 where nothing says it
	MD5        string // "" for a member that was not unpacked
	SHA1       string
	SHA256     string
	OpenedWith string // where its password was found; "" without one

	Texts    []file.Text
	Links    []file.Link
	Problems []message.Problem // each begins with the path

	read bool // not by its name alone
}

// attached is a file of a message that is no message itself.
type attached struct {
	at              spot
	name, mediaType string
	data            func() []byte    // nil: its name alone, as its content is read otherwise
	start           func(int) []byte // the first bytes of data
	within          bool             // its text is one of its message: only the files in it are read here
	body            bool             // it is a body of its message, which is no file
}

// maxTime ends the reading of the files of an email on a machine that is far too
// slow. What a file may cost is counted, in bytes, members, tries, pages and pixels.
const maxTime = 30 * time.Second

// maxNamed bounds the problems of files that one message gets.
const maxNamed = 100

// fileReading is what the reading of all files of an email shares.
type fileReading struct {
	ctx       context.Context //nolint:containedctx // of this one reading
	cancel    context.CancelFunc
	budget    *file.Budget
	given     []file.Password // by the user
	passwords []file.Password // words of the email, see passwords.go
	worded    int             // messages that they are of
	searched  int             // files that were searched for them
}

// begin makes the budget of an email ready when its first file is read.
func (w *walk) begin() {
	if w.files.budget == nil {
		w.files.budget = file.NewBudget()
		left := file.MaxWords
		w.files.budget.Words = &file.Words{Gather: func() []file.Password { return passwords(w) }, Left: &left}
		w.files.ctx, w.files.cancel = context.WithTimeout(context.Background(), maxTime)
		for _, p := range w.options.Passwords {
			w.files.given = append(w.files.given, file.Password{Text: p, From: "archive_passwords"})
		}
	}
}

func (w *walk) end() {
	if w.files.cancel != nil {
		w.files.cancel()
	}
}

// eachFile reads the files of a message, each before the members in it and the files
// of messages among those, until visit returns false. A file is visited by its name
// before anything of it is read. This is the one walk over what archives hold.
func (w *walk) eachFile(m *Message, visit func(*Message, *File) bool) bool {
	for _, a := range m.attached {
		if a.name != "" && !visit(m, &File{Path: a.at.path, Name: a.name}) {
			return false
		}
		if a.data != nil && w.wanted(a) && !w.eachIn(m, a, visit) {
			return false
		}
	}
	return true
}

// wanted spares the decoding of files that nothing is known to be wrong with.
func (w *walk) wanted(a attached) bool {
	return !w.options.check || file.MayFail(a.name, a.start(glance))
}

// eachIn reads one file and what is in it.
func (w *walk) eachIn(m *Message, a attached, visit func(*Message, *File) bool) bool {
	data := a.data()
	if a.body && !file.HoldsPictures(data) {
		return true
	}
	format := file.Sniff(a.name, a.mediaType, data)
	if format == "" {
		return true
	}
	w.begin()
	path := a.at.path
	if a.name != "" {
		path += "!" + a.name
	}
	in := file.Input{Name: a.name, MediaType: a.mediaType, Data: data, Passwords: w.files.given, Check: w.options.check}
	all := file.Walk(w.files.ctx, path, in, w.files.budget)
	if a.within {
		if len(all) == 1 {
			return true
		}
		all[0].Texts, all[0].Links = nil, nil
	}
	for i, found := range all {
		if i == 0 && a.body {
			continue
		}
		if i == 0 {
			found.Path, found.Member = a.at.path, file.Member{Name: a.name, Size: int64(len(data)), Data: data, Read: true}
		}
		f := newFile(found, !w.options.check)
		var inner []*Message
		if i > 0 {
			inner = w.member(m, a, found, f)
		}
		if !visit(m, f) {
			return false
		}
		for _, one := range inner {
			if !visit(one, nil) || !w.eachFile(one, visit) {
				return false
			}
		}
	}
	return true
}

// member opens a member of an archive that is a message.
func (w *walk) member(m *Message, a attached, found file.Found, f *File) []*Message {
	kind, data := kindOf(found.Member.Name, "", found.Member.Data)
	if kind == "" {
		return nil
	}
	f.Format, f.Texts, f.Links = kind, nil, nil
	if m.packed >= file.MaxDepth {
		f.note(message.CodeLimitArchive, fmt.Sprintf("messages are nested in archives more than %d deep; this one was not read", file.MaxDepth))
		return nil
	}
	from := len(w.found)
	w.open(m, spot{path: found.Path, place: found.Path, packed: true, nth: a.at.nth}, kind, data, m.depth+1)
	return w.found[from:]
}

// newFile is what was found, with its digests where they are asked for.
func newFile(found file.Found, digests bool) *File {
	f := &File{
		Path: found.Path, Name: found.Member.Name, Format: found.Format, Size: found.Member.Size, OpenedWith: found.Member.OpenedWith,
		Texts: found.Texts, Links: found.Links, read: true,
	}
	if found.Member.Read && digests && !found.Member.Drawn {
		f.MD5, f.SHA1, f.SHA256 = message.Digests(found.Member.Data)
	}
	for _, p := range found.Problems {
		f.note(p.Code, p.Detail)
	}
	return f
}

func (f *File) note(code, detail string) {
	if len(f.Problems) < maxNamed {
		f.Problems = append(f.Problems, message.Problem{Code: code, Detail: quote.Line(f.Path, quote.Sentence) + ": " + detail})
	}
}
