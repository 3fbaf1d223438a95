package soar

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/token/jwt"
)

const (
	basicBase  = "api/csoar/v3/"          // for access_id and access_key
	bearerBase = "incmansuite_ng/api/v3/" // for jwt_token
	maxJWT     = 16 << 10                 // bytes: proxies and servers refuse header lines above 8 to 16 KiB
)

// Setting is a part of [Config] that an error can be about.
type Setting string

// The settings, by the names of their fields.
const (
	AccessID Setting = "access_id"
	Token    Setting = "jwt_token"
)

// SettingError says what is wrong with one setting.
type SettingError struct {
	Setting Setting
	Problem string
}

func (e *SettingError) Error() string { return string(e.Setting) + " " + e.Problem }

// credentials are what every request shows, and what no sentence may.
type credentials struct {
	header  string // value of the header Authorization; "" for none
	base    string // path of the API that takes them
	secrets []string
	basic   bool
	jwt     secret.String
}

// newCredentials takes the access key where both are there. Only an address of this
// machine (scheme http) does without any.
func newCredentials(cfg Config, scheme string) (credentials, error) {
	id, key := strings.TrimSpace(cfg.AccessID), strings.TrimSpace(cfg.AccessKey.Reveal())
	token := strings.TrimSpace(cfg.JWT.Reveal())
	switch {
	case id != "" && key != "":
		if strings.Contains(id, ":") {
			return credentials{}, &SettingError{AccessID, "must not hold a colon (RFC 7617, section 2)"}
		}
		pair := base64.StdEncoding.EncodeToString([]byte(id + ":" + key))
		return credentials{header: "Basic " + pair, base: basicBase, secrets: []string{key, pair}, basic: true}, nil
	case token != "":
		if err := checkToken(token); err != nil {
			return credentials{}, err
		}
		return credentials{header: "Bearer " + token, base: bearerBase, secrets: []string{token}, jwt: secret.New(token)}, nil
	case scheme == "https":
		return credentials{}, errors.New("the credentials for Cloud SOAR are missing; set access_id and access_key, or jwt_token")
	}
	return credentials{base: basicBase}, nil
}

// checkToken refuses what cannot be sent as one header line; it never shows it.
func checkToken(token string) error {
	if len(token) > maxJWT {
		return &SettingError{Token, fmt.Sprintf("has %d bytes, more than the %d that servers take in a header; copy it again", len(token), maxJWT)}
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return &SettingError{Token, "holds a space, a line break or another character that no token has; copy it again"}
		}
	}
	return nil
}

// redact takes out our credentials, should a server send them back.
func (c credentials) redact(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "[secret]")
	}
	return text
}

// advice is what to do about credentials that are not taken.
func (c credentials) advice(now time.Time) string {
	switch {
	case c.header == "":
		return "set access_id and access_key, or jwt_token"
	case c.basic:
		return "check access_id and access_key, and that they belong to this region"
	}
	return "check jwt_token" + tokenTimes(c.jwt, now)
}

// tokenTimes says when a JWT (RFC 7519) expired or begins, where it can be read.
func tokenTimes(token secret.String, now time.Time) string {
	claims, ok := jwt.Parse(token)
	switch {
	case !ok:
		return ": it cannot be read as a JWT, which has three parts between dots"
	case !claims.Expires.IsZero() && !now.Before(claims.Expires):
		return ": it expired on " + claims.Expires.Format(time.DateOnly)
	case now.Before(claims.NotYet):
		return ": it is valid from " + claims.NotYet.Format(time.RFC3339) + " on; check this machine's clock"
	}
	return ", and that it belongs to this address"
}
