package analysis

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"example.org/imap-integration/message"
)

// signed returns an email with two signatures and the keys to check them.
func signed(t *testing.T) (mail string, keys string) {
	t.Helper()
	mail = "From: a@example.org\r\nSubject: hello\r\n\r\nworld\r\n"
	for _, selector := range []string{"s1", "S2"} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		options := &dkim.SignOptions{Domain: "example.org", Selector: selector, Signer: private, HeaderKeys: []string{"From", "Subject"}}
		if err := dkim.Sign(&b, strings.NewReader(mail), options); err != nil {
			t.Fatal(err)
		}
		mail = b.String()
		keys += selector + "._domainkey.Example.org. = v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public) + "\r\n\n"
	}
	return mail, keys
}

func TestSignatures(t *testing.T) {
	mail, text := signed(t)
	all, err := ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := ParseKeys(text[:strings.Index(text, "\n")])
	for _, tc := range []struct {
		name, mail string
		keys       Keys
		want       string
	}{
		{"both keys", mail, all, "s2=pass s1=pass"},
		{"one key", mail, one, "s2=none s1=pass"},
		{"no key", mail, nil, "s2=none s1=none"},
		{"the body was changed", strings.Replace(mail, "world", "World", 1), all, "s2=fail s1=fail"},
		{"the subject was changed", strings.Replace(mail, "hello", "Hello", 1), one, "s2=none s1=fail"},
		{"line ends of a file", strings.ReplaceAll(mail, "\r\n", "\n"), all, "s2=pass s1=pass"},
		{"junk", "DKIM-Signature: junk\r\nDKIM-Signature: d=example.org; s=s1\r\n" + mail, all, "=none s1=fail s2=pass s1=pass"},
		{"unsigned", "From: a@example.org\r\n\r\n", all, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := message.Parse([]byte(tc.mail), message.DefaultLimits())
			var got []string
			for _, s := range Signatures(m.Raw, m.Header, tc.keys) {
				got = append(got, s.Selector+"="+s.Result)
				if (s.Detail == "") != (s.Result == "pass") {
					t.Errorf("%+v", s)
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseKeys(t *testing.T) {
	for _, text := range []string{"x", "s1._domainkey.example.org", "s1.example.org=v=DKIM1; p=AA", "\ns._domainkey.x=v=DKIM1"} {
		if _, err := ParseKeys(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	keys, err := ParseKeys("\n s1._domainkey.example.org = \"v=DKIM1; p=AA\" \r\n")
	if err != nil || keys["s1._domainkey.example.org"] != "v=DKIM1; p=AA" {
		t.Errorf("%q, %v", keys, err)
	}
}
