package indicators

import (
	"iter"
	"net/netip"
	"strings"
)

// findNetworks yields address blocks in CIDR notation (RFC 4632): an address
// with the length of its prefix, 203.0.113.0/24.
func findNetworks(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, networkBytes) {
			slash := strings.IndexByte(text[start:end], '/')
			if slash < len("::") || end-start > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128") || word(text, start-1) || word(text, end) {
				continue
			}
			for end > start && (text[end-1] == '.' || text[end-1] == ':') {
				end--
			}
			prefix, err := netip.ParsePrefix(text[start:end])
			if err == nil && !version(text, start) && !yield(hit{start: start, end: end, value: prefix.String()}) {
				return
			}
		}
	}
}

var networkBytes = bytesOf("0-9a-fA-F:./")

// findMACs yields hardware addresses in the three usual forms, in lower case with colons.
func findMACs(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, macBytes) {
			for end > start && strings.IndexByte(".:-", text[end-1]) >= 0 {
				end--
			}
			if word(text, start-1) || word(text, end) {
				continue
			}
			value, ok := mac(text[start:end])
			if ok && !yield(hit{start: start, end: end, value: value}) {
				return
			}
		}
	}
}

var macBytes = bytesOf("0-9a-fA-F:." + "-")

func mac(s string) (string, bool) {
	separator, group := byte(':'), 2
	switch len(s) {
	case len("00:00:00:00:00:00"):
		separator = s[2]
	case len("0000.0000.0000"):
		separator, group = '.', 4
	default:
		return "", false
	}
	if separator != ':' && separator != '-' && separator != '.' || separator == '.' && group == 2 {
		return "", false
	}
	parts := strings.Split(s, string(separator))
	for _, part := range parts {
		if len(part) != group || !hexadecimal(part) {
			return "", false
		}
	}
	plain := strings.ToLower(strings.Join(parts, ""))
	if !strings.ContainsAny(plain, "123456789abcdef") || separator == '-' && digits(plain) {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(plain); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(plain[i : i+2])
	}
	return b.String(), true
}

// findEthereum yields addresses of Ethereum: 0x and 40 hexadecimal digits, not all the same.
func findEthereum(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, wordBytes) {
			run := text[start:end]
			if len(run) != 42 || run[0] != '0' || run[1]|0x20 != 'x' || !hexadecimal(run[2:]) || strings.Count(run[2:], run[2:3]) == 40 {
				continue
			}
			if !yield(hit{start: start, end: end, value: "0x" + run[2:]}) {
				return
			}
		}
	}
}

// findTechniques yields the ids of MITRE ATT&CK techniques: T1059, T1059.001.
func findTechniques(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, wordBytes) {
			run := text[start:end]
			if len(run) != len("T1059") || run[0] != 'T' || !digits(run[1:]) || run < "T1001" || run > "T1799" || hyphenBefore(text, start) {
				continue
			}
			if end+4 <= len(text) && text[end] == '.' && digits(text[end+1:end+4]) && !word(text, end+4) {
				end += 4
			}
			if !yield(hit{start: start, end: end, value: text[start:end]}) {
				return
			}
		}
	}
}

func hyphenBefore(text string, i int) bool {
	return i > 0 && (text[i-1] == '-' || text[i-1] == '.' && i > 1 && wordBytes[text[i-2]])
}

// hives are the roots of the Windows registry and their short names.
var hives = []string{
	"HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_CLASSES_ROOT", "HKEY_USERS", "HKEY_CURRENT_CONFIG", "HKLM", "HKCU", "HKCR", "HKU", "HKCC",
}

const maxKey = 1 << 10 // bytes; a name in a path has at most 255 characters

// findRegistryKeys yields keys of the Windows registry. A space belongs to a key only where a backslash follows in the same word.
func findRegistryKeys(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, wordBytes) {
			if text[start]|0x20 != 'h' || !isHive(text[start:end]) {
				continue
			}
			hive := end
			if strings.HasPrefix(text[end:], ":") { // PowerShell
				end++
			}
			if end >= len(text) || text[end] != '\\' {
				continue
			}
			end = keyEnd(text, end)
			if !yield(hit{start: start, end: end, value: text[start:hive] + strings.TrimPrefix(text[hive:end], ":")}) {
				return
			}
		}
	}
}

func isHive(s string) bool {
	for _, hive := range hives {
		if strings.EqualFold(s, hive) {
			return true
		}
	}
	return false
}

func keyEnd(text string, i int) int {
	limit := min(len(text), i+maxKey)
	for i < limit {
		c := text[i]
		if c == ' ' {
			next := strings.IndexAny(text[i+1:limit], " \r\n\t\"'<>|,;\\")
			if next < 1 || text[i+1+next] != '\\' {
				break
			}
		} else if c <= ' ' || c >= 0x7f || strings.IndexByte("\"'<>|,;`", c) >= 0 {
			break
		}
		i++
	}
	for strings.IndexByte(".:!?)]}\\*", text[i-1]) >= 0 {
		i--
	}
	return i
}
