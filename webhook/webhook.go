// Package webhook hands emails over to an HTTP server, one POST each, signed as
// the Standard Webhooks specification says (https://www.standardwebhooks.com):
// Webhook-Id is the email's key, the same in every try, so that a receiver can
// tell what it has; Webhook-Timestamp and Webhook-Signature, an HMAC-SHA256 over
// both and the body, tell it who sends and that nothing was changed or replayed.
// A receiver answers 2xx once it has kept the email; everything else is tried
// again, but for what it says of this one email for good. Nothing of an answer is
// believed but its status and Retry-After.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
)

const (
	defaultTimeout = 30 * time.Second
	answerLimit    = 64 << 10  // bytes of an answer that are read, so that the connection can be used again
	longestRetry   = time.Hour // of what Retry-After may ask for
	shortestSecret = 16        // bytes
)

// Config says where emails go.
type Config struct {
	URL    string        // https; http on this machine alone
	Secret secret.String // whsec_ and base64, or any text of at least 16 bytes
	// Renewed is asked for the secret before each POST, so that one that changes while the
	// program runs is used from then on; nil: it does not change.
	Renewed func() (secret.String, error)
	HTTP    *http.Client
	Timeout time.Duration    // of one POST; 0: 30 s
	Now     func() time.Time // nil: time.Now
}

// Hook is a receiver.
type Hook struct {
	c    Config
	url  *url.URL
	name string // in sentences
	key  []byte
}

// New checks the settings; it contacts nobody.
func New(c Config) (*Hook, error) {
	u, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(c.Secret)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Hook{c: c, url: u, name: quote.Line(u.Host, quote.Name), key: key}, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("the address of the webhook cannot be read; it should look like https://siem.example.com/emails")
	case u.User != nil:
		return nil, errors.New("the address of the webhook holds a user name or password; the signature says who sends")
	case u.Scheme == "http" && transport.Loopback(u.Hostname()), u.Scheme == "https":
		return u, nil
	}
	return nil, fmt.Errorf("the address of the webhook at %s must begin with https://; http is for this machine alone", quote.Text(u.Host, quote.Name))
}

// keyOf is the key of the signature: Standard Webhooks writes keys as whsec_ and base64.
func keyOf(s secret.String) ([]byte, error) {
	text := strings.TrimSpace(s.Reveal())
	key := []byte(text)
	if coded, ok := strings.CutPrefix(text, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, errors.New("the secret of the webhook begins with whsec_ and goes on with what is no base64")
		}
	}
	if len(key) < shortestSecret {
		return nil, fmt.Errorf("the secret of the webhook has %d bytes; at least %d are needed", len(key), shortestSecret)
	}
	return key, nil
}

// Message is the body for an object of the daemon. Its key stands in it too, for
// receivers that only see the body.
func Message(key, mailbox string, object []byte) []byte {
	quoted := func(s string) []byte {
		text, _ := json.Marshal(s) // a string cannot fail
		return text
	}
	return fmt.Appendf(nil, `{"type":"email","key":%s,"mailbox":%s,"email":%s}`, quoted(key), quoted(mailbox), object)
}

// Failure is why an email was not taken.
type Failure struct {
	Final bool          // it is refused for good: another try would be for nothing
	After time.Duration // before the next try, as the receiver asks; 0: it does not say
	text  string
	err   error
}

func (f *Failure) Error() string { return f.text }
func (f *Failure) Unwrap() error { return f.err }

// Send posts a message once.
func (h *Hook) Send(ctx context.Context, key string, body []byte) error {
	signing, err := h.signing()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, h.c.Timeout)
	defer cancel()
	call, err := http.NewRequestWithContext(limited, http.MethodPost, h.url.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(h.c.Now().Unix(), 10)
	call.Header.Set("Content-Type", "application/json")
	call.Header.Set("User-Agent", "imap-integration")
	call.Header.Set("Webhook-Id", key)
	call.Header.Set("Webhook-Timestamp", at)
	call.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(sign(signing, key, at, body)))
	answer, err := h.c.HTTP.Do(call)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return h.unreachable(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, answerLimit)
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return h.refused(answer)
}

// signing is the key of signatures now.
func (h *Hook) signing() ([]byte, error) {
	if h.c.Renewed == nil {
		return h.key, nil
	}
	text, err := h.c.Renewed()
	if err != nil {
		return nil, fmt.Errorf("cannot hand over to the webhook at %s: its secret cannot be read (%w)", h.name, err)
	}
	key, err := keyOf(text)
	if err != nil {
		return nil, fmt.Errorf("cannot hand over to the webhook at %s: %w", h.name, err)
	}
	return key, nil
}

func sign(signing []byte, key, at string, body []byte) []byte {
	mac := hmac.New(sha256.New, signing)
	fmt.Fprintf(mac, "%s.%s.", key, at)
	mac.Write(body)
	return mac.Sum(nil)
}

func (h *Hook) unreachable(err error) error {
	why := transport.Explain(err, h.c.Now()).String()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("it did not answer within %s", h.c.Timeout)
	case why == "":
		why = "the connection failed"
	}
	return &Failure{text: fmt.Sprintf("cannot hand over to the webhook at %s: %s", h.name, why), err: err}
}

// refused reads an answer. What speaks of this message alone is final; the rest
// may be the receiver's state or its settings, and passes.
func (h *Hook) refused(answer *http.Response) error {
	f := &Failure{text: fmt.Sprintf("cannot hand over to the webhook at %s: it answered %d", h.name, answer.StatusCode)}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		f.Final = true
	case http.StatusUnauthorized, http.StatusForbidden:
		f.text += "; check the secret on both sides"
	case http.StatusNotFound, http.StatusGone, http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		f.text += "; check the address (redirects are not followed)"
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		f.After = min(time.Duration(seconds)*time.Second, longestRetry)
	}
	return f
}
