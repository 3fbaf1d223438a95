package token

import (
	"context"
	"errors"
	"io"
	"net/http"
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

// ask refuses redirects and bounds the answer.
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
	// RFC 6749, section 5.1 has JSON and nothing else; the library would read text/plain as a query string.
	resp.Header.Set("Content-Type", "application/json")
	resp.Body = &body{resp.Body, maxAnswer, x}
	return resp, nil
}

// body ends with an error where the answer is too large.
type body struct {
	io.ReadCloser
	left int
	x    *exchange
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		n, err = 0, &Error{Kind: TooLarge}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.x.err = err
	}
	return n, err
}
