//go:build !race

package pyregex

import "time"

const raceSlack = 100 * time.Millisecond

const underRace = false
