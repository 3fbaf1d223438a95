package soar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	answerLimit = 1 << 20  // bytes of an answer
	recordLimit = 4 << 20  // bytes of a record: two bodies of 64 KiB, 1 MiB of headers, and room for escapes
	pageLimit   = 32 << 20 // bytes of a list page; a larger one is asked again at half the size

	// slowest is the rate, in bytes a second, below which an upload or a raw email
	// counts as stalled: a tenth of a slow office line.
	slowest = 16 << 10

	firstWait   = time.Second      // upper bound of the first pause between two tries; it doubles
	longestWait = 30 * time.Second // upper bound of a pause that the server did not ask for
	leastTry    = time.Second      // a try that must end sooner would only leave another lost answer behind
)

// request is what is asked of Cloud SOAR, once or several times.
type request struct {
	doing string // for the sentence: "save an email"
	route string
	place map[string]ID // placeholders of the path
	query url.Values
	body  *payload // nil: none
	key   string   // header Idempotency-Key; "" for none
	limit int64    // bytes of the answer
	bulk  bool     // the answer is a raw mail: it may take longer, as long as it flows
	// accept reads a 2xx answer. An error that is no *Failure means a broken connection.
	accept func(resp *http.Response, body io.Reader) error
}

// payload is a body that can be sent again.
type payload struct {
	contentType string
	parts       [][]byte // sent one after the other, never copied
	document    []byte   // the JSON among them
	content     []byte   // the email or file among them; nil without one
}

func (p *payload) size() int64 {
	if p == nil {
		return 0
	}
	n := int64(0)
	for _, part := range p.parts {
		n += int64(len(part))
	}
	return n
}

func (p *payload) reader() io.Reader {
	readers := make([]io.Reader, len(p.parts))
	for i, part := range p.parts {
		readers[i] = bytes.NewReader(part)
	}
	return io.MultiReader(readers...)
}

// jsonBody marshals a value that cannot fail to marshal.
func jsonBody(v any) *payload {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a wire struct of this package
	}
	return &payload{contentType: "application/json", parts: [][]byte{text}, document: text}
}

// budget is the time that all tries of one request have together: twice the
// timeout (cloud-soar-api.md, Manners). Waiting for a turn under the rate limit
// does not count, nor does an upload that went through, within reason.
type budget struct {
	c       *Client
	started time.Time
	allowed time.Duration
	uploads time.Duration // what uploads may still take without counting
}

func (c *Client) newBudget(size int64) *budget {
	return &budget{c, c.now(), 2 * c.timeout, time.Duration(size/slowest) * time.Second}
}

// forgive takes a whole upload out of the account.
func (b *budget) forgive(upload time.Duration) {
	upload = min(max(upload, 0), b.uploads)
	b.allowed, b.uploads = b.allowed+upload, b.uploads-upload
}

func (b *budget) left() time.Duration { return b.allowed - b.c.now().Sub(b.started) }

// send sends a call until it is answered or its budget is spent.
func (c *Client) send(ctx context.Context, call *request) error {
	b := c.newBudget(call.body.size())
	return c.persist(ctx, b, func() error { return c.once(ctx, b, call) })
}

// persist repeats try with exponential back-off and full jitter while its failure is a lost answer.
func (c *Client) persist(ctx context.Context, b *budget, try func() error) error {
	for n := 0; ; n++ {
		err := try()
		var f *Failure
		if !errors.As(err, &f) || f.kind != lost {
			return err
		}
		if ctx.Err() != nil {
			return ended(ctx, f)
		}
		wait := c.backoff(n, f.retryAfter)
		if wait+min(c.timeout/4, leastTry) > b.left() {
			return err
		}
		c.log.Info("Cloud SOAR is asked again", "after", wait, "why", f.Cause)
		if c.sleep(ctx, wait) != nil {
			return ended(ctx, f)
		}
	}
}

