package pdf

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadClock returns a clock of the processor time of the calling thread, to be
// read from any thread: how far a limit reaches must not depend on what else runs.
func threadClock() func() time.Duration {
	const perThread, scheduled = 4, 2 // the kernel's CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED
	clock := int32(^unix.Gettid()<<3 | perThread | scheduled)
	return func() time.Duration {
		var t unix.Timespec
		if unix.ClockGettime(clock, &t) != nil {
			return 0
		}
		return time.Duration(t.Nano())
	}
}
