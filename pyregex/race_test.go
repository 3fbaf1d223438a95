//go:build race

package pyregex

import "time"

// underRace leaves out what takes minutes there.
const underRace = true

// raceSlack is for the race detector, which slows the engines down tenfold.
const raceSlack = 3 * time.Second
