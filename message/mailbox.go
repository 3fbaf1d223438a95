package message

import (
	"strings"
	"unicode/utf8"
)

// bare adds an address without brackets, with or without a name beside it.
func (p *addressParser) bare(written, comment string) {
	p.flushPending()
	words := phraseWords(joinDots(written))
	if len(words) == 1 {
		p.add(strings.TrimSpace(comment), words[0])
		return
	}
	p.flaws.bad = true
	last := -1
	for i, w := range words {
		if bareAt(w) {
			last = i
		}
	}
	if last < 0 {
		p.add(strings.TrimSpace(comment), written)
		return
	}
	var names []string
	for i, w := range words {
		if i != last {
			names = append(names, strings.Trim(w, `"`))
		}
	}
	p.add(strings.TrimSpace(strings.Join(names, " ")), words[last])
}

// phraseWords cuts a phrase at spaces outside quotes, and behind a quoted string that is no local part.
func phraseWords(s string) (words []string) {
	if s != "" && !strings.ContainsAny(s, ` "`) {
		return []string{s}
	}
	start, quoted := 0, false
	cut := func(end int) {
		if w := strings.TrimSpace(s[start:end]); w != "" {
			words = append(words, w)
		}
		start = end
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			if !quoted && i > start && s[i-1] != '.' {
				cut(i)
			}
			if quoted && i+1 < len(s) && s[i+1] != '@' && s[i+1] != '.' {
				cut(i + 1)
			}
			quoted = !quoted
		case c == ' ' && !quoted:
			cut(i)
		}
	}
	cut(len(s))
	return words
}

// bareAt reports an "@" outside quotes.
func bareAt(s string) bool {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '@' && !quoted:
			return true
		}
	}
	return false
}

// address takes off an address what programs put around it, and names one that is none.
func (p *addressParser) address(addr string) string {
	clean := addr
	for _, scheme := range []string{"mailto:", "smtp:"} {
		clean, _ = cutPrefixFold(clean, scheme)
	}
	clean = withoutApostrophes(strings.Trim(clean, "<>"))
	if n := len(clean); n > 2 && clean[0] == '"' && clean[n-1] == '"' && strings.Contains(clean, "@") {
		clean = clean[1 : n-1]
	}
	if isEncodedWord(clean) {
		if decoded, _ := decodeWords(clean, p.limits.EncodedWords); strings.Contains(decoded, "@") && !strings.ContainsAny(decoded, " <>\"") {
			clean = decoded
		}
	}
	if clean != addr || !soundAddress(clean) {
		p.flaws.bad = true
	}
	return clean
}

// withoutApostrophes takes apostrophes off that stand around an address: no domain ends in one, and
// those of 'a'@x.example are the local part's own.
func withoutApostrophes(addr string) string {
	if whole := strings.TrimRight(addr, "'"); whole != addr {
		return strings.TrimLeft(whole, "'")
	}
	inner := strings.TrimLeft(addr, "'")
	if strings.HasPrefix(inner, "@") || strings.Contains(inner, "'@") {
		return addr
	}
	return inner
}

// soundAddress reports whether an address can be one: a local user without a
// domain, or one "@" outside quotes between two things without spaces or control characters.
func soundAddress(addr string) bool {
	local, domain := addr, ""
	if at := strings.LastIndexByte(addr, '@'); at >= 0 {
		if local, domain = addr[:at], addr[at+1:]; local == "" || domain == "" || strings.ContainsAny(domain, `"<>()`) {
			return false
		}
	}
	if holdsWord(addr) || bareAt(local) || strings.HasPrefix(addr, "/") && domain == "" || hasControl(addr) {
		return false
	}
	return !strings.ContainsAny(addr, ` "`) || len(phraseWords(addr)) <= 1
}

// holdsWord reports an encoded-word in an address, which is none (RFC 2047, section 5). The
// characters "=?" alone may be in a local part.
func holdsWord(addr string) bool {
	if !strings.Contains(addr, "=?") {
		return false
	}
	decoded, _ := decodeWords(addr, 1)
	return decoded != (&wordDecoder{}).plain(addr)
}

