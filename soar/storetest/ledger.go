package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Book is a store that keeps a ledger.
type Book interface {
	Store
	HandedOver(ctx context.Context, ids []soar.ID) error
	Record(ctx context.Context, entries []evidence.Entry) error
	Ledger() evidence.Source
	evidence.Witness
}

// Tampered is a store of emails whose tables somebody can change behind its back.
type Tampered struct {
	Book
	// Change runs a statement. The tables are called emails, records and so on, the
	// column of their email email_id; stores that name them otherwise translate.
	Change func(t testing.TB, sql string)
}

// Session is the connection that the later emails of Eventful came over.
var Session = &evidence.Session{
	Server: "imap.corp.example:993", Greeting: `Dovecot ready "<&>"`, TLS: "TLS 1.3", Certificate: digest("certificate"),
	Settings: map[string]string{"username": "soc@corp.example", "folder": `["INBOX"]`},
}

// Eventful does to an empty store whatever makes an entry of the ledger, and returns where the ledger then ends.
func Eventful(t testing.TB, s Book) evidence.Head {
	t.Helper()
	return eventful(t, s, 1<<20) // more than one piece
}

// eventful is Eventful with a largest email of about a size in bytes.
func eventful(t testing.TB, s Book, size int) evidence.Head {
	t.Helper()
	ctx := context.Background()
	drafts := eventfulDrafts(size)
	var ids []soar.ID
	for i, list := range [][]*soar.Draft{drafts[:1], drafts[1:2], append(drafts[2:], drafts[0])} {
		if i == 2 { // the others came from nobody knows where
			s.Witness(func() *evidence.Session { return Session })
		}
		saved, err := s.Save(ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range saved {
			ids = append(ids, one.ID)
		}
	}
	place := evidence.Entry{Account: Account, Folder: Folder, UIDValidity: UIDValidity}
	at := func(event string, uid uint32, email soar.ID, detail string) evidence.Entry {
		e := place
		e.Event, e.UID, e.Email, e.Detail = event, uid, string(email), detail
		return e
	}
	file := soar.File{EmailID: ids[0], Part: "2", SHA256: digest("x"), Filename: "x.txt"}
	for i, step := range []func() error{
		func() error { return s.HandedOver(ctx, ids[:2]) },
		func() error { return s.HandedOver(ctx, nil) }, // tells nothing, as the next one
		func() error { return s.Record(ctx, nil) },
		func() error {
			return s.Record(ctx, []evidence.Entry{
				at(evidence.Marked, 1, "", `\Seen`), at(evidence.Moved, 77, ids[1], "to Done"), at(evidence.Failed, 99, "", "no"),
			})
		},
		func() error { _, err := s.AddToIncident(ctx, 7, ids[0]); return err },
		func() error { _, err := s.AddToIncident(ctx, 7, ids[0]); return err }, // changes nothing
		func() error { _, err := s.AddToIncident(ctx, 8, ids[1]); return err },
		func() error { _, err := s.AddToTriage(ctx, 3, ids[1]); return err },
		func() error { _, err := s.RemoveFromIncident(ctx, 7, ids[0]); return err },
		func() error { _, err := s.RemoveFromIncident(ctx, 7, ids[0]); return err }, // changes nothing
		func() error { _, _, err := s.AddFile(ctx, 7, file, []byte("x")); return err },
		func() error { _, _, err := s.AddFile(ctx, 7, file, []byte("x")); return err }, // changes nothing
		func() error { _, err := s.Discard(ctx, ids[1]); return err },
		func() error { _, err := s.Discard(ctx, ids[1]); return err }, // changes nothing
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	head, err := s.Ledger().Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// eventfulDrafts are emails that stores keep in different ways.
func eventfulDrafts(size int) []*soar.Draft {
	long := strings.Repeat("an invoice is overdue, ", 2000)
	drafts := []*soar.Draft{Draft(1, "short"), Draft(2, long), Draft(3, strings.Repeat(long, size/len(long)+1)), Draft(4, ""), Draft(5, "no content")}
	drafts[0].BodyText, drafts[1].BodyText, drafts[1].BodyHTML = "short", long, "<p>"+long
	drafts[2].MailboxAccount, drafts[2].Subject = "NUL \x00@corp.example", "Überweisung\x00"
	drafts[4].Raw = nil // such as one that is too large
	for i := range drafts {
		drafts[i].Headers = soar.Headers{{Name: "Subject", Values: []string{"<&>"}}}
		drafts[i].UID = message.UID(i + 1)
	}
	return drafts
}

// RunLedger holds the ledger of a store to its promises; open returns a new, empty store each time.
func RunLedger(t *testing.T, open func(t *testing.T) Tampered) {
	t.Run("entries", func(t *testing.T) { entries(t, open(t)) })
	t.Run("excerpts", func(t *testing.T) { excerpts(t, open(t)) })
	t.Run("checked meanwhile", func(t *testing.T) { meanwhile(t, open(t)) })
	t.Run("writers at once", func(t *testing.T) { writers(t, open(t)) })
	t.Run("tampering", func(t *testing.T) { tampering(t, open) })
}

// entries looks at what each event of an email's life leaves in the ledger.
func entries(t *testing.T, s Tampered) {
	head := Eventful(t, s)
	lines, err := s.Ledger().Lines(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	at, origin := evidence.Start, map[string]evidence.Entry{}
	for _, l := range lines {
		e, next, err := at.Check([]byte(l.Text))
		if err != nil {
			t.Fatal(err)
		}
		at = next
		told = append(told, strings.TrimSpace(e.Event+" "+e.Email+" "+e.Place))
		if e.InSession != 0 && (e.InSession != 4 || e.Email != "1" && e.Event != evidence.Saved) || e.Event == evidence.Connected && !reflect.DeepEqual(e.Session, Session) {
			t.Errorf("the entry does not say over which connection the email came: %s", l.Text)
		}
		if e.Event == evidence.Saved {
			origin[e.Email] = e
		}
		from := origin[e.Email]
		if e.Event == evidence.Moved { // at another place than it was saved from
			from.UID = e.UID
		}
		if e.Event == evidence.Failed {
			from = e
		}
		same := e.Account == from.Account && e.Folder == from.Folder && e.UIDValidity == from.UIDValidity && e.UID == from.UID
		if e.Event != evidence.FileAdded {
			same = same && e.Size == from.Size && e.SHA256 == from.SHA256
		}
		if !same || e.Time == "" {
			t.Errorf("the entry does not say where the email came from and what it is: %s", l.Text)
		}
	}
	want := "began; saved 1; saved 2; connected; saved 3; saved 4; saved 5; existed 1; handed_over 1; handed_over 2; marked 1; moved 2; failed; linked 1 incident 7; linked 2 incident 8; " +
		"linked 2 triage event 3; unlinked 1 incident 7; attachment_added 1 incident 7; discarded 2"
	if got := strings.Join(told, "; "); got != want || at != head {
		t.Errorf("told\n%s\nwant\n%s; head %+v and %+v", got, want, at, head)
	}
	r, err := evidence.Check(t.Context(), s.Ledger(), head)
	if err != nil || r.Problem != "" || r.Link != head.Link || r.Entries != head.Count || r.Emails != 5 || r.Unproved != 0 {
		t.Errorf("a sound ledger: %+v, %v", r, err)
	}
}

// writers has several save, link and hand over at once: the chain is one.
func writers(t *testing.T, s Tampered) {
	const many, rounds = 4, 5
	var wg sync.WaitGroup
	for w := range many {
		wg.Go(func() {
			for r := range rounds {
				n := message.UID(w*rounds + r + 1)
				saved, err := s.Save(t.Context(), []*soar.Draft{Draft(n, fmt.Sprint("email ", n)), Draft(1000, "the same email")})
				if err == nil {
					_, err = s.AddToIncident(t.Context(), int64(w+1), saved[0].ID)
				}
				if err == nil {
					err = s.HandedOver(t.Context(), []soar.ID{saved[0].ID})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	head, err := s.Ledger().Head(t.Context())
	if want := int64(1 + 4*many*rounds); err != nil || head.Count != want {
		t.Errorf("%d entries and not %d, %v", head.Count, want, err)
	}
	if r, err := evidence.Check(t.Context(), s.Ledger(), head); err != nil || r.Problem != "" || r.Emails != many*rounds+1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// excerpts makes a bundle of one email and has it verified.
func excerpts(t *testing.T, s Tampered) {
	Eventful(t, s)
	for _, email := range []string{"1", "2", "5"} {
		x, err := evidence.Extract(t.Context(), s.Ledger(), []string{email})
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		if o, sessions := x.Origins([]string{email}); o[0].Entry == 0 || (o[0].Session != 0) != (email == "5") || (o[0].Unknown == "") != (email == "5") || email == "5" && !reflect.DeepEqual(sessions[4].Session, Session) {
			t.Errorf("email %s: it came from %+v %+v", email, o, sessions)
		}
		at := x.Before
		for _, n := range x.Entries {
			if n.Line == nil {
				at = at.Hidden(n.Digest)
				continue
			}
			e, next, err := at.Check(n.Line)
			if err != nil || e.Email != email && e.Event != evidence.Connected {
				t.Errorf("email %s: %s, %v", email, n.Line, err)
			}
			at = next
			shown++
		}
		if want := map[string]int{"1": 8, "2": 6, "5": 2}[email]; at != x.Head || shown != want {
			t.Errorf("email %s: %d entries, want %d; it ends at %+v and not %+v", email, shown, want, at, x.Head)
		}
	}
}

// tampering changes a store behind its back; the check names what was changed.
func tampering(t *testing.T, open func(t *testing.T) Tampered) {
	for _, c := range []struct{ change, problem string }{
		{`UPDATE ledger SET line = replace(line, 'INBOX', 'INBOY') WHERE number = 3`, "entry 3 does not fit"},
		{`UPDATE ledger SET link = replace(link, substr(link, 1, 1), 'x') WHERE number = 3`, "entry 3 does not fit"},
		{`UPDATE ledger SET email_id = 1 WHERE number = 4`, "entry 4 does not fit"},
		{`UPDATE ledger SET email_id = NULL WHERE number = 5`, "entry 5 does not fit"},
		{`DELETE FROM ledger WHERE number = 5`, "entry 5 does not fit"},
		{`DELETE FROM ledger WHERE number = 1`, "entry 1 does not fit"},
		{`DELETE FROM ledger WHERE number > 18`, "its end was cut off"},
		{`DELETE FROM ledger`, "its end was cut off"},
		{`UPDATE records SET metadata = replace(metadata, 'mail', 'male') WHERE email_id = 2`, "record of the email 2"},
		{`UPDATE records SET body_text = body_html WHERE email_id = 1`, "record of the email 1"},
		{`UPDATE emails SET folder = 'Archive' WHERE id = 1`, "record of the email 1"},
		{`UPDATE emails SET uid = 99 WHERE id = 2`, "record of the email 2"},
		{`UPDATE emails SET source_key = 'other' WHERE id = 1`, "email 1, which the ledger's entry 2 says was saved, is damaged: the columns"},
		{`UPDATE emails SET message_id = 'other' WHERE id = 1`, "email 1, which"},
		{`UPDATE emails SET from_folded = '' WHERE id = 2`, "email 2, which"},
		{`UPDATE emails SET subject_folded = 'other' WHERE id = 3`, "email 3, which"},
		{`UPDATE emails SET received_at = NULL WHERE id = 4`, "email 4, which"},
		{`UPDATE emails SET content_size = NULL WHERE id = 2`, "email 2"},
		{`UPDATE emails SET content_size = content_size - 1 WHERE id = 2`, "email 2"},
		{`DELETE FROM contents WHERE email_id = 2`, "email 2"},
		{`UPDATE contents SET raw = 'SHORT' WHERE email_id = 1`, "content of the email 1"},
		{`UPDATE emails SET id = 98 WHERE id = 3`, "the email 3, which the ledger's entry 5 says was saved, is not in the store"},
		{`DELETE FROM incident_emails`, "says that the email 2 is in incident 8, and the store does not"},
		{`UPDATE incident_emails SET incident_id = 9`, "the store says that the email 2 is in incident 9"},
		{`INSERT INTO triage_emails (triage_id, email_id) VALUES (3, 1)`, "the store says that the email 1 is in triage event 3"},
		{`DELETE FROM discarded`, "says that the email 2 is discarded, and the store does not"},
		{`INSERT INTO discarded (email_id) VALUES (1)`, "the store says that the email 1 is discarded"},
		{`UPDATE file_contents SET raw = 'y'`, "the store says that incident 7 has the part 2 of the email 1 as a file"},
		{`UPDATE incident_files SET filename = 'y'`, "the store says that incident 7 has the part 2"},
		{`UPDATE incident_files SET sha256 = 'y'`, "the store says that incident 7 has the part 2"},
		{`UPDATE emails SET created_at = '2020-01-01T00:00:00Z' WHERE id = 1`, "the record of the email 1 says that it was made at \"2020"},
		{`DELETE FROM incident_files`, "says that incident 7 has the part 2"},
	} {
		s := open(t)
		head := eventful(t, s, 1<<10) // one of these for each change
		s.Change(t, c.change)
		r, err := evidence.Check(t.Context(), s.Ledger(), head)
		if err != nil || !strings.Contains(r.Problem, c.problem) {
			t.Errorf("%s: %+v, %v, want %q", c.change, r, err, c.problem)
		}
	}
}

// moving is a ledger whose store is changed while a check looks at it.
type moving struct {
	evidence.Source
	change func()
}

func (m *moving) States(ctx context.Context, yield func(evidence.State) error) error {
	if change := m.change; change != nil {
		m.change = nil
		change()
	}
	return m.Source.States(ctx, yield)
}

// meanwhile links an email behind the end of the chain that a check saw: no fault.
func meanwhile(t *testing.T, s Tampered) {
	id := save(t, s, Draft(1, "a"))[0]
	m := &moving{s.Ledger(), func() {
		if _, err := s.AddToIncident(t.Context(), 7, id); err != nil {
			t.Error(err)
		}
	}}
	if r, err := evidence.Check(t.Context(), m, evidence.Head{}); err != nil || r.Problem != "" || r.Entries != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
