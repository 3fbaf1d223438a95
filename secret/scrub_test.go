package secret_test

import (
	"encoding/base64"
	"net/url"
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
