package secret_test

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"example.org/imap-integration/secret"
)

func TestScrub(t *testing.T) {
	const canary = `Canary "pw" \1&?+é`
	s := secret.New(canary)
	for name, form := range map[string]string{
		"as it is": canary,
		"base64":   base64.StdEncoding.EncodeToString([]byte(canary)),
		"url":      url.QueryEscape(canary),
		"quoted":   `Canary \"pw\" \\1&?+é`,
	} {
		got := secret.Scrub("the server said "+form+" back", s)
		if strings.Contains(got, form) || !strings.Contains(got, "[secret] back") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := secret.Scrub("a bad password", secret.New("a"), secret.String{}); got != "a bad password" {
		t.Errorf("short secrets spoil the sentence: %q", got)
	}
}

// What SASL sends is base64 of more than the secret, so the secret starts anywhere
// in it; and a long response is cut before it is shown.
func TestScrubWithinBase64(t *testing.T) {
	var long string
	for i := range 300 {
		long += strconv.Itoa(i*i) + "~"
	}
	for _, canary := range []string{"Canary", "Canary-pw", "Canary?>~ÿÿ+long pässword", long} {
		s := secret.New(canary)
		for _, user := range []string{"", "u", "us", "usr", "soc@corp.example"} {
			for name, sent := range map[string]string{
				"PLAIN":   "\x00" + user + "\x00" + canary,
				"XOAUTH2": "user=" + user + "\x01auth=Bearer " + canary + "\x01\x01",
			} {
				for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
					encoded := encoding.EncodeToString([]byte(sent))
					if got := secret.Scrub(`bad: "`+encoded+`" again `+encoded, s); got != `bad: "[secret]" again [secret]` {
						t.Errorf("%s of %q, %.20q: %q", name, user, canary, got)
					}
					if cut := min(len(encoded), 200); cut == 200 {
						if got := secret.Scrub(`bad: "`+encoded[:cut]+`"…`, s); got != `bad: "[secret]"…` {
							t.Errorf("%s of %q, cut: %q", name, user, got)
						}
					}
				}
			}
		}
	}
	if got := secret.Scrub(`bad: "`+long[:150]+`"…`, secret.New(long)); got != `bad: "[secret]"…` {
		t.Errorf("cut: %q", got)
	}
	key := secret.New("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0123456789")
	if got := secret.Scrub("it starts with -----BEGIN RSA PRIVATE KEY-----", key); strings.Contains(got, "[secret]") {
		t.Errorf("the first line of a key is no secret: %q", got)
	}
}
