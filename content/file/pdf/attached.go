package pdf

import (
	"bytes"
	"slices"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// Bounds of the look at attached files, bytes.
const (
	maxBack  = 2 << 10  // before EF, in which the beginning of its dictionary is looked for
	maxTaken = 16 << 20 // of a file
)

// attached adds the files of a file specification (ISO 32000-1, section 7.11.4), whose EF stands at a place
// of a chunk. PDFium shows those that the document names; a note on a page may hold one too.
func (s *search) attached(chunk []byte, at int, value []byte) {
	s.left -= maxBack
	name := ""
	if start := enclosing(chunk, at); start >= 0 {
		s.left -= maxHeader
		eachEntry(chunk[start:min(len(chunk), start+maxHeader)], 0, func(key string, _ int, value []byte) {
			if key == "UF" || key == "F" && name == "" {
				name = s.nameOf(value)
			}
		})
	}
	dictionaries := [][]byte{value}
	for _, p := range s.objects.referred(value[:min(len(value), maxString)]) {
		dictionaries = append(dictionaries, s.objects.from(p))
	}
	for _, dictionary := range dictionaries {
		s.left -= maxHeader
		eachEntry(dictionary[:min(len(dictionary), maxHeader)], 0, func(_ string, _ int, value []byte) {
			for _, p := range s.objects.referred(value) {
				if !s.done[p] {
					s.done[p] = true
					s.take(name, s.objects.from(p))
				}
			}
		})
	}
}

// nameOf is the name of a file, as it stands there or in another object.
func (s *search) nameOf(value []byte) string {
	if name := s.stringOf("F", value); name != "" {
		return name
	}
	for _, p := range s.objects.referred(value) {
		if name := s.stringOf("F", s.objects.from(p)); name != "" {
			return name
		}
	}
	return ""
}

// take adds a file that PDFium did not show.
func (s *search) take(name string, object []byte) {
	limit := min(s.budget.Bytes, maxTaken)
	if s.budget.Members <= 0 {
		limit = 0
	}
	plain, isStream := s.unpack(object, limit+1)
	m := held.Member{Name: name, Size: -1}
	switch {
	case !isStream || plain != nil && slices.ContainsFunc(s.c.Members, func(k held.Member) bool { return bytes.Equal(k.Data, plain) }):
		return
	case plain == nil && slices.ContainsFunc(s.c.Members, func(k held.Member) bool { return k.Name == name }):
		return
	case plain == nil:
		m.Add(message.CodeArchiveUnsupported, "not taken out of the PDF: it is packed in a way that is not read")
	case int64(len(plain)) > limit:
		if s.limited {
			return
		}
		s.limited = true
		m.Add(message.CodeLimitArchive, "not taken out of the PDF: too much")
	default:
		m.Data, m.Size, m.Read = plain, int64(len(plain)), true
		s.budget.Bytes -= m.Size
		s.budget.Members--
	}
	s.c.Members = append(s.c.Members, m)
}

// enclosing is where the dictionary begins in which a place is, -1 where that is not near.
func enclosing(data []byte, at int) int {
	depth := 0
	for i := at - 1; i > max(0, at-maxBack); i-- {
		switch {
		case data[i] == '>' && data[i-1] == '>':
			depth++
			i--
		case data[i] == '<' && data[i-1] == '<':
			if depth == 0 {
				return i - 1
			}
			depth--
			i--
		}
	}
	return -1
}
