package content

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
)

// Limits of what one mail may unfold to.
const (
	maxDepth    = 30        // messages in messages, of whatever kind
	maxMessages = 500       // each has texts of up to 128 KiB in the result
	maxRead     = 128 << 20 // bytes of messages that are attached as files, read one inside the other
)

// Kinds of a [Message].
const (
	KindEML  = "eml"
	KindMSG  = outlook.KindMSG
	KindTNEF = outlook.KindTNEF
	KindP7M  = "p7m"  // the content of a signed S/MIME message (RFC 8551); its Mail
	KindMbox = "mbox" // a mailbox file: its Mail is empty, its messages are inside it
)

// Message is one message found: the outermost, or one inside it.
type Message struct {
	// Path is where it lies: "" for the outermost, else the number of its part
	// in the message around it, behind the path of that one: "2", "2.1". Parts
	// of MIME have IMAP part paths, attachments of Outlook messages are counted from 1.
	Path   string
	Kind   string
	Parent *Message         // nil for the outermost
	Mail   *message.Message // of KindEML
	Items  *outlook.Message // of the other kinds
	Raw    []byte           // nil for a message that an Outlook message embeds, which has no bytes of its own

	// Problems are those of the unfolding; the message has its own.
	Problems []message.Problem

	// Signature is that of a message of the kind [KindP7M]; nil where nothing is signed.
	Signature *Signature

	base string // what part paths of Mail are relative to

	// place is Path as the record gives it, and mark what part paths are relative to
	// there: behind a file's path stands a "!" (contract.md, section 5).
	place, mark string
	file        bool // read from a file, so its parts are none of a message around it
}

// Part makes a part path of this message one of the outermost.
func (m *Message) Part(relative string) string { return join(m.base, relative) }

// Open reads an email and every message in it, each before those inside it, in
// the order of their parts. At most 500 are read, at most 30 deep; where more is, a problem says so.
func Open(raw []byte, kind string, l message.Limits) []*Message {
	u := &unfolder{limits: l}
	u.open(nil, spot{}, kind, raw, 0)
	return u.found
}

// OpenMail is Open for an email that is parsed already.
func OpenMail(m *message.Message, l message.Limits) []*Message {
	u := &unfolder{limits: l}
	u.mail(&Message{Kind: KindEML, Mail: m, Raw: m.Raw}, 0)
	return u.found
}

// spot is where something lies, as the path of a [Message] and as the record gives it.
type spot struct{ path, place string }

// inside is the place of a numbered part of a message that was read from a file.
func (m *Message) inside(n int) spot {
	return spot{join(m.Path, strconv.Itoa(n)), m.mark + strconv.Itoa(n)}
}

type unfolder struct {
	limits message.Limits
	found  []*Message
	read   int // bytes of attached files

	archives *archives // nil: they stay closed
}

// open reads a message from its bytes.
func (u *unfolder) open(parent *Message, at spot, kind string, raw []byte, depth int) {
	if !u.room(parent, at.path, depth) || parent != nil && !u.affords(parent, at.path, len(raw)) {
		return
	}
	m := &Message{Path: at.path, Kind: kind, Parent: parent, Raw: raw, base: at.path, place: at.place, file: true}
	if at.place != "" {
		m.mark = at.place + "!"
	}
	switch kind {
	case KindMSG:
		m.Items = outlook.ReadMSG(raw, u.limits)
		u.outlook(m, depth)
	case KindTNEF:
		m.Items = outlook.ReadTNEF(raw, u.limits)
		u.outlook(m, depth)
	case KindP7M:
		u.signed(m, depth)
	case KindMbox:
		u.mbox(m, depth)
	default:
		m.Mail = message.Parse(raw, u.limits)
		u.mail(m, depth)
	}
}

