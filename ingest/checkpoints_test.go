package ingest

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

// folderState is the checkpoint of the n-th of many folders.
func folderState(n int, last mailbox.UID, passed *big.Int, missing ...missed) *checkpoint {
	return &checkpoint{
		scope: scopeOf("soc@corp.example", fmt.Sprint("folder ", n)), uidValidity: 1_700_000_000 + uint32(n), last: last,
		received: time.Unix(1_790_000_000, 0).UTC(), passed: passed, missing: missing,
	}
}

// holes is a window in which these bits are gaps.
func holes(bits ...int) *big.Int {
	w := allPassed()
	for _, b := range bits {
		w.SetBit(w, b, 0)
	}
	return w
}

func sameState(t *testing.T, got, want *checkpoint) {
	t.Helper()
	if got == nil || got.String() != want.String() {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSeveralRoundTrip(t *testing.T) {
	for name, s := range map[string]several{
		"none":           {},
		"one":            {folderState(1, 7, allPassed())},
		"a new folder":   {folderState(1, 0, new(big.Int))},
		"gaps":           {folderState(1, 5000, holes(0, 1, 2, 500, 999)), folderState(2, 1<<32-1, holes(998))},
		"did not come":   {folderState(1, 90, holes(3), missed{uid: 87, since: 1_790_000_000, runs: 4}, missed{uid: 1<<32 - 1, since: 1, runs: 255})},
		"without a time": {{scope: scopeOf("a", "b"), uidValidity: 1, last: 2, passed: allPassed()}},
	} {
		got, err := parseSeveral(s.String())
		if err != nil || len(got) != len(s) {
			t.Errorf("%s: %v, %d", name, err, len(got))
			continue
		}
		for i := range s {
			sameState(t, got[i], s[i])
		}
	}
}

// TestSeveralHasRoom fills the text in every way at once: it stays within what is
// read again, no email that did not come is forgotten, and no window claims a gap that is none.
func TestSeveralHasRoom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s several
	for n := range MaxFolders + 5 {
		w := allPassed()
		for range 400 {
			w.SetBit(w, random.IntN(window), 0)
		}
		c := folderState(n, 1<<32-1-mailbox.UID(n), w)
		for len(c.missing) < s.missingRoom(c) && len(c.missing) < 60 {
			c.missing = append(c.missing, missed{uid: 1<<32 - 1000 + mailbox.UID(len(c.missing)), since: 1<<32 - 1, runs: 9})
		}
		s = append(s, c)
	}
	text := s.String()
	if len(text) > maxCheckpoint {
		t.Fatalf("%d bytes", len(text))
	}
	got, err := parseSeveral(text)
	if err != nil || len(got) != MaxFolders {
		t.Fatalf("%d, %v", len(got), err)
	}
	missing := 0
	for i, c := range got {
		missing += len(c.missing)
		if len(c.missing) != len(s[i].missing) || c.last != s[i].last || c.uidValidity != s[i].uidValidity {
			t.Errorf("folder %d: %d missing of %d", i, len(c.missing), len(s[i].missing))
		}
		if new(big.Int).Or(c.passed, s[i].passed).Cmp(c.passed) != 0 {
			t.Errorf("folder %d: a UID that was passed is none any more", i)
		}
	}
	if missing < 20 {
		t.Errorf("only %d emails that did not come have room", missing)
	}
}

func TestSeveralTrimsTheOldestGaps(t *testing.T) {
	windows := [][]byte{runLengths(holes(1, 5, 9)), runLengths(holes(4))}
	trimWindows(windows, 4)
	for i, want := range []*big.Int{holes(1), holes(4)} {
		if got, ok := fromRunLengths(windows[i]); !ok || got.Cmp(want) != 0 {
			t.Errorf("window %d: %v", i, got)
		}
	}
}

func TestSeveralWith(t *testing.T) {
	a, b := folderState(1, 1, allPassed()), folderState(2, 1, allPassed())
	moved := folderState(1, 9, allPassed())
	s := several{a, b}
	got := s.with(moved).with(folderState(3, 3, allPassed()))
	if len(got) != 3 || got.of(a.scope).last != 9 || got[2].last != 3 || s.of(a.scope).last != 1 {
		t.Errorf("%v, before %v", got, s)
	}
}

func FuzzParseSeveral(f *testing.F) {
	f.Add(several{folderState(1, 5000, holes(0, 1, 500)), folderState(2, 3, allPassed(), missed{1, 2, 3})}.String())
	f.Add("cp2.")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSeveral(text)
		if err != nil {
			return
		}
		again, err := parseSeveral(s.String())
		if err != nil || len(again) != len(s) {
			t.Fatalf("%v", err)
		}
		for i := range s {
			if again[i].last != s[i].last || len(again[i].missing) != len(s[i].missing) {
				t.Errorf("entry %d changed", i)
			}
		}
	})
}
