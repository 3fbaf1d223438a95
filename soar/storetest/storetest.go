// Package storetest holds every store of emails to the same behaviour: the file,
// the REST client, a database. A store's own tests call [Run] with a function that
// opens an empty one; what only one kind of store does is tested beside that store.
//
// Ids are the store's: nothing here expects them to begin at 1 or to be numbers.
// Tests only; never part of the program.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Store is what every store of emails does; soar/types.go says how.
type Store interface {
	Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error)
	Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error)
	ByKey(ctx context.Context, key string) (soar.Record, bool, error)
	Search(ctx context.Context, q soar.Query) (soar.Page, error)
	Get(ctx context.Context, id soar.ID) (soar.Record, error)
	EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error)
	Discard(ctx context.Context, id soar.ID) (soar.Record, error)
	AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error)
	IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error)
	RemoveFromIncident(ctx context.Context, incident int64, id soar.ID) (removed bool, err error)
	AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error)
	IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error)
	AddToTriage(ctx context.Context, triage int64, id soar.ID) (added bool, err error)
}

// Account, Folder and UIDValidity are those of a [Draft].
const (
	Account            = "soc@corp.example"
	Folder             = "INBOX"
	UIDValidity uint32 = 7
)

// nobody is an id that no store gives.
const nobody = soar.ID("4711")

// Draft is an email of the folder, received at noon of a day that its UID tells.
func Draft(uid message.UID, raw string) *soar.Draft {
	d := &soar.Draft{Raw: []byte(raw)}
	d.Mail = soar.Mail{
		MailboxAccount: Account, Folder: Folder, UIDValidity: UIDValidity, UID: uid, MessageID: fmt.Sprintf("m%d@corp.example", uid),
		Subject: fmt.Sprintf("mail %d", uid), From: "Alice@one.example", ReceivedAt: day(int(uid%28) + 1).Format(time.RFC3339),
		Size: int64(len(raw)), SHA256: digest(raw),
	}
	d.SourceKey = digest(fmt.Sprint(uid, raw))
	return d
}

