package ingest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// scene is a folder and a store as earlier runs left them.
type scene struct {
	o     Options
	box   *box
	store *shelf
}

func (s *scene) checkpoint(validity uint32, last mailbox.UID, gaps ...mailbox.UID) {
	c := checkpoint{scope: scopeOf(s.o.Account, s.o.Folder), uidValidity: validity, last: last, passed: allPassed(), received: today.AddDate(0, 0, -1)}
	for _, g := range gaps {
		c.passed.SetBit(c.passed, int(last-g), 0)
	}
	s.o.Checkpoint = c.String()
}

// holds puts a record of the folder's email into the store.
func (s *scene) holds(validity uint32, uid mailbox.UID, pending bool) {
	i := s.box.find(uid)
	r := soar.Record{Metadata: soar.Metadata{SourceKey: sourceKey(s.o.Account, i.raw())}}
	r.ID, r.UID, r.UIDValidity, r.Subject, r.ReceivedAt = idOf(len(s.store.records)+1), uid, validity, i.subject, soar.Timestamp(i.at)
	s.store.records = append(s.store.records, r)
	if pending {
		s.store.pending[r.SourceKey] = true
	}
}

func (s *scene) seen(uids ...mailbox.UID) {
	for _, uid := range uids {
		s.box.find(uid).seen = true
	}
}

