package message

import (
	"strconv"
	"strings"
)

// parameter is one parameter as it stands in a header.
type parameter struct {
	name   string // lower case, without the marks of RFC 2231
	index  int    // of a continuation, -1 without
	ext    bool   // name*=, percent-encoded
	value  string
	quoted bool
}

// mediaValue is a parsed Content-Type or Content-Disposition (RFC 2045, section 5.1; RFC 2183).
type mediaValue struct {
	token   string // what stands before the parameters, lower case, trimmed
	params  map[string]string
	others  map[string]string // a second reading of a parameter that is given twice in two ways
	flaws   wordFlaws
	bad     string // the name of a parameter that is broken
	twice   string // the name of a parameter that is given twice and differs
	coded   bool   // the boundary is written in the way of RFC 2231
	tooMany bool
}

// parseMedia reads a value with parameters. It never fails: what cannot be
// read is left out.
func parseMedia(raw string, limits Limits) mediaValue {
	v := unfold(raw)
	head, rest, _ := strings.Cut(v, ";")
	if i := strings.IndexByte(head, '='); i >= 0 { // "text/html charset=utf-8", "charset=utf-8"
		head, rest = "", v
		if blank := strings.IndexAny(v[:i], " \t"); blank > 0 {
			head, rest = v[:blank], v[blank:]
		}
	}
	head, _ = dropComments(head)
	m := mediaValue{params: map[string]string{}}
	m.token = strings.ToLower(strings.Trim(head, " \t\"'"))
	list := m.scan(rest, limits.Parameters)
	m.join(list, limits)
	return m
}

// scan splits the parameters. A quoted value may hold anything; one whose quote
// is never closed goes to the end of the header.
func (m *mediaValue) scan(s string, limit int) []parameter {
	var list []parameter
	for s != "" {
		s = strings.TrimLeft(s, " \t;,")
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			break
		}
		if semi := strings.IndexByte(s[:eq], ';'); semi >= 0 { // a word without value
			s = s[semi:]
			continue
		}
		name := strings.ToLower(strings.Trim(s[:eq], " \t\"'"))
		s = strings.TrimLeft(s[eq+1:], " \t")
		p := parameter{index: -1}
		p.value, p.quoted, s = parameterValue(s)
		if len(list) == limit {
			m.tooMany = true
			break
		}
		if i := strings.LastIndexAny(name, " \t"); i >= 0 { // junk before the name
			name, m.bad = name[i+1:], name
		}
		if !p.split(name) {
			m.bad = name
			continue
		}
		list = append(list, p)
	}
	return list
}

// parameterValue reads a token or quoted string and returns what follows it.
func parameterValue(s string) (value string, quoted bool, rest string) {
	if s == "" || s[0] != '"' {
		end := strings.IndexByte(s, ';')
		if end < 0 {
			end = len(s)
		}
		value, _, _ = strings.Cut(s[:end], " (") // a comment behind the value
		return strings.TrimRight(value, " \t"), false, s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), true, s[i+1:]
		// Windows paths come with single backslashes: only quotes and backslashes are escaped.
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), true, ""
}

// maxContinuation is the highest continuation number that is kept.
const maxContinuation = 9999

// split reads the marks of RFC 2231: name*, name*0, name*0*.
func (p *parameter) split(name string) bool {
	p.name = name
	if rest, ok := strings.CutSuffix(name, "*"); ok {
		p.name, p.ext = rest, true
	}
	if star := strings.IndexByte(p.name, '*'); star >= 0 {
		n, err := strconv.Atoi(p.name[star+1:])
		if err != nil || n < 0 || n > maxContinuation {
			return false
		}
		p.index, p.name = n, p.name[:star]
	}
	return p.name != ""
}

// parameterForms are the ways in which one parameter is given.
type parameterForms struct {
	plain, ext []string
	pieces     map[int]parameter
	most       int // the highest piece
}

func (m *mediaValue) take(f *parameterForms, p parameter, limits Limits) {
	m.coded = m.coded || p.name == "boundary" && (p.ext || p.index >= 0)
	switch {
	case p.index >= 0:
		if f.pieces == nil {
			f.pieces = map[int]parameter{}
		}
		if _, ok := f.pieces[p.index]; ok {
			m.bad = p.name
			return
		}
		f.pieces[p.index] = p
		f.most = max(f.most, p.index)
	case p.ext:
		f.ext = append(f.ext, m.extended(p.value))
	default:
		f.plain = append(f.plain, m.plainValue(p.value, limits))
	}
}

