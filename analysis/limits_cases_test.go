package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func limitTold(r *Report, code string) bool {
	return slices.ContainsFunc(r.Problems, func(p FoundProblem) bool { return p.Code == code })
}

// TestIndicatorLimit holds that what is beyond the limit is told, and that one more of a known indicator is none beyond it.
func TestIndicatorLimit(t *testing.T) {
	for _, tt := range []struct {
		n    int
		told bool
	}{{maxIndicators, false}, {maxIndicators + 1, true}} {
		c := NewCollector("ips")
		for i := range tt.n {
			address := fmt.Sprintf("198.18.%d.%d", i/256, i%256)
			c.text(address, Seen{Path: "1", Where: "text"})
		}
		c.text("198.18.0.1", Seen{Path: "2", Where: "text"})
		if got := c.Indicators(); len(got) != maxIndicators || c.Full() != tt.told || (len(got[1].Seen) == 2) == tt.told {
			t.Errorf("%d: %d indicators, full %v, the second seen %v", tt.n, len(got), c.Full(), got[1].Seen)
		}
	}
	a := New(Options{Limits: message.DefaultLimits()})
	a.collector.full = true
	if !limitTold(a.Report(), message.CodeLimitIndicators) {
		t.Error("a full list is not told")
	}
}

// TestPlacesLimit holds how many places and spellings of one indicator are listed.
func TestPlacesLimit(t *testing.T) {
	c := NewCollector("all")
	for i := range 2 * maxSeen {
		spelling := []byte("http://phishing.example/")
		for bit := range 6 { // one spelling for each number
			if i>>bit&1 == 1 {
				spelling[7+bit] -= 'a' - 'A'
			}
		}
		c.text(string(spelling), Seen{Path: fmt.Sprint(i), Where: "text"})
	}
	for _, i := range c.Indicators() {
		if len(i.Seen) != maxSeen || len(i.Forms) > maxSeen || len(i.Forms) == 0 || !slices.IsSorted(i.Forms) || i.Seen[0].Path != "0" {
			t.Errorf("%s: seen %d times, %d forms", i.Value, len(i.Seen), len(i.Forms))
		}
	}
}

// TestLinkLimit holds that the links of a message are cut with a word.
func TestLinkLimit(t *testing.T) {
	for n, told := range map[int]bool{maxLinks: false, maxLinks + 1: true} {
		var markup strings.Builder
		for i := range n {
			fmt.Fprintf(&markup, "<a href=//a.example/%d>", i)
		}
		left := maxText
		m := &Message{Message: Unfold([]byte(htmlMail("links", markup.String())), KindEML, message.DefaultLimits())[0].Message}
		if texts, cut := m.read(&left); len(texts.links) != maxLinks || cut != told {
			t.Errorf("%d: %d links, cut %v", n, len(texts.links), cut)
		}
	}
}

// TestTextLimit holds that no more text is searched than is left, that a character is never cut, and that it is told.
func TestTextLimit(t *testing.T) {
	for left, want := range map[int]string{100: "aä192.0.2.7", 12: "aä192.0.2.7", 3: "aä", 2: "a", 1: "a", 0: ""} {
		m := &Message{Message: Unfold([]byte(plainMail("x", "aä192.0.2.7")), KindEML, message.DefaultLimits())[0].Message}
		rest := left
		texts, cut := m.read(&rest)
		got := ""
		for _, text := range texts.plain {
			got += text.text
		}
		if got != want || cut != (left < 12) || rest < 0 {
			t.Errorf("%d bytes: %q, cut %v, %d left", left, got, cut, rest)
		}
	}
}

// TestRunLimit holds that a run of too many messages still has every email itself, and says what it leaves out.
func TestRunLimit(t *testing.T) {
	a := New(Options{Limits: message.DefaultLimits()})
	a.report.Messages = make([]Found, maxOfRun+1)
	a.Add(soar.Record{ID: "7"}, []byte(report("[Phish Alert] x", textPart("see"), mailPart(phishMail))), KindEML)
	a.Add(soar.Record{ID: "8"}, []byte(phishMail), KindEML)
	r := a.Report()
	if r.Count != maxOfRun+3 || r.Messages[maxOfRun+1].CloudSOARMailID != "7" || r.Messages[maxOfRun+2].CloudSOARMailID != "8" {
		t.Errorf("%d messages", r.Count)
	}
	if len(r.Problems) != 1 || r.Problems[0].Code != message.CodeLimitMessages || r.Problems[0].CloudSOARMailID != "7" {
		t.Errorf("%+v", r.Problems)
	}
}
