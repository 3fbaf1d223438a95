//go:build race

package patterns

import "time"

// raceSlack is for the race detector, which slows the engines down tenfold.
const raceSlack = 3 * time.Second
