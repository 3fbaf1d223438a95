package local

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Keys are the credentials of the local API.
type Keys struct {
	AccessID, AccessKey string // Basic, below /api/csoar/v3/
	JWT                 string // Bearer, below /incmansuite_ng/api/v3/
}

// Names of the credentials in the store.
const (
	accessName = "access"
	jwtName    = "jwt"
)

// Keys returns new credentials where the store has none, or where renew is
// set; made is false where it has some. The store keeps only their digests:
// they are long and random, so that a plain SHA-256 gives nothing away.
func (d *database) Keys(ctx context.Context, renew bool) (keys Keys, made bool, err error) {
	keys = newKeys(d.options.Now())
	err = d.change(ctx, "change", func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM credentials`).Scan(&have); err != nil || have > 0 && !renew {
			return err
		}
		made = true
		_, err := tx.ExecContext(ctx, `REPLACE INTO credentials (name, sha256) VALUES (?, ?), (?, ?)`,
			accessName, digest(keys.AccessID+":"+keys.AccessKey), jwtName, digest(keys.JWT))
		return err
	})
	if err != nil || !made {
		return Keys{}, false, err
	}
	return keys, true, nil
}

func newKeys(now time.Time) Keys {
	return Keys{AccessID: "su" + rand.Text()[:14], AccessKey: rand.Text() + rand.Text(), JWT: newJWT(now)}
}

// newJWT makes a token of the usual form (RFC 7519). Its signature's key is
// thrown away: the server compares whole tokens.
func newJWT(now time.Time) string {
	part := func(v any) string {
		text, _ := json.Marshal(v) // maps of strings and numbers cannot fail
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signature := sha256.Sum256([]byte(rand.Text()))
	return part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." +
		part(map[string]any{"iss": "imap-integration serve", "iat": now.Unix(), "jti": rand.Text()}) + "." +
		base64.RawURLEncoding.EncodeToString(signature[:])
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// digests are what the store knows of its credentials, by name.
func (d *database) digests(ctx context.Context) (map[string]string, error) {
	known := map[string]string{}
	for _, name := range []string{accessName, jwtName} {
		var sum string
		if err := d.read.QueryRowContext(ctx, `SELECT sha256 FROM credentials WHERE name = ?`, name).Scan(&sum); err != nil {
			return nil, d.explain("read", fmt.Errorf("its credentials: %w", err))
		}
		known[name] = sum
	}
	return known, nil
}

// matches compares in constant time.
func matches(secret, want string) bool {
	return subtle.ConstantTimeCompare([]byte(digest(secret)), []byte(want)) == 1
}
