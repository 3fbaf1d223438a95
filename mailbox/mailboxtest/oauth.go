package mailboxtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"time"
)

// OAuthAudience is the audience that a Dovecot of [StartOAuthDovecot] wants in a token.
const OAuthAudience = "imap-test"

// StartOAuthDovecot is [StartDovecot] with XOAUTH2 and OAUTHBEARER beside the
// passwords. Tokens are JWTs that Dovecot checks by itself; [Dovecot.Token] makes them.
func StartOAuthDovecot(tb TB) *Dovecot {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("cannot start dovecot: %v", err)
	}
	return startDovecot(tb, key, "")
}

// Token makes an access token for this user, good for an hour; claims replace
// those of a good one ("exp", "aud", "email"), or take them away where they are nil.
func (d *Dovecot) Token(u User, claims map[string]any) string {
	all := map[string]any{
		"iss": "https://login.example", "aud": OAuthAudience, "email": u.Name, "sub": u.Name, "scp": "IMAP",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(all)
	d.must(err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, d.signer, digest[:])
	d.must(err)
	signature := make([]byte, 64) // RFC 7518, section 3.4: R and S of 32 bytes each
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// layOutOAuth writes the key by which Dovecot checks tokens, and its settings.
func (d *Dovecot) layOutOAuth() error {
	if d.signer == nil {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(d.signer.Public())
	if err != nil {
		return err
	}
	keys := d.path("keys/default/ES256") // of any azp, by algorithm, then by key id
	return errors.Join(
		os.MkdirAll(keys, 0o755),
		os.WriteFile(keys+"/default", []byte(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))), 0o644),
		os.WriteFile(d.path("oauth2.conf"), []byte("introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix="+d.path("keys")+"/"+
			"\nusername_attribute = email\nclient_id = "+OAuthAudience+"\n"), 0o644),
	)
}

// dovecotOAuth is added to dovecotConf where tokens are taken.
const dovecotOAuth = `
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = DIR/oauth2.conf
}
`
