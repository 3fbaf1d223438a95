package content

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
)

// Limits of what one email may unfold to.
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

	// Files are what lies beside the texts; only [OpenFiles] reads them.
	Files []File

	base string // what part paths of Mail are relative to

	// place is Path as the record gives it, and mark what part paths are relative to
	// there: behind a file's path stands a "!" (contract.md, section 5).
	place, mark string
	file        bool // read from a file, so its parts are none of a message around it

	attached      []attached
	depth, packed int // messages, and archives, around it
	nth           int // of the files of the message around it
}

// Part makes a part path of this message one of the outermost.
func (m *Message) Part(relative string) string { return join(m.base, relative) }

// Options say how an email is read.
type Options struct {
	Limits    message.Limits
	Passwords []string // tried first on what is encrypted, before the words of the email itself

	check bool // of files only what cannot be read is looked for
}

// Open reads an email and every message in it, each before those inside it, in
// the order of their parts. At most 500 are read, at most 30 deep; where more is, a
// problem says so. Archives and other files stay closed.
func Open(raw []byte, kind string, l message.Limits) []*Message {
	w := newWalk(Options{Limits: l})
	w.open(nil, spot{}, kind, raw, 0)
	return w.found
}

// OpenFiles is Open that reads the files of the messages as well, and the messages in archives.
func OpenFiles(raw []byte, kind string, o Options) []*Message {
	w := newWalk(o)
	w.open(nil, spot{}, kind, raw, 0)
	defer w.end()
	for _, m := range slices.Clone(w.found) {
		w.eachFile(m, func(m *Message, f *File) bool {
			if f != nil && f.read {
				m.Files = append(m.Files, *f)
			}
			return true
		})
	}
	return inOrder(w.found)
}

// inOrder puts messages in archives to the places of their archives.
func inOrder(all []*Message) []*Message {
	inside := map[*Message][]*Message{}
	for _, m := range all {
		inside[m.Parent] = append(inside[m.Parent], m)
	}
	out := make([]*Message, 0, len(all))
	var add func(*Message)
	add = func(parent *Message) {
		slices.SortStableFunc(inside[parent], func(a, b *Message) int { return cmp.Compare(a.nth, b.nth) })
		for _, m := range inside[parent] {
			out = append(out, m)
			add(m)
		}
	}
	add(nil)
	return out
}

// OpenMail is Open for an email that is parsed already.
func OpenMail(m *message.Message, l message.Limits) []*Message {
	return newWalk(Options{Limits: l}).parsed(m)
}

// spot is where something lies, as the path of a [Message] and as the record gives it.
type spot struct {
	path, place string
	packed      bool // in an archive
	nth         int  // of the files of its message
}

// inside is the place of a numbered part of a message that was read from a file.
func (m *Message) inside(n int) spot {
	return spot{m.Part(strconv.Itoa(n)), m.mark + strconv.Itoa(n), false, 0}
}

// walk is the reading of one email. Its methods open messages in this file, and
// read the files beside them in files.go.
type walk struct {
	options Options
	found   []*Message
	read    int // bytes of attached files that were read as messages

	files fileReading
}

func newWalk(o Options) *walk { return &walk{options: o} }

// parsed opens an email that is parsed already.
func (w *walk) parsed(m *message.Message) []*Message {
	w.mail(&Message{Kind: KindEML, Mail: m, Raw: m.Raw}, 0)
	return w.found
}

// open reads a message from its bytes.
func (w *walk) open(parent *Message, at spot, kind string, raw []byte, depth int) {
	if !w.room(parent, at.path, depth) || parent != nil && !w.affords(parent, at.path, len(raw)) {
		return
	}
	m := &Message{Path: at.path, Kind: kind, Parent: parent, Raw: raw, base: at.path, place: at.place, file: true, depth: depth, nth: at.nth}
	if at.place != "" {
		m.mark = at.place + "!"
	}
	if parent != nil {
		m.packed = parent.packed
	}
	if at.packed {
		m.base, m.packed = at.path+"!", m.packed+1
	}
	switch kind {
	case KindMSG:
		m.Items = outlook.ReadMSG(raw, w.options.Limits)
		w.outlook(m, depth)
	case KindTNEF:
		m.Items = outlook.ReadTNEF(raw, w.options.Limits)
		w.outlook(m, depth)
	case KindP7M:
		w.signed(m, depth)
	case KindMbox:
		w.mbox(m, depth)
	default:
		m.Mail = message.Parse(raw, w.options.Limits)
		w.mail(m, depth)
	}
}

