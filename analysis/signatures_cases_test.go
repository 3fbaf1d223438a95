package analysis

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
)

// TestSignatureTags reads tag lists by RFC 6376, section 3.2: spaces and folds around names and in values, in any order.
func TestSignatureTags(t *testing.T) {
	for name, tt := range map[string]struct{ field, domain, selector, algorithm string }{
		"RFC 6376, A.2": {
			"v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n      h=Received : From : To : Subject : Date : Message-ID;\r\n      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut;",
			"example.com", "brisbane", "rsa-sha256",
		},
		"RFC 8463, Ed25519":           {"v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to;\r\n bh=2jUSOH9N; b=/gCrinpc", "football.example.com", "brisbane", "ed25519-sha256"},
		"no space at all":             {"v=1;a=rsa-sha1;d=a.example;s=s1;b=", "a.example", "s1", "rsa-sha1"},
		"spaces around names":         {"v = 1 ; a = rsa-sha256 ; d = a.example ; s = s1 ;", "a.example", "s1", "rsa-sha256"},
		"folded within values":        {"d=a.\r\n\texample; s=s\r\n 1; a=rsa-\r\n sha256", "a.example", "s1", "rsa-sha256"},
		"upper case in values":        {"d=A.Example; s=S1; a=RSA-SHA256", "a.example", "s1", "rsa-sha256"},
		"a tag in upper case":         {"D=a.example; d=b.example; s=s1", "b.example", "s1", ""},
		"a tag twice: the first":      {"d=a.example; s=s1; d=evil.example; s=s2", "a.example", "s1", ""},
		"a selector of several names": {"d=a.example; s=2026.mail; a=rsa-sha256", "a.example", "2026.mail", "rsa-sha256"},
		"an equals sign in a value":   {"b=ab==; d=a.example; s=s=1", "a.example", "s=1", ""},
		"tags that nobody knows":      {"x-y=1; d=a.example; zz; =; s=s1", "a.example", "s1", ""},
		"no domain":                   {"v=1; a=rsa-sha256; s=s1", "", "s1", "rsa-sha256"},
		"no selector":                 {"v=1; d=a.example", "a.example", "", ""},
		"an empty domain":             {"d=; s=s1", "", "s1", ""},
		"more tags than are read":     {strings.Repeat(" ;", 60) + manyTags(60) + "d=a.example; s=s1", "", "", ""},
		"nothing":                     {"", "", "", ""},
	} {
		got := Signatures(nil, header("DKIM-Signature: "+tt.field), nil)
		want := Signature{Domain: tt.domain, Selector: tt.selector, Algorithm: tt.algorithm, Result: "none", Detail: "key not at hand"}
		if tt.domain == "" || tt.selector == "" {
			want.Detail = "the signature names no domain or no selector"
		}
		if diff := cmp.Diff([]Signature{want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d=1; ", i)
	}
	return b.String()
}

// TestSignatureFails holds that each way in which a signature may fail is told apart, and that none passes.
func TestSignatureFails(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	plain := "From: a@example.org\r\nTo: b@example.net\r\nSubject: hello\r\n\r\nworld\r\n"
	o := &dkim.SignOptions{Domain: "example.org", Selector: "s1", Signer: private, HeaderKeys: []string{"From", "Subject"}, HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed}
	if err := dkim.Sign(&b, strings.NewReader(plain), o); err != nil {
		t.Fatal(err)
	}
	record := func(key ed25519.PublicKey) string {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key)
	}
	change := func(old, with string) string {
		if !strings.Contains(b.String(), old) {
			t.Fatalf("there is no %q to change in\n%s", old, b.String())
		}
		return strings.Replace(b.String(), old, with, 1)
	}
	good := record(public)
	for name, tt := range map[string]struct{ mail, record, result, detail string }{
		"as signed":                    {b.String(), good, "pass", ""},
		"a field that is not signed":   {change("b@example.net", "c@example.net"), good, "pass", ""},
		"a field below another":        {change("To: b", "X-Spam: no\r\nTo: b"), good, "pass", ""},
		"spaces, by the relaxed form":  {change("Subject: hello", "SUBJECT:  hello "), good, "pass", ""},
		"empty lines at the end":       {b.String() + "\r\n\r\n", good, "pass", ""},
		"the sender":                   {change("From: a@", "From: x@"), good, "fail", "signature"},
		"the body":                     {change("world", "word"), good, "fail", "body hash"},
		"more text":                    {b.String() + "more\r\n", good, "fail", "body hash"},
		"another key":                  {b.String(), record(other), "fail", "signature"},
		"a key that was revoked":       {b.String(), "v=DKIM1; k=ed25519; p=", "fail", "revoked"},
		"a key of another kind":        {b.String(), "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public), "fail", "key"},
		"a key that is none":           {b.String(), "v=DKIM1; k=ed25519; p=!!", "fail", "key"},
		"a record of another version":  {b.String(), "v=DKIM2; k=ed25519; p=AA==", "fail", "version"},
		"another version":              {change("v=1;", "v=9;"), good, "fail", "version"},
		"an algorithm that nobody has": {change("a=ed25519-sha256", "a=rot13-sha256"), good, "fail", ""},
		"an algorithm of old":          {change("a=ed25519-sha256", "a=ed25519-md5"), good, "fail", ""},
		"another selector":             {change("s=s1", "s=s2"), good, "none", "key not at hand"},
		"another domain":               {change("d=example.org", "d=evil.example"), good, "none", "key not at hand"},
		"the sender not signed":        {change("h=From:Subject", "h=Subject"), good, "fail", "From"},
	} {
		m := message.Parse([]byte(tt.mail), message.DefaultLimits())
		got := Signatures(m.Raw, m.Header, Keys{"s1._domainkey.example.org": tt.record})
		if len(got) != 1 || got[0].Result != tt.result || !strings.Contains(got[0].Detail, tt.detail) || (got[0].Detail == "") != (tt.result == "pass") {
			t.Errorf("%s: %+v, want %s, %q", name, got, tt.result, tt.detail)
		}
	}
}

// TestManySignatures looks at the first ten.
func TestManySignatures(t *testing.T) {
	var mail strings.Builder
	for i := range maxSignatures + 5 {
		fmt.Fprintf(&mail, "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s%d; h=from; bh=AA==; b=AA==\r\n", i)
	}
	mail.WriteString("From: a@example.org\r\n\r\nx\r\n")
	m := message.Parse([]byte(mail.String()), message.DefaultLimits())
	for _, keys := range []Keys{nil, {"s3._domainkey.example.org": "v=DKIM1; p="}, {"s14._domainkey.example.org": "v=DKIM1; p="}} {
		got := Signatures(m.Raw, m.Header, keys)
		if len(got) != maxSignatures {
			t.Fatalf("%d signatures", len(got))
		}
		for i, s := range got {
			want := "none"
			if i == 3 && keys["s3._domainkey.example.org"] != "" {
				want = "fail"
			}
			if s.Selector != fmt.Sprintf("s%d", i) || s.Result != want || s.Detail == "" {
				t.Errorf("%d: %+v, want %s", i, s, want)
			}
		}
	}
}

// TestKeyRecords are the lines that a person may paste.
func TestKeyRecords(t *testing.T) {
	for text, want := range map[string]Keys{
		"":     {},
		"\r\n": {},
		"s1._domainkey.a.example=v=DKIM1; k=rsa; p=MIIB":                                      {"s1._domainkey.a.example": "v=DKIM1; k=rsa; p=MIIB"},
		"S1._DomainKey.A.Example. = p=MIIB":                                                   {"s1._domainkey.a.example": "p=MIIB"},
		"s1._domainkey.a.example=p=AA==\ns2._domainkey.a.example=\"v=DKIM1; p=\"":             {"s1._domainkey.a.example": "p=AA==", "s2._domainkey.a.example": "v=DKIM1; p="},
		"s1._domainkey.a.example=p=AA\ns1._domainkey.a.example=p=BB":                          {"s1._domainkey.a.example": "p=BB"},
		"a.b._domainkey.a.example=p=AA\r\n\r\n  \t\r\ns2._domainkey.b.example=v=DKIM1;p=CC\r": {"a.b._domainkey.a.example": "p=AA", "s2._domainkey.b.example": "v=DKIM1;p=CC"},
	} {
		got, err := ParseKeys(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	if _, err := ParseKeys("s1._domainkey.a.example=p=AA\n\nnonsense"); err == nil || !strings.HasPrefix(err.Error(), "line 3 ") {
		t.Errorf("the line is not named: %v", err)
	}
}
