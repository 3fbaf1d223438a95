package ingest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// TestAudit is a folder with one email of each fate.
func TestAudit(t *testing.T) {
	p := newPlatform(t, newBox("held", "twice held", "held", "spam", "never read", "read by a person", "empty", "withheld"))
	p.options.Filter, p.options.Log = &filters.Filter{}, discard
	s := &scene{o: p.options, box: p.folder, store: p.store}
	s.holds(7, 1, false)
	s.holds(7, 2, false)
	s.holds(7, 2, false)
	s.seen(1, 2, 3, 6)
	p.folder.find(7).outcome, p.folder.find(8).outcome = mailbox.Empty, mailbox.Missing
	var err error
	if p.options.Filter, err = filters.Compile(filters.Spec{NotSubject: []string{"spam"}}); err != nil {
		t.Fatal(err)
	}
	looked := 0
	p.options.Progress = func(done, total int) { looked = done }
	a, err := RunAudit(t.Context(), p.options, p.folder, p.store)
	if err != nil {
		t.Fatal(err)
	}
	want := &Audit{
		MailboxAccount: p.options.Account, Folder: "INBOX", UIDValidity: 7, Messages: 8, InStore: 2, NotTakenYet: 1, Records: 3,
		Missing: []Finding{
			{UID: 5, Subject: "never read", Reason: "not taken yet: it is unread, and the next run takes it"},
			{UID: 6, Subject: "read by a person", Reason: "marked as read and not in the store: read by somebody before it was taken, refused by Cloud SOAR, or older than the first run"},
			{UID: 7, Reason: emptySentence},
			{UID: 8, Reason: emptySentence},
		},
		Doubled:      []Doubled{{SourceKey: sourceKey(p.options.Account, p.folder.find(2).raw()), IDs: []soar.ID{"2", "3"}}},
		LeftOut:      []Excluded{{4, "not_subject"}},
		SecondCopies: []Copy{{UID: 3, FirstAt: 1}},
		Vanished:     []mailbox.UID{},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	if looked != 8 {
		t.Errorf("the progress ends at %d", looked)
	}
	if p.folder.find(5).seen || len(p.store.saves) > 0 {
		t.Error("an audit changes nothing")
	}
}

func TestAuditIsSound(t *testing.T) {
	for _, row := range []struct {
		a            Audit
		sound, exact bool
	}{
		{Audit{}, true, true},
		{Audit{Missing: make([]Finding, 2), NotTakenYet: 2}, true, false},
		{Audit{Missing: make([]Finding, 2), NotTakenYet: 1}, false, false},
		{Audit{Doubled: make([]Doubled, 1)}, false, false},
		{Audit{SecondCopies: make([]Copy, 1), LeftOut: make([]Excluded, 1), Vanished: make([]mailbox.UID, 1)}, true, true},
	} {
		if row.a.Sound(false) != row.sound || row.a.Sound(true) != row.exact {
			t.Errorf("%+v: sound %t, strictly %t", row.a, row.a.Sound(false), row.a.Sound(true))
		}
	}
}

// TestAuditReadsAllPages: more records than a page has, and a page that shifts
// while emails are saved gives a record twice.
func TestAuditReadsAllPages(t *testing.T) {
	p := newPlatform(t, newBox(subjects(250)...))
	s := &scene{o: p.options, box: p.folder, store: p.store}
	for _, i := range p.folder.items {
		s.holds(7, i.uid, false)
	}
	s.store.records = slices.Insert(s.store.records, 100, s.store.records[99])
	p.options.Filter, p.options.Log = &filters.Filter{}, discard
	a, err := RunAudit(t.Context(), p.options, p.folder, p.store)
	if err != nil || a.InStore != 250 || a.Records != 251 || !a.Sound(true) {
		t.Errorf("in the store %d, records %d, doubled %v, %v", a.InStore, a.Records, a.Doubled, err)
	}
	p.store.fault = func(string) error { return errFault }
	if _, err := RunAudit(t.Context(), p.options, p.folder, p.store); err == nil {
		t.Error("a store that cannot be listed is no error")
	}
	p.store.fault, p.folder.fault = nil, func(call string) error {
		if call == "fetch" {
			return errFault
		}
		return nil
	}
	if _, err := RunAudit(t.Context(), p.options, p.folder, p.store); err == nil {
		t.Error("an audit that saw nothing is no error")
	}
}

var _ Searcher = (*shelf)(nil)
