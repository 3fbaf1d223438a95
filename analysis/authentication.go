package analysis

import (
	"strings"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// Limits of what is read of authentication results: an email that passed ten servers has fewer.
const (
	maxResultFields = 50
	maxResults      = 200
	maxResultField  = 16 << 10 // bytes of one field
)

// Result is one method's result as a server wrote it into the email.
type Result struct {
	Header     string `json:"header"`      // the field it stands in: Authentication-Results, ARC-Authentication-Results or Received-SPF
	AuthServID string `json:"authserv_id"` // the server that says so; "" where it does not give a name, as Microsoft 365
	Trusted    bool   `json:"trusted"`     // of the topmost Authentication-Results field, which the last server to check the email wrote
	Method     string `json:"method"`      // lower case: spf, dkim, dmarc, arc, compauth, …
	Result     string `json:"result"`      // lower case: pass, fail, softfail, none, …
	Reason     string `json:"reason"`      // reason= or the comments, as written
	Properties string `json:"properties"`  // "smtp.mailfrom=example.com header.d=example.com", in the order of the field
}

// Authentication is what servers and signatures say of where an email is from.
type Authentication struct {
	// SPF, DKIM and DMARC are the trusted results, "" without one. Where several DKIM signatures
	// were checked, one that passed counts.
	SPF        string      `json:"spf"`
	DKIM       string      `json:"dkim"`
	DMARC      string      `json:"dmarc"`
	Results    []Result    `json:"results"`    // all of them, in the order of the email
	Signatures []Signature `json:"signatures"` // as checked here
	SMIME      SMIME       `json:"smime"`      // of a signed content, kind p7m
}

// SMIME is the signature of an S/MIME content (RFC 8551). It says nothing of trust:
// anybody can make a certificate in any name.
type SMIME struct {
	Result string `json:"result"` // pass or fail, "" without a signature
	Signer string `json:"signer"` // subject of the certificate
	Emails string `json:"emails"` // addresses in the certificate, joined by ", "
	Issuer string `json:"issuer"`
	Detail string `json:"detail"` // why it fails
}

func smimeOf(s *content.Signature) SMIME {
	if s == nil {
		return SMIME{}
	}
	out := SMIME{Result: "pass", Signer: s.Signer, Emails: s.Emails, Issuer: s.Issuer, Detail: s.Problem}
	if s.Problem != "" {
		out.Result = "fail"
	}
	return out
}

// Results reads what servers wrote into a header. Only the topmost
// Authentication-Results field is trusted: servers put theirs on top, and what
// lies below may have come with the email (RFC 8601, section 5). With servers
// given, it is the topmost one that one of these wrote.
func Results(h message.Header, servers []string) Authentication {
	a := Authentication{Results: []Result{}, Signatures: []Signature{}}
	fields, trusted := 0, false
	for _, f := range h.Fields() {
		name := strings.ToLower(f.Name)
		if name != "authentication-results" && name != "arc-authentication-results" && name != "received-spf" {
			continue
		}
		if fields++; fields > maxResultFields {
			break
		}
		value := f.Value[:min(len(f.Value), maxResultField)]
		var results []Result
		if name == "received-spf" {
			results = receivedSPF(value)
		} else {
			results = parseResults(value, name == "arc-authentication-results")
		}
		trust := name == "authentication-results" && !trusted && trustedServer(results, servers)
		trusted = trusted || trust
		for _, r := range results {
			r.Header, r.Trusted = f.Name, trust
			if len(a.Results) < maxResults {
				a.Results = append(a.Results, r)
			}
		}
	}
	a.summary()
	return a
}

func trustedServer(results []Result, servers []string) bool {
	if len(results) == 0 {
		return false
	}
	for _, s := range servers {
		if strings.EqualFold(s, results[0].AuthServID) {
			return true
		}
	}
	return len(servers) == 0
}

func (a *Authentication) summary() {
	for _, r := range a.Results {
		if !r.Trusted {
			continue
		}
		switch r.Method {
		case "spf":
			first(&a.SPF, r.Result)
		case "dmarc":
			first(&a.DMARC, r.Result)
		case "dkim":
			if r.Result == "pass" {
				a.DKIM = r.Result
			}
			first(&a.DKIM, r.Result)
		}
	}
}

func first(at *string, value string) {
	if *at == "" {
		*at = value
	}
}

// parseResults reads an Authentication-Results field (RFC 8601, section 2.2),
// leniently: real fields leave out the authserv-id, put spaces around "=", and have
// comments anywhere.
func parseResults(value string, arc bool) []Result {
	var out []Result
	server := ""
	for i, segment := range splitOutside(value, ';') {
		pairs, comments := pairsOf(segment)
		if i == 0 || i == 1 && arc {
			// QUIRK(Microsoft 365): the field begins with a result, without authserv-id.
			if arc && len(pairs) > 0 && strings.EqualFold(pairs[0].name, "i") {
				continue // ARC: the instance comes first (RFC 8617, section 4.1.1)
			}
			if len(pairs) == 0 || !pairs[0].given {
				if len(pairs) > 0 {
					server = unquote(pairs[0].name) // a value (RFC 8601, section 2.2)
				}
				continue
			}
		}
		if r, ok := result(pairs, comments); ok {
			r.AuthServID = server
			out = append(out, r)
		}
	}
	return out
}

// result makes one result of method=result, reason= and properties.
func result(pairs []pair, comments []string) (Result, bool) {
	if len(pairs) == 0 || !pairs[0].given || pairs[0].name == "" {
		return Result{}, false
	}
	method, _, _ := strings.Cut(pairs[0].name, "/") // a version
	r := Result{Method: strings.ToLower(method), Result: strings.ToLower(pairs[0].value)}
	var properties []string
	for _, p := range pairs[1:] {
		switch {
		case strings.EqualFold(p.name, "reason"):
			r.Reason = p.value
		case p.given:
			properties = append(properties, p.name+"="+p.value)
		}
	}
	r.Properties = strings.Join(properties, " ")
	if r.Reason == "" {
		r.Reason = strings.Join(comments, "; ")
	}
	return r, true
}

// pair is name=value; given is false for a word without "=".
type pair struct {
	name, value string
	given       bool
}

// pairsOf reads name=value pairs, spaces around "=" and quotes allowed, and the comments between them.
func pairsOf(segment string) (pairs []pair, comments []string) {
	tokens := words(segment)
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if t.comment {
			comments = append(comments, strings.TrimSpace(t.text))
			continue
		}
		name, value, given := strings.Cut(t.text, "=")
		following := func() (string, bool) {
			if i+1 < len(tokens) && !tokens[i+1].comment {
				return tokens[i+1].text, true
			}
			return "", false
		}
		if next, ok := following(); !given && ok && strings.HasPrefix(next, "=") { // name =value, name = value
			given, value = true, next[1:]
			i++
		}
		if next, ok := following(); given && value == "" && ok && !strings.Contains(next, "=") { // name= value
			value = next
			i++
		}
		pairs = append(pairs, pair{name, unquote(value), given})
	}
	return pairs, comments
}

// unquote takes the quotes off a quoted-string (RFC 5322, section 3.2.4).
func unquote(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	var b strings.Builder
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '\\' && i+1 < len(text)-1 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// receivedSPF reads a Received-SPF field (RFC 7208, section 9.1).
func receivedSPF(value string) []Result {
	first, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if first == "" {
		return nil
	}
	r := Result{Method: "spf", Result: strings.ToLower(strings.TrimSuffix(first, ";"))}
	var properties []string
	for _, segment := range splitOutside(rest, ';') {
		pairs, comments := pairsOf(segment)
		for _, c := range comments {
			if r.Reason == "" {
				r.Reason = c
			}
		}
		for _, p := range pairs {
			if strings.EqualFold(p.name, "receiver") {
				r.AuthServID = p.value
			}
			if p.given {
				properties = append(properties, p.name+"="+p.value)
			}
		}
	}
	r.Properties = strings.Join(properties, " ")
	return []Result{r}
}