// room reports whether one more message may be read; where not, the one around it gets a problem.
func (w *walk) room(parent *Message, path string, depth int) bool {
	problem := message.Problem{}
	switch {
	case depth > maxDepth:
		problem = message.Problem{Code: message.CodeLimitDepth, Detail: fmt.Sprintf("messages are nested more than %d deep; the one in part %s is not read", maxDepth, path)}
	case len(w.found) >= maxMessages:
		problem = message.Problem{Code: message.CodeLimitMessages, Detail: fmt.Sprintf("more than %d messages; the others are not read", maxMessages)}
	default:
		return true
	}
	parent.Limit(problem)
	return false
}

// affords reports whether a file may be read as a message too.
func (w *walk) affords(parent *Message, path string, size int) bool {
	if w.read += size; w.read <= maxRead {
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

// mail takes a MIME message, the messages in it, and notes its files.
func (w *walk) mail(m *Message, depth int) {
	m.depth = depth
	w.found = append(w.found, m)
	m.Mail.Walk(func(p *message.Part) bool {
		at := spot{m.Part(p.Path), m.mark + p.Path, false, len(m.attached)}
		f := attached{at: at, name: p.Filename, mediaType: p.MediaType}
		switch {
		case p.Message != nil:
			if w.room(m, at.path, depth+1) {
				w.mail(&Message{Path: at.path, Kind: KindEML, Parent: m, Mail: p.Message, Raw: p.Message.Raw, base: m.base, place: at.place, mark: m.mark, packed: m.packed, nth: at.nth}, depth+1)
			}
		case mayHold(p) && w.message(m, at, p.Filename, p.MediaType, p.Decoded(), depth):
		case !textual(p) || hidden(p):
			f.data, f.start = p.Decoded, p.Start
		case !w.options.check: // nothing that a record names is in a text
			f.data, f.start, f.within, f.body = p.Decoded, p.Start, true, ownText(p)
		}
		m.attached = append(m.attached, f)
		for _, other := range p.OtherNames() {
			m.attached = append(m.attached, attached{at: at, name: other})
		}
		return true
	})
}

// outlook takes a message of MAPI properties, the messages in it, and notes its files.
func (w *walk) outlook(m *Message, depth int) {
	m.depth = depth
	w.found = append(w.found, m)
	for i, a := range m.Items.Attachments {
		at := m.inside(i + 1)
		at.nth = len(m.attached)
		f := attached{at: at, name: a.Filename, mediaType: a.ContentType}
		switch {
		case a.Embedded != nil:
			if w.room(m, at.path, depth+1) {
				inner := &Message{Path: at.path, Kind: a.Embedded.Kind, Parent: m, Items: a.Embedded, base: at.path, place: at.place, mark: at.place + ".", file: true, packed: m.packed, nth: at.nth}
				w.outlook(inner, depth+1)
			}
			continue // its name is its subject
		case w.message(m, at, a.Filename, a.ContentType, a.Data, depth):
		default:
			f.data = func() []byte { return a.Data }
			f.start = func(int) []byte { return a.Data }
		}
		m.attached = append(m.attached, f)
	}
}

// message opens an attached file that is a message.
func (w *walk) message(m *Message, at spot, name, mediaType string, data []byte, depth int) bool {
	kind, inner := kindOf(name, mediaType, data)
	if kind == "" {
		return false
	}
	w.open(m, at, kind, inner, depth+1)
	return true
}

// textual reports whether a part is read as a text of its message.
func textual(p *message.Part) bool { return p.MediaType == "text/plain" || p.MediaType == "text/html" }

// ownText reports whether a part is a text that a reader is shown at once.
func ownText(p *message.Part) bool {
	return textual(p) && p.Disposition != "attachment" && p.Filename == ""
}

// hidden reports whether a part that says it is a text is a file of another kind.
func hidden(p *message.Part) bool {
	if ownText(p) {
		return false
	}
	format := file.Sniff(p.Filename, p.MediaType, p.Start(glance))
	return format != "" && format != "text" && (format != "html" || p.MediaType != "text/html") || file.IsScript(p.Filename)
}

// mayHold spares the decoding of what cannot be a message: the email's own texts,
// and files that do not begin like one.
func mayHold(p *message.Part) bool {
	if ownText(p) || !mayBegin(p.Start(glance)) {
		return false // most files: pictures, PDF, archives
	}
	start := p.Start(sniffed)
	if outlook.IsCompoundFile(start) {
		return true
	}
	kind, _ := kindOf(p.Filename, p.MediaType, start)
	return kind != ""
}

func extension(name string) string { return strings.ToLower(path.Ext(strings.TrimSpace(name))) }

func join(base, relative string) string {
	switch {
	case relative == "":
		return strings.TrimSuffix(base, "!")
	case base == "" || strings.HasSuffix(base, "!"):
		return base + relative
	}
	return base + "." + relative
}
