package pyregex

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// pythonRE is testdata/patterns/python-re.json; generate.py beside it says what stands in it.
type pythonRE struct {
	Texts []string
	Cases []struct {
		Pattern, Flags string
		Results        [][][]int
	}
	Refused []struct {
		Pattern, Message string
		Pos              int
	}
}

func readPythonRE(t testing.TB) pythonRE {
	data, err := os.ReadFile("../testdata/patterns/python-re.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden pythonRE
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

// patient are limits under which no result depends on the machine's load.
var patient = Limits{Timeout: time.Minute, MaxMatches: 1 << 20}

func flat(r Result) [][]int {
	out := [][]int{}
	for _, m := range r.Matches {
		var spans []int
		for _, g := range m.Groups {
			spans = append(spans, g.Start, g.End)
		}
		out = append(out, spans)
	}
	return out
}

// The reasons of docs/regex-dialect.md for a difference.
const (
	foldedReference = "a reference that ignores case folds by Unicode's simple folding"
	possessiveBug   = "CPython 3.11 takes some possessive repeats of repeats for something else"
	emptyRound      = "an empty round ends a repeat"
)

// differences are the patterns on which some results differ.
var differences = map[string]string{
	`(?i)(\w+)\s+\1`:                   foldedReference,
	`(?i)(\w)\1`:                       foldedReference,
	`(?:\s+){2,}+`:                     possessiveBug,
	`(?:c)??(?:(?:^|[^\W\d]){1,2}|\d)`: emptyRound,
	`(?:(?(1)a|(?=([^\W\d])))){1,2}?`:  emptyRound,
}

func TestAsPython(t *testing.T) {
	golden := readPythonRE(t)
	pairs, differ := 0, map[string]int{}
	for _, c := range golden.Cases {
		p, err := Compile(c.Pattern, Options{IgnoreCase: strings.Contains(c.Flags, "i"), Multiline: strings.Contains(c.Flags, "m"), DotAll: strings.Contains(c.Flags, "s")})
		if err != nil {
			t.Errorf("%q: %v", c.Pattern, err)
			continue
		}
		for i, want := range c.Results {
			pairs++
			got := p.FindAll(context.Background(), golden.Texts[i], patient)
			if got.Problem != "" {
				t.Errorf("%q on %q: %s", c.Pattern, golden.Texts[i], got.Problem)
			}
			if fmt.Sprint(flat(got)) == fmt.Sprint(want) {
				continue
			}
			differ[c.Pattern]++
			if differences[c.Pattern] == "" {
				t.Errorf("%q (%s) on %q:\n got %v\nwant %v", c.Pattern, c.Flags, golden.Texts[i], flat(got), want)
			}
		}
	}
	for pattern := range differences {
		if differ[pattern] == 0 {
			t.Errorf("%q differs no more; take it off the list", pattern)
		}
	}
	t.Logf("%d pairs; of the documented differences: %v", pairs, differ)
}

// TestLinearAsPython does the same with Go's regexp alone, on every pattern that
// it may be given, from a string and from a stream.
func TestLinearAsPython(t *testing.T) {
	golden := readPythonRE(t)
	patterns := 0
	for _, c := range golden.Cases {
		p, err := Compile(c.Pattern, Options{IgnoreCase: strings.Contains(c.Flags, "i"), Multiline: strings.Contains(c.Flags, "m"), DotAll: strings.Contains(c.Flags, "s")})
		if err != nil || !p.hasLinear(asciiText) {
			continue
		}
		patterns++
		for i, want := range c.Results {
			for _, size := range []int{1, maxLinearSteps} {
				got, ok := linearOnly(t, p, golden.Texts[i], size)
				if ok && fmt.Sprint(flat(got)) != fmt.Sprint(want) {
					t.Errorf("%q (%s) on %q:\n got %v\nwant %v", c.Pattern, c.Flags, golden.Texts[i], flat(got), want)
				}
			}
		}
	}
	if patterns < 50 {
		t.Errorf("only %d patterns are linear", patterns)
	}
}

// linearOnly searches with Go's regexp, if it may, as if its program had this size.
func linearOnly(t *testing.T, p *Pattern, text string, size int) (Result, bool) {
	t.Helper()
	sort := sortOf(text)
	if !p.hasLinear(sort) {
		return Result{}, false
	}
	program := *p.linear(sort)
	program.size = size
	s := &search{p: p, ctx: context.Background(), text: text, limits: patient.WithDefaults(), deadline: time.Now().Add(time.Minute)}
	s.piece.set(text, 0, DefaultPiece)
	if err := s.goThrough(&program); err != nil {
		t.Error(err)
	}
	return s.result, true
}

func TestRefusedAsPython(t *testing.T) {
	for _, c := range readPythonRE(t).Refused {
		_, err := Compile(c.Pattern, Options{})
		syntax, ok := err.(*SyntaxError)
		if !ok {
			t.Errorf("%q is taken; Python: %s at %d", c.Pattern, c.Message, c.Pos)
			continue
		}
		if strings.Contains(syntax.Text, "not supported") {
			continue
		}
		if c.Pos < 0 { // Python names no position, we may
			syntax.Pos = c.Pos
		}
		if syntax.Pos != c.Pos || syntax.Text != c.Message {
			t.Errorf("%q: %q at %d; Python: %q at %d", c.Pattern, syntax.Text, syntax.Pos, c.Message, c.Pos)
		}
	}
}
