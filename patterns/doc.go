// Package patterns finds things in texts: regular expressions in the dialect of
// Python's re within a time limit, presets, and indicators of compromise. It is
// pure: no network, no files, nothing compiled before it is asked for.
package patterns
