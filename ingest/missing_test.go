package ingest

import (
	"slices"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
)

func TestCheckpointRemembersWhatDidNotCome(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	all := func(mailbox.UID) bool { return true }
	c := &checkpoint{scope: scopeOf("a@x.example", "INBOX"), uidValidity: 7, last: 4, passed: allPassed()}
	c.miss(5, now)
	c.advance(6, func(uid mailbox.UID) bool { return uid != 5 })
	for uid := mailbox.UID(7); uid < 3000; uid += 500 {
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
	for uid := mailbox.UID(2 * maxMissing); uid > 0; uid-- {
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
	c.settleGone(func(uid mailbox.UID) bool { return uid%2 == 0 })
	if len(c.missing) != maxMissing/2 {
		t.Errorf("%d are left", len(c.missing))
	}
}

func TestParseMissedRefusesNonsense(t *testing.T) {
	good := appendMissed(nil, []missed{{1, 2, 3}, {4, 5, 6}})
	if list, whole := parseMissed(good); !whole || len(list) != 2 || list[1] != (missed{4, 5, 6}) {
		t.Errorf("%v, %v", list, whole)
	}
	for name, b := range map[string][]byte{
		"cut":        good[:len(good)-1],
		"descending": appendMissed(nil, []missed{{4, 0, 0}, {1, 0, 0}}),
		"twice":      appendMissed(nil, []missed{{4, 0, 0}, {4, 0, 0}}),
		"too many":   make([]byte, (maxMissing+1)*missedSize),
	} {
		if _, whole := parseMissed(b); whole {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestWithheldComesLater: what did not come is asked for again, whatever came meanwhile.
func TestWithheldComesLater(t *testing.T) {
	for name, set := range map[string]func(*Options){
		"unseen":              func(*Options) {},
		"unseen, no marks":    func(o *Options) { o.MarkAsSeen = false },
		"from the checkpoint": func(o *Options) { o.FetchType = FromLatest },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, newBox("first"))
			set(&p.options)
			p.expect(filters.Spec{}, "saved first")
			p.folder.deliver("a")
			late := p.folder.deliver("late")
			p.folder.deliver("b")
			late.outcome = mailbox.Missing
			p.expect(filters.Spec{}, "saved a", "saved b")
			p.logged("not_given=1")
			p.folder.deliver("c")
			p.expect(filters.Spec{}, "saved c")
			late.outcome = mailbox.Whole
			p.expect(filters.Spec{}, "saved late")
			p.expect(filters.Spec{})
		})
	}
}

// TestWithheldByTheStore: the next run starts behind the newest email in the
// store, so nothing behind one that did not come may be saved.
func TestWithheldByTheStore(t *testing.T) {
	p := newPlatform(t, newBox("a", "late", "b"))
	p.options.FetchType, p.forgets = FromLatest, true
	p.folder.find(2).outcome = mailbox.Missing
	p.expect(filters.Spec{}, "saved a")
	p.logged("nothing behind this email is taken", "not_reached=1")
	p.folder.find(2).outcome = mailbox.Whole
	p.expect(filters.Spec{}, "saved late", "saved b")
}

// TestWithheldForGood: five runs over a day, and it fails with the fields of its header.
func TestWithheldForGood(t *testing.T) {
	p := newPlatform(t, newBox("a"))
	p.options.FetchType = FromLatest
	now := today
	p.options.Now = func() time.Time { return now }
	p.expect(filters.Spec{}, "saved a")
	p.folder.deliver("never").outcome = mailbox.Missing
	p.folder.deliver("b")
	p.expect(filters.Spec{}, "saved b")
	for n := range 5 { // the last one after 23 hours, with five runs
		now = today.Add(time.Duration(n+1)*4*time.Hour + 3*time.Hour)
		p.folder.deliver(string(rune('c' + n)))
		p.expect(filters.Spec{}, "saved "+string(rune('c'+n)))
	}
	now = today.Add(24 * time.Hour)
	p.expect(filters.Spec{}, "failed ")
	if o := p.given[len(p.given)-1]; o.UID != 2 || o.Problems[len(o.Problems)-1].Code != message.CodeEmptyContent {
		t.Errorf("UID %d, problems %v", o.UID, o.Problems)
	}
	p.expect(filters.Spec{})
}

// TestTooManyWithheld: a checkpoint has places for so many; the run ends before it would pass one more.
func TestTooManyWithheld(t *testing.T) {
	names := subjects(maxMissing + 10)
	p := newPlatform(t, newBox(names[0]))
	p.options.FetchType = FromLatest
	p.expect(filters.Spec{}, "saved m001")
	for _, s := range names[1:] {
		p.folder.deliver(s)
	}
	for _, i := range p.folder.items[1 : len(p.folder.items)-1] {
		i.outcome = mailbox.Missing
	}
	p.expect(filters.Spec{})
	p.logged("not_given=101", "not_reached=8")
	for _, i := range p.folder.items {
		i.outcome = mailbox.Whole
	}
	got, err := p.run(filters.Spec{})
	if err != nil || len(got) != maxMissing+9 {
		t.Errorf("%d come in the next run, %v; want all that are left", len(got), err)
	}
}