func day(d int) time.Time { return time.Date(2026, 9, d, 12, 0, 0, 0, time.UTC) }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Run runs the suite; open returns a new, empty store each time.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s Store)
	}{
		{"every byte comes back", everyByte},
		{"an email is stored once", once},
		{"sizes of content", sizes},
		{"search", search},
		{"pages", pages},
		{"the newest email", newest},
		{"incidents and triage", links},
		{"files", files},
		{"discarded emails", discard},
		{"ids that are nobody's", unknown},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func save(t *testing.T, s Store, drafts ...*soar.Draft) []soar.ID {
	t.Helper()
	saved, err := s.Save(t.Context(), drafts)
	if err != nil || len(saved) != len(drafts) {
		t.Fatalf("saved %d of %d: %v", len(saved), len(drafts), err)
	}
	var ids []soar.ID
	for i, one := range saved {
		if one.ID == "" || one.Refused != "" {
			t.Fatalf("draft %d: %+v", i, one)
		}
		ids = append(ids, one.ID)
	}
	return ids
}

func idsOf(records []soar.Record) []soar.ID {
	ids := []soar.ID{}
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

func everyByte(t *testing.T, s Store) {
	d := Draft(3, "Subject: x\r\n\r\n\x00\xff\r\n")
	d.InReplyTo, d.References, d.To = "a@b", "c@d e@f", "x@y, z@y"
	d.BodyText, d.BodyHTML = "NUL \x00 and 名 \u2028", "<p>ä</p>"
	d.Headers = soar.Headers{{Name: "Z", Values: []string{"1", "2"}}, {Name: "A", Values: []string{"<&>"}}}
	d.Attachments = []message.Attachment{{Filename: "../x", Size: 4, Part: "2"}}
	d.Problems = []message.Problem{{Code: "two_from", Detail: "\u2028"}}
	d.BodyTruncated = true
	id := save(t, s, d)[0]
	got, err := s.Get(t.Context(), id)
	if err != nil || !reflect.DeepEqual(got.Metadata, d.Metadata) || got.ID != id || got.Discarded {
		t.Errorf("record\n got %+v, %v\nwant %+v", got, err, d.Metadata)
	}
	if _, err := time.Parse(time.RFC3339, got.CreatedAt); err != nil || !strings.HasSuffix(got.CreatedAt, "Z") {
		t.Errorf("created_at: %q", got.CreatedAt)
	}
	if raw, err := s.EML(t.Context(), id, 0); err != nil || !bytes.Equal(raw, d.Raw) {
		t.Errorf("raw: %q, %v", raw, err)
	}
	if r, found, err := s.ByKey(t.Context(), d.SourceKey); err != nil || !found || r.ID != id {
		t.Errorf("by its key: %+v %v %v", r, found, err)
	}
	if _, found, err := s.ByKey(t.Context(), digest("none")); found || err != nil {
		t.Errorf("by an unknown key: %v %v", found, err)
	}
}

func once(t *testing.T, s Store) {
	a, b, c := Draft(1, "a"), Draft(2, "b"), Draft(3, "c")
	first := save(t, s, a)[0]
	saved, err := s.Save(t.Context(), []*soar.Draft{b, a, b, c})
	if err != nil || len(saved) != 4 {
		t.Fatal(saved, err)
	}
	for i, existed := range []bool{false, true, true, false} {
		if saved[i].Existed != existed {
			t.Errorf("draft %d: %+v", i, saved[i])
		}
	}
	if saved[1].ID != first || saved[2].ID != saved[0].ID || saved[3].ID == saved[0].ID {
		t.Errorf("ids: %+v", saved)
	}
	if page, err := s.Search(t.Context(), soar.Query{}); err != nil || page.Total != 3 {
		t.Errorf("%d emails, %v", page.Total, err)
	}
}

func sizes(t *testing.T, s Store) {
	const piece = 1 << 20 // what databases keep in one row
	for i, n := range []int{0, 1, piece - 1, piece, piece + 1, 3*piece + 17} {
		d := Draft(message.UID(i+1), strings.Repeat("x", n))
		id := save(t, s, d)[0]
		if raw, err := s.EML(t.Context(), id, int64(max(n, 1))); err != nil || !bytes.Equal(raw, d.Raw) {
			t.Errorf("%d bytes: got %d, %v", n, len(raw), err)
		}
		if n > 1 {
			if _, err := s.EML(t.Context(), id, int64(n)-1); err == nil || !strings.Contains(err.Error(), "max_message_size") {
				t.Errorf("%d bytes, one over the limit: %v", n, err)
			}
		}
	}
	none := Draft(99, "none")
	none.Raw, none.SHA256 = nil, ""
	if _, err := s.EML(t.Context(), save(t, s, none)[0], 0); !errors.Is(err, soar.ErrNoContent) || errors.Is(err, soar.ErrNotFound) {
		t.Errorf("without content: %v", err)
	}
}

func search(t *testing.T, s Store) {
	a, b, c := Draft(1, "a"), Draft(2, "b"), Draft(3, "c")
	a.Subject, a.From = "Überweisung 100%", "bob@two.example"
	b.Folder, b.ReceivedAt = "Archiv", ""
	c.MailboxAccount, c.MessageID = "other@corp.example", "M1@corp.example"
	ids := save(t, s, a, b, c)
	if _, err := s.Discard(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, row := range []struct {
		name string
		q    soar.Query
		want []int // numbers of the drafts
	}{
		{"all, newest first", soar.Query{}, []int{3, 2, 1}},
		{"account", soar.Query{MailboxAccount: Account}, []int{2, 1}},
		{"folder", soar.Query{Folder: Folder}, []int{3, 1}},
		{"key", soar.Query{SourceKey: b.SourceKey}, []int{2}},
		{"message id is exact", soar.Query{MessageID: "m1@corp.example"}, []int{1}},
		{"from, any case", soar.Query{From: "ALICE@"}, []int{3, 2}},
		{"subject beyond ASCII", soar.Query{Subject: "üBERWEIS"}, []int{1}},
		{"no wildcards", soar.Query{Subject: "%"}, []int{1}},
		{"after counts itself", soar.Query{ReceivedAfter: day(4)}, []int{3}},
		{"before counts itself", soar.Query{ReceivedBefore: day(2)}, []int{1}},
		{"and", soar.Query{From: "one.example", Folder: Folder}, []int{3}},
		{"discarded", soar.Query{Discarded: &yes}, []int{2}},
		{"not discarded", soar.Query{Discarded: &no}, []int{3, 1}},
		{"nothing", soar.Query{Subject: "nobody wrote this"}, []int{}},
	} {
		want := []soar.ID{}
		for _, n := range row.want {
			want = append(want, ids[n-1])
		}
		got, err := s.Search(t.Context(), row.q)
		if err != nil || !slices.Equal(idsOf(got.Records), want) || got.Total != len(want) {
			t.Errorf("%s: got %v of %d, %v; want %v", row.name, idsOf(got.Records), got.Total, err, want)
		}
	}
}

func pages(t *testing.T, s Store) {
	var drafts []*soar.Draft
	for n := range 7 {
		drafts = append(drafts, Draft(message.UID(n+1), fmt.Sprint("mail ", n)))
	}
	ids := save(t, s, drafts...)
	slices.Reverse(ids)
	for _, row := range []struct {
		size, number int
		want         []soar.ID
	}{{0, 0, ids}, {1000, 1, ids}, {3, 1, ids[:3]}, {3, 2, ids[3:6]}, {3, 3, ids[6:]}, {3, 4, []soar.ID{}}, {3, 1 << 40, []soar.ID{}}} {
		page, err := s.Search(t.Context(), soar.Query{PageSize: row.size, PageNumber: row.number})
		if err != nil || page.Total != len(ids) || !slices.Equal(idsOf(page.Records), row.want) {
			t.Errorf("page %d of %d: %v of %d, %v; want %v", row.number, row.size, idsOf(page.Records), page.Total, err, row.want)
		}
	}
}

func newest(t *testing.T, s Store) {
	if got, err := s.Newest(t.Context(), Account, Folder, UIDValidity); err != nil || got != (soar.Mark{}) {
		t.Errorf("an empty store: %+v, %v", got, err)
	}
	a, b, c, elsewhere := Draft(20, "a"), Draft(10, "b"), Draft(5, "c"), Draft(99, "d")
	c.UIDValidity, elsewhere.Folder = 8, "Archiv"
	save(t, s, a, b, c, elsewhere)
	for validity, want := range map[uint32]soar.Mark{
		7: {Records: 3, UIDValidity: 7, UID: 20, ReceivedAt: day(21), Oldest: day(6)},
		8: {Records: 3, UIDValidity: 8, UID: 5, ReceivedAt: day(21), Oldest: day(6)},
		9: {Records: 3, UIDValidity: 8, UID: 5, ReceivedAt: day(21), Oldest: day(6)}, // unknown: that of the newest record
	} {
		if got, err := s.Newest(t.Context(), Account, Folder, validity); err != nil || got != want {
			t.Errorf("UIDVALIDITY %d: got %+v, %v; want %+v", validity, got, err, want)
		}
	}
}

func links(t *testing.T, s Store) {
	ctx := t.Context()
	ids := save(t, s, Draft(1, "a"), Draft(2, "b"))
	for _, c := range []struct {
		name string
		do   func() (bool, error)
		want bool
	}{
		{"add", func() (bool, error) { return s.AddToIncident(ctx, 70, ids[0]) }, true},
		{"add again", func() (bool, error) { return s.AddToIncident(ctx, 70, ids[0]) }, false},
		{"add the second", func() (bool, error) { return s.AddToIncident(ctx, 70, ids[1]) }, true},
		{"triage", func() (bool, error) { return s.AddToTriage(ctx, 70, ids[0]) }, true},
		{"triage again", func() (bool, error) { return s.AddToTriage(ctx, 70, ids[0]) }, false},
		{"remove", func() (bool, error) { return s.RemoveFromIncident(ctx, 70, ids[0]) }, true},
		{"remove again", func() (bool, error) { return s.RemoveFromIncident(ctx, 70, ids[0]) }, false},
		{"remove from another", func() (bool, error) { return s.RemoveFromIncident(ctx, 71, ids[1]) }, false},
		{"add once more", func() (bool, error) { return s.AddToIncident(ctx, 70, ids[0]) }, true},
	} {
		if got, err := c.do(); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if got, err := s.IncidentEmails(ctx, 70); err != nil || !slices.Equal(idsOf(got), []soar.ID{ids[1], ids[0]}) {
		t.Errorf("emails of the incident: %v, %v", idsOf(got), err)
	}
}

func files(t *testing.T, s Store) {
	ids := save(t, s, Draft(1, "a"), Draft(2, "b"))
	content := strings.Repeat("y", 1<<20+5)
	first := soar.File{Filename: "../ä\".pdf", ContentType: "application/pdf", SHA256: digest(content), EmailID: ids[0], Part: "2"}
	second, elsewhere := first, first
	second.Part, elsewhere.EmailID = "3", ids[1]
	seen := map[soar.ID]bool{}
	for _, row := range []struct {
		name     string
		incident int64
		file     soar.File
		existed  bool
	}{
		{"first", 5, first, false},
		{"again", 5, first, true},
		{"another part", 5, second, false},
		{"another email", 5, elsewhere, false},
		{"another incident", 6, first, false},
	} {
		id, existed, err := s.AddFile(t.Context(), row.incident, row.file, []byte(content))
		if err != nil || existed != row.existed || seen[id] != row.existed || id == "" {
			t.Errorf("%s: %s %v %v", row.name, id, existed, err)
		}
		seen[id] = true
	}
	got, err := s.IncidentFiles(t.Context(), 5)
	want := []soar.File{elsewhere, second, first}
	if err != nil || len(got) != len(want) {
		t.Fatalf("files: %+v, %v", got, err)
	}
	for i, f := range got {
		if f.File != want[i] || f.Size != int64(len(content)) || !seen[f.ID] {
			t.Errorf("file %d: %+v, want %+v", i, f, want[i])
		}
	}
}

func discard(t *testing.T, s Store) {
	id := save(t, s, Draft(1, "a"))[0]
	for range 2 {
		if r, err := s.Discard(t.Context(), id); err != nil || !r.Discarded || r.ID != id {
			t.Errorf("discarded: %+v, %v", r, err)
		}
	}
	if saved, err := s.Save(t.Context(), []*soar.Draft{Draft(1, "a")}); err != nil || !saved[0].Existed || saved[0].ID != id {
		t.Errorf("a discarded email is not known to the daemon any more: %+v, %v", saved, err)
	}
}

func unknown(t *testing.T, s Store) {
	ctx := t.Context()
	save(t, s, Draft(1, "a"))
	for name, do := range map[string]func() error{
		"get":      func() error { _, err := s.Get(ctx, nobody); return err },
		"discard":  func() error { _, err := s.Discard(ctx, nobody); return err },
		"incident": func() error { _, err := s.AddToIncident(ctx, 1, nobody); return err },
		"triage":   func() error { _, err := s.AddToTriage(ctx, 1, nobody); return err },
		"file": func() error {
			_, _, err := s.AddFile(ctx, 1, soar.File{EmailID: nobody, SHA256: digest("")}, []byte{})
			return err
		},
	} {
		if err := do(); !errors.Is(err, soar.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if removed, err := s.RemoveFromIncident(ctx, 1, nobody); removed || err != nil {
		t.Errorf("remove: %v, %v", removed, err)
	}
}
