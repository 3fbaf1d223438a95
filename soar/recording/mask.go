package recording

import (
	"bytes"
	"mime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"example.org/imap-integration/message"
)

// errorWords are those of status lines and of the usual messages of APIs.
var errorWords = sync.OnceValue(func() map[string]bool {
	return setOf(`a access account an and api argument at attachment authentication authorization authorized bad be body boolean by cannot capability case
	character code conflict content credentials date denied detail does duplicate email empty endpoint error errors exist exists expected expired field
	fields file filter for forbidden format found from gateway greater has id identifier in incident integer internal invalid is json key large length less
	limit list long malformed many match maximum media message method minimum missing must name no not null number object of on only or page parameter
	parse parsed path payload permission please proxy rate read record reference refused request required resource response route rule schema server service
	size status string supported than the this time timeout title to token too triage try type unauthorized unavailable unexpected unique unknown
	unprocessable unsupported upload url user valid validation value values version was wrong you your html head`)
})

func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// structural are the header fields of which more than the name is kept: the type of a
// part and how it is encoded (RFC 2045), without names and texts.
var structural = []string{"content-type", "content-disposition", "content-transfer-encoding"}

// keptParameters have values that are no text of anybody's.
var keptParameters = []string{"charset", "format", "delsp", "smime-type", "micalg", "protocol"}

// mask goes over a raw email line by line.
type mask struct {
	s          *scrubber
	out        bytes.Buffer
	boundaries map[string]string // of the multiparts so far → what stands for each
	inHeader   bool
	nested     bool // the header is that of a message/rfc822
}

// email keeps the MIME structure of a raw email: names of header fields, types,
// encodings, delimiters and lengths of lines. File names become placeholders, every
// other character an x.
func (s *scrubber) email(raw []byte) []byte {
	for _, f := range filesOf(raw) {
		s.files = append(s.files, File{f.Part, s.text(f.MD5), s.text(f.SHA1), s.text(f.SHA256)})
	}
	m := &mask{s: s, boundaries: map[string]string{}, inHeader: true}
	for len(raw) > 0 {
		n := bytes.IndexByte(raw, '\n') + 1
		if n == 0 {
			n = len(raw)
		}
		line := raw[:n]
		raw = raw[n:]
		if m.inHeader { // a field and its continuation lines (RFC 5322, section 2.2.3) go together
			for len(bytes.TrimRight(line, "\r\n")) > 0 && len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t') {
				n := bytes.IndexByte(raw, '\n') + 1
				if n == 0 {
					n = len(raw)
				}
				line = append(bytes.Clone(line), raw[:n]...)
				raw = raw[n:]
			}
		}
		m.line(line)
	}
	return m.out.Bytes()
}

// filesOf are the digests of an email's attachments.
func filesOf(raw []byte) []File {
	var files []File
	for _, a := range message.Parse(raw, message.DefaultLimits()).Attachments() {
		files = append(files, File{a.Part, a.MD5, a.SHA1, a.SHA256})
	}
	return files
}

func (m *mask) line(line []byte) {
	text := string(bytes.TrimRight(line, "\r\n"))
	end := string(line[len(text):])
	if delimiter, closing := m.delimiter(text); delimiter != "" {
		m.out.WriteString("--" + delimiter + closing + end)
		m.inHeader, m.nested = closing == "", false
		return
	}
	switch {
	case m.inHeader && text == "":
		m.inHeader, m.nested = m.nested, false
		m.out.WriteString(end)
	case m.inHeader:
		m.out.WriteString(m.field(text) + end)
	default:
		m.out.WriteString(masked(text) + end)
	}
}

// delimiter finds the boundary of a delimiter line (RFC 2046, section 5.1.1).
func (m *mask) delimiter(text string) (boundary, closing string) {
	name, found := strings.CutPrefix(strings.TrimRight(text, " \t"), "--")
	if !found {
		return "", ""
	}
	if b := m.boundaries[name]; b != "" {
		return b, ""
	}
	name, found = strings.CutSuffix(name, "--")
	if !found {
		return "", ""
	}
	return m.boundaries[name], "--"
}

// field keeps the name of a header field, and of the structural ones the structure.
func (m *mask) field(text string) string {
	name, value, found := strings.Cut(text, ":")
	if !found {
		return masked(text)
	}
	kept := m.s.headerName(name)
	if strings.HasPrefix(strings.ToUpper(name), "X-") {
		kept = "X-" + masked(name[2:])
	}
	if !slices.Contains(structural, strings.ToLower(name)) {
		return kept + ":" + masked(value)
	}
	return kept + ": " + m.structure(value)
}

func (m *mask) structure(value string) string {
	kind, params, err := mime.ParseMediaType(strings.TrimSpace(value))
	if err != nil {
		return "application/octet-stream"
	}
	m.nested = kind == "message/rfc822"
	kept := kind
	if !strings.HasPrefix(kind, "multipart/") && !m.s.known[kind] && !among(encodings, kind) {
		kept = "application/octet-stream"
	}
	shown := map[string]string{}
	for name, v := range params {
		switch {
		case name == "boundary":
			if m.boundaries[v] == "" {
				m.boundaries[v] = "boundary-" + strconv.Itoa(len(m.boundaries)+1)
			}
			shown[name] = m.boundaries[v]
		case slices.Contains(keptParameters, name) && among(charsets, strings.ToLower(v)):
			shown[name] = v
		case name == "name", name == "filename":
			shown[name] = m.s.text(v)
		}
	}
	if strings.HasPrefix(kept, "multipart/") && !among(multiparts, kept) {
		kept = "multipart/mixed"
	}
	return mime.FormatMediaType(kept, shown)
}

// Values of structural fields and of their parameters that are kept.
const (
	encodings  = "7bit 8bit binary base64 quoted-printable inline attachment form-data"
	multiparts = "multipart/mixed multipart/alternative multipart/related multipart/signed multipart/report multipart/digest multipart/encrypted"
	charsets   = "utf-8 us-ascii iso-8859-1 iso-8859-2 iso-8859-15 windows-1250 windows-1251 windows-1252 koi8-r iso-2022-jp shift_jis euc-jp gb2312 gbk gb18030 big5 euc-kr flowed fixed yes no"
)

func among(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

// masked keeps spaces and, because they end or pad encoded lines, equals signs.
func masked(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '=' || r == '\r' || r == '\n' {
			return r
		}
		return 'x'
	}, text)
}
