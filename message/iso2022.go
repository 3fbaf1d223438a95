package message

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// graphicSet is what the bytes 0x21 to 0x7E of ISO 2022 mean for a while.
type graphicSet int

const (
	setASCII  graphicSet = iota
	setRoman             // JIS X 0201: a yen sign and an overline in ASCII
	setKana              // JIS X 0201: katakana of half width
	setJIS               // JIS X 0208
	setJIS212            // JIS X 0212
	setJIS213            // JIS X 0213, plane 1
	setJIS213Plane2
	setKSC
	setGB
	setCNS1  // CNS 11643, plane 1
	setCNS2  // plane 2
	setOther // one that is not known, of two bytes
	setLatin1
	setGreek
)

// escapes are the designations of ISO-2022-JP (RFC 1468, 1554, 2237), -KR (RFC
// 1557) and -CN (RFC 1922), and the set that each calls: index 0 is G0, 1 what
// SO calls, 2 what one character behind ESC N is of.
var escapes = []struct {
	sequence string
	place    int
	set      graphicSet
}{
	{"\x1B(B", 0, setASCII},
	{"\x1B(J", 0, setRoman},
	{"\x1B(I", 0, setKana},
	{"\x1B(H", 0, setRoman},
	{"\x1B$@", 0, setJIS},
	{"\x1B$B", 0, setJIS},
	{"\x1B$(@", 0, setJIS},
	{"\x1B$(B", 0, setJIS},
	{"\x1B$(D", 0, setJIS212},
	{"\x1B$(O", 0, setJIS213},
	{"\x1B$(Q", 0, setJIS213},
	{"\x1B$(P", 0, setJIS213Plane2},
	{"\x1B$(C", 0, setKSC},
	{"\x1B$A", 0, setGB},
	{"\x1B$(A", 0, setGB},
	{"\x1B$)C", 1, setKSC},
	{"\x1B$)A", 1, setGB},
	{"\x1B$)G", 1, setCNS1},
	{"\x1B$)E", 1, setGB},
	{"\x1B$*H", 2, setCNS2},
	{"\x1B.A", 2, setLatin1},
	{"\x1B.F", 2, setGreek},
}

// wide reports whether a character of the set is two bytes.
func (g graphicSet) wide() bool { return g >= setJIS && g <= setOther }

// iso2022 reads text whose escape sequences switch the character set. What no
// set has becomes U+FFFD; ASCII outside the switched text is always readable.
type iso2022 struct {
	label  string
	out    []byte
	places [3]graphicSet
	shift  bool // SO was seen: the second place counts
	bad    bool
}

func decodeISO2022(b []byte, label string) ([]byte, charsetVerdict) {
	d := &iso2022{label: label, out: make([]byte, 0, len(b)+len(b)/2)}
	if strings.HasPrefix(label, "iso-2022-kr") {
		d.places[1] = setKSC // some programs leave the designation out
	}
	for len(b) > 0 {
		b = b[d.step(b):]
	}
	if d.bad {
		return d.out, charsetBad
	}
	return d.out, charsetGood
}

// step reads what stands at the start of b and returns its length.
func (d *iso2022) step(b []byte) int {
	switch b[0] {
	case 0x1B:
		return d.escape(b)
	case 0x0E, 0x0F:
		d.shift = b[0] == 0x0E
		return 1
	case '\n':
		d.shift = false
	}
	set := d.places[0]
	if d.shift {
		set = d.places[1]
	}
	n := 1
	for n < len(b) && b[n] != 0x1B && b[n] != 0x0E && b[n] != 0x0F && b[n] != '\n' {
		n++
	}
	d.run(b[:n], set)
	return n
}

// escape obeys an escape sequence; one that is not known stays in the text.
func (d *iso2022) escape(b []byte) int {
	for _, e := range escapes {
		if bytes.HasPrefix(b, []byte(e.sequence)) {
			d.places[e.place] = e.set
			return len(e.sequence)
		}
	}
	switch {
	case bytes.HasPrefix(b, []byte("\x1B&@")):
		return 3 // a revision of the set that follows
	case len(b) >= 3 && b[1] == 'N':
		n := 3
		if d.places[2].wide() {
			n = min(4, len(b))
		}
		high := []byte{b[2] & 0x7F}
		if n == 4 {
			high = append(high, b[3]&0x7F)
		}
		d.run(high, d.places[2])
		return n
	}
	d.bad = true
	d.out = append(d.out, "\uFFFD"...)
	return 1
}

