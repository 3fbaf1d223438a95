package webhook

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	firstPause = time.Second
	mostPause  = 5 * time.Minute
	// patientTries is how often SendAll tries a message: about a minute in all.
	patientTries = 7
)

// Pause is how long to wait before the next try, after this many: twice as long
// each time, or as long as the receiver asks.
func Pause(tries int, err error) time.Duration {
	var f *Failure
	if errors.As(err, &f) && f.After > 0 {
		return f.After
	}
	pause := firstPause
	for range min(tries-1, 20) {
		pause = min(2*pause, mostPause)
	}
	return pause
}

// Final reports whether a receiver refused a message for good.
func Final(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Final
}

// Keyed is a message under its key.
type Keyed struct {
	Key  string
	Body []byte
}

// SendAll hands messages over one after the other, for a caller without an
// outbox: an error says that not all of them are, and the caller comes again with
// all. What the receiver refuses for good is logged and left.
func (h *Hook) SendAll(ctx context.Context, log *slog.Logger, messages []Keyed) error {
	for _, m := range messages {
		if err := h.persist(ctx, m); Final(err) {
			log.Error("the webhook refuses an email for good; it is not handed over there", "key", m.Key, "error", err.Error())
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (h *Hook) persist(ctx context.Context, m Keyed) (err error) {
	for try := 1; ; try++ {
		if err = h.Send(ctx, m.Key, m.Body); err == nil || Final(err) || try == patientTries {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(Pause(try, err)):
		}
	}
}
