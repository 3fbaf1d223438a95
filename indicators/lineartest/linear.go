// Package lineartest holds readers of hostile text to linear time. What is measured is
// CPU time, which the load of the machine changes little, and only as a ratio.
package lineartest

import (
	"syscall"
	"testing"
	"time"
)

// Check fails where run takes more than linear time in n, which is size and four
// times size: quadratic time would be sixteen times as much, and ten times is
// allowed. What is quick anyway needs no comparison; what is not gets three
// chances, because garbage is collected when it likes.
func Check(t *testing.T, name string, size int, run func(n int)) {
	t.Helper()
	for range 3 {
		long := cpu(run, 4*size)
		if long < 60*time.Millisecond || long < 10*cpu(run, size) {
			return
		}
	}
	t.Errorf("%s takes more than linear time", name)
}

func cpu(run func(int), n int) time.Duration {
	before := used()
	run(n)
	return used() - before
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano())
}
