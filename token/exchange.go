package token

import (
	"io"
	"net/http"
)

// maxAnswer bounds a token endpoint's answer, a hundred times a usual one.
const maxAnswer = 256 << 10

// exchange is one request to a token endpoint. It notes what the library's
// errors do not tell.
type exchange struct {
	base *http.Client
	err  *Error
}

// client is the given client with this exchange in its way.
func (x *exchange) client() *http.Client {
	c := *x.base
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	c.Transport = round{c.Transport, x}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

type round struct {
	http.RoundTripper
	x *exchange
}

// RoundTrip refuses redirects and bounds the answer.
func (r round) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 3 {
		_ = resp.Body.Close()
		r.x.err = &Error{Kind: Redirected, Status: resp.StatusCode}
		return nil, r.x.err
	}
	resp.Body = &body{resp.Body, maxAnswer, r.x}
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
		b.x.err = &Error{Kind: TooLarge}
		return 0, b.x.err
	}
	return n, err
}
