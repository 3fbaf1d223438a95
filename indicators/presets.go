package indicators

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/pyregex"
)

// Preset is a search with a name.
type Preset struct {
	Name    string // as the preset field takes it
	Pattern string // the vendor's pattern; "" for a checked preset
	Group   int    // the group that holds what the name promises: 0, the whole match, for all but one
	Mask    Sort   // what kind of number it finds; masked on request

	find finder
}

// Sort tells numbers that should not be shown whole.
type Sort uint8

// The sorts of number that a preset finds.
const (
	Harmless Sort = iota
	CardNumber
	AccountNumber // an IBAN
)

// presets are the 25 of the vendor's documentation under their names, with its
// patterns, and behind them those that verify what they find. Where both have
// one of a name, the vendor's keeps it and ours ends in _checked.
//
// The vendor's card patterns have no anchors: they also find a stretch of a longer
// number. That is what playbooks written for them expect; credit_card is stricter.
var presets = []Preset{
	{Name: "ip", Pattern: `([0-9]+(?:\.[0-9]+){3})`},
	{Name: "email", Pattern: `[\w\.-]+@[\w\.-]+`},
	{Name: "url", Pattern: `(?i)(?:(?:https?|ftp):\/\/|www\.|ftp\.)(?:\([-A-Z0-9+&@#\/%=~_|$?!:,.]*\)|[-A-Z0-9+&@#\/%=~_|$?!:,.])*` +
		`(?:\([-A-Z0-9+&@#\/%=~_|$?!:,.]*\)|[A-Z0-9+&@#\/%=~_|$])`},
	{Name: "domain", Pattern: `(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]{,61}[a-zA-Z0-9])?\.)*[a-zA-Z]{2,6}` +
		`(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,6}`},
	{Name: "md5", Pattern: `\b[0-9a-fA-F]{32}\b`},
	{Name: "sha1", Pattern: `\b[0-9a-fA-F]{40}\b`},
	{Name: "sha256", Pattern: `\b[0-9a-fA-F]{64}\b`},
	{Name: "datetime", Pattern: `\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}`},
	{Name: "email_attachments_filename", Pattern: `filename: (.*?),,`, Group: 1},
	card("mastercard", `(?:5[1-5][0-9]{14}|2(?:22[1-9][0-9]{12}|2[3-9][0-9]{13}|[3-6][0-9]{14}|7[0-1][0-9]{13}|720[0-9]{12}))`),
	card("visa_mastercard", `(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14})`),
	card("amex", `3[47][0-9]{13}`),
	card("bcglobal", `(6541|6556)[0-9]{12}`),
	card("carte_blanche", `389[0-9]{11}`),
	card("diners_club", `3(?:0[0-5]|[68][0-9])[0-9]{11}`),
	card("discover", `65[4-9][0-9]{13}|64[4-9][0-9]{13}|6011[0-9]{12}|`+
		`(622(?:12[6-9]|1[3-9][0-9]|[2-8][0-9][0-9]|9[01][0-9]|92[0-5])[0-9]{10})`),
	card("insta_payment", `63[7-9][0-9]{13}`),
	card("jcb", `(?:2131|1800|35\d{3})\d{11}`),
	card("korean_local", `9[0-9]{15}`),
	card("laser", `(6304|6706|6709|6771)[0-9]{12,15}`),
	card("maestro", `(5018|5020|5038|6304|6759|6761|6763)[0-9]{8,15}`),
	card("solo", `(6334|6767)[0-9]{12}|(6334|6767)[0-9]{14}|(6334|6767)[0-9]{15}`),
	card("switch", `(4903|4905|4911|4936|6333|6759)[0-9]{12}|(4903|4905|4911|4936|6333|6759)[0-9]{14}|`+
		`(4903|4905|4911|4936|6333|6759)[0-9]{15}|564182[0-9]{10}|564182[0-9]{12}|564182[0-9]{13}|`+
		`633110[0-9]{10}|633110[0-9]{12}|633110[0-9]{13}`),
	card("union_pay", `(62[0-9]{14,17})`),
	card("visa", `4[0-9]{12}(?:[0-9]{3})?`),

	{Name: "ipv4", find: findIPv4},
	{Name: "ipv6", find: findIPv6},
	{Name: "email_address", find: findEmails},
	{Name: "url_checked", find: findURLs},
	{Name: "domain_checked", find: findDomains},
	{Name: "md5_checked", find: hexOf(32)},
	{Name: "sha1_checked", find: hexOf(40)},
	{Name: "sha256_checked", find: hexOf(64)},
	{Name: "sha512", find: hexOf(128)},
	{Name: "cve", find: findCVEs},
	{Name: "btc_address", find: findBitcoin},
	{Name: "iban", find: findIBANs, Mask: AccountNumber},
	{Name: "credit_card", find: findCards, Mask: CardNumber},
}

