package indicators

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The vendor's guide shows its patterns on a web page that damages them: a brace is
// taken for a program and leaves its last number ({32} becomes 32, {12,15} becomes
// 15), a backslash before punctuation is dropped, and in two patterns one is added.
// Most of what is left still compiles, and finds nothing.
var (
	braces    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{(?:\d*,)?(\d+)\}`) })
	backslash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\([[:punct:]])`) })
)

// PresetOf returns the name of the preset whose pattern this is, damaged by that
// page; "" for every other pattern.
func PresetOf(pattern string) string {
	pattern = strings.TrimSpace(pattern)
	for _, p := range presets {
		if p.Pattern != "" && p.Pattern != pattern && slices.Contains(damaged(p.Pattern), pattern) {
			return p.Name
		}
	}
	return ""
}

// damaged are the forms in which the page may show a pattern.
func damaged(pattern string) []string {
	lost := braces().ReplaceAllString(pattern, "$1")
	added := strings.NewReplacer(`)*`, `)\*`, `~_`, `~\_`).Replace(pattern)
	return []string{lost, backslash().ReplaceAllString(lost, "$1"), backslash().ReplaceAllString(pattern, "$1"), added}
}