// room reports whether one more message may be read; where not, the one around it gets a problem.
func (u *unfolder) room(parent *Message, path string, depth int) bool {
	problem := message.Problem{}
	switch {
	case depth > maxDepth:
		problem = message.Problem{Code: message.CodeLimitDepth, Detail: fmt.Sprintf("messages are nested more than %d deep; the one in part %s is not read", maxDepth, path)}
	case len(u.found) >= maxMessages:
		problem = message.Problem{Code: message.CodeLimitMessages, Detail: fmt.Sprintf("more than %d messages; the others are not read", maxMessages)}
	default:
		return true
	}
	parent.Limit(problem)
	return false
}

// affords reports whether a file may be read as a message too.
func (u *unfolder) affords(parent *Message, path string, size int) bool {
	if u.read += size; u.read <= maxRead {
		return true
	}
	parent.Limit(message.Problem{Code: message.CodeLimitMessages, Detail: fmt.Sprintf("the messages attached as files have more than %d MiB together; the one in part %s is not read", maxRead>>20, path)})
	return false
}

// Limit notes a limit, and not each time that it is met.
func (m *Message) Limit(p message.Problem) {
	if n := len(m.Problems); n == 0 || m.Problems[n-1].Code != p.Code {
		m.Problems = append(m.Problems, p)
	}
}

// mail unfolds a MIME message.
func (u *unfolder) mail(m *Message, depth int) {
	u.found = append(u.found, m)
	m.Mail.Walk(func(p *message.Part) bool {
		at := spot{m.Part(p.Path), m.mark + p.Path}
		if p.Message != nil {
			if u.room(m, at.path, depth+1) {
				inner := &Message{Path: at.path, Kind: KindEML, Parent: m, Mail: p.Message, Raw: p.Message.Raw, base: m.base, place: at.place, mark: m.mark}
				u.mail(inner, depth+1)
			}
			return true
		}
		if mayHold(p, u.archives != nil) {
			u.file(m, at, p.Filename, p.MediaType, p.Decoded(), depth)
		}
		return true
	})
}

// outlook unfolds the attachments of an Outlook message.
func (u *unfolder) outlook(m *Message, depth int) {
	u.found = append(u.found, m)
	for i, a := range m.Items.Attachments {
		at := m.inside(i + 1)
		if a.Embedded != nil {
			if u.room(m, at.path, depth+1) {
				inner := &Message{Path: at.path, Kind: a.Embedded.Kind, Parent: m, Items: a.Embedded, base: at.path, place: at.place, mark: at.place + ".", file: true}
				u.outlook(inner, depth+1)
			}
			continue
		}
		u.file(m, at, a.Filename, a.ContentType, a.Data, depth)
	}
}

// file unfolds an attached file that is a message.
func (u *unfolder) file(m *Message, at spot, name, mediaType string, data []byte, depth int) {
	kind, inner := kindOf(name, mediaType, data)
	if kind != "" {
		u.open(m, at, kind, inner, depth+1)
	} else if u.archives != nil && file.IsArchive(name, mediaType, data) {
		u.unpack(m, at, name, mediaType, data, depth)
	}
}

// mayHold spares the decoding of what cannot be a message: the email's own texts,
// and files that do not begin like one.
func mayHold(p *message.Part, archives bool) bool {
	own := p.MediaType == "text/plain" || p.MediaType == "text/html"
	if own && p.Disposition != "attachment" && p.Filename == "" {
		return false
	}
	if !archives && !mayBegin(p.Start(glance)) {
		return false // most files: pictures, PDF, archives
	}
	start := p.Start(sniffed)
	if outlook.IsCompoundFile(start) || archives && file.IsArchive(p.Filename, p.MediaType, start) {
		return true
	}
	kind, _ := kindOf(p.Filename, p.MediaType, start)
	return kind != ""
}

func extension(name string) string { return strings.ToLower(path.Ext(strings.TrimSpace(name))) }

func join(base, relative string) string {
	if base == "" || relative == "" {
		return base + relative
	}
	return base + "." + relative
}