// TestPlan is which emails are due: six from UID 1 on, unread and of today, unless a row says otherwise.
func TestPlan(t *testing.T) {
	for _, row := range []struct {
		name  string
		set   func(*scene)
		mode  string
		uids  []mailbox.UID
		skips bool // what the store knows is not handed over again
		looks bool // each is looked up by its key
		err   string
	}{
		{name: "unseen", set: func(s *scene) { s.seen(1, 4) }, mode: "unseen", uids: []mailbox.UID{2, 3, 5, 6}},
		{name: "unseen ignores a checkpoint", set: func(s *scene) { s.checkpoint(7, 6) }, mode: "unseen", uids: []mailbox.UID{1, 2, 3, 4, 5, 6}},
		{name: "no UIDVALIDITY, unseen", set: func(s *scene) { s.box.validity = 0 }, mode: "unseen", uids: []mailbox.UID{1, 2, 3, 4, 5, 6}},
		{name: "no UIDVALIDITY, from latest", set: func(s *scene) { s.box.validity, s.o.FetchType = 0, FromLatest }, err: "UIDVALIDITY"},
		{name: "no UIDVALIDITY, no marks", set: func(s *scene) { s.box.validity, s.o.MarkAsSeen = 0, false }, err: "mark_as_seen to true"},
		{name: "no marks, no checkpoint", set: func(s *scene) { s.o.MarkAsSeen = false; s.seen(2) }, mode: "unseen, no checkpoint", uids: []mailbox.UID{1, 3, 4, 5, 6}},
		{name: "no marks, after the checkpoint", set: func(s *scene) { s.o.MarkAsSeen = false; s.checkpoint(7, 4, 2); s.seen(5) }, mode: "after the checkpoint", uids: []mailbox.UID{2, 6}},
		{name: "after the checkpoint", set: func(s *scene) { s.o.FetchType = FromLatest; s.checkpoint(7, 4); s.seen(5) }, mode: "after the checkpoint", uids: []mailbox.UID{5, 6}},
		{name: "a gap below it", set: func(s *scene) { s.o.FetchType = FromLatest; s.checkpoint(7, 4, 3, 1) }, mode: "after the checkpoint", uids: []mailbox.UID{1, 3, 5, 6}},
		{name: "nothing new", set: func(s *scene) { s.o.FetchType = FromLatest; s.checkpoint(7, 6) }, mode: "after the checkpoint"},
		{name: "an unreadable checkpoint", set: func(s *scene) { s.o.FetchType, s.o.Checkpoint = FromLatest, "cp1.x" }, mode: "first run: unseen", uids: []mailbox.UID{1, 2, 3, 4, 5, 6}, skips: true},
		{name: "a checkpoint of another folder", set: func(s *scene) {
			s.o.FetchType, s.o.Folder = FromLatest, "Other"
			s.checkpoint(7, 4)
			s.o.Folder = "INBOX"
		}, mode: "first run: unseen", uids: []mailbox.UID{1, 2, 3, 4, 5, 6}, skips: true},
		{name: "the very first run", set: func(s *scene) { s.o.FetchType = FromLatest; s.seen(1, 2, 3) }, mode: "first run: unseen", uids: []mailbox.UID{4, 5, 6}, skips: true},
		{name: "by the store", set: func(s *scene) { s.o.FetchType = FromLatest; s.holds(7, 2, false); s.holds(7, 3, false); s.seen(4) }, mode: "after the newest email in Cloud SOAR", uids: []mailbox.UID{4, 5, 6}, skips: true},
		{name: "UIDVALIDITY changed, by the checkpoint", set: func(s *scene) {
			s.o.FetchType = FromLatest
			s.checkpoint(6, 400)
			s.box.find(1).at = today.AddDate(0, 0, -30)
		}, mode: "by date", uids: []mailbox.UID{2, 3, 4, 5, 6}, skips: true, looks: true},
		{name: "UIDVALIDITY changed, by the store", set: func(s *scene) {
			s.o.FetchType = FromLatest
			s.holds(6, 5, false)
			s.box.find(1).at, s.box.find(2).at = today.AddDate(0, 0, -9), today.AddDate(0, 0, -6)
		}, mode: "by date", uids: []mailbox.UID{2, 3, 4, 5, 6}, skips: true, looks: true},
		{name: "UIDVALIDITY changed, no marks", set: func(s *scene) { s.o.MarkAsSeen = false; s.checkpoint(6, 400); s.seen(3) }, mode: "by date", uids: []mailbox.UID{1, 2, 4, 5, 6}, skips: true, looks: true},
		{name: "named", set: func(s *scene) {
			s.o.UIDs = []UIDRange{{5, 9}, {2, 2}, {40, 50}}
			s.seen(2, 5)
			s.checkpoint(7, 6)
		}, mode: "by UID", uids: []mailbox.UID{2, 5, 6}},
		{name: "the store cannot be asked", set: func(s *scene) {
			s.o.FetchType = FromLatest
			s.store.fault = func(string) error { return errFault }
		}, err: "newest"},
		{name: "what is pending cannot be asked for", set: func(s *scene) {
			s.o.FetchType = FromLatest
			s.store.fault = func(call string) error {
				if call == "pending" {
					return errFault
				}
				return nil
			}
		}, err: "fault"},
		{name: "the folder cannot be searched", set: func(s *scene) { s.box.fault = func(string) error { return errFault } }, err: "fault"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &scene{o: Options{Account: "soc@corp.example", Folder: "INBOX", MarkAsSeen: true, Filter: &filters.Filter{}, Log: discard}, box: newBox(subjects(6)...), store: newShelf()}
			row.set(s)
			l := planner{s.o, s.box, s.store}
			p, err := l.makePlan(t.Context())
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Errorf("error %v, want one with %q", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.mode != row.mode || !slices.Equal(p.uids, row.uids) || p.skip != row.skips || p.lookup != row.looks {
				t.Errorf("%s: %v, skips %t, looks up %t", p.mode, p.uids, p.skip, p.lookup)
			}
		})
	}
}

// TestPlanPending: what an earlier run saved and never handed over comes first, and once.
func TestPlanPending(t *testing.T) {
	p := newPlatform(t, newBox("a", "b", "c"))
	p.options.FetchType, p.forgets = FromLatest, true
	p.store.fault = func(call string) error {
		if call == "handed over" {
			return errFault
		}
		return nil
	}
	if got, err := p.run(filters.Spec{}); len(got) != 3 || !errors.Is(err, errFault) {
		t.Fatalf("%q, %v", got, err)
	}
	p.store.fault = nil
	p.folder.deliver("d")
	p.options.MaxMessages = 2
	p.expect(filters.Spec{}, "existed a", "existed b")
	p.options.MaxMessages = 0
	p.expect(filters.Spec{}, "existed c", "saved d")
	p.expect(filters.Spec{})
}

