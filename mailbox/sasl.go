package mailbox

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/emersion/go-sasl"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

// bearer is an OAuth 2.0 login: OAUTHBEARER (RFC 7628) or Google's and
// Microsoft's XOAUTH2, which go-sasl no longer has. Both tell why they refuse in
// a challenge, which must be answered before the server ends the command.
type bearer struct {
	mechanism string
	first     []byte
	answer    []byte // to the error document
	problem   string // what the error document says
}

func newOAuthBearer(user, token, host string, port int) *bearer {
	_, first, _ := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: user, Token: token, Host: host, Port: port}).Start()
	return &bearer{mechanism: "OAUTHBEARER", first: first, answer: []byte{1}}
}

func newXOAuth2(user, token string) *bearer {
	return &bearer{mechanism: "XOAUTH2", first: []byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01"), answer: []byte{}}
}

// Start implements [sasl.Client].
func (b *bearer) Start() (mechanism string, first []byte, err error) {
	return b.mechanism, b.first, nil
}

// Next implements [sasl.Client].
func (b *bearer) Next(challenge []byte) ([]byte, error) {
	b.problem = errorDocument(challenge)
	return b.answer, nil
}

// errorDocument puts the JSON of RFC 7628, section 3.2.2, in words.
func errorDocument(challenge []byte) string {
	var doc struct {
		Status  string `json:"status"`
		Schemes string `json:"schemes"`
		Scope   string `json:"scope"`
	}
	if json.Unmarshal(bytes.TrimSpace(challenge), &doc) != nil || doc.Status == "" {
		return quote.Line(string(challenge), imapwire.MaxQuote)
	}
	var parts []string
	for _, p := range [][2]string{{"status", doc.Status}, {"schemes", doc.Schemes}, {"scope", doc.Scope}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return quote.Line(strings.Join(parts, ", "), imapwire.MaxQuote)
}

// loginClient is AUTHENTICATE LOGIN: the user name, then the password, whatever
// the challenges say (QUIRK: "Username:", "User Name", nothing).
type loginClient struct{ answers []string }

// Start implements [sasl.Client]. No initial response: not every server with SASL-IR takes one here.
func (l *loginClient) Start() (mechanism string, first []byte, err error) {
	return "LOGIN", nil, nil
}

// Next implements [sasl.Client].
func (l *loginClient) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}
