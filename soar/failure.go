package soar

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/token/jwt"
)

// Failure is why Cloud SOAR did not do what it was asked, in one sentence.
type Failure struct {
	Doing  string // "save an email"
	Host   string
	Status int    // HTTP status; 0 without an answer
	Cause  string // foreign text in it is quoted and cut
	Advice string // the next step

	kind       kind
	unsent     bool          // the request never left
	retryAfter time.Duration // what the server asks to wait; 0: nothing
	err        error
}

// kind is what may be done about a failure.
type kind int

const (
	broken   kind = iota // the settings or the server are wrong: the run stops
	lost                 // no answer, or one that asks to come back: tried again
	refused              // this content is refused for good
	conflict             // something with this key exists
	missing              // 404: the thing, or the route
	oversize             // the answer is larger than what we take
)

// Error returns the sentence.
func (f *Failure) Error() string {
	return fmt.Sprintf("cannot %s in Cloud SOAR at %s: %s; %s", f.Doing, f.Host, f.Cause, f.Advice)
}

// Unwrap returns the cause, where it is an error of another package.
func (f *Failure) Unwrap() error { return f.err }

// unsure reports whether the request may have been carried out although its answer
// was lost. A store that answers 429 and the like says that it did nothing.
func unsure(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.kind == lost && !f.unsent && (f.Status == 0 || f.Status >= 500)
}

// asFailure finds the failure in an error; nil where there is none.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// is reports whether err is a failure of this kind.
func is(err error, k kind) bool {
	var f *Failure
	return errors.As(err, &f) && f.kind == k
}

// statusFailure explains an answer that is not 2xx. It reads a bounded part of it.
func (c *Client) statusFailure(call *request, resp *http.Response) *Failure {
	status := resp.StatusCode
	f := &Failure{Doing: call.doing, Host: c.base.Host, Status: status, retryAfter: retryAfter(resp.Header.Get("Retry-After"), c.now())}
	if status >= 300 && status < 400 {
		f.Cause = fmt.Sprintf("it answered %d, a redirect to %s, which is never followed", status, c.place(resp.Header.Get("Location")))
		f.Advice = "wrong region or address: set cloud_soar_api_url to the address of your own region"
		return f
	}
	f.Cause = fmt.Sprintf("it answered %d", status)
	if said := c.said(resp.Body); said != "" {
		f.Cause += " (" + said + ")"
	}
	f.kind, f.Advice = c.judge(status, call.route)
	return f
}

// judge says what may be done about an error status (cloud-soar-api.md, Manners), and the next step.
func (c *Client) judge(status int, route string) (kind, string) {
	switch status {
	case http.StatusUnauthorized:
		return broken, c.credentialAdvice()
	case http.StatusForbidden:
		return broken, "the credentials may not do this: give their user a role with the Cloud SOAR capabilities"
	case http.StatusNotFound:
		return missing, "check cloud_soar_api_url, and " + route + " in cloud_soar_routes"
	case http.StatusMethodNotAllowed, http.StatusGone, http.StatusUnsupportedMediaType:
		return broken, "check " + route + " in cloud_soar_routes"
	case http.StatusConflict:
		return conflict, "look at this object in Cloud SOAR"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused, "see what Cloud SOAR says of it"
	case http.StatusTooManyRequests:
		return lost, "run it less often, or lower cloud_soar_requests_per_second"
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return lost, "run it again later"
	}
	if status >= 500 {
		return lost, "run it again later"
	}
	return broken, "check cloud_soar_api_url"
}

// maxErrorBody bounds what is read of an answer that is an error.
const maxErrorBody = 64 << 10

// said makes one line of an error's body: the documented errors, else the text itself, quoted.
func (c *Client) said(body io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody)) // what could be read is enough for a sentence
	var doc struct {
		Errors []struct{ Code, Message string } `json:"errors"`
	}
	if json.Unmarshal(text, &doc) == nil && len(doc.Errors) > 0 {
		var parts []string
		for _, e := range doc.Errors {
			parts = append(parts, strings.TrimPrefix(e.Code+": "+e.Message, ": "))
		}
		return quoted(c.redact(strings.Join(parts, ", ")))
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return ""
	}
	return quoted(c.redact(string(text)))
}

// redact takes out our credentials, should a server send them back.
func (c *Client) redact(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "[secret]")
	}
	return text
}

// place shows where a redirect points to, without a query that may hold a token.
func (c *Client) place(location string) string {
	where, _, _ := strings.Cut(location, "?")
	return quoted(c.redact(where))
}

func (c *Client) credentialAdvice() string {
	switch {
	case c.auth == "":
		return "set access_id and access_key, or jwt_token"
	case c.basic:
		return "check access_id and access_key, and that they belong to this region"
	}
	return "check jwt_token" + tokenTimes(c.jwt, c.now())
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

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	const longest = 24 * time.Hour // more would overflow before it is cut to the timeout
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(longest/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), longest)
	}
	return 0
}

// errSlow ends a request that takes longer than the settings allow.
var errSlow = errors.New("too slow")

// permanent is a dialer's error that knows whether another try may help: a proxy
// that wants other credentials will want them in a minute, too.
type permanent interface {
	error
	Permanent() bool
}

// lostFailure explains a request without a whole answer.
func (c *Client) lostFailure(call *request, err error) *Failure {
	f := &Failure{Doing: call.doing, Host: c.base.Host, kind: lost, err: err, Advice: "run it again later"}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its text repeats method and address
	}
	var op *net.OpError
	f.unsent = errors.As(err, &op) && op.Op == "dial"
	if p, ok := errors.AsType[permanent](err); ok && p.Permanent() {
		f.kind = broken
	}
	if f.untrusted(err) {
		return f
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, errSlow):
		f.Cause, f.Advice = "it did not answer in time", "run it again later, or raise timeout"
	case errors.As(err, &dns):
		f.Cause, f.Advice = fmt.Sprintf("the name %s is not known (%s)", quoted(dns.Name), quoted(dns.Err)), "check cloud_soar_api_url"
		if dns.IsNotFound {
			f.kind = broken // a name that does not exist will not exist in a minute
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Cause, f.Advice = "nobody listens there (connection refused)", "check cloud_soar_api_url, and whether a proxy is needed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		f.Cause = "the connection broke before the answer was whole"
	default:
		f.Cause = quoted(c.redact(err.Error()))
	}
	return f
}

// untrusted fills in why a connection is not safe, which no other try changes.
func (f *Failure) untrusted(err error) bool {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		f.Cause = "its certificate comes from an authority that is not known here"
		f.Advice = "set ca_certificate to the certificate of that authority, or check that nobody is in between"
	case errors.As(err, &name), errors.As(err, &invalid):
		f.Cause = "its certificate is not valid (" + quoted(err.Error()) + ")"
		f.Advice = "check cloud_soar_api_url, and this machine's clock"
	case errors.Is(err, http.ErrSchemeMismatch):
		f.Cause, f.Advice = "it does not speak TLS", "check the port in cloud_soar_api_url"
	default:
		return false
	}
	f.kind = broken
	return true
}

// unexpected explains a 2xx answer that is not what is documented.
func (c *Client) unexpected(call *request, status int, what string) *Failure {
	return &Failure{
		Doing: call.doing, Host: c.base.Host, Status: status, kind: broken,
		Cause:  fmt.Sprintf("it answered %d with %s", status, what),
		Advice: "check cloud_soar_api_url (a login page or a proxy may answer there), and " + call.route + " in cloud_soar_routes",
	}
}
