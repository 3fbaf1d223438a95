package ingest

import (
	"slices"
	"testing"
	"time"
)

func TestCheckpointRemembersWhatDidNotCome(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	all := func(uint32) bool { return true }
	c := &checkpoint{scope: scopeOf("a@x.example", "INBOX"), uidValidity: 7, last: 4, passed: allPassed()}
	c.miss(5, now)
	c.advance(6, func(uid uint32) bool { return uid != 5 })
	for uid := uint32(7); uid < 3000; uid += 500 {
		c.advance(uid, all)
	}
	again, err := parseCheckpoint(c.String(), c.scope)
	if err != nil {
		t.Fatal(err)
	}
	if again.covers(5) || !again.covers(6) || !again.covers(1) || again.covers(3000) {
		t.Errorf("covers 5 %v, 6 %v, 1 %v, 3000 %v", again.covers(5), again.covers(6), again.covers(1), again.covers(3000))
	}
	if again.lowest() != 5 {
		t.Errorf("the lowest UID to look at is %d", again.lowest())
	}
	if m, ok := again.missed(5); !ok || m.runs != 1 || !time.Unix(int64(m.since), 0).Equal(now) {
		t.Errorf("%+v", m)
	}
	again.advance(5, all)
	if !again.covers(5) || len(again.missing) != 0 {
		t.Error("it came, and is still missing")
	}
}

func TestMissingFailsAfterRunsAndTime(t *testing.T) {
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		runs int
		at   time.Duration
		due  bool
	}{{1, 48 * time.Hour, false}, {5, time.Hour, false}, {4, 25 * time.Hour, false}, {5, 24 * time.Hour, true}, {300, 48 * time.Hour, true}} {
		c := &checkpoint{passed: allPassed()}
		for n := range tc.runs {
			c.miss(5, start.Add(time.Duration(n)*time.Second))
		}
		if m, _ := c.missed(5); m.due(start.Add(tc.at)) != tc.due {
			t.Errorf("after %d runs and %v: %+v", tc.runs, tc.at, m)
		}
	}
}

func TestCheckpointStaysShort(t *testing.T) {
	c := &checkpoint{scope: scopeOf("a@x.example", "INBOX"), uidValidity: 7, passed: allPassed()}
	for uid := uint32(2 * maxMissing); uid > 0; uid-- {
		if noted := c.miss(uid, time.Now()); noted != (uid > maxMissing) {
			t.Fatalf("UID %d: noted %v with %d in the list", uid, noted, len(c.missing))
		}
	}
	if text := c.String(); len(text) > maxCheckpoint {
		t.Errorf("%d bytes", len(text))
	}
	if !slices.IsSortedFunc(c.missing, func(a, b missed) int { return int(int64(a.uid) - int64(b.uid)) }) {
		t.Error("not ascending")
	}
	c.settleGone(func(uid uint32) bool { return uid%2 == 0 })
	if len(c.missing) != maxMissing/2 {
		t.Errorf("%d are left", len(c.missing))
	}
}

func TestParseMissedRefusesNonsense(t *testing.T) {
	good := appendMissed(nil, []missed{{1, 2, 3}, {4, 5, 6}})
	if list, err := parseMissed(good); err != nil || len(list) != 2 || list[1] != (missed{4, 5, 6}) {
		t.Errorf("%v, %v", list, err)
	}
	for name, b := range map[string][]byte{
		"cut":        good[:len(good)-1],
		"descending": appendMissed(nil, []missed{{4, 0, 0}, {1, 0, 0}}),
		"twice":      appendMissed(nil, []missed{{4, 0, 0}, {4, 0, 0}}),
		"too many":   make([]byte, (maxMissing+1)*missedSize),
	} {
		if _, err := parseMissed(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
