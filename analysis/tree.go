package analysis

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/soar"
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

	record *soar.Mail // of a mail whose content is not there: Mail then has its header only

	base string // what part paths of Mail are relative to
}

// Part makes a part path of this message one of the outermost.
func (m *Message) Part(relative string) string { return join(m.base, relative) }

// Unfold reads a mail and every message in it, each before those inside it, in
// the order of their parts. At most 500 are read, at most 30 deep; where more is, a problem says so.
func Unfold(raw []byte, kind string, l message.Limits) []*Message {
	u := &unfolder{limits: l}
	u.open(nil, "", kind, raw, 0)
	return u.found
}

type unfolder struct {
	limits message.Limits
	found  []*Message
	read   int // bytes of attached files
}

// open reads a message from its bytes.
func (u *unfolder) open(parent *Message, path, kind string, raw []byte, depth int) {
	if !u.room(parent, path, depth) || parent != nil && !u.affords(parent, path, len(raw)) {
		return
	}
	m := &Message{Path: path, Kind: kind, Parent: parent, Raw: raw, base: path}
	switch kind {
	case KindMSG:
		m.Items = outlook.ReadMSG(raw, u.limits)
		u.outlook(m, depth)
	case KindTNEF:
		m.Items = outlook.ReadTNEF(raw, u.limits)
		u.outlook(m, depth)
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
	parent.limit(problem)
	return false
}

// affords reports whether a file may be read as a message too.
func (u *unfolder) affords(parent *Message, path string, size int) bool {
	if u.read += size; u.read <= maxRead {
		return true
	}
	parent.limit(message.Problem{Code: message.CodeLimitMessages, Detail: fmt.Sprintf("the messages attached as files have more than %d MiB together; the one in part %s is not read", maxRead>>20, path)})
	return false
}

// limit notes a limit, and not each time that it is met.
func (m *Message) limit(p message.Problem) {
	if n := len(m.Problems); n == 0 || m.Problems[n-1].Code != p.Code {
		m.Problems = append(m.Problems, p)
	}
}

// mail unfolds a MIME message.
func (u *unfolder) mail(m *Message, depth int) {
	u.found = append(u.found, m)
	m.Mail.Walk(func(p *message.Part) bool {
		where := m.Part(p.Path)
		if p.Message != nil {
			if u.room(m, where, depth+1) {
				inner := &Message{Path: where, Kind: KindEML, Parent: m, Mail: p.Message, Raw: p.Message.Raw, base: m.base}
				u.mail(inner, depth+1)
			}
			return true
		}
		if mayHold(p.Filename, p.MediaType) {
			u.file(m, where, p.Filename, p.MediaType, p.Decoded(), depth)
		}
		return true
	})
}

// outlook unfolds the attachments of an Outlook message.
func (u *unfolder) outlook(m *Message, depth int) {
	u.found = append(u.found, m)
	for i, a := range m.Items.Attachments {
		where := join(m.Path, strconv.Itoa(i+1))
		if a.Embedded != nil {
			if u.room(m, where, depth+1) {
				inner := &Message{Path: where, Kind: a.Embedded.Kind, Parent: m, Items: a.Embedded, base: where}
				u.outlook(inner, depth+1)
			}
			continue
		}
		u.file(m, where, a.Filename, a.ContentType, a.Data, depth)
	}
}

// file unfolds an attached file that is a message.
func (u *unfolder) file(m *Message, where, name, mediaType string, data []byte, depth int) {
	if kind := kindOf(name, mediaType, data); kind != "" {
		u.open(m, where, kind, data, depth+1)
	}
}

// mayHold spares the decoding of what cannot be a message.
func mayHold(name, mediaType string) bool {
	major, _, _ := strings.Cut(mediaType, "/")
	return extension(name) == ".eml" || extension(name) == ".msg" || major != "text" && major != "image" && major != "audio" && major != "video" && major != "font"
}

// kindOf tells what message a file is, "" where it is none. The bytes decide;
// where they fit several things, name and type do.
func kindOf(name, mediaType string, data []byte) string {
	switch {
	case outlook.IsTNEF(data):
		return KindTNEF
	case outlook.IsCompoundFile(data):
		// Old Office files are compound files too. A message has a stream of this name.
		if extension(name) == ".msg" || mediaType == "application/vnd.ms-outlook" || bytes.Contains(data, propertyStream) {
			return KindMSG
		}
	case extension(name) == ".eml" || mediaType == "message/rfc822":
		if looksLikeMail(data) {
			return KindEML
		}
	}
	return ""
}

// propertyStream is "__properties_" in UTF-16.
var propertyStream = []byte("_\x00_\x00p\x00r\x00o\x00p\x00e\x00r\x00t\x00i\x00e\x00s\x00_\x00")

func extension(name string) string { return strings.ToLower(path.Ext(strings.TrimSpace(name))) }

// looksLikeMail reports whether a file begins with a header field.
func looksLikeMail(data []byte) bool {
	data = bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), " \t\r\n")
	if bytes.HasPrefix(data, []byte("From ")) || bytes.HasPrefix(data, []byte(">From ")) {
		return true
	}
	name, _, found := bytes.Cut(data[:min(len(data), 200)], []byte(":"))
	return found && len(name) > 0 && !bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

func join(base, relative string) string {
	if base == "" || relative == "" {
		return base + relative
	}
	return base + "." + relative
}
