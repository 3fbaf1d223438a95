package outlook

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"example.org/imap-integration/message"
)

// oneOffEntry is an entry id that holds an address ([MS-OXCDATA], section 2.2.5.1).
func oneOffEntry(name, kind, addr string) []byte {
	out := append([]byte{0, 0, 0, 0}, oneOff...)
	out = append(out, 0, 0, 0, 0x80)
	for _, s := range []string{name, kind, addr} {
		for _, c := range []byte(s) {
			out = append(out, c, 0)
		}
		out = append(out, 0, 0)
	}
	return out
}

// exchangeEntry is an entry id that holds an Exchange name.
func exchangeEntry(name string) []byte {
	out := append([]byte{0, 0, 0, 0}, exchangeUser...)
	return append(append(out, 1, 0, 0, 0, 0, 0, 0, 0), name+"\x00"...)
}

// TestSenders holds that an address is one that the file gives as such, and never the name that is shown.
func TestSenders(t *testing.T) {
	const dn = "/O=CORP/OU=X/CN=RECIPIENTS/CN=CEO"
	tests := []struct {
		name  string
		props []testProp
		want  string
		bad   bool
	}{
		{"SMTP", []testProp{{propRepresentingName, "CEO"}, {propRepresentingType, "SMTP"}, {propRepresentingEmail, "real@evil.example"}}, "CEO <real@evil.example>", false},
		{"an address for a name", []testProp{{propRepresentingName, "ceo@corp.example"}, {propRepresentingType, "SMTP"}, {propRepresentingEmail, "real@evil.example"}}, "ceo@corp.example <real@evil.example>", false},
		{"an address for a name, X.500", []testProp{{propRepresentingName, "ceo@corp.example"}, {propRepresentingType, "EX"}, {propRepresentingEmail, dn}}, "ceo@corp.example <>", true},
		{"an address for a name alone", []testProp{{propRepresentingName, "ceo@corp.example"}}, "ceo@corp.example <>", true},
		{"X.500 and SMTP", []testProp{{propRepresentingName, "CEO"}, {propRepresentingType, "EX"}, {propRepresentingEmail, dn}, {propRepresentingSMTP, "real@evil.example"}}, "CEO <real@evil.example>", false},
		{"a one-off entry id", []testProp{{propRepresentingName, "ceo@corp.example"}, {propRepresentingEntry, oneOffEntry("CEO", "SMTP", "real@evil.example")}}, "ceo@corp.example <real@evil.example>", false},
		{"a one-off entry id with the only name", []testProp{{propRepresentingEntry, oneOffEntry("CEO", "SMTP", "real@evil.example")}}, "CEO <real@evil.example>", false},
		{"X.500 and a one-off entry id", []testProp{{propRepresentingType, "EX"}, {propRepresentingEmail, dn}, {propRepresentingEntry, oneOffEntry("CEO", "SMTP", "real@evil.example")}}, "CEO <real@evil.example>", false},
		{"an Exchange entry id", []testProp{{propRepresentingName, "CEO"}, {propRepresentingEntry, exchangeEntry(dn)}}, "CEO <>", true},
		{"the sender's entry id", []testProp{{propSenderName, "CEO"}, {propSenderEntry, oneOffEntry("CEO", "SMTP", "real@evil.example")}}, "CEO <real@evil.example>", false},
		{"SMTP in the address", []testProp{{propRepresentingEmail, "SMTP:real@evil.example"}}, " <real@evil.example>", false},
		{"smtp in small letters, brackets", []testProp{{propRepresentingEmail, "smtp:<real@evil.example>"}}, " <real@evil.example>", false},
		{"a damaged entry id", []testProp{{propRepresentingName, "CEO"}, {propRepresentingEntry, oneOffEntry("CEO", "SMTP", "r@e.example")[:22]}}, "CEO <>", false},
	}
	for _, tt := range tests {
		o := ReadMSG(writeMSG(&testMSG{props: append(tt.props, testProp{propSubject, "s"})}), message.DefaultLimits())
		if got := o.From.Name + " <" + o.From.Addr + ">"; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if bad := strings.Contains(codes(o), message.CodeOutlookAddress); bad != tt.bad {
			t.Errorf("%s: %v", tt.name, o.Problems)
		}
	}
}

// TestCodePages holds strings of eight bits to the first code page in the order of trust in which they make sense.
func TestCodePages(t *testing.T) {
	cyrillic, _ := charmap.Windows1251.NewEncoder().String("Счёт на оплату")
	greek, _ := charmap.Windows1253.NewEncoder().String("Καλημέρα κόσμε")
	german, _ := charmap.Windows1252.NewEncoder().String("Grüße aus Köln")
	kana, _ := japanese.ShiftJIS.NewEncoder().String("請求書です")
	tests := []struct {
		name                      string
		internet, ownPage, locale int
		raw, want                 string
		flagged                   bool
	}{
		{"the Internet code page", 1251, 0, 0, cyrillic, "Счёт на оплату", false},
		{"the message's", 0, 1251, 0, cyrillic, "Счёт на оплату", false},
		{"the locale's", 0, 0, 0x0419, cyrillic, "Счёт на оплату", false},
		{"Internet before the message's", 1251, 1252, 0, cyrillic, "Счёт на оплату", false},
		{"UTF-8 for the Internet, ANSI in the file", 65001, 1251, 0, cyrillic, "Счёт на оплату", false},
		{"UTF-8 for the Internet and in the file", 65001, 1252, 0, "Счёт", "Счёт", false},
		{"Western for the Internet, Cyrillic in the file", 28591, 1251, 0, cyrillic, "Счёт на оплату", false},
		{"Western twice, the locale Greek", 28591, 1252, 0x0408, greek, "Καλημέρα κόσμε", false},
		{"ASCII for the Internet", 20127, 1252, 0, german, "Grüße aus Köln", false},
		{"Cyrillic for the Internet, Western in the file", 1251, 1252, 0, german, "Grüße aus Köln", false},
		{"ISO-2022-JP for the Internet, Shift_JIS in the file", 50220, 0, 0, kana, "請求書です", false},
		{"Western for the Internet, Shift_JIS in the file", 1252, 932, 0, kana, "請求書です", false},
		{"Cyrillic, and nothing but Western named", 1252, 0, 0, cyrillic, "Ñ÷¸ò íà îïëàòó", true},
		{"UTF-8 that nothing names", 1252, 1252, 0, "Счёт", "Счёт", true},
		{"an unknown page", 12345, 1252, 0, german, "Grüße aus Köln", false},
		{"ASCII", 1252, 932, 0, "Invoice 4711", "Invoice 4711", false},
	}
	for _, tt := range tests {
		props := []testProp{{propSubject, ansi(tt.raw)}}
		for id, n := range map[uint16]int{propInternetCodePage: tt.internet, propMessageCodePage: tt.ownPage, propLocale: tt.locale} {
			if n > 0 {
				props = append(props, testProp{id, n})
			}
		}
		o := ReadMSG(writeMSG(&testMSG{props: props}), message.DefaultLimits())
		if o.Subject != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, o.Subject, tt.want)
		}
		if flagged := strings.Contains(codes(o), message.CodeOutlookCharset); flagged != tt.flagged {
			t.Errorf("%s: %v", tt.name, o.Problems)
		}
	}
}
