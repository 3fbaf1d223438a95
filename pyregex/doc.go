// Package pyregex searches texts with regular expressions in the dialect of
// Python's re (3.11), which playbooks are written in, under a time limit.
//
// A pattern is parsed here, as CPython parses it and with its error positions,
// and translated for one of two engines: Go's own, which needs linear time, where
// the pattern allows it, and a backtracking one with a deadline for look-around and
// back-references. What arrives is a pattern by a user and a text by a stranger, so
// what can go wrong is time: a search ends at its limit and says so in its
// [Result]. docs/regex-dialect.md lists the differences that remain.
//
// The package is pure, and compiles nothing before it is asked to.
package pyregex
