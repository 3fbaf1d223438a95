package pyregex

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// evil are patterns and texts on which a naive search takes seconds to ages.
var evil = []struct {
	pattern string
	text    func() string
}{
	{`(a+)+$`, a(28, "b")},
	{`(a+)+$`, a(100_000, "b")},
	{`(a|a)*b`, a(40_000, "c")},
	{`(a|aa)+$`, a(10_000, "b")},
	{`(a*)*b`, a(30_000, "c")},
	{`([a-zA-Z]+)*1`, a(30_000, "")},
	{`(.*)*x`, a(30_000, "")},
	{`a.*b|a`, a(40_000, "")},
	{`a.*b|a`, a(25<<20, "")},
	{`(?s)<[^>]*>|<`, repeat("<", 40_000)},
	{`(?s)<[^>]*>|<`, repeat("<", 25<<20)},
	{`(?s)a.*?zz|a`, a(40_000, "")},
	{`(?s)a.*?zz|a`, a(25<<20, "")},
	{`[a-z]{0,500}@`, a(1<<20, "")},
	{`[a-z]{0,500}@`, repeat("ab c", 1<<20)},
	{`(?:\w+\s)+zzz`, repeat("lorem ipsum ", 5<<20)},
	{`(?s)lorem.*zzz`, repeat("lorem ipsum ", 5<<20)},
	{`\b(\w+) .*\1zz`, repeat("lorem ipsum ", 1<<20)},
	{`(\w+)\s+\1\s+\1x`, repeat("aa ", 1<<20)},
	{`(?=(a+))a*b\1`, a(50_000, "")},
	{`^(\w+\s?)*$`, repeat("abc ", 2_000, "!")},
	{`^(([a-z])+.)+[A-Z]([a-z])+$`, a(10_000, "")},
	{`(x+x+)+y`, repeat("x", 10_000)},
	{`(?i)(?:k|K)*s\b.*!`, repeat("kK", 100_000)},
	{`(?<=a{1000})b`, a(1<<20, "")},
	{`(?:a?){50}a{50}`, a(49, "")},
	{`((a{0,100}){0,100}){0,100}b`, a(10_000, "")},
	{`\s*\S+\s*=\s*$`, repeat(" ", 200_000)},
	{`(?:(?:(?:a+)+)+)+b`, a(5_000, "")},
	{`(ä|ä)*$`, repeat("ä", 20_000, "b")},
	{`.*.*.*.*=.*`, a(20_000, "")},
	{`(?>a*)*?(?:b|\Z)(?!.)x`, a(100_000, "")},
	{`x*`, repeat("ab", 1<<20)},
	{`(?:.|\n)*?~`, repeat("ab\n", 8<<20)},
}

func a(n int, end string) func() string { return repeat("a", n, end) }

func repeat(unit string, n int, end ...string) func() string {
	return func() string { return strings.Repeat(unit, n/len(unit)) + strings.Join(end, "") }
}

// slack is what a search may take beyond its limit, and what a loaded machine adds.
const slack = 300*time.Millisecond + raceSlack

