package soar

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// slowest is the rate, in bytes a second, below which an upload or a raw email
// counts as stalled: a tenth of a slow office line.
const slowest = 16 << 10

// watchdog ends a request that does not move. Each period it asks whether enough
// bytes have moved since the last one.
type watchdog struct {
	period   time.Duration
	moved    atomic.Int64 // bytes since the last look
	uploaded atomic.Int64 // nanoseconds that the whole body took; 0: it is not out yet
	timer    *time.Timer
	cancel   context.CancelCauseFunc
}

func watch(period time.Duration, cancel context.CancelCauseFunc) *watchdog {
	w := &watchdog{period: period, cancel: cancel}
	w.timer = time.AfterFunc(time.Hour, w.look) // look needs the timer to be there
	w.timer.Reset(period)
	return w
}

func (w *watchdog) look() {
	if float64(w.moved.Swap(0)) < slowest*w.period.Seconds() {
		w.cancel(errSlow)
		return
	}
	w.timer.Reset(w.period)
}

func (w *watchdog) restart() {
	w.moved.Store(0)
	w.timer.Reset(w.period)
}

func (w *watchdog) end() { w.timer.Stop() }

// upload counts what of a body has gone out.
type upload struct {
	r     io.Reader
	w     *watchdog
	now   func() time.Time
	began time.Time
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.w.moved.Add(int64(n))
	if errors.Is(err, io.EOF) {
		u.w.uploaded.Store(int64(u.now().Sub(u.began)))
		u.w.restart() // from here on the answer is waited for
	}
	return n, err
}

// bounded reads an answer up to a limit and remembers how that ended, because
// a JSON decoder wraps or hides the errors of its reader.
type bounded struct {
	r     io.Reader
	left  int64
	watch *watchdog // nil: the time of the whole answer is bounded already
	over  bool
	err   error // of the connection; nil at the end of the answer
}

var errOver = errors.New("the answer is too large")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		b.over = true
		return 0, errOver
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	b.left -= int64(n)
	if b.watch != nil {
		b.watch.moved.Add(int64(n))
	}
	if b.left < 0 {
		b.over = true
		return n, errOver
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// budget is the time that all tries of one request have together: twice the
// timeout (cloud-soar-api.md, Manners). Waiting for a turn under the rate limit
// does not count, nor does an upload that went through, within reason.
type budget struct {
	c       *caller
	started time.Time
	allowed time.Duration
	uploads time.Duration // what uploads may still take without counting
}

func startBudget(c *caller, size int64) *budget {
	return &budget{c, c.now(), 2 * c.timeout, time.Duration(size/slowest) * time.Second}
}

// forgive takes a whole upload out of the account.
func (b *budget) forgive(upload time.Duration) {
	upload = min(max(upload, 0), b.uploads)
	b.allowed, b.uploads = b.allowed+upload, b.uploads-upload
}

func (b *budget) left() time.Duration { return b.allowed - b.c.now().Sub(b.started) }
