package indicators

import "strings"

// Most texts have none of the rarer kinds of indicators. One look at the words of a
// text tells which it may have, so that a finder is not sent through it for nothing.

// marks is what the words of a text show: a kind whose mark is missing is not in it.
type marks uint32

const (
	markIPv6     marks = 1 << iota // two colons with nothing but hexadecimal digits between
	markNetwork                    // a slash between what may be an address and a digit
	markMD5                        // words of these lengths
	markSHA1                       //
	markSHA256                     //
	markSHA512                     //
	markEthereum                   //
	markCVE                        // the word, and a hyphen
	markAttack                     // T and four characters
	markRegistry                   // a word that begins as a hive does, in front of a colon or a backslash
	markMAC                        // two groups of hexadecimal digits with a separator behind each
	markBitcoin                    // a long word that begins as one
	markIBAN                       // two letters and two digits
)

// wordMarks are those of words by their length.
var wordMarks = [...]marks{32: markMD5, 40: markSHA1, 42: markEthereum, 64: markSHA256, 128: markSHA512}

// marksOf looks through a text once, and once more at its colons and slashes.
func marksOf(text string) (m marks) {
	group := -1 // where a group of hexadecimal digits and its separator end
	for i := 0; i < len(text); i++ {
		if !wordBytes[text[i]] {
			continue
		}
		start := i
		for i < len(text) && wordBytes[text[i]] {
			i++
		}
		n := i - start
		if n < len(wordMarks) {
			m |= wordMarks[n]
		}
		if first := text[start]; n >= 14 && (first|0x20 == 'b' || first == '1' || first == '3') {
			m |= markBitcoin
		}
		if n >= 4 && letter(text[start]) && letter(text[start+1]) && digits(text[start+2:start+4]) {
			m |= markIBAN
		}
		if n == len("T1059") && text[start] == 'T' {
			m |= markAttack
		}
		if i == len(text) {
			break
		}
		switch c := text[i]; {
		case c == '-' && n >= 3 && strings.EqualFold(text[i-3:i], "cve"):
			m |= markCVE
		case (c == '\\' || c == ':') && text[start]|0x20 == 'h':
			m |= markRegistry
		}
		if (n == 2 || n == 4) && strings.IndexByte(":-.", text[i]) >= 0 && hexadecimal(text[start:i]) {
			if group == start {
				m |= markMAC
			}
			group = i + 1
		}
	}
	return m | separatorMarks(text)
}

// separatorMarks looks at what stands around colons and slashes.
func separatorMarks(text string) (m marks) {
	for from := 0; m&markIPv6 == 0; {
		i := strings.IndexByte(text[from:], ':')
		if i < 0 {
			break
		}
		from += i + 1
		end := from
		for end < len(text) && text[end] != ':' && addressBytes[text[end]] && end-from < longestGroup {
			end++
		}
		if end < len(text) && text[end] == ':' {
			m |= markIPv6
		}
	}
	for from := 0; m&markNetwork == 0; {
		i := strings.IndexByte(text[from:], '/')
		if i < 0 {
			break
		}
		if from += i + 1; from >= 2 && networkBytes[text[from-2]] && from < len(text) && text[from] >= '0' && text[from] <= '9' {
			m |= markNetwork
		}
	}
	return m
}

// longestGroup is how far two colons of an IPv6 address may be apart: an address of
// IPv4 stands behind the last, and zeros that do not count are not written.
const longestGroup = 15
