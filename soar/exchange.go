package soar

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchange is one request and its answer.
func (c *caller) exchange(ctx context.Context, b *budget, call *request) (status int, err error) {
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := watch(min(c.timeout, b.left()), stop)
	defer w.end()
	defer func() { b.forgive(time.Duration(w.uploaded.Load())) }()
	r, err := c.build(watched, call, w)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, c.transportError(ctx, watched, call, err)
	}
	defer resp.Body.Close() // an answer that is not read to its end costs the connection, not more
	if !c.succeeded(call, resp) {
		return resp.StatusCode, c.statusFailure(call, resp)
	}
	body := &bounded{r: resp.Body, left: c.wireLimit(call)}
	if call.bulk {
		w.restart()
		body.watch = w
	}
	err = c.accept(call, resp, body)
	var f *Failure
	switch {
	case body.over:
		return resp.StatusCode, c.tooLarge(call, resp.StatusCode)
	case body.err != nil:
		return resp.StatusCode, c.transportError(ctx, watched, call, body.err)
	case err != nil && !errors.As(err, &f):
		return resp.StatusCode, c.transportError(ctx, watched, call, err)
	}
	return resp.StatusCode, err
}

// accept hands a success to the call, translated where there is a profile.
func (c *caller) accept(call *request, resp *http.Response, body io.Reader) error {
	if c.profile != nil {
		var err error
		if resp, body, err = c.understood(call, resp, body); err != nil {
			return err
		}
	}
	return call.accept(resp, body)
}

// build makes the HTTP request. GetBody stays nil: net/http would otherwise repeat a
// POST with an Idempotency-Key by itself when a kept connection breaks, before we
// have looked whether the store has the email already.
func (c *caller) build(ctx context.Context, call *request, w *watchdog) (*http.Request, error) {
	var more http.Header
	if c.profile != nil {
		var err error
		if call, more, err = c.theirs(call); err != nil {
			return nil, err
		}
	}
	route := c.routes[call.route]
	r := (&http.Request{
		Method: route.Method, URL: c.address(route, call), Host: c.host,
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"imap-integration"}},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if call.bulk {
		r.Header.Set("Accept", "message/rfc822")
	}
	maps.Copy(r.Header, more)
	if c.header != "" {
		r.Header.Set("Authorization", c.header)
	}
	if call.key != "" {
		r.Header.Set("Idempotency-Key", call.key)
	}
	if call.body != nil {
		r.Header.Set("Content-Type", call.body.contentType)
		r.ContentLength = call.body.size()
		r.Body = io.NopCloser(&upload{call.body.reader(), w, c.now, c.now()})
	}
	return r, nil
}

// address fills in the placeholders; only numbers, and a profile's prefix, ever become part of a path.
func (c *caller) address(route Route, call *request) *url.URL {
	path := route.Path
	for name, value := range call.place {
		path = strings.ReplaceAll(path, "{"+name+"}", c.placeText(name, value))
	}
	u := *c.base
	u.Path += path // ParseRoutes lets no character in that would need an escape
	u.RawQuery = call.query.Encode()
	return &u
}

// ownClient copies a client, so that its caller's keeps its own ways. A redirect
// is never followed: Go's client would send the credentials along to the same
// host name, and turn a POST into a GET.
func ownClient(given *http.Client) *http.Client {
	var own http.Client
	if given == nil {
		direct := http.DefaultTransport.(*http.Transport).Clone()
		direct.Proxy = nil // the variables of the environment are not ours: proxy_url is the setting
		given = &http.Client{Transport: direct}
	}
	own = *given
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar, own.Timeout = nil, 0
	return &own
}
