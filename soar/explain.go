package soar

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/transport"
)

// maxErrorBody bounds what is read of an answer that is an error.
const maxErrorBody = 64 << 10

// errSlow ends a request that takes longer than the settings allow.
var errSlow = errors.New("too slow")

// explainer makes a [Failure] of what came in place of a good answer.
type explainer struct {
	credentials
	host string
	now  func() time.Time
}

// statusFailure explains an answer that is not 2xx. It reads a bounded part of it.
func (e *explainer) statusFailure(call *request, resp *http.Response) *Failure {
	status := resp.StatusCode
	f := &Failure{Doing: call.doing, Host: e.host, Status: status, retryAfter: retryAfter(resp.Header.Get("Retry-After"), e.now())}
	if status >= 300 && status < 400 {
		f.Cause = fmt.Sprintf("it answered %d, a redirect to %s, which is never followed", status, e.place(resp.Header.Get("Location")))
		f.Advice = "wrong region or address: set cloud_soar_api_url to the address of your own region"
		return f
	}
	f.Cause = fmt.Sprintf("it answered %d", status)
	if f.said = e.said(resp.Body); f.said != "" {
		f.Cause += " (" + f.said + ")"
	}
	f.kind, f.Advice = e.judge(status, call.route)
	return f
}

// judge says what may be done about an error status (cloud-soar-api.md, Manners), and the next step.
func (e *explainer) judge(status int, route string) (kind, string) {
	switch status {
	case http.StatusUnauthorized:
		return broken, e.advice(e.now())
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

// said makes one line of an error's body: the documented errors, else the text itself, quoted.
func (e *explainer) said(body io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody)) // what could be read is enough for a sentence
	var doc struct {
		Errors []struct{ Code, Message string } `json:"errors"`
	}
	if json.Unmarshal(text, &doc) == nil && len(doc.Errors) > 0 {
		var parts []string
		for _, one := range doc.Errors {
			parts = append(parts, strings.TrimPrefix(one.Code+": "+one.Message, ": "))
		}
		return quoted(e.redact(strings.Join(parts, ", ")))
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return ""
	}
	return quoted(e.redact(string(text)))
}

// place shows where a redirect points to, without a query that may hold a token.
func (e *explainer) place(location string) string {
	where, _, _ := strings.Cut(location, "?")
	return quoted(e.redact(where))
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

// lostFailure explains a request without a whole answer. Why a connection fails is
// known to [transport.Explain]; here is what that means for a request.
func (e *explainer) lostFailure(call *request, err error) *Failure {
	f := &Failure{Doing: call.doing, Host: e.host, kind: lost, err: err, Advice: "run it again later"}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		f.unsent = op.Op == "dial"
	}
	why := transport.Explain(err, e.now())
	switch {
	case errors.Is(err, errSlow):
		f.Cause, f.Advice = "it did not answer in time", "run it again later, or raise timeout"
	case why.Kind == transport.Closed:
		f.Cause = "the connection broke before the answer was whole"
	case why.Kind == transport.Unknown:
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // its own text repeats method and address
		}
		f.Cause = quoted(e.redact(err.Error()))
	default:
		f.Cause, f.Advice = why.Cause, cmp.Or(connectionAdvice[why.Kind], why.Advice)
	}
	if transport.Permanent(err) {
		f.kind = broken
	}
	return f
}

// connectionAdvice is the next step where a setting of Cloud SOAR is more to the point
// than what transport advises.
var connectionAdvice = map[transport.Kind]string{
	transport.NameNotFound: "check cloud_soar_api_url, and the DNS of this machine",
	transport.ConnRefused:  "check cloud_soar_api_url, and whether a proxy is needed",
	transport.NoRoute:      "check cloud_soar_api_url, and whether a proxy is needed",
	transport.NotTLS:       "check the port in cloud_soar_api_url",
	transport.WrongName:    "check cloud_soar_api_url",
}

// unexpected explains a 2xx answer that is not what is documented.
func (e *explainer) unexpected(call *request, status int, what string) *Failure {
	return &Failure{
		Doing: call.doing, Host: e.host, Status: status, kind: broken,
		Cause:  fmt.Sprintf("it answered %d with %s", status, what),
		Advice: "check cloud_soar_api_url (a login page or a proxy may answer there), and " + call.route + " in cloud_soar_routes",
	}
}

// transportError tells an interrupted run from a request that took too long.
func (e *explainer) transportError(ctx, watched context.Context, call *request, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return e.interrupted(call, ctx.Err())
	case ctx.Err() != nil, errors.Is(context.Cause(watched), errSlow):
		err = errSlow
	}
	return e.lostFailure(call, err)
}

// interrupted keeps the cause, so that errors.Is finds context.Canceled.
func (e *explainer) interrupted(call *request, cause error) error {
	f := e.lostFailure(call, cause)
	f.kind, f.Cause = broken, "the run was ended before the answer came"
	return f
}

func (e *explainer) tooLarge(call *request, status int) *Failure {
	return &Failure{
		Doing: call.doing, Host: e.host, Status: status, kind: oversize,
		Cause:  "its answer is larger than " + sizeText(call.limit),
		Advice: "look at this object in Cloud SOAR",
	}
}

// sizeText writes a limit of ours.
func sizeText(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// notJSON explains a decoder's error. One that comes from the connection is told by bounded.
func (e *explainer) notJSON(call *request, status int, err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return e.unexpected(call, status, "a JSON document whose "+quoted(wrong.Field)+" is of the wrong type")
	case errors.As(err, &wrong):
		return e.unexpected(call, status, "JSON of another form")
	case errors.Is(err, io.EOF):
		return e.unexpected(call, status, "nothing")
	}
	return e.unexpected(call, status, "something that is not the documented JSON")
}