// join makes the values: continuations are put together in their order, the
// extended form counts before the plain one, the first before a later one.
func (m *mediaValue) join(list []parameter, limits Limits) {
	all := map[string]*parameterForms{}
	var names []string
	for _, p := range list {
		f := all[p.name]
		if f == nil {
			f = &parameterForms{}
			all[p.name] = f
			names = append(names, p.name)
		}
		m.take(f, p, limits)
	}
	for _, name := range names {
		f := all[name]
		var values []string
		if len(f.pieces) > 0 {
			values = append(values, m.continued(name, f.pieces, f.most, limits))
		}
		values = append(append(values, f.ext...), f.plain...)
		m.set(name, values)
	}
}

func (m *mediaValue) set(name string, values []string) {
	m.params[name] = values[0]
	for _, other := range values[1:] {
		if other != values[0] {
			m.twice = name
			if m.others == nil {
				m.others = map[string]string{}
			}
			if m.others[name] == "" {
				m.others[name] = other
			}
		}
	}
}

// continued joins name*0, name*1 … in order; gaps are passed over and noted.
func (m *mediaValue) continued(name string, pieces map[int]parameter, most int, limits Limits) string {
	var raw []byte
	charset, ext := "", false
	for i := 0; i <= most; i++ {
		p, ok := pieces[i]
		if !ok {
			m.bad = name
			continue
		}
		v := p.value
		if p.ext {
			if !ext && len(raw) == 0 {
				charset, v = splitExtended(v)
			}
			ext = true
			v = string(percentDecode(v))
		}
		raw = append(raw, v...)
	}
	if !ext {
		return m.plainValue(string(raw), limits)
	}
	return m.text(raw, charset)
}

func (m *mediaValue) extended(v string) string {
	charset, v := splitExtended(v)
	return m.text(percentDecode(v), charset)
}

func (m *mediaValue) text(raw []byte, charset string) string {
	s, verdict := decodeCharset(raw, charset)
	switch verdict {
	case charsetUnknown:
		m.flaws.charset = charset
	case charsetBad:
		m.flaws.bad = true
	case charsetOrder:
		m.flaws.order = true
	}
	return oneLine(s)
}

// plainValue decodes encoded-words too: RFC 2047 forbids them here, and most programs write and read them.
func (m *mediaValue) plainValue(v string, limits Limits) string {
	s, flaws := decodeWords(v, limits.EncodedWords)
	m.flaws.raw8 = m.flaws.raw8 || flaws.raw8
	m.flaws.bad = m.flaws.bad || flaws.bad
	m.flaws.order = m.flaws.order || flaws.order
	if flaws.charset != "" {
		m.flaws.charset = flaws.charset
	}
	return s
}

// mediaType is the type of a Content-Type token, lower case. good is false
// where it had to be guessed. A broken one is text/plain (RFC 2045, section
// 5.2) unless its first word says more.
func mediaType(token string) (string, bool) {
	if i := strings.IndexAny(token, " \t,"); i > 0 { // "text/html charset=utf-8"
		token = token[:i]
	}
	kind, sub, ok := strings.Cut(token, "/")
	kind, sub = strings.TrimSpace(kind), strings.TrimSpace(sub)
	if ok && isToken(kind) && isToken(sub) {
		return kind + "/" + sub, true
	}
	switch kind {
	case "multipart":
		return "multipart/mixed", false
	case "html":
		return "text/html", false
	case "text", "plain", "":
		return "text/plain", false
	case "message":
		return "message/rfc822", false
	}
	if !ok || !isToken(kind) {
		return "text/plain", false
	}
	return "application/octet-stream", false
}

func percentDecode(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexValue[s[i+1]] < 16 && hexValue[s[i+2]] < 16 {
			out = append(out, hexValue[s[i+1]]<<4|hexValue[s[i+2]])
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// splitExtended cuts charset'language'value.
func splitExtended(v string) (charset, rest string) {
	one := strings.IndexByte(v, '\'')
	if one < 0 {
		return "", v
	}
	two := strings.IndexByte(v[one+1:], '\'')
	if two < 0 {
		return "", v
	}
	return v[:one], v[one+1+two+1:]
}
