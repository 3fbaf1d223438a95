package analysis

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"example.org/imap-integration/message"
)

// maxSignatures bounds the DKIM signatures that are looked at; emails have up to four.
const maxSignatures = 10

// Signature is one DKIM signature (RFC 6376) and what checking it here gave.
type Signature struct {
	Domain    string `json:"domain"`   // d=
	Selector  string `json:"selector"` // s=
	Algorithm string `json:"algorithm"`
	Result    string `json:"result"` // "pass", "fail", or "none" where no key is at hand
	Detail    string `json:"detail"` // why
}

// Keys are DKIM key records by their place in the DNS, lower case: "s1._domainkey.example.com".
type Keys map[string]string

// ParseKeys reads one key a line, as "selector._domainkey.domain=record"; empty lines do not count.
// The error names the line.
func ParseKeys(text string) (Keys, error) {
	keys := Keys{}
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		place, record, found := strings.Cut(line, "=")
		place = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(place), "."))
		if !found || !strings.Contains(place, "._domainkey.") || !strings.Contains(record, "p=") {
			return nil, fmt.Errorf("line %d must be selector._domainkey.domain=record, such as s1._domainkey.example.com=v=DKIM1; k=rsa; p=MIIB…", n+1)
		}
		keys[place] = strings.Trim(strings.TrimSpace(record), `"`)
	}
	return keys, nil
}

// errNoKey ends the look-up of a key that is not among the given ones.
var errNoKey = errors.New("key not at hand")

// Signatures checks the DKIM signatures of a raw email against the keys given.
// Nothing is looked up: a key that is not given is not at hand.
func Signatures(raw []byte, h message.Header, keys Keys) []Signature {
	out := []Signature{}
	for i, value := range h.Values("DKIM-Signature") {
		if i == maxSignatures {
			break
		}
		tags := tagsOf(value)
		s := Signature{Domain: strings.ToLower(tags["d"]), Selector: strings.ToLower(tags["s"]), Algorithm: strings.ToLower(tags["a"]), Result: "none", Detail: errNoKey.Error()}
		if s.Domain == "" || s.Selector == "" {
			s.Detail = "the signature names no domain or no selector"
		}
		out = append(out, s)
	}
	if slices.ContainsFunc(out, func(s Signature) bool { return keys[s.place()] != "" }) {
		verify(raw, out, keys)
	}
	return out
}

func (s Signature) place() string { return s.Selector + "._domainkey." + s.Domain }

// verify fills in the results. The library's verifications are in the order of the signatures.
func verify(raw []byte, out []Signature, keys Keys) {
	lookUp := func(place string) ([]string, error) {
		if record := keys[strings.ToLower(place)]; record != "" {
			return []string{record}, nil
		}
		return nil, errNoKey
	}
	if !bytes.Contains(raw, []byte("\r\n")) {
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")) // signatures are made over CRLF (RFC 6376, section 5.3)
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: lookUp, MaxVerifications: maxSignatures})
	for i := range out {
		switch {
		case keys[out[i].place()] == "":
		case i >= len(found):
			out[i].Result, out[i].Detail = "fail", "the signature cannot be checked"
			if err != nil {
				out[i].Detail = fmt.Sprintf("%.200s", err)
			}
		case found[i].Err == nil:
			out[i].Result, out[i].Detail = "pass", ""
		default:
			out[i].Result, out[i].Detail = "fail", strings.ToValidUTF8(fmt.Sprintf("%.200s", strings.TrimPrefix(found[i].Err.Error(), "dkim: ")), "\uFFFD")
		}
	}
}

// tagsOf reads a tag list (RFC 6376, section 3.2), white space taken out of the values.
func tagsOf(value string) map[string]string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(value, ";") {
		name, v, found := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if _, twice := tags[name]; found && !twice && len(tags) < 50 {
			tags[name] = strings.Join(strings.Fields(v), "")
		}
	}
	return tags
}