// ended keeps the sentence, which says more than "interrupted", and lets errors.Is
// find what ended the run.
func ended(ctx context.Context, f *Failure) error {
	last := *f
	last.kind, last.err = broken, errors.Join(ctx.Err(), f.err)
	return &last
}

// backoff is the pause before the try after n failures.
func (c *Client) backoff(n int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, c.timeout) // one wait ends after timeout
	}
	return min(c.jitter(min(firstWait<<min(n, 10), longestWait)), c.timeout)
}

// turn waits until the limits let one more request go.
func (c *Client) turn(ctx context.Context) (done func(), err error) {
	done = func() {}
	if c.slots != nil {
		select {
		case c.slots <- struct{}{}:
			done = func() { <-c.slots }
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if err := c.limiter.Wait(ctx); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// once sends a call once. Every error is a *Failure, but for a context that has ended.
func (c *Client) once(ctx context.Context, b *budget, call *request) error {
	asked := c.now()
	done, err := c.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	b.allowed += c.now().Sub(asked)
	if b.left() <= 0 {
		return c.lostFailure(call, errSlow)
	}
	began := c.now()
	status, err := c.exchange(ctx, b, call)
	c.log.Debug("Cloud SOAR", "route", call.route, "status", status, "took", c.now().Sub(began), "ok", err == nil)
	return err
}

// exchange is one request and its answer.
func (c *Client) exchange(ctx context.Context, b *budget, call *request) (status int, err error) {
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

// succeeded reports whether an answer means success, in the profile's terms.
func (c *Client) succeeded(call *request, resp *http.Response) bool {
	status := resp.StatusCode
	if c.profile != nil {
		if status = c.profile.Status(call.route, status); status == http.StatusNotFound {
			resp.StatusCode = status
		}
	}
	return 200 <= status && status <= 299
}

// accept hands a success to the call, translated where there is a profile.
func (c *Client) accept(call *request, resp *http.Response, body io.Reader) error {
	if c.profile != nil {
		var err error
		if resp, body, err = c.understood(call, resp, body); err != nil {
			return err
		}
	}
	return call.accept(resp, body)
}

// transportError tells an interrupted run from a request that took too long.
func (c *Client) transportError(ctx, watched context.Context, call *request, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return c.interrupted(call, ctx.Err())
	case ctx.Err() != nil, errors.Is(context.Cause(watched), errSlow):
		err = errSlow
	}
	return c.lostFailure(call, err)
}

// interrupted keeps the cause, so that errors.Is finds context.Canceled.
func (c *Client) interrupted(call *request, cause error) error {
	f := c.lostFailure(call, cause)
	f.kind, f.Cause = broken, "the run was ended before the answer came"
	return f
}

func (c *Client) tooLarge(call *request, status int) *Failure {
	return &Failure{
		Doing: call.doing, Host: c.base.Host, Status: status, kind: oversize,
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

// build makes the HTTP request. GetBody stays nil: net/http would otherwise repeat a
// POST with an Idempotency-Key by itself when a kept connection breaks, before we
// have looked whether the store has the email already.
func (c *Client) build(ctx context.Context, call *request, w *watchdog) (*http.Request, error) {
	var more http.Header
	if c.profile != nil {
		var err error
		if call, more, err = c.theirs(call); err != nil {
			return nil, err
		}
	}
	route := c.routes[call.route]
	r := (&http.Request{
		Method: route.Method, URL: c.address(route, call), Host: c.base.Host,
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"imap-integration"}},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if call.bulk {
		r.Header.Set("Accept", "message/rfc822")
	}
	maps.Copy(r.Header, more)
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
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
func (c *Client) address(route Route, call *request) *url.URL {
	path := route.Path
	for name, value := range call.place {
		path = strings.ReplaceAll(path, "{"+name+"}", c.placeText(name, value))
	}
	u := *c.base
	u.Path += path // ParseRoutes lets no character in that would need an escape
	u.RawQuery = call.query.Encode()
	return &u
}
