package jwt_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/token/jwt"
)

func FuzzParse(f *testing.F) {
	f.Add(`{"aud":["a"],"scp":"x y","exp":1e99,"roles":[1,null]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, payload string) {
		c, ok := jwt.Parse(secret.New("h." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".s"))
		if words := c.Words(time.Unix(0, 0)); ok && (len(words) > 20_000 || strings.ContainsAny(words, "\r\n\x00\x1b")) {
			t.Errorf("%q", words)
		}
	})
}
