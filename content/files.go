package content

import (
	"context"

	"example.org/imap-integration/content/file"
)

// Files reads the files of a message itself whose format is known, each before what
// is in it. Messages, and the texts of the message, are left out: they are read as such.
func (m *Message) Files(ctx context.Context, passwords []file.Password, b *file.Budget) (all []file.Found) {
	for _, f := range m.files() {
		data := f.data()
		if kind, _ := kindOf(f.name, f.mediaType, data); kind != "" || file.Sniff(f.name, f.mediaType, data) == "" {
			continue
		}
		path := f.path
		if f.name != "" {
			path += "!" + f.name
		}
		found := file.Walk(ctx, path, file.Input{Name: f.name, MediaType: f.mediaType, Data: data, Passwords: passwords}, b)
		found[0].Path, found[0].Member = f.path, file.Member{Name: f.name, Size: int64(len(data)), Data: data, Read: true}
		all = append(all, found...)
	}
	return all
}

// HasFiles reports whether a message has files besides its texts, read or not.
func (m *Message) HasFiles() bool {
	if m.Mail == nil {
		return len(m.Items.Attachments) > 0
	}
	return len(m.files()) > 0
}

// Passwords are the words of the messages' texts, subjects and file names, which may open archives in them.
func Passwords(all []*Message) []file.Password { return passwordsIn(all) }
