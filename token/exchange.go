package token

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxAnswer bounds a token endpoint's answer, a hundred times a usual one.
const maxAnswer = 256 << 10

// exchange is one request to a token endpoint. It notes what the library's
// errors do not tell: they hold the text of a cause, not the cause.
type exchange struct{ err error }

// client is the given client with this exchange in its way. Every request ends
// with ctx: the library's JWT flow sends its own without one.
func (x *exchange) client(ctx context.Context, base *http.Client) *http.Client {
	c := *base
	next := base.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = roundTrip(func(req *http.Request) (*http.Response, error) { return x.ask(next, req.WithContext(ctx)) })
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip makes a function an [http.RoundTripper].
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// ask refuses redirects and bounds the response.
func (x *exchange) ask(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err != nil {
		x.err = err
		return nil, err
	}
	if resp.StatusCode/100 == 3 {
		_ = resp.Body.Close()
		x.err = &Error{Kind: Redirected, Status: resp.StatusCode}
		return nil, x.err
	}
	return x.tidy(resp)
}

// tidy makes of a response what RFC 6749, section 5.1, describes: the library takes
// no byte order mark, no lifetime with a fraction or in quotes ("3599.0"), and a form
// (QUIRK: GitHub's default) only under its own content type.
func (x *exchange) tidy(resp *http.Response) (*http.Response, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	_ = resp.Body.Close()
	if err == nil && len(text) > maxAnswer {
		err = &Error{Kind: TooLarge}
	}
	if err != nil {
		x.err = err
		return nil, err
	}
	text = tidied(text)
	resp.Header.Set("Content-Type", "application/json")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return resp, nil
}

// tidied is a response as JSON with whole numbers; what is neither an object nor a form stays as it is.
func tidied(text []byte) []byte {
	text = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(text), []byte("\xef\xbb\xbf")))
	fields := map[string]any{}
	if json.Unmarshal(text, &fields) != nil || fields == nil {
		if fields = formFields(string(text)); fields == nil {
			return text
		}
	}
	for _, name := range []string{"expires_in", "refresh_token_expires_in"} {
		if n, ok := wholeSeconds(fields[name]); ok {
			fields[name] = n
		} else {
			delete(fields, name) // RFC 6749, section 5.1: it is only recommended
		}
	}
	tidy, err := json.Marshal(fields)
	if err != nil {
		return text
	}
	return tidy
}

// formFields reads a response in the form encoding; nil where it is none.
func formFields(text string) map[string]any {
	form, err := url.ParseQuery(text)
	if err != nil || !form.Has("access_token") && !form.Has("error") {
		return nil
	}
	fields := map[string]any{}
	for name := range form {
		fields[name] = form.Get(name)
	}
	return fields
}

// wholeSeconds reads a lifetime that is a number or a text with one.
func wholeSeconds(v any) (int64, bool) {
	n, ok := v.(float64)
	if text, is := v.(string); is {
		var err error
		n, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
		ok = err == nil
	}
	return int64(n), ok && n >= 0 && n < 1e9
}
