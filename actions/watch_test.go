package actions

import (
	"errors"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

// TestRetry: connections are tried again soon and then less often, and a login that is
// refused no more than three times in any quarter of an hour, whatever fails between.
func TestRetry(t *testing.T) {
	broken := errors.Join(errWatching, &mailbox.Error{Kind: mailbox.Closed})
	refused := errors.Join(errWatching, &mailbox.Error{Kind: mailbox.AuthFailed})
	for name, c := range map[string]struct {
		failures func(n int) error
		want     []time.Duration
	}{
		"a server that is away": {func(int) error { return broken }, []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}},
		"a refused login":       {func(int) error { return refused }, []time.Duration{900, 1800, 3600, 3600}},
		"both in turns": {func(n int) error {
			if n%2 == 0 {
				return refused
			}
			return broken
		}, []time.Duration{900, 2, 1800, 8, 3600}},
	} {
		var r retry
		at, logins := time.Duration(0), []time.Duration(nil)
		for n := range 200 {
			err := c.failures(n)
			if refusedLogin(err) {
				logins = append(logins, at)
			}
			wait := r.after(err)
			if n < len(c.want) && wait != c.want[n]*time.Second {
				t.Errorf("%s: %s behind failure %d, want %s", name, wait, n+1, c.want[n]*time.Second)
			}
			at += wait
		}
		for i := 2; i < len(logins); i++ {
			if logins[i]-logins[i-2] < 15*time.Minute {
				t.Errorf("%s: three logins within %s", name, logins[i]-logins[i-2])
			}
		}
	}
}
