package message

import (
	"slices"
	"strings"
	"testing"
)

// paramsLine is a value with parameters as "TOKEN | NAME=VALUE | …", parameters sorted.
func paramsLine(m mediaValue) string {
	var list []string
	for name, value := range m.params {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return strings.Join(append([]string{m.token}, list...), " | ")
}

// TestParametersOfStandards are the examples of RFC 2045, section 5.1, RFC 2046 and RFC 2231,
// and neighbours of them, as Python 3.11 reads them (email.headerregistry).
func TestParametersOfStandards(t *testing.T) {
	for _, tt := range []struct{ raw, token, params string }{
		{"text/plain; charset=us-ascii (Plain text)", "text/plain", "charset=us-ascii"},
		{"text/plain; charset=\"us-ascii\"", "text/plain", "charset=us-ascii"},
		{"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "application/x-stuff", "title=This is ***fun***"},
		{"application/x-stuff\r\n ;title*0*=us-ascii'en'This%20is%20even%20more%20\r\n ;title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n ;title*2=\"isn't it!\"", "application/x-stuff", "title=This is even more ***fun*** isn't it!"},
		{"message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"", "message/external-body", "access-type=URL | url=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"},
		{"multipart/mixed; boundary=\"gc0pJq0M:08jU534c0p\"", "multipart/mixed", "boundary=gc0pJq0M:08jU534c0p"},
		{"multipart/mixed; boundary=\"---- main boundary ----\"", "multipart/mixed", "boundary=---- main boundary ----"},
		{"multipart/report; report-type=delivery-status;\r\n\tboundary=\"=_a/b\"", "multipart/report", "boundary==_a/b | report-type=delivery-status"},
		{"message/partial; id=\"ABC@host.com\"; number=2; total=3", "message/partial", "id=ABC@host.com | number=2 | total=3"},
		{"multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=x", "multipart/signed", "boundary=x | micalg=sha-256 | protocol=application/pkcs7-signature"},
		{"multipart/related; type=\"text/html\"; start=\"<a@b>\"; boundary=x", "multipart/related", "boundary=x | start=<a@b> | type=text/html"},
		{"text/calendar; method=REQUEST; name=\"invite.ics\"", "text/calendar", "method=REQUEST | name=invite.ics"},
		{"application/pdf; name=\"Résumé.pdf\"", "application/pdf", "name=Résumé.pdf"},
		{"application/pdf; name*=UTF-8''R%C3%A9sum%C3%A9.pdf", "application/pdf", "name=Résumé.pdf"},
		{"application/pdf; name*=UTF-8'fr'R%C3%A9sum%C3%A9.pdf", "application/pdf", "name=Résumé.pdf"},
		{"application/pdf; name*=utf-8''100%25%20sure.pdf", "application/pdf", "name=100% sure.pdf"},
		{"application/pdf; name*=utf-8''a%zz.pdf", "application/pdf", "name=a%zz.pdf"},
		{"application/pdf; name*=utf-8''a+b%2Bc.pdf", "application/pdf", "name=a+b+c.pdf"},
		{"application/pdf; name*0=\"one \"; name*1=\"two \"; name*2=\"three.pdf\"", "application/pdf", "name=one two three.pdf"},
		{"application/pdf; name*00=a; name*01=b", "application/pdf", "name=ab"},
		{"application/pdf; name*0*=utf-8''a%20; name*1=\"%20b.pdf\"", "application/pdf", "name=a %20b.pdf"},
		{"application/pdf; name*0=\"a%20\"; name*1*=%20b.pdf", "application/pdf", "name=a%20 b.pdf"},
		{"application/pdf; name*10=k; name*0=a; name*1=b; name*2=c; name*3=d; name*4=e; name*5=f; name*6=g; name*7=h; name*8=i; name*9=j", "application/pdf", "name=abcdefghijk"},
		{"application/pdf; name=\"a\tb.pdf\"", "application/pdf", "name=a\x09b.pdf"},
		{"application/pdf; name=\"(not a comment).pdf\"", "application/pdf", "name=(not a comment).pdf"},
		{"application/pdf; name=\"semi;colon, comma.pdf\"", "application/pdf", "name=semi;colon, comma.pdf"},
		{"application/pdf; name=unquoted-with.many_chars!.pdf", "application/pdf", "name=unquoted-with.many_chars!.pdf"},
		{"application/pdf; x=\"\"; name=a.pdf", "application/pdf", "name=a.pdf | x="},
		{"application/pdf; name=\"trailing.pdf\";", "application/pdf", "name=trailing.pdf"},
		{"application/vnd.ms-excel.sheet.macroEnabled.12; name=a.xlsm", "application/vnd.ms-excel.sheet.macroenabled.12", "name=a.xlsm"},
		{"image/svg+xml;charset=utf-8;name=x.svg", "image/svg+xml", "charset=utf-8 | name=x.svg"},
	} {
		m := parseMedia(tt.raw, DefaultLimits())
		want := strings.TrimSuffix(tt.token+" | "+tt.params, " | ")
		if got := paramsLine(m); got != want || m.bad != "" || m.twice != "" {
			t.Errorf("%q: %s, want %s; bad %q, twice %q", tt.raw, got, want, m.bad, m.twice)
		}
	}
}

// TestFlawsOfParameters holds what is made of parameters that break the rules, and
// which of them is told as broken, or as given twice in two ways.
func TestFlawsOfParameters(t *testing.T) {
	for raw, want := range map[string]struct{ line, bad, twice, other string }{
		"a/b; name=x; name=y":                    {"a/b | name=x", "", "name", "y"},
		"a/b; name=x; name=x":                    {"a/b | name=x", "", "", ""},
		"a/b; name=x; NAME=y":                    {"a/b | name=x", "", "name", "y"},
		"a/b; name=x; name*=utf-8''y":            {"a/b | name=y", "", "name", "x"},
		"a/b; name*0=p; name=x; name*=utf-8''y":  {"a/b | name=p", "", "name", "y"},
		"a/b; name*0=x; name*0=y":                {"a/b | name=x", "name", "", ""},
		"a/b; name*0=x; name*2=z":                {"a/b | name=xz", "name", "", ""},
		"a/b; name*x=y":                          {"a/b", "name*x", "", ""},
		"a/b; name*-1=y":                         {"a/b", "name*-1", "", ""},
		"a/b; name*10000=y":                      {"a/b", "name*10000", "", ""},
		"a/b; *=y":                               {"a/b", "*", "", ""},
		"a/b; =y; name=x":                        {"a/b | name=x", "", "", ""},
		"a/b; junk name=x":                       {"a/b | name=x", "junk name", "", ""},
		"a/b; name*=x":                           {"a/b | name=x", "", "", ""},
		"a/b; name*=utf-8'x":                     {"a/b | name=utf-8'x", "", "", ""},
		"a/b; name*=x%20y":                       {"a/b | name=x y", "", "", ""},
		"a/b; name=\"x":                          {"a/b | name=x", "", "", ""},
		"a/b; name=\"x\"y; z=1":                  {"a/b | name=x | z=1", "", "", ""},
		"a/b; name=":                             {"a/b | name=", "", "", ""},
		"a/b; 'name'=x":                          {"a/b | name=x", "", "", ""},
		"a/b, name=x":                            {"a/b, | name=x", "", "", ""},
		"\"a/b\"; name=x":                        {"a/b | name=x", "", "", ""},
		"a/b;\r\n\r\n name=x":                    {"a/b | name=x", "", "", ""},
		"attachment; filename=C:\\dir\\file.txt": {"attachment | filename=C:\\dir\\file.txt", "", "", ""},
	} {
		m := parseMedia(raw, DefaultLimits())
		if got := paramsLine(m); got != want.line || m.bad != want.bad || m.twice != want.twice || m.others["name"] != want.other {
			t.Errorf("%q: %s, bad %q, twice %q, other %q, want %+v", raw, got, m.bad, m.twice, m.others["name"], want)
		}
	}
}

// TestMediaTypes holds which type a broken one is taken for, and that a sound one is not touched.
func TestMediaTypes(t *testing.T) {
	for token, want := range map[string]struct {
		kind string
		good bool
	}{
		"text/plain":            {"text/plain", true},
		"image/svg+xml":         {"image/svg+xml", true},
		"x-a/x-b.c":             {"x-a/x-b.c", true},
		"text/html charset=x":   {"text/html", true},
		"text/html, text/plain": {"text/html", true},
		"text":                  {"text/plain", false},
		"":                      {"text/plain", false},
		"plain":                 {"text/plain", false},
		"html":                  {"text/html", false},
		"multipart":             {"multipart/mixed", false},
		"multipart/":            {"multipart/mixed", false},
		"message":               {"message/rfc822", false},
		"text/":                 {"text/plain", false},
		"/plain":                {"text/plain", false},
		"pdf":                   {"text/plain", false},
		"application/":          {"application/octet-stream", false},
		"image/":                {"application/octet-stream", false},
		"a/b/c":                 {"application/octet-stream", false},
		"(a)/b":                 {"text/plain", false},
	} {
		if got, good := mediaType(token); got != want.kind || good != want.good {
			t.Errorf("%q: %s %v, want %s %v", token, got, good, want.kind, want.good)
		}
	}
}
