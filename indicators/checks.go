package indicators

import (
	"bytes"
	"crypto/sha256"
	"iter"
	"math/big"
	"strings"
)

var alnumBytes = bytesOf("0-9A-Za-z")

// findBitcoin yields Bitcoin addresses whose checksum holds: Base58Check (1…, 3…)
// and Bech32 or Bech32m (bc1…; BIP 173, BIP 350).
func findBitcoin(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, alnumBytes) {
			if end-start < 14 || end-start > 90 || word(text, start-1) || word(text, end) {
				continue
			}
			value, ok := bitcoin(text[start:end])
			if ok && !yield(hit{start: start, end: end, value: value}) {
				return
			}
		}
	}
}

func bitcoin(s string) (string, bool) {
	switch {
	case strings.EqualFold(s[:3], "bc1"):
		lower := strings.ToLower(s)
		return lower, (s == lower || s == strings.ToUpper(s)) && bech32(lower)
	case s[0] == '1' || s[0] == '3':
		return s, len(s) >= 25 && len(s) <= 35 && base58Check(s)
	}
	return "", false
}

const base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58Check verifies a mainnet address: version 0 or 5, 20 bytes of hash, four of checksum.
func base58Check(s string) bool {
	n := new(big.Int)
	for i := range len(s) {
		digit := strings.IndexByte(base58Digits, s[i])
		if digit < 0 {
			return false
		}
		n.Mul(n, big.NewInt(58)).Add(n, big.NewInt(int64(digit)))
	}
	if n.BitLen() > 25*8 {
		return false
	}
	raw := n.FillBytes(make([]byte, 25))
	if raw[0] != 0 && raw[0] != 5 || leadingOnes(s) != leadingZeros(raw) {
		return false
	}
	first := sha256.Sum256(raw[:21])
	second := sha256.Sum256(first[:])
	return bytes.Equal(second[:4], raw[21:])
}

