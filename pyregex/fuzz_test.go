package pyregex

import (
	"context"
	"errors"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzTranslate holds that what the parser takes, the engines take too.
func FuzzTranslate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, pattern string, ignoreCase, multiline, dotAll bool) {
		parsed, err := parse(pattern, flags{ignoreCase: ignoreCase, multiline: multiline, dotAll: dotAll})
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Pos > utf8.RuneCountInString(pattern) || syntax.Text == "" {
				t.Fatalf("%q: %#v", pattern, err)
			}
			return
		}
		p := newPattern(parsed)
		for sort := asciiText; sort <= exoticText; sort++ {
			for _, nonzero := range []bool{false, true} {
				re, err := p.program(sort, nonzero)
				if err != nil {
					t.Fatalf("%q becomes %q, and %v", pattern, translate(parsed.root, sort), err)
				}
				if n := len(re.GetGroupNumbers()); n != len(parsed.groups) {
					t.Fatalf("%q has %d groups, not %d", pattern, n, len(parsed.groups))
				}
			}
			p.hasLinear(sort)
		}
	})
}

// FuzzCompile holds that a search ends in time, and that its matches are in order and within the text.
func FuzzCompile(f *testing.F) {
	for _, c := range readPythonRE(f).Cases {
		f.Add(c.Pattern, "abc 123 äöü\nfoo.bar@example.org")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(text) {
			return
		}
		p, err := Compile(pattern, Options{})
		if err != nil {
			return
		}
		start := time.Now()
		r := p.FindAll(context.Background(), text, Limits{Timeout: 50 * time.Millisecond})
		if took := time.Since(start); took > 20*time.Second {
			t.Fatalf("%q on %q took %v", pattern, text, took)
		}
		end := 0
		for _, m := range r.Matches {
			if m.Groups[0].Start < end || m.Groups[0].End < m.Groups[0].Start {
				t.Fatalf("%q on %q: %v", pattern, text, r.Matches)
			}
			end = m.Groups[0].End
			for group := range m.Groups {
				m.Text(text, group)
			}
		}
		if len(r.Matches) > DefaultMaxMatches {
			t.Fatalf("%d matches", len(r.Matches))
		}
	})
}

func seed(f *testing.F) {
	golden := readPythonRE(f)
	for _, c := range golden.Cases {
		f.Add(c.Pattern, false, false, false)
	}
	for _, c := range golden.Refused {
		f.Add(c.Pattern, true, true, true)
	}
	for _, c := range evil {
		f.Add(c.pattern, true, false, false)
	}
}
