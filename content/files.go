package content

import (
	"context"
	"fmt"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
)

// Files reads the files of a message itself whose format is known, each before what
// is in it. Messages, and the texts of the message, are left out: they are read as
// such. A message in an archive has its texts as content, and its files behind it.
func (m *Message) Files(ctx context.Context, passwords []file.Password, b *file.Budget, l message.Limits) []file.Found {
	r := filesReader{ctx, passwords, b, l, nil}
	r.read(m, "", 0)
	return r.all
}

// filesReader gathers files over messages in archives.
type filesReader struct {
	ctx       context.Context
	passwords []file.Password
	budget    *file.Budget
	limits    message.Limits
	all       []file.Found
}

func (r *filesReader) read(m *Message, prefix string, depth int) {
	for _, f := range m.files() {
		data := f.data()
		if kind, _ := kindOf(f.name, f.mediaType, data); kind != "" || file.Sniff(f.name, f.mediaType, data) == "" {
			continue
		}
		path := prefix + f.path
		if f.name != "" {
			path += "!" + f.name
		}
		found := file.Walk(r.ctx, path, file.Input{Name: f.name, MediaType: f.mediaType, Data: data, Passwords: r.passwords}, r.budget)
		found[0].Path, found[0].Member = prefix+f.path, file.Member{Name: f.name, Size: int64(len(data)), Data: data, Read: true}
		r.all = append(r.all, found[0])
		for _, member := range found[1:] {
			r.member(member, depth)
		}
	}
}

// member takes a member of an archive, and as a message where it is one.
func (r *filesReader) member(found file.Found, depth int) {
	kind, data := kindOf(found.Member.Name, "", found.Member.Data)
	if kind == "" {
		r.all = append(r.all, found)
		return
	}
	found.Format, found.Texts, found.Links = kind, nil, nil
	all := Open(data, kind, r.limits)
	for _, inner := range all {
		inner.ownTexts(func(t Text) bool {
			found.Texts = append(found.Texts, file.Text{Where: t.Path, Body: t.Text, HTML: t.HTML})
			return true
		})
		for _, p := range inner.Problems {
			found.Problems = append(found.Problems, file.Problem{Code: p.Code, Detail: p.Detail})
		}
	}
	at := len(r.all)
	r.all = append(r.all, found)
	for _, inner := range all {
		switch {
		case !inner.HasFiles():
		case depth < file.MaxDepth:
			r.read(inner, found.Path+"!", depth+1)
		default:
			r.all[at].Problems = append(r.all[at].Problems, file.Problem{
				Code: message.CodeLimitArchive, Detail: fmt.Sprintf("messages are nested in archives more than %d deep; the files of this one were not read", depth),
			})
		}
	}
}

// HasFiles reports whether a message has parts that [Message.Files] looks at.
func (m *Message) HasFiles() bool { return len(m.files()) > 0 }

// Passwords are the words of the messages' texts, subjects and file names, which may open archives in them.
func Passwords(all []*Message) []file.Password { return passwordsIn(all) }
