package content

import (
	"context"
	"time"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
)

// OpenWithArchives is [Open] that looks for messages in archives too. The
// passwords are tried first where one is encrypted, then the words of the messages around it.
func OpenWithArchives(raw []byte, kind string, l message.Limits, passwords []string) []*Message {
	u := &unfolder{limits: l, archives: &archives{passwords: passwords}}
	u.open(nil, spot{}, kind, raw, 0)
	return u.found
}

// archives is what the archives of one email share.
type archives struct {
	passwords []string
	budget    *file.Budget // nil until the first
	ends      time.Time
}

// unpack opens the messages in an archive. What could not be unpacked is named by who reads the files.
func (u *unfolder) unpack(m *Message, at spot, name, mediaType string, data []byte, depth int) {
	a := u.archives
	if a.budget == nil {
		a.budget, a.ends = file.NewBudget(), time.Now().Add(maxFileTime)
	}
	var passwords []file.Password
	for _, p := range a.passwords {
		passwords = append(passwords, file.Password{Text: p, From: "archive_passwords"})
	}
	var around []*Message
	for outer := m; outer != nil; outer = outer.Parent {
		around = append(around, outer)
	}
	ctx, cancel := context.WithDeadline(context.Background(), a.ends)
	defer cancel()
	in := file.Input{Name: name, MediaType: mediaType, Data: data, Passwords: append(passwords, passwordsIn(around)...)}
	for i, found := range file.Walk(ctx, "", in, a.budget) {
		if i == 0 || !found.Member.Read {
			continue
		}
		if kind, inner := kindOf(found.Member.Name, "", found.Member.Data); kind != "" {
			u.open(m, spot{at.path + found.Path, at.place + found.Path}, kind, inner, depth+1)
		}
	}
}
