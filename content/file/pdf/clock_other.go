//go:build !linux

package pdf

import "time"

// threadClock returns a clock of the time that has passed.
func threadClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
