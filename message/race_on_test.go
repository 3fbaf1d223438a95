//go:build race

package message

import "time"

// slack allows for the race detector, which makes everything about ten times slower.
func slack(d time.Duration) time.Duration { return 10 * d }

const raceDetector = true
