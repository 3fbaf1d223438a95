package soar

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	spare          = 1.05              // requests are this much further apart than the limit asks, so that no second sees one too many when the first request waited for its connection
	defaultTimeout = 180 * time.Second // the default of the setting
	firstWait      = time.Second       // upper bound of the first pause between two tries; it doubles
	longestWait    = 30 * time.Second  // upper bound of a pause that the server did not ask for
	leastTry       = time.Second       // a try that must end sooner would only leave another lost answer behind
)

// caller makes requests, within the limits, until each has an answer or its time is up.
type caller struct {
	reader
	base     *url.URL
	http     *http.Client
	limiter  *rate.Limiter
	slots    chan struct{} // nil: no limit
	timeout  time.Duration
	log      *slog.Logger
	sleep    func(context.Context, time.Duration) error
	jitter   func(time.Duration) time.Duration
	warnings sync.Map // what has been said already
}

// newCaller fills in what the configuration leaves open.
func newCaller(cfg Config, base *url.URL, d *dialect) *caller {
	c := &caller{
		reader: reader{d}, base: base.JoinPath(d.credentials.base), http: ownClient(cfg.HTTP), limiter: rate.NewLimiter(rate.Inf, 1),
		timeout: cfg.Timeout, log: cfg.Log, sleep: cfg.Sleep, jitter: cfg.Jitter,
	}
	if cfg.RequestsPerSecond > 0 {
		// A burst of one: the first second may not burst above the limit either.
		c.limiter = rate.NewLimiter(rate.Limit(cfg.RequestsPerSecond/spare), 1)
	}
	if cfg.Concurrent > 0 {
		c.slots = make(chan struct{}, cfg.Concurrent)
	}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.sleep == nil {
		c.sleep = pause
	}
	if c.jitter == nil {
		c.jitter = func(limit time.Duration) time.Duration { return rand.N(max(limit, 1)) }
	}
	return c
}

// send sends a call until it is answered or its budget is spent.
func (c *caller) send(ctx context.Context, call *request) error {
	b := startBudget(c, call.body.size())
	return c.persist(ctx, b, func() error { return c.once(ctx, b, call) })
}

// sender sends a call, with or without tries of its own.
type sender func(*request) error

func (c *caller) sender(ctx context.Context) sender {
	return func(call *request) error { return c.send(ctx, call) }
}

// persist repeats try with exponential back-off and full jitter while its failure is a lost answer.
func (c *caller) persist(ctx context.Context, b *budget, try func() error) error {
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
func (c *caller) backoff(n int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, c.timeout) // one wait ends after timeout
	}
	return min(c.jitter(min(firstWait<<min(n, 10), longestWait)), c.timeout)
}

// turn waits until the limits let one more request go.
func (c *caller) turn(ctx context.Context) (done func(), err error) {
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
func (c *caller) once(ctx context.Context, b *budget, call *request) error {
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

// pause is the default of Config.Sleep.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// warn says something once a run.
func (c *caller) warn(message string, args ...any) {
	if _, said := c.warnings.LoadOrStore(message, true); !said {
		c.log.Warn(message, args...)
	}
}