// angled adds "name <addr>".
func (p *addressParser) angled(name, comment, angle string) {
	if name == "" {
		name = strings.TrimSpace(comment)
	}
	name = p.takePending(name)
	bare := strings.Trim(angle, " \t<>")
	p.flaws.bad = p.flaws.bad || bare != strings.Trim(angle, " \t")
	angle = bare
	if strings.HasPrefix(angle, "@") { // obs-route
		if colon := strings.IndexByte(angle, ':'); colon >= 0 {
			angle = angle[colon+1:]
		}
	}
	if strings.ContainsRune(angle, ',') && strings.Count(angle, "@") > 1 && !strings.ContainsRune(angle, '"') {
		p.flaws.bad = true
		for _, one := range strings.Split(angle, ",") {
			p.add(name, squeeze(one))
		}
		return
	}
	if open := strings.LastIndexByte(angle, '<'); open >= 0 && !strings.ContainsRune(angle, '"') { // "CEO <a@b <c@d>>": programs show the one or the other
		p.flaws.bad = true
		name = strings.TrimSpace(name + " " + strings.Trim(angle[:open], " \t<"))
		angle = angle[open+1:]
	}
	addr := angle
	if strings.Contains(angle, "@") {
		addr = squeeze(angle)
		p.flaws.bad = p.flaws.bad || strings.ContainsAny(joinDots(angle), " \t") && !strings.ContainsAny(angle, `("`)
	}
	if addr == "" && name == "" {
		return // the null path, RFC 5321, section 4.5.5
	}
	p.flaws.bad = p.flaws.bad || !strings.Contains(addr, "@")
	p.add(name, addr)
}

func (p *addressParser) takePending(name string) string {
	if p.pending == nil {
		return name
	}
	p.flaws.bad = true
	name = strings.TrimRight(strings.Join(append(p.pending, name), ", "), ", ")
	p.pending = nil
	return name
}

// flushPending adds names that no address followed: local users, mostly.
func (p *addressParser) flushPending() {
	list := p.pending
	p.pending = nil
	for _, w := range list {
		p.flaws.bad = true
		if strings.ContainsAny(w, " \"") {
			p.add(strings.Trim(w, `"`), "")
		} else {
			p.add("", w)
		}
	}
}

func (p *addressParser) add(name, addr string) {
	if p.flaws.tooMany = p.flaws.tooMany || len(p.out) >= p.limits.Addresses; p.flaws.tooMany {
		return
	}
	name, _ = decodeWords(name, p.limits.EncodedWords)
	if !utf8.ValidString(addr) {
		addr = fromWindows1252([]byte(addr))
	}
	name, addr = strings.TrimSpace(name), p.address(strings.TrimSpace(addr))
	if name == "" && isEncodedWord(addr) { // a name as the whole field
		name, _ = decodeWords(addr, p.limits.EncodedWords)
		addr, p.flaws.bad = "", true
	}
	if strings.HasPrefix(addr, "/") && !strings.Contains(addr, "@") { // an X.500 name, which only an Exchange server resolves
		if name == "" {
			name = addr
		}
		addr = ""
	}
	if strings.IndexByte(name, 0) >= 0 || strings.IndexByte(addr, 0) >= 0 {
		name, addr = strings.ReplaceAll(name, "\x00", "\uFFFD"), strings.ReplaceAll(addr, "\x00", "\uFFFD")
	}
	if name != "" || addr != "" {
		p.out = append(p.out, Address{Name: name, Addr: addr})
	}
}

// joinDots takes the spaces around "@" and "." away (obs-local-part, obs-domain).
func joinDots(s string) string {
	if !strings.ContainsRune(s, ' ') || strings.ContainsRune(s, '"') {
		return s
	}
	return aroundDots.Replace(s)
}

var aroundDots = strings.NewReplacer(" @ ", "@", " @", "@", "@ ", "@", " . ", ".", " .", ".", ". ", ".")
