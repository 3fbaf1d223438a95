package analysis

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"example.org/imap-integration/content"
	"example.org/imap-integration/content/file"
	"example.org/imap-integration/indicators"
	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// maxFileTime is how long the files of one email may be read together.
const maxFileTime = 20 * time.Second

// FoundFile is a file whose format is known, or a member of one.
type FoundFile struct {
	Part       string `json:"part"`        // of the attachment; of a member with ! and the names down to it: 2!a.zip!b.exe
	Filename   string `json:"filename"`    // as the archive gives it
	Format     string `json:"format"`      // by its bytes: zip, pdf, png and so on; "" for what is not read
	Size       int64  `json:"size"`        // bytes, unpacked; -1 where nothing says it
	MD5        string `json:"md5"`         // "" for a member that was not unpacked
	SHA1       string `json:"sha1"`        //
	SHA256     string `json:"sha256"`      //
	OpenedWith string `json:"opened_with"` // where its password was found: archive_passwords, text, subject or filename; "" without one
}

// fileReader reads the files of one email and of the messages in it.
type fileReader struct {
	all       []*content.Message
	budget    *file.Budget
	ends      time.Time
	passwords []file.Password
}

// newFileReader starts the time of an email.
func newFileReader(all []*Message) fileReader {
	r := fileReader{budget: file.NewBudget(), ends: time.Now().Add(maxFileTime)}
	for _, m := range all {
		r.all = append(r.all, m.Message)
	}
	return r
}

// files reads what is attached to a message, adds what is in it to the texts, and
// returns the files and the problems.
func (a *Analyzer) files(m *Message, t *texts) (found []FoundFile, problems []message.Problem) {
	r := &a.reader
	if r.passwords == nil && m.HasFiles() {
		for _, p := range a.options.Passwords {
			r.passwords = append(r.passwords, file.Password{Text: p, From: "archive_passwords"})
		}
		r.passwords = append(r.passwords, content.Passwords(r.all)...)
	}
	ctx, cancel := context.WithDeadline(context.Background(), r.ends)
	defer cancel()
	for _, x := range m.Files(ctx, r.passwords, r.budget, a.options.Limits) {
		t.file(x.Path, x, &a.left)
		for _, p := range x.Problems {
			problems = append(problems, message.Problem{Code: p.Code, Detail: quote.Line(x.Path, quote.Sentence) + ": " + p.Detail})
		}
		found = append(found, foundFile(x.Path, x))
	}
	return found, problems
}

// file adds what a file holds to the texts of its message.
func (t *texts) file(part string, x file.Found, left *int) {
	for _, text := range x.Texts {
		body, _ := quote.Cut(text.Body, *left)
		*left -= len(body)
		if text.HTML {
			t.add(part, links.InHTML(body, ""))
			t.html = append(t.html, partText{part, message.HTMLText(body)})
			continue
		}
		t.add(part, links.InText(body))
		t.plain = append(t.plain, partText{part, body})
	}
	for _, l := range x.Links {
		resolved, _ := links.Resolve("", l.URL)
		t.add(part, []links.Link{{Target: l.URL, URL: resolved, Text: l.Text, Source: l.Where, Click: l.Clickable}})
	}
}

func foundFile(part string, x file.Found) FoundFile {
	f := FoundFile{Part: part, Filename: x.Member.Name, Format: x.Format, Size: x.Member.Size, OpenedWith: x.Member.OpenedWith}
	if x.Member.Read {
		short, middle, long := md5.Sum(x.Member.Data), sha1.Sum(x.Member.Data), sha256.Sum256(x.Member.Data)
		f.MD5, f.SHA1, f.SHA256 = hex.EncodeToString(short[:]), hex.EncodeToString(middle[:]), hex.EncodeToString(long[:])
	}
	return f
}

// file takes the name and the digests of a member.
func (c *Collector) file(mailID string, m *Message, f FoundFile) {
	at := Seen{MailID: mailID, Path: m.Path, Part: f.Part, Where: "attachment"}
	for _, d := range []struct{ kind, value string }{{"md5", f.MD5}, {"sha1", f.SHA1}, {"sha256", f.SHA256}} {
		if d.value != "" {
			c.put(indicators.Indicator{Type: d.kind, Value: d.value, Form: d.value}, at)
		}
	}
}
