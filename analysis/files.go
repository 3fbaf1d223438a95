package analysis

import (
	"example.org/imap-integration/content"
	"example.org/imap-integration/indicators"
	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// FoundFile is a file whose format is known, or a member of one.
type FoundFile struct {
	Part       string `json:"part"`        // of the attachment; of a member with ! and the names down to it: 2!a.zip!b.exe
	Filename   string `json:"filename"`    // as the archive gives it
	Format     string `json:"format"`      // by its bytes: zip, pdf, png and so on; "" for what is not read
	Size       int64  `json:"size"`        // bytes, unpacked; -1 where nothing says it
	MD5        string `json:"md5"`         // "" for a member that was not unpacked
	SHA1       string `json:"sha1"`        //
	SHA256     string `json:"sha256"`      //
	OpenedWith string `json:"opened_with"` // where its password was found: archive_passwords, text, subject, filename, file or well_known; "" without one
}

// files adds what the files of a message say to its texts, and returns the files and what could not be read of them.
func (a *Analyzer) files(m *Message, t *texts) (found []FoundFile, problems []message.Problem) {
	found = []FoundFile{}
	for _, f := range m.Files {
		t.file(f, &a.left)
		problems = append(problems, f.Problems...)
		found = append(found, FoundFile{f.Path, f.Name, f.Format, f.Size, f.MD5, f.SHA1, f.SHA256, f.OpenedWith})
	}
	return found, problems
}

// file adds what a file holds to the texts of its message.
func (t *texts) file(f content.File, left *int) {
	for _, text := range f.Texts {
		body, _ := quote.Cut(text.Body, *left)
		*left -= len(body)
		if text.HTML {
			t.add(f.Path, links.InHTML(body, ""))
			t.html = append(t.html, partText{f.Path, message.HTMLText(body)})
			continue
		}
		t.add(f.Path, links.InText(body))
		t.plain = append(t.plain, partText{f.Path, body})
	}
	for _, l := range f.Links {
		resolved, _ := links.Resolve("", l.URL)
		t.add(f.Path, []links.Link{{Target: l.URL, URL: resolved, Text: l.Text, Source: l.Where, Click: l.Clickable}})
	}
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
