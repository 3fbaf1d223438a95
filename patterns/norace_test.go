//go:build !race

package patterns

import "time"

const raceSlack = 100 * time.Millisecond

const underRace = false
