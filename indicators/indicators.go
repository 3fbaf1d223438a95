package indicators

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Indicator is one thing in a text that can be looked up or blocked.
type Indicator struct {
	Value         string // refanged, in one spelling: names in ASCII, they, addresses and hashes in lower case, CVE in upper case
	Type          string // url, domain, ipv4, ipv6, cidr, email, md5, sha1, sha256, sha512, cve, attack, btc, eth, iban, mac or registry
	Form          string // as it stands in the text
	Unicode       string // of an internationalized name or an address under one: how people read it; "" otherwise
	Defanged      bool   // it stood there as hxxp, [.], (at) and the like
	Offset        int    // bytes from the beginning of the text, of the first occurrence
	Private       bool   // an address of a private, loopback or link-local network, or localhost
	Documentation bool   // an address or a name set aside for examples (RFC 5737, RFC 3849, RFC 9637, RFC 2606)
}

// maxIndicators bounds what one text yields: beyond it a list helps nobody.
const maxIndicators = 10_000

// kinds are the finders of Indicators. Where two begin at the same place the
// earlier one here comes first.
var kinds = []struct {
	name  string
	find  finder
	needs marks // what a text must have for the finder to find anything; 0 where that is not known
}{
	{"url", findURLs, 0},
	{"email", findEmails, 0},
	{"ipv4", findIPv4, 0},
	{"ipv6", findIPv6, markIPv6},
	{"domain", findDomains, 0},
	{"md5", hexOf(32), markMD5},
	{"sha1", hexOf(40), markSHA1},
	{"sha256", hexOf(64), markSHA256},
	{"sha512", hexOf(128), markSHA512},
	{"cidr", findNetworks, markNetwork},
	{"cve", findCVEs, markCVE},
	{"attack", findTechniques, markAttack},
	{"registry", findRegistryKeys, markRegistry},
	{"mac", findMACs, markMAC},
	{"eth", findEthereum, markEthereum},
	{"btc", findBitcoin, markBitcoin},
	{"iban", findIBANs, markIBAN},
}

// Indicators returns the indicators of a text, each once, in the order in which
// they first appear, at most 10,000. Each is verified as far as it can be: octets,
// check digits, public suffixes. A URL yields its host beside it, an e-mail
// address its domain; other parts of a URL yield nothing of their own but e-mail
// addresses. The time is linear in the length of the text.
func Indicators(text string) []Indicator {
	clean, spots := refang(text)
	var found []Indicator
	var inURL spans
	has := marksOf(clean)
	for _, kind := range kinds {
		if kind.needs&^has != 0 {
			continue
		}
		n := 0
		for h := range kind.find(clean) {
			if kind.name == "url" {
				inURL = append(inURL, span{h.start, h.end, h.host, h.hostEnd})
			} else if inURL.hide(h) {
				continue
			}
			found = append(found, indicator(kind.name, h, text, spots))
			if n++; n >= maxIndicators {
				break
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Indicator) int { return cmp.Compare(a.Offset, b.Offset) })
	return firsts(found)
}

func indicator(kind string, h hit, text string, spots spots) Indicator {
	value, unicode := h.value, ""
	switch {
	case kind == "email":
		value = strings.ToLower(h.ascii)
	case kind == "domain":
		value = h.ascii
	}
	if kind == "email" || kind == "domain" {
		unicode = readable(value)
	}
	private, documentation := setAside(kind, value)
	start, end := spots.original(h.start), spots.original(h.end)
	return Indicator{
		Value:         value,
		Type:          kind,
		Form:          text[start:end],
		Unicode:       unicode,
		Defanged:      h.defanged || spots.touch(h.start, h.end),
		Offset:        start,
		Private:       private,
		Documentation: documentation,
	}
}

// readable returns how people read a name, or an address under one, that has labels in Punycode; "" otherwise.
func readable(value string) string {
	at := strings.LastIndexByte(value, '@') + 1
	if !strings.Contains(value[at:], "xn--") {
		return ""
	}
	name, err := idna.Display.ToUnicode(value[at:])
	if err != nil || name == value[at:] {
		return ""
	}
	return value[:at] + name
}

// firsts keeps the first of each type and value.
func firsts(found []Indicator) []Indicator {
	seen := make(map[[2]string]bool, len(found))
	kept := found[:0]
	for _, i := range found {
		if key := [2]string{i.Type, i.Value}; !seen[key] && len(kept) < maxIndicators {
			seen[key] = true
			kept = append(kept, i)
		}
	}
	return kept
}

// span is where a URL stands, and its host in it.
type span struct{ start, end, host, hostEnd int }

// spans are ascending and do not overlap.
type spans []span

// hide reports whether a hit lies inside a URL without being its host or an
// email address in its path or query.
func (s spans) hide(h hit) bool {
	i, exact := slices.BinarySearchFunc(s, h.start, func(u span, at int) int { return cmp.Compare(u.start, at) })
	if !exact {
		i--
	}
	if i < 0 || h.start >= s[i].end {
		return false
	}
	if h.end == s[i].hostEnd && h.at > 0 {
		return true // user@host of the URL itself
	}
	return h.at == 0 && (h.start != s[i].host || h.end > s[i].hostEnd) // within the host: a part of it
}

// setAside tells networks and names that nobody on the Internet can own.
func setAside(kind, value string) (private, documentation bool) {
	switch kind {
	case "url":
		value = hostOf(value)
	case "email":
		value = value[strings.LastIndexByte(value, '@')+1:]
		value = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(value, "["), "ipv6:"), "]")
	case "domain", "ipv4", "ipv6":
	default:
		return false, false
	}
	if addr, err := netip.ParseAddr(value); err == nil {
		return privateAddr(addr), within(addr, documentationNets)
	}
	return value == "localhost" || strings.HasSuffix(value, ".localhost"), exampleName(value)
}