func card(name, pattern string) Preset {
	return Preset{Name: name, Pattern: pattern, Mask: CardNumber}
}

// PresetNames lists the names of all presets, the vendor's first.
func PresetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Name
	}
	return names
}

// FindPreset returns the preset of a name.
func FindPreset(name string) (Preset, bool) {
	for _, p := range presets {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}

// Checked reports whether the preset verifies what it finds, and finds defanged forms.
func (p Preset) Checked() bool { return p.find != nil }

// Checked is one thing that a checked preset found.
type Checked struct {
	pyregex.Span        // in the text as it is, brackets of defanged forms included
	Value        string // refanged, in one spelling; a card number without its separators
	Brand        string // of a card; "" otherwise
	Defanged     bool
}

// FindChecked returns what a checked preset finds in a text, within the limits.
// The time is linear in the length of the text.
func (p Preset) FindChecked(ctx context.Context, text string, l pyregex.Limits) (found []Checked, r pyregex.Result) {
	l = l.WithDefaults()
	deadline := time.Now().Add(l.Timeout)
	clean, spots := refang(text)
	for h := range p.find(clean) {
		if len(found) == l.MaxMatches {
			r.Truncated = true
			break
		}
		if ctx.Err() != nil || !time.Now().Before(deadline) {
			r.TimedOut = true
			r.Problem = fmt.Sprintf("the preset %s did not get through the text within %v; what was found until then is given", p.Name, l.Timeout)
			break
		}
		found = append(found, Checked{
			Span: pyregex.Span{Start: spots.original(h.start), End: spots.original(h.end)}, Value: h.value, Brand: h.brand,
			Defanged: h.defanged || spots.touch(h.start, h.end),
		})
	}
	return found, r
}

// Masked returns a card or account number with its middle hidden: the first six
// and the last four digits of a card, the first four and the last four
// characters of an account stay. Spaces and hyphens stay where they are.
func Masked(number string, s Sort) string {
	head := map[Sort]int{CardNumber: 6, AccountNumber: 4}[s]
	total := 0
	for i := range len(number) {
		total += btoi(alnumBytes[number[i]])
	}
	if s == Harmless {
		return number
	}
	seen := 0
	return strings.Map(func(r rune) rune {
		if r >= 0x80 || !alnumBytes[byte(r)] {
			return r
		}
		if seen++; seen <= head || seen > total-4 {
			return r
		}
		return '*'
	}, number)
}

// MaskNumbers masks every card number and IBAN in a text whose check digits hold.
func MaskNumbers(text string) string {
	for _, sort := range []struct {
		find finder
		mask Sort
	}{{findCards, CardNumber}, {findIBANs, AccountNumber}} {
		var b strings.Builder
		from := 0
		for h := range sort.find(text) {
			b.WriteString(text[from:h.start] + Masked(text[h.start:h.end], sort.mask))
			from = h.end
		}
		text = b.String() + text[from:]
	}
	return text
}
