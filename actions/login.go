package actions

import (
	"strings"

	"example.org/imap-integration/mailbox"
)

// login reads how the run proves who it is.
func (r Resource) login() mailbox.Login {
	l := mailbox.Login{Username: r.v.Line("username"), Mailbox: r.v.Line("mailbox_account")}
	if method := r.v.Key("auth_method"); method != "password" {
		r.tokenFields(method)
		return l
	}
	r.v.Require("password")
	l.Password = r.v.Secret("password")
	if strings.Contains(l.Password.Reveal(), "\x00") {
		r.v.Problem("password", "must not hold a NUL") // RFC 4616, section 2: NUL ends the password of AUTH=PLAIN
	}
	return l
}

// tokenFields demands the fields of an OAuth 2.0 method.
func (r Resource) tokenFields(method string) {
	switch method {
	case "oauth2_access_token":
		r.v.Require("oauth2_access_token")
	case "oauth2_refresh_token":
		r.v.Require("oauth2_client_id", "oauth2_refresh_token")
	case "oauth2_client_credentials":
		r.v.Require("oauth2_client_id", "oauth2_client_secret")
	case "google_service_account":
		r.v.Require("google_service_account_key")
	}
}
