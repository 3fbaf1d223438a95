//go:build !race

package message

import "time"

// slack is d; the race detector gets more.
func slack(d time.Duration) time.Duration { return d }

const raceDetector = false