// Each zero byte in front is written as one digit 1.
func leadingOnes(s string) int  { return len(s) - len(strings.TrimLeft(s, "1")) }
func leadingZeros(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\x00")) }

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 verifies a segwit address in lower case (BIP 173; BIP 350 for versions above 0).
func bech32(s string) bool {
	data := s[len("bc1"):]
	if len(data) < 1+6 {
		return false
	}
	sum := polymod(1, []byte{3, 3, 0, 2, 3}) // "bc" expanded
	for i := range len(data) {
		digit := strings.IndexByte(bech32Digits, data[i])
		if digit < 0 {
			return false
		}
		sum = polymod(sum, []byte{byte(digit)})
	}
	if data[0] == 'q' {
		return sum == 1 && (len(data) == 39 || len(data) == 59) // version 0: a program of 20 or 32 bytes
	}
	return sum == 0x2bc830a3
}

// polymod is the checksum of BIP 173.
func polymod(sum uint32, values []byte) uint32 {
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

// ibanLengths are the lengths by country (ISO 13616 registry).
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 " +
	"FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 " +
	"LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 " +
	"SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 "

func ibanLength(country string) int {
	i := strings.Index(ibanLengths, strings.ToUpper(country))
	if i < 0 || i%5 != 0 {
		return 0
	}
	return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
}

// findIBANs yields account numbers of the right length for their country whose
// check digits hold (ISO 7064, MOD 97-10), written in one piece or in groups.
func findIBANs(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for i := 0; i+4 <= len(text); i++ {
			if !alnumBytes[text[i]] || word(text, i-1) {
				continue
			}
			value, end := ibanAt(text, i)
			if end == 0 {
				continue
			}
			if !yield(hit{start: i, end: end, value: value}) {
				return
			}
			i = end - 1
		}
	}
}

func ibanAt(text string, start int) (value string, end int) {
	if !letter(text[start]) || !letter(text[start+1]) || !digits(text[start+2:start+4]) {
		return "", 0
	}
	n := ibanLength(text[start : start+2])
	compact, end := collect(text, start, n, " ")
	if len(compact) != n || n == 0 || word(text, end) {
		return "", 0
	}
	value = strings.ToUpper(compact)
	return value, end * btoi(mod97(value) == 1)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// collect takes up to n letters and digits, with at most one separator between two of them.
func collect(text string, start, n int, separators string) (compact string, end int) {
	var b strings.Builder
	i := start
	for end = start; i < len(text) && b.Len() < n; i++ {
		if alnumBytes[text[i]] {
			b.WriteByte(text[i])
			end = i + 1
		} else if strings.IndexByte(separators, text[i]) < 0 || end != i {
			break
		}
	}
	return b.String(), end
}

// mod97 computes the remainder over the rearranged number, letters as 10 to 35.
func mod97(iban string) int {
	sum := 0
	for _, c := range []byte(iban[4:] + iban[:4]) {
		if c >= 'A' {
			sum = (sum*100 + int(c-'A') + 10) % 97
		} else {
			sum = (sum*10 + int(c-'0')) % 97
		}
	}
	return sum
}

// brands are the card brands with the ranges of their first digits and their lengths, most specific first.
var brands = []struct {
	name    string
	from    string // first number of the range; to has as many digits
	to      string
	lengths []int
}{
	{"American Express", "34", "34", []int{15}},
	{"American Express", "37", "37", []int{15}},
	{"Diners Club", "300", "305", []int{14}},
	{"Diners Club", "3095", "3095", []int{14}},
	{"Diners Club", "36", "36", []int{14}},
	{"Diners Club", "38", "39", []int{14}},
	{"JCB", "3528", "3589", []int{16}},
	{"Discover", "6011", "6011", []int{16}},
	{"Discover", "622126", "622925", []int{16}},
	{"Discover", "644", "659", []int{16}},
	{"UnionPay", "62", "62", []int{16, 17, 18, 19}},
	{"Mastercard", "51", "55", []int{16}},
	{"Mastercard", "2221", "2720", []int{16}},
	{"Maestro", "5018", "5018", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Maestro", "5020", "5020", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Maestro", "5038", "5038", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Maestro", "6304", "6304", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Maestro", "6759", "6759", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Maestro", "6761", "6763", []int{12, 13, 14, 15, 16, 17, 18, 19}},
	{"Visa", "4", "4", []int{13, 16, 19}},
}

// brand returns the brand of a card number, "" for none.
func brand(number string) string {
	for _, b := range brands {
		head := number[:min(len(number), len(b.from))]
		if head < b.from || head > b.to {
			continue
		}
		for _, n := range b.lengths {
			if n == len(number) {
				return b.name
			}
		}
	}
	return ""
}

const (
	shortestCard = 12
	longestCard  = 19 // ISO/IEC 7812-1
)

// findCards yields card numbers of a known brand with the right length whose
// check digit holds (Luhn), in one piece or in groups parted by a space or a hyphen.
func findCards(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for i := 0; i < len(text); i++ {
			if text[i] < '0' || text[i] > '9' {
				continue
			}
			if !word(text, i-1) && !grouped(text, i) {
				if h, ok := cardAt(text, i); ok {
					if !yield(h) {
						return
					}
					i = h.end
					continue
				}
			}
			for i < len(text) && wordBytes[text[i]] {
				i++
			}
		}
	}
}

// grouped tells the decimals of a number (3.14…) and what follows a sign.
func grouped(text string, i int) bool {
	return i > 1 && strings.IndexByte(".,", text[i-1]) >= 0 && wordBytes[text[i-2]]
}

// cardAt tries the lengths that end at the end of a group, longest first.
func cardAt(text string, start int) (hit, bool) {
	for n := longestCard; n >= shortestCard; n-- {
		number, end := collect(text, start, n, " -")
		if len(number) != n || word(text, end) || !digits(number) {
			continue
		}
		if name := brand(number); name != "" && luhn(number) {
			return hit{start: start, end: end, value: number, brand: name}, true
		}
	}
	return hit{}, false
}

// luhn verifies the check digit (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