// hostOf returns the host of a URL as findURLs writes it.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if literal, ok := strings.CutPrefix(rest, "["); ok {
		literal, _, _ = strings.Cut(literal, "]")
		return literal
	}
	host, _, _ := strings.Cut(rest, ":")
	return strings.TrimSuffix(host, ".")
}

var documentationNets = []string{
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // RFC 5737
	"2001:db8::/32", // RFC 3849
	"3fff::/20",     // RFC 9637
}

func privateAddr(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() ||
		within(addr, []string{"100.64.0.0/10"}) // RFC 6598: behind a carrier's NAT
}

func within(addr netip.Addr, nets []string) bool {
	for _, net := range nets {
		if netip.MustParsePrefix(net).Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// reservedNames are the top-level names that RFC 2606 (section 2) and RFC 6761 set aside.
var reservedNames = []string{"example", "test", "invalid", "localhost"}

// exampleName reports whether a host name is one for examples (RFC 2606).
func exampleName(host string) bool {
	labels := strings.Split(host, ".")
	last := len(labels) - 1
	if labels[last] != "localhost" && slices.Contains(reservedNames, labels[last]) {
		return true
	}
	return last > 0 && labels[last-1] == "example" && slices.Contains([]string{"com", "net", "org"}, labels[last])
}

// Defang returns the value in a form that no program makes a link of:
// hxxps://evil[.]example/a, user[@]evil[.]example. Only the scheme and the host of
// a URL are changed, so that a person can still compare the rest.
func Defang(value string) string {
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		return strings.NewReplacer(".", "[.]", "@", "[@]").Replace(value)
	}
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		end = i
	}
	scheme = strings.NewReplacer("tt", "xx", "TT", "XX", "ftp", "fxp").Replace(scheme)
	return scheme + "://" + strings.ReplaceAll(rest[:end], ".", "[.]") + rest[end:]
}

// hit is what a finder found in a refanged text.
type hit struct {
	start, end int
	value      string // in one spelling
	ascii      string // of a name or an email address: with its host in ASCII
	brand      string // of a card
	defanged   bool   // hxxp
	// of a URL: where its host stands
	host, hostEnd int
	at            int // of an email address: where its at sign stands
}

// finder yields hits in ascending order, which do not overlap, in linear time.
type finder func(text string) iter.Seq[hit]

// runs yields the longest stretches of bytes that are members.
func runs(text string, member *[256]bool) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		for i := 0; i < len(text); i++ {
			if !member[text[i]] {
				continue
			}
			start := i
			for i < len(text) && member[text[i]] {
				i++
			}
			if !yield(start, i) {
				return
			}
		}
	}
}

// bytesOf makes a set of the bytes of a string; a-b stands for a range.
func bytesOf(spec string) *[256]bool {
	var set [256]bool
	for i := 0; i < len(spec); i++ {
		if i+2 < len(spec) && spec[i+1] == '-' {
			for c := int(spec[i]); c <= int(spec[i+2]); c++ {
				set[c] = true
			}
			i += 2
			continue
		}
		set[spec[i]] = true
	}
	return &set
}

// Host returns the host of a URL, as links.Host gives it, as an indicator: an
// address, or a name that could be registered.
func Host(name string) (Indicator, bool) {
	i := Indicator{Value: name, Form: name}
	if addr, err := netip.ParseAddr(name); err == nil {
		i.Type = map[bool]string{true: "ipv4", false: "ipv6"}[addr.Is4()]
		i.Value = addr.String()
	} else {
		_, ascii, ok := domain(name)
		if !ok {
			return Indicator{}, false
		}
		i.Type, i.Value, i.Unicode = "domain", ascii, readable(ascii)
	}
	i.Private, i.Documentation = setAside(i.Type, i.Value)
	return i, true
}

// URL returns a URL that is known to be one, as an indicator, found as form.
func URL(value, form string) Indicator {
	i := Indicator{Value: value, Type: "url", Form: form}
	i.Private, i.Documentation = setAside("url", value)
	return i
}
