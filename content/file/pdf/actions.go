package pdf

import (
	"bytes"
	"html"
	"slices"
	"strings"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// Limits of the search in objects, bytes.
const (
	maxObjects = 8 << 20   // of streams that are unpacked for it
	maxKey     = 32        // of a key whose letters are written as numbers
	perLookup  = 256       // what following a reference counts for
	maxString  = 8 << 10   // of a target
	maxScript  = 256 << 10 // of a script, a note or the value of a field
	maxTexts   = 4 << 20   // of all of these
	maxSearch  = 64 << 20  // of strings that are looked through, those that do not end included
)

// keys are before what is looked for: the target of a URI, a launched file, a form that is sent, or another
// document; parameters of a launched program; scripts; values of fields; notes; forms in XML; attached files.
var keys = []string{"URI", "UF", "F", "JS", "P", "V", "DV", "Contents", "RC", "XFA", "EF"}

// search is the look at the objects of one file. It asks for no page and no table, so it works on
// damaged files and finds what no page leads to.
type search struct {
	c        *held.Content
	budget   *held.Budget
	objects  *objects
	known    map[string]bool // what was added
	done     map[place]bool
	launches bool // the file starts programs
	notes    []byte
	taken    int // of maxTexts
	left     int // of maxSearch
	limited  bool
	unread   bool // a stream cannot be unpacked
}

// addActions adds what is in the objects of a file and not in c yet.
func addActions(c *held.Content, data []byte, from int, b *held.Budget) {
	s := &search{c: c, budget: b, objects: newObjects(data), known: map[string]bool{}, done: map[place]bool{}, left: maxSearch}
	for _, l := range c.Links[from:] {
		s.known[l.URL] = true
	}
	scripted := false
	for _, t := range c.Texts {
		s.known[t.Where+" "+t.Body] = true
	}
	for _, chunk := range s.objects.chunks {
		s.launches = s.launches || bytes.Contains(chunk, []byte("/Launch"))
	}
	for _, chunk := range s.objects.chunks {
		for at := 0; s.left > 0; {
			key, value := nextKey(chunk, at)
			if value < 0 {
				break
			}
			s.entry(key, chunk, value)
			at = value
		}
	}
	if len(s.notes) > 0 {
		c.Texts = append(c.Texts, held.Text{Where: "notes and fields", Body: string(s.notes)})
	}
	for _, t := range c.Texts {
		scripted = scripted || t.Where == "script"
	}
	if scripted {
		c.Add(message.CodeFileUnsupported, "the PDF has JavaScript, which was searched for links and not run")
	}
	if s.unread {
		c.Add(message.CodeFileUnsupported, "a script, a field or a form of the PDF is packed in a way that is not read")
	}
	if s.left <= 0 || s.limited || s.objects.more || s.objects.left <= 0 {
		c.Add(message.CodeLimitFile, "the PDF has more objects, or longer ones, than are searched for targets")
	}
}

// nextKey finds the next of the keys, and where its value begins; -1 at the end.
func nextKey(objects []byte, from int) (key string, value int) {
	for at := from; ; at++ {
		i := bytes.IndexByte(objects[at:], '/')
		if i < 0 {
			return "", -1
		}
		at += i
		if key, n := keyAt(objects[at:]); n > 0 {
			return key, at + n
		}
	}
}

// keyAt is the one of the keys that data begins with, and its length as written, 0 where none is.
func keyAt(data []byte) (key string, length int) {
	if len(data) < 2 || bytes.IndexByte([]byte("UFJPVDCRXE#"), data[1]) < 0 {
		return "", 0
	}
	for _, key := range keys {
		if bytes.HasPrefix(data[1:], []byte(key)) && (len(data) == 1+len(key) || !regular(data[1+len(key)])) {
			return key, 1 + len(key)
		}
	}
	if bytes.IndexByte(data[:min(len(data), maxKey)], '#') < 0 {
		return "", 0
	}
	if key, length = nameAt(data); slices.Contains(keys, key) {
		return key, length
	}
	return "", 0
}

// entry looks at the value of a key that begins at a place of a chunk.
func (s *search) entry(key string, chunk []byte, at int) {
	s.left--
	value := bytes.TrimLeft(chunk[at:], " \t\r\n\f\x00")
	switch {
	case len(value) == 0:
	case key == "EF":
		s.attached(chunk, at, value)
	case value[0] == '(' || value[0] == '<':
		s.text(key, s.stringOf(key, value))
	case value[0] == '[' && key == "XFA":
		s.packets(value)
	case value[0] >= '0' && value[0] <= '9' && key != "P": // P is most often the page of a note
		s.left -= perLookup
		for _, p := range s.objects.referred(value[:min(len(value), maxString)]) {
			s.object(key, p)
		}
	}
}

// stringOf is a string, "" where it is none or does not end.
func (s *search) stringOf(key string, value []byte) string {
	longest := maxString
	if slices.Index(keys, key) >= slices.Index(keys, "JS") {
		longest = maxScript
	}
	value = value[:min(len(value), longest)]
	found, read := stringAt(value)
	s.left -= read
	s.limited = s.limited || len(value) == maxScript && read == maxScript
	return found
}

// object looks at an object that a key refers to: a string, or the stream in the place of a long one.
func (s *search) object(key string, p place) {
	if s.done[p] {
		return
	}
	object := s.objects.from(p)
	switch {
	case len(object) == 0:
	case bytes.HasPrefix(object, []byte("<<")):
		if !slices.Contains([]string{"JS", "V", "DV", "RC", "XFA"}, key) {
			return
		}
		s.done[p] = true
		plain, isStream := s.unpack(object, max(0, s.objects.left))
		s.objects.left -= int64(len(plain))
		s.unread = s.unread || isStream && plain == nil
		s.text(key, text(plain))
	case object[0] == '[' && key == "XFA":
		s.done[p] = true
		s.packets(object)
	default:
		s.done[p] = true
		s.text(key, s.stringOf(key, object))
	}
}

// unpack is [objects.unpack], and counts its work.
func (s *search) unpack(object []byte, limit int64) (plain []byte, isStream bool) {
	before := s.objects.work
	plain, isStream = s.objects.unpack(object, limit)
	s.left -= s.objects.work - before
	return plain, isStream
}

// packets looks at a form in XML that is several streams, each behind its name (section 12.7.8).
func (s *search) packets(array []byte) {
	const most = 200
	rest := skipSpace(array[1:])
	for range most {
		n := valueLength(rest[:min(len(rest), maxString)], 0)
		switch {
		case len(rest) == 0 || rest[0] == ']' || n <= 0:
			return
		case rest[0] == '(' || rest[0] == '<':
			rest = skipSpace(rest[min(n, len(rest)):])
			continue
		}
		s.left -= perLookup
		for _, p := range s.objects.referred(rest[:min(len(rest), maxString)]) {
			s.object("XFA", p)
		}
		i := bytes.IndexByte(rest, 'R')
		if i < 0 {
			return
		}
		rest = skipSpace(rest[i+1:])
	}
	s.limited = true
}

// text adds what stands behind a key.
func (s *search) text(key, value string) {
	target := key == "URI" || key == "UF" || key == "F"
	known := value
	if key == "JS" {
		known = "script " + value
	} else if !target {
		known = key + " " + value
	}
	if value == "" || s.known[known] {
		return
	}
	if s.taken += len(value); !target && s.taken > maxTexts {
		s.limited = true
		return
	}
	s.known[known] = true
	switch key {
	case "JS":
		s.c.AddScript(value)
	case "URI":
		s.c.AddLink(held.Link{URL: value, Where: "action"})
	case "UF", "F":
		if s.launches || leadsOut(value) {
			s.c.AddLink(held.Link{URL: value, Where: "action"})
		}
	case "P":
		if s.launches {
			s.c.AddLink(held.Link{URL: value[:min(len(value), maxString)], Where: "launch"})
			s.note(value)
		}
	case "RC":
		s.c.Texts = append(s.c.Texts, held.Text{Where: "note", Body: value, HTML: true})
	case "XFA":
		s.c.Texts = append(s.c.Texts, held.Text{Where: "form", Body: html.UnescapeString(withoutNamespaces(value))})
	default:
		s.note(value)
	}
}

// note adds a note or the value of a field; signatures and other bytes are none.
func (s *search) note(value string) {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' }) {
		return
	}
	s.notes = append(append(s.notes, strings.ToValidUTF8(value, "\uFFFD")...), '\n')
}

// leadsOut reports whether the name of a file is a URL or on another machine.
func leadsOut(name string) bool {
	return strings.Contains(name, "://") || strings.HasPrefix(name, "//") || strings.HasPrefix(name, `\\`)
}

// withoutNamespaces leaves out what looks like links in XML and is none.
func withoutNamespaces(xml string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(xml, "xmlns")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if i := strings.IndexAny(after, "\"'<>"); i >= 0 && after[i] != '<' && after[i] != '>' {
			if end := strings.IndexByte(after[i+1:], after[i]); end >= 0 {
				after = after[i+1+end+1:]
			}
		}
		xml = after
	}
}
