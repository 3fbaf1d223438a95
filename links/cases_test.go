package links

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

// TestDocuments reads testdata/html.txt: documents and all of their links.
func TestDocuments(t *testing.T) {
	raw, err := os.ReadFile("testdata/html.txt")
	if err != nil {
		t.Fatal(err)
	}
	n, right, wrong, missed := 0, 0, 0, 0
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		before, after, ok := strings.Cut(line, " => ")
		if !ok {
			t.Fatalf("html.txt:%d: no arrow", i+1)
		}
		markup, err := strconv.Unquote(`"` + strings.ReplaceAll(before, `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("html.txt:%d: %v", i+1, err)
		}
		var want []string
		if after != "" {
			want = strings.Split(after, "; ")
		}
		n++
		var got []string
		for _, l := range InHTML(markup, "https://base.example/d/") {
			got = append(got, shown(l))
		}
		for _, g := range got {
			if slices.Contains(want, g) {
				right++
			} else {
				wrong++
			}
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				missed++
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("html.txt:%d %s:\n got %q\nwant %q", i+1, markup, got, want)
		}
	}
	if n < 120 {
		t.Errorf("%d cases", n)
	}
	if *scored {
		fmt.Printf("links: %d documents, %d links; precision %.2f %%, recall %.2f %%\n", n, right+missed,
			100*float64(right)/float64(right+wrong), 100*float64(right)/float64(right+missed))
	}
}

func shown(l Link) string {
	s := l.Source
	if l.Click {
		s += "+"
	}
	if l.Remark != "" {
		s += "?"
	}
	return s + " " + l.Address()
}

func TestInText(t *testing.T) {
	for text, want := range map[string]string{
		"see https://e.example/a_b. (http://f.example)": "https://e.example/a_b http://f.example/",
		"www.e.com/x?y": "http://www.e.com/x?y",
		"[pay](https://a.example)[mail](mailto:x@b.example)": "https://a.example/",
		"hxxps://e[.]example/x":                              "https://e.example/x",
		"https://bücher.example/x":                           "https://xn--bcher-kva.example/x",
		"https://3232235777/x":                               "https://192.168.1.1/x",
		"https://e。example/x":                                "https://e.example/x",
		"nothing":                                            "",
	} {
		var got []string
		for _, l := range InText(text) {
			if l.Click == strings.HasPrefix(text, "hxxp") || l.Click != (l.Remark == "") || l.Source != "text" || l.Target == "" {
				t.Errorf("%+v", l)
			}
			got = append(got, l.URL)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