// TestPlanNarrows: the server is asked for the filters where search_mode or many candidates say so.
func TestPlanNarrows(t *testing.T) {
	few, many := newBox(subjects(3)...), newBox(subjects(headerChunk+1)...)
	for _, row := range []struct {
		name   string
		mode   SearchMode
		box    *box
		substr bool
		asked  int // how many searches had the filters in them
	}{
		{"few, auto", Auto, few, true, 0},
		{"many, auto", Auto, many, true, 1},
		{"many, auto, the server finds words only", Auto, many, false, 0},
		{"few, at the server", Server, few, true, 1},
		{"many, here", Local, many, true, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.box.searched, row.box.substr = nil, row.substr
			f, err := filters.Compile(filters.Spec{Subject: []string{"m"}})
			if err != nil {
				t.Fatal(err)
			}
			l := planner{Options{MarkAsSeen: true, SearchMode: row.mode, Filter: f, Log: discard}, row.box, newShelf()}
			if _, err := l.makePlan(t.Context()); err != nil {
				t.Fatal(err)
			}
			asked := 0
			for _, c := range row.box.searched {
				if len(c.Query) > 0 {
					asked++
				}
			}
			if asked != row.asked {
				t.Errorf("asked %d times, want %d: %+v", asked, row.asked, row.box.searched)
			}
		})
	}
}

// TestServerFindsNothing: where the server's search finds none of the emails that are due, the log
// says how many there were, for the server may search in another way than the filters do.
func TestServerFindsNothing(t *testing.T) {
	for name, row := range map[string]struct {
		mode  SearchMode
		box   *box
		named bool
	}{
		"none of three": {Server, newBox("a", "b", "c"), true}, "none of none": {Server, newBox(), false}, "decided here": {Local, newBox("a"), false},
	} {
		f, err := filters.Compile(filters.Spec{Subject: []string{"m"}})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		row.box.blind = true
		l := planner{Options{MarkAsSeen: true, SearchMode: row.mode, Filter: f, Log: slog.New(slog.NewTextHandler(&log, nil))}, row.box, newShelf()}
		if _, err := l.makePlan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if named := strings.Contains(log.String(), "set search_mode to auto") && strings.Contains(log.String(), "emails=3"); named != row.named {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}

func TestCandidatesAreThoseWithoutFilters(t *testing.T) {
	b := newBox(subjects(4)...)
	b.find(2).seen = true
	f, err := filters.Compile(filters.Spec{Subject: []string{"no email has this"}})
	if err != nil {
		t.Fatal(err)
	}
	uids, err := Candidates(t.Context(), Options{MarkAsSeen: true, SearchMode: Server, Filter: f, Log: discard}, b, nil)
	if err != nil || !slices.Equal(uids, []mailbox.UID{1, 3, 4}) {
		t.Errorf("%v, %v", uids, err)
	}
}

// TestDryRunChangesNothing, and shows what the run after it does.
func TestDryRunChangesNothing(t *testing.T) {
	p := newPlatform(t, newBox("a", "b", "c"))
	p.options.MaxMessages = 1
	p.expect(filters.Spec{}, "saved a")
	p.folder.find(1).seen = false
	p.options.MaxMessages, p.options.DryRun = 0, true
	p.expect(filters.Spec{}, "existed a", "saved b", "saved c")
	if len(p.store.records) != 1 || len(p.store.saves) != 1 || p.folder.find(2).seen {
		t.Errorf("%d records, %d saves, marked %t", len(p.store.records), len(p.store.saves), p.folder.find(2).seen)
	}
	for _, o := range p.given[1:] {
		if o.CloudSOARMailID != "" || o.Checkpoint != "" {
			t.Errorf("a dry run shows the id %q and the checkpoint %q", o.CloudSOARMailID, o.Checkpoint)
		}
	}
	p.options.DryRun = false
	p.expect(filters.Spec{}, "existed a", "saved b", "saved c")
}

func TestOutlive(t *testing.T) {
	cause := errors.New("asked to end")
	ctx, stop := context.WithCancelCause(t.Context())
	longer, end := Outlive(ctx, time.Millisecond)
	defer end()
	forever, endForever := Outlive(ctx, time.Hour)
	stop(cause)
	<-longer.Done()
	if !errors.Is(context.Cause(longer), cause) {
		t.Errorf("it ends with %v", context.Cause(longer))
	}
	if forever.Err() != nil {
		t.Error("it ended before its time")
	}
	endForever()
	if forever.Err() == nil {
		t.Error("it goes on after its end")
	}
}
