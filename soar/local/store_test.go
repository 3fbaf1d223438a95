package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

const account, inbox = "soc@corp.example", "INBOX"

// newStore opens a fresh store.
func newStore(t testing.TB) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "soar.db"), Options{})
}

func open(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// draft is an email of the account's inbox.
func draft(uid message.UID, raw string) *soar.Draft {
	sum := sha256.Sum256([]byte(raw))
	return &soar.Draft{Raw: []byte(raw), Metadata: soar.Metadata{SourceKey: hex.EncodeToString(sum[:]), Mail: soar.Mail{
		MailboxAccount: account, Folder: inbox, UIDValidity: 7, UID: uid,
		MessageID: fmt.Sprintf("m%d@corp.example", uid), Subject: fmt.Sprintf("mail %d", uid), From: "Alice@one.example",
		ReceivedAt: time.Date(2026, 9, int(uid%28)+1, 12, 0, 0, 0, time.UTC).Format(time.RFC3339),
		Size:       int64(len(raw)),
	}}}
}

func save(t testing.TB, s *Store, drafts ...*soar.Draft) []soar.Saved {
	t.Helper()
	saved, err := s.Save(context.Background(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func ids(records []soar.Record) []int64 {
	all := []int64{}
	for _, r := range records {
		n, _ := r.ID.Number()
		all = append(all, n)
	}
	return all
}

func TestSaveKeepsEveryByte(t *testing.T) {
	s := newStore(t)
	d := draft(3, "Subject: x\r\n\r\n\x00\xff\r\n")
	d.InReplyTo, d.References, d.To = "a@b", "c@d e@f", "x@y, z@y"
	d.BodyText, d.BodyHTML = "NUL \x00 and 名", "<p>ä</p>"
	d.Headers = soar.Headers{{Name: "Z", Values: []string{"1", "2"}}, {Name: "A", Values: []string{"<&>"}}}
	d.Attachments = []message.Attachment{{Filename: "../x", Size: 4, Part: "2"}}
	d.Problems = []message.Problem{{Code: "two_from", Detail: "\u2028"}}
	d.BodyTruncated = true
	if got := save(t, s, d); !reflect.DeepEqual(got, []soar.Saved{{ID: "1"}}) {
		t.Fatalf("saved: %+v", got)
	}
	got, err := s.Get(context.Background(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339, got.CreatedAt); err != nil || !strings.HasSuffix(got.CreatedAt, "Z") {
		t.Errorf("created_at: %q", got.CreatedAt)
	}
	if !reflect.DeepEqual(got.Metadata, d.Metadata) || got.ID != "1" || got.Discarded {
		t.Errorf("record\n got %+v\nwant %+v", got, d.Metadata)
	}
	raw, err := s.EML(context.Background(), "1", 0)
	if err != nil || !bytes.Equal(raw, d.Raw) {
		t.Errorf("raw: %q, %v", raw, err)
	}
	byKey, found, err := s.ByKey(context.Background(), d.SourceKey)
	if err != nil || !found || byKey.ID != "1" {
		t.Errorf("by key: %+v %v %v", byKey, found, err)
	}
	if _, found, err = s.ByKey(context.Background(), "none"); found || err != nil {
		t.Errorf("unknown key: %v %v", found, err)
	}
}

func TestSaveOnceWithoutGaps(t *testing.T) {
	s := newStore(t)
	a, b, c := draft(1, "a"), draft(2, "b"), draft(3, "c")
	save(t, s, a)
	got := save(t, s, b, a, b, c)
	want := []soar.Saved{{ID: "2"}, {ID: "1", Existed: true}, {ID: "2", Existed: true}, {ID: "3"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("saved\n got %+v\nwant %+v", got, want)
	}
	if known, err := s.Known(context.Background(), soar.Candidates{}); known != nil || err != nil {
		t.Errorf("known: %v, %v", known, err)
	}
}

func TestContentSizes(t *testing.T) {
	s := newStore(t)
	for i, n := range []int{0, 1, packing.ChunkSize - 1, packing.ChunkSize, packing.ChunkSize + 1, 3*packing.ChunkSize + 17} {
		d := draft(message.UID(i), strings.Repeat("x", n))
		id := save(t, s, d)[0].ID
		raw, err := s.EML(context.Background(), id, int64(n))
		if err != nil || !bytes.Equal(raw, d.Raw) {
			t.Errorf("%d bytes: got %d, %v", n, len(raw), err)
		}
		if n == 0 {
			continue
		}
		if _, err := s.EML(context.Background(), id, int64(n)-1); n > 1 && (err == nil || !strings.Contains(err.Error(), fmt.Sprint(id))) {
			t.Errorf("%d bytes over the limit: %v", n, err)
		}
	}
	none := draft(99, "none")
	none.Raw = nil
	id := save(t, s, none)[0].ID
	if _, err := s.EML(context.Background(), id, 0); !errors.Is(err, soar.ErrNoContent) || errors.Is(err, soar.ErrNotFound) {
		t.Errorf("without content: %v", err)
	}
	if _, err := s.EML(context.Background(), "4711", 0); !errors.Is(err, soar.ErrNotFound) || !strings.Contains(err.Error(), "4711") {
		t.Errorf("unknown id: %v", err)
	}
}

func TestSearch(t *testing.T) {
	s := newStore(t)
	a, b, c := draft(1, "a"), draft(2, "b"), draft(3, "c")
	a.Subject, a.From = "Überweisung 100%", "bob@two.example"
	b.Folder, b.ReceivedAt = "Archiv", ""
	c.MailboxAccount, c.MessageID = "other@corp.example", "M1@corp.example"
	save(t, s, a, b, c)
	if _, err := s.Discard(context.Background(), "2"); err != nil {
		t.Fatal(err)
	}
	day := func(d int) time.Time { return time.Date(2026, 9, d, 12, 0, 0, 0, time.UTC) }
	yes, no := true, false
	for _, c := range []struct {
		name string
		q    soar.Query
		want []int64
	}{
		{"all, newest first", soar.Query{}, []int64{3, 2, 1}},
		{"account", soar.Query{MailboxAccount: account}, []int64{2, 1}},
		{"account is exact", soar.Query{MailboxAccount: "SOC@corp.example"}, []int64{}},
		{"folder", soar.Query{Folder: inbox}, []int64{3, 1}},
		{"key", soar.Query{SourceKey: b.SourceKey}, []int64{2}},
		{"message id is exact", soar.Query{MessageID: "m1@corp.example"}, []int64{1}},
		{"from, any case", soar.Query{From: "ALICE@"}, []int64{3, 2}},
		{"subject beyond ASCII", soar.Query{Subject: "üBERWEIS"}, []int64{1}},
		{"no wildcards", soar.Query{Subject: "%"}, []int64{1}},
		{"after counts itself", soar.Query{ReceivedAfter: day(4)}, []int64{3}},
		{"before counts itself", soar.Query{ReceivedBefore: day(2)}, []int64{1}},
		{"and", soar.Query{From: "one.example", Folder: inbox}, []int64{3}},
		{"discarded", soar.Query{Discarded: &yes}, []int64{2}},
		{"not discarded", soar.Query{Discarded: &no}, []int64{3, 1}},
		{"a page of more than the wire's 100", soar.Query{PageSize: 1000}, []int64{3, 2, 1}},
		{"second page", soar.Query{PageSize: 2, PageNumber: 2}, []int64{1}},
		{"beyond the last page", soar.Query{PageSize: 2, PageNumber: 1 << 60}, []int64{}},
	} {
		got, err := s.Search(context.Background(), c.q)
		if err != nil || !reflect.DeepEqual(ids(got.Records), c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, ids(got.Records), err, c.want)
		}
	}
	page, err := s.Search(context.Background(), soar.Query{PageSize: 1, Folder: inbox})
	if err != nil || page.Total != 2 || len(page.Records) != 1 {
		t.Errorf("total: %d of %d, %v", len(page.Records), page.Total, err)
	}
}

func TestPendingUntilHandedOver(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	other := draft(3, "c")
	other.Folder = "Archiv"
	save(t, s, draft(1, "a"), draft(2, "b"), other)
	pending := func() []int64 {
		t.Helper()
		records, err := s.Pending(ctx, account, inbox)
		if err != nil {
			t.Fatal(err)
		}
		return ids(records)
	}
	if got := pending(); !reflect.DeepEqual(got, []int64{1, 2}) {
		t.Errorf("pending: %v", got)
	}
	if err := s.HandedOver(ctx, []soar.ID{"1", "3"}); err != nil {
		t.Fatal(err)
	}
	if got := pending(); !reflect.DeepEqual(got, []int64{2}) {
		t.Errorf("pending after handing over: %v", got)
	}
	if got := save(t, s, draft(1, "a"), draft(2, "b")); !got[0].HandedOver || got[1].HandedOver {
		t.Errorf("saved again: %+v", got)
	}
}

func TestNewest(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	mark := func(validity uint32) soar.Mark {
		t.Helper()
		m, err := s.Newest(ctx, account, inbox, validity)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if got := mark(7); got != (soar.Mark{}) {
		t.Errorf("empty store: %+v", got)
	}
	a, b, c := draft(20, "a"), draft(10, "b"), draft(5, "c")
	c.UIDValidity = 8
	elsewhere := draft(99, "d")
	elsewhere.Folder = "Archiv"
	save(t, s, a, b, c, elsewhere)
	latest := time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)
	oldest := time.Date(2026, 9, 6, 12, 0, 0, 0, time.UTC)
	for validity, want := range map[uint32]soar.Mark{
		7: {Records: 3, UIDValidity: 7, UID: 20, ReceivedAt: latest, Oldest: oldest},
		8: {Records: 3, UIDValidity: 8, UID: 5, ReceivedAt: latest, Oldest: oldest},
		9: {Records: 3, UIDValidity: 8, UID: 5, ReceivedAt: latest, Oldest: oldest}, // unknown: that of the newest record
	} {
		if got := mark(validity); got != want {
			t.Errorf("UIDVALIDITY %d: got %+v, want %+v", validity, got, want)
		}
	}
}

func TestIncidentsAndTriage(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	save(t, s, draft(1, "a"), draft(2, "b"))
	for _, c := range []struct {
		name string
		do   func() (bool, error)
		want bool
	}{
		{"add", func() (bool, error) { return s.AddToIncident(ctx, 70, "1") }, true},
		{"add again", func() (bool, error) { return s.AddToIncident(ctx, 70, "1") }, false},
		{"add the second", func() (bool, error) { return s.AddToIncident(ctx, 70, "2") }, true},
		{"triage", func() (bool, error) { return s.AddToTriage(ctx, 70, "1") }, true},
		{"triage again", func() (bool, error) { return s.AddToTriage(ctx, 70, "1") }, false},
		{"remove", func() (bool, error) { return s.RemoveFromIncident(ctx, 70, "1") }, true},
		{"remove again", func() (bool, error) { return s.RemoveFromIncident(ctx, 70, "1") }, false},
		{"remove from another", func() (bool, error) { return s.RemoveFromIncident(ctx, 71, "2") }, false},
		{"add once more", func() (bool, error) { return s.AddToIncident(ctx, 70, "1") }, true},
	} {
		if got, err := c.do(); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	got, err := s.IncidentMails(ctx, 70)
	if err != nil || !reflect.DeepEqual(ids(got), []int64{2, 1}) {
		t.Errorf("mails: %v, %v", ids(got), err)
	}
	if got, err := s.IncidentMails(ctx, 4711); err != nil || got == nil || len(got) != 0 {
		t.Errorf("any number is an incident: %v, %v", got, err)
	}
}

func TestUnknownIDs(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	save(t, s, draft(1, "a"))
	for name, do := range map[string]func() error{
		"get":      func() error { _, err := s.Get(ctx, "815"); return err },
		"discard":  func() error { _, err := s.Discard(ctx, "815"); return err },
		"incident": func() error { _, err := s.AddToIncident(ctx, 1, "815"); return err },
		"triage":   func() error { _, err := s.AddToTriage(ctx, 1, "815"); return err },
		"file":     func() error { _, _, err := s.AddFile(ctx, 1, soar.File{EmailID: "815"}, nil); return err },
		"no incident": func() error {
			_, err := s.AddToIncident(ctx, -815, "1")
			return err
		},
	} {
		if err := do(); !errors.Is(err, soar.ErrNotFound) || !strings.Contains(err.Error(), "815") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiscard(t *testing.T) {
	s := newStore(t)
	save(t, s, draft(1, "a"))
	for range 2 {
		r, err := s.Discard(context.Background(), "1")
		if err != nil || !r.Discarded || r.ID != "1" {
			t.Errorf("discarded: %+v, %v", r, err)
		}
	}
	if got := save(t, s, draft(1, "a")); !got[0].Existed {
		t.Error("a discarded mail still exists for the daemon")
	}
}

func TestFiles(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	save(t, s, draft(1, "a"), draft(2, "b"))
	f := soar.File{Filename: "r.pdf", ContentType: "application/pdf", SHA256: "aa", EmailID: "1", Part: "2"}
	content := bytes.Repeat([]byte("y"), packing.ChunkSize+5)
	add := func(incident int64, f soar.File) (soar.ID, bool) {
		t.Helper()
		id, existed, err := s.AddFile(ctx, incident, f, content)
		if err != nil {
			t.Fatal(err)
		}
		return id, existed
	}
	if id, existed := add(5, f); id != "1" || existed {
		t.Errorf("first: %s %v", id, existed)
	}
	if id, existed := add(5, f); id != "1" || !existed {
		t.Errorf("again: %s %v", id, existed)
	}
	second, elsewhere := f, f
	second.Part = "3"
	elsewhere.EmailID = "2"
	for i, file := range []soar.File{second, elsewhere} {
		if id, existed := add(5, file); id != soar.NumberID(int64(i+2)) || existed {
			t.Errorf("%+v: %s %v", file, id, existed)
		}
	}
	if id, existed := add(6, f); id != "4" || existed {
		t.Errorf("another incident: %s %v", id, existed)
	}
	got, err := s.IncidentFiles(ctx, 5)
	want := []soar.IncidentFile{{ID: "3", File: elsewhere, Size: packing.ChunkSize + 5}, {ID: "2", File: second, Size: packing.ChunkSize + 5}, {ID: "1", File: f, Size: packing.ChunkSize + 5}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("files: %+v, %v", got, err)
	}
	var stored int
	if err := s.read.QueryRow(`SELECT sum(length(raw)) FROM file_contents WHERE file_id = 1`).Scan(&stored); err != nil || stored != len(content) {
		t.Errorf("content: %d bytes, %v", stored, err)
	}
}

func TestCancelledSaveStoresNothing(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Save(ctx, []*soar.Draft{draft(1, "a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	if got := save(t, s, draft(1, "a")); got[0] != (soar.Saved{ID: "1"}) {
		t.Errorf("afterwards: %+v", got)
	}
}
