package indicators

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// scored is set by make indicators, which prints the figures.
var scored = flag.Bool("indicators.score", false, "print precision and recall")

type foundCase struct {
	line int
	text string
	want []string
}

func readCases(t *testing.T, name string) []foundCase {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var cases []foundCase
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		before, after, ok := strings.Cut(line, " =>")
		if !ok {
			t.Fatalf("%s:%d: no arrow", name, i+1)
		}
		c := foundCase{line: i + 1, text: unescape(t, before)}
		for one := range strings.SplitSeq(after, "; ") {
			if one = strings.TrimSpace(one); one != "" {
				c.want = append(c.want, unescape(t, one))
			}
		}
		cases = append(cases, c)
	}
	return cases
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	// A quote behind a backslash is the text's own: \\" is a backslash and a quote.
	plain, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return plain
}

// sentences are what cases by the hundred are made of: an indicator of [lone] in an ordinary sentence.
var sentences = []string{
	"Please see %s for details.", "Blocked (%s) today", "- %s\n- done", "> %s\n", "Добавьте %s, пожалуйста", "请看“%s”。", "IOC: %s;", "%s?", "\"%s\",", "…%s…", "1. %s\r\n2. x", "*%s*",
}

// TestCases holds that precision and recall are 100 % on the tables: what must be found is, and nothing else.
func TestCases(t *testing.T) {
	cases := readCases(t, "testdata/found.txt")
	for _, sentence := range sentences {
		for _, one := range lone {
			cases = append(cases, foundCase{text: fmt.Sprintf(sentence, one.text), want: strings.Split(one.want, ", ")})
		}
	}
	var right, wrong, missed int
	for _, c := range cases {
		var got []string
		for _, i := range Indicators(c.text) {
			got = append(got, i.Type+" "+i.Value)
		}
		for _, g := range got {
			if slices.Contains(c.want, g) {
				right++
			} else {
				wrong++
			}
		}
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				missed++
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("found.txt:%d %q:\n got %q\nwant %q", c.line, c.text, got, c.want)
		}
	}
	if len(cases) < 600 {
		t.Errorf("%d cases", len(cases))
	}
	if *scored {
		fmt.Printf("indicators: %d cases, %d indicators; precision %.2f %%, recall %.2f %%\n", len(cases), right+missed,
			100*float64(right)/float64(right+wrong), 100*float64(right)/float64(right+missed))
	}
}
