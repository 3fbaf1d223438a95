//go:build !race

package indicators

const underRace = false
