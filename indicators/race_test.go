//go:build race

package indicators

// underRace leaves out what takes minutes there.
const underRace = true