func TestEvil(t *testing.T) {
	for _, c := range evil {
		p, err := Compile(c.pattern, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		text := c.text()
		if underRace && len(text) > 100_000 {
			continue
		}
		// On a machine that does other things a search may have to wait for a processor: the best of three counts.
		best := time.Hour
		for tries := 0; tries < 3 && best > DefaultTimeout+slack; tries++ {
			best = min(best, evilSearch(t, p, c.pattern, text))
		}
		if best > DefaultTimeout+slack {
			t.Errorf("%s on %d bytes took %v", c.pattern, len(text), best)
		}
	}
}

// evilSearch returns how long one search took.
func evilSearch(t *testing.T, p *Pattern, pattern, text string) time.Duration {
	before := allocated()
	start := time.Now()
	r := p.FindAll(context.Background(), text, Limits{})
	took := time.Since(start)
	grown := (allocated() - before) >> 20
	t.Logf("%-34s %8d bytes: %4d ms, %4d matches, timed out %v, %3d MiB", pattern, len(text), took.Milliseconds(), len(r.Matches), r.TimedOut, grown)
	if grown > 128 {
		t.Errorf("%s on %d bytes took %d MiB", pattern, len(text), grown)
	}
	return took
}

// allocated counts bytes ever allocated: more than what was in use at once.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestHugePatterns(t *testing.T) {
	for name, pattern := range map[string]string{
		"1 MB":                strings.Repeat("a", 1<<20),
		"2,000 parentheses":   strings.Repeat("(", 2_000) + strings.Repeat(")", 2_000),
		"2,000 groups":        strings.Repeat("(?:", 2_000) + "a" + strings.Repeat(")", 2_000),
		"2,000 look-aheads":   strings.Repeat("(?=", 2_000) + "a" + strings.Repeat(")", 2_000),
		"10,000 alternatives": "a" + strings.Repeat("|a", 10_000),
		"5,000 groups":        strings.Repeat("()", 5_000),
		"conditionals":        "()" + strings.Repeat("(?(1)", 2_000) + strings.Repeat(")", 2_000),
	} {
		start := time.Now()
		_, err := Compile(pattern, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || len(err.Error()) > 200 {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestLargePatterns holds that what is just within the limits works, and in time.
func TestLargePatterns(t *testing.T) {
	sets := 500
	if underRace {
		sets = 50
	}
	for name, pattern := range map[string]string{
		"64 KB":              strings.Repeat("a", maxPattern),
		"190 parentheses":    strings.Repeat("(", maxNesting-10) + "a" + strings.Repeat(")", maxNesting-10),
		"190 repeats":        strings.Repeat("(?:", maxNesting-10) + "a" + strings.Repeat(")*", maxNesting-10),
		"5,000 alternatives": "aword" + strings.Repeat("|anotherone", maxAlternatives-1),
		"negative sets":      strings.Repeat(`[\W\d]`, sets),
		"counts":             `(?:a{1000}){1000}`,
		"large counts":       `a{0,2000000000}b{3,4294967294}`,
		"more negative sets": strings.Repeat(`[^\W_]`, sets),
		"folding":            "(?i)" + strings.Repeat(`[\u0000-\U0010ffff]`, sets),
	} {
		start := time.Now()
		p, err := Compile(pattern, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p.FindAll(context.Background(), strings.Repeat("ä", 1_000), Limits{})
		took := time.Since(start)
		t.Logf("%s: %v", name, took)
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestMaxMatches(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		n         int
		truncated bool
	}{{"a", 1_000, true}, {"x*", 1_000, true}, {"b", 1, false}, {`(?:a|\w)\b`, 1, false}} {
		p, err := Compile(c.pattern, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := p.FindAll(context.Background(), strings.Repeat("a", 5_000)+"b", Limits{})
		if len(r.Matches) != c.n || r.Truncated != c.truncated || r.TimedOut {
			t.Errorf("%s: %d matches, truncated %v", c.pattern, len(r.Matches), r.Truncated)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, err := Compile("a", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := p.FindAll(ctx, "a", Limits{}); !r.TimedOut {
		t.Errorf("%+v", r)
	}
}

// TestPieces holds that a text searched in pieces gives what it gives in one.
func TestPieces(t *testing.T) {
	line := "Zeile mit Größe 10 und user@example.org, " + strings.Repeat("x", 50) + "\n"
	text := strings.Repeat(line, 5_500)
	all := []string{`\w+@[\w.]+`, `\b\d+\b`, `(?m)^Zeile`, `(?<=mit )Gr`, `x+\n`, `(?:x|x)+$`, `(a)?(x{50})`, `ö|$`, `\A.`, `.\Z`, `(?=Zeile)`}
	if underRace {
		all = all[:3]
	}
	for _, pattern := range all {
		p, err := Compile(pattern, Options{})
		if err != nil {
			t.Fatal(err)
		}
		limits := patient
		limits.Piece = 8 << 20
		want := p.FindAll(context.Background(), text, limits)
		limits.Piece = 1
		got := p.FindAll(context.Background(), text, limits)
		if len(got.Matches) != len(want.Matches) || want.Problem+got.Problem != "" {
			t.Errorf("%s: %d matches in pieces, %d in one", pattern, len(got.Matches), len(want.Matches))
			continue
		}
		for i := range got.Matches {
			for g := range got.Matches[i].Groups {
				if got.Matches[i].Groups[g] != want.Matches[i].Groups[g] {
					t.Fatalf("%s: match %d is %v, not %v", pattern, i, got.Matches[i], want.Matches[i])
				}
			}
		}
	}
}

func TestGroup(t *testing.T) {
	p, err := Compile(`(?P<year>\d+)-(\d+)`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"year": 1, "0": 0, "2": 2, "02": 2, "3": -1, "month": -1, "": -1, "-1": -1} {
		got, ok := p.Group(name)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
}
