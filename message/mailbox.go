package message

import "strings"

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

// phraseWords cuts a phrase at blanks outside quotes, and behind a quoted string that is no local part.
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
	clean = strings.Trim(clean, "<>'")
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

// isEncodedWord reports whether s is nothing but encoded-words.
func isEncodedWord(s string) bool {
	return strings.HasPrefix(s, "=?") && strings.HasSuffix(s, "?=")
}

// soundAddress reports whether an address can be one: a local user without a
// domain, or one "@" outside quotes between two things without blanks or control characters.
func soundAddress(addr string) bool {
	local, domain := addr, ""
	if at := strings.LastIndexByte(addr, '@'); at >= 0 {
		if local, domain = addr[:at], addr[at+1:]; local == "" || domain == "" || strings.ContainsAny(domain, `"<>()`) {
			return false
		}
	}
	if strings.Contains(addr, "=?") || bareAt(local) || strings.HasPrefix(addr, "/") && domain == "" || hasControl(addr) {
		return false
	}
	return !strings.ContainsAny(addr, ` "`) || len(phraseWords(addr)) <= 1
}