// run decodes bytes of one set.
func (d *iso2022) run(b []byte, set graphicSet) {
	if !isASCII(b) {
		d.eightBit(b)
		return
	}
	for i := 0; i < len(b); {
		if b[i] <= ' ' || b[i] == 0x7F || set == setASCII {
			n := 1
			for i+n < len(b) && (set == setASCII || b[i+n] <= ' ') {
				n++
			}
			d.out = append(d.out, b[i:i+n]...)
			i += n
			continue
		}
		n := 1
		for i+n < len(b) && b[i+n] > ' ' && b[i+n] != 0x7F {
			n++
		}
		d.graphic(b[i:i+n], set)
		i += n
	}
}

// graphic decodes bytes of 0x21 to 0x7E.
func (d *iso2022) graphic(b []byte, set graphicSet) {
	switch set {
	case setRoman:
		d.out = append(d.out, strings.NewReplacer(`\`, "\u00A5", "~", "\u203E").Replace(string(b))...)
	case setKana:
		for _, c := range b {
			r := '\uFFFD'
			if c <= 0x5F {
				r = rune(c) - 0x21 + 0xFF61
			} else {
				d.bad = true
			}
			d.out = utf8.AppendRune(d.out, r)
		}
	case setLatin1:
		for _, c := range b {
			d.out = utf8.AppendRune(d.out, charmap.ISO8859_1.DecodeByte(c|0x80))
		}
	case setGreek:
		for _, c := range b {
			d.out = utf8.AppendRune(d.out, charmap.ISO8859_7.DecodeByte(c|0x80))
		}
	default:
		d.pairs(b, set)
	}
}

// pairs decodes characters of two bytes by the eight-bit form of their set (EUC).
func (d *iso2022) pairs(b []byte, set graphicSet) {
	if len(b)%2 != 0 {
		d.bad = true
	}
	euc := make([]byte, 0, len(b)/2*3)
	for ; len(b) >= 2; b = b[2:] {
		if set == setJIS212 || set == setJIS213Plane2 {
			euc = append(euc, 0x8F)
		}
		euc = append(euc, b[0]|0x80, b[1]|0x80)
	}
	var bad bool
	switch set {
	case setJIS, setJIS212:
		d.out, bad = appendDecoded(d.out, japanese.EUCJP, euc)
	case setJIS213, setJIS213Plane2:
		d.out, bad = appendEUCJIS2004(d.out, euc)
	case setKSC:
		d.out, bad = appendDecoded(d.out, korean.EUCKR, euc)
	case setGB:
		d.out, bad = appendDecoded(d.out, simplifiedchinese.GBK, euc)
	case setCNS1, setCNS2:
		for ; len(euc) > 0; euc = euc[2:] {
			var known bool
			if d.out, known = appendCNS(d.out, int(set-setCNS1), euc[0], euc[1]); !known {
				d.out, bad = append(d.out, "\uFFFD"...), true
			}
		}
	default:
		d.out, bad = append(d.out, strings.Repeat("\uFFFD", len(euc)/2)...), true
	}
	if len(b) > 0 {
		d.out = append(d.out, "\uFFFD"...)
	}
	d.bad = d.bad || bad
}

// eightBit reads what ISO 2022 in seven bits cannot hold, as the usual eight-bit charset of the language.
func (d *iso2022) eightBit(b []byte) {
	enc := encoding.Encoding(japanese.ShiftJIS)
	switch {
	case strings.HasPrefix(d.label, "iso-2022-kr"):
		enc = korean.EUCKR
	case strings.HasPrefix(d.label, "iso-2022-cn"):
		enc = simplifiedchinese.GBK
	case utf8.Valid(b):
		enc = encoding.Nop
	}
	d.out, _ = appendDecoded(d.out, enc, b)
	d.bad = true
}
