package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func resultOf(t *testing.T, o Options) *Result {
	t.Helper()
	o.TempDir = t.TempDir()
	s := newResult(&run{o: o})
	t.Cleanup(func() { s.Close() })
	return s
}

func sampleMail(uid mailbox.UID, problems ...string) soar.Mail {
	m := soar.Mail{Subject: fmt.Sprintf(`a "b" <c> \ %d`, uid), UID: uid, Headers: soar.Headers{{Name: "X", Values: []string{"y]"}}}}
	m.Normalize()
	for _, code := range problems {
		m.Problems = append(m.Problems, message.Problem{Code: code, Detail: `]"}`})
	}
	return m
}

func add(t *testing.T, s *Result, o object, checkpoint string) {
	t.Helper()
	if err := s.add(o, checkpoint); err != nil {
		t.Fatal(err)
	}
}

func written(t *testing.T, s *Result) []Object {
	t.Helper()
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	var objects []Object
	if err := d.Decode(&objects); err != nil {
		t.Fatalf("the result is not JSON: %v", err)
	}
	return objects
}

func TestResultHoldsWhatWasAdded(t *testing.T) {
	s := resultOf(t, Options{})
	if got := written(t, s); len(got) != 0 || got == nil {
		t.Errorf("an empty result is [], not %v", got)
	}
	add(t, s, object{mail: sampleMail(1), id: "41", uids: []mailbox.UID{1}}, "cp1.a")
	add(t, s, object{mail: sampleMail(2, "bad_charset"), id: "42", existed: true, uids: []mailbox.UID{2}}, "cp1.b")
	add(t, s, object{mail: sampleMail(3), id: "43", refused: "no", uids: []mailbox.UID{3}}, "cp1.c-_")
	want := []Object{
		{CloudSOARMailID: "41", Status: statusSaved, Mail: sampleMail(1), Checkpoint: "cp1.a"},
		{CloudSOARMailID: "42", Status: statusExisted, Mail: sampleMail(2, "bad_charset"), Checkpoint: "cp1.b"},
		{CloudSOARMailID: "", Status: statusFailed, Mail: sampleMail(3), Checkpoint: "cp1.c-_"},
	}
	if got := written(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !slices.Equal(s.ids, []soar.ID{"41", "42"}) {
		t.Errorf("acknowledged to the store: %v, want those that it has", s.ids)
	}
}

// TestObjectsHaveEveryKey holds the object that is put together against its type.
func TestObjectsHaveEveryKey(t *testing.T) {
	s := resultOf(t, Options{})
	add(t, s, object{mail: sampleMail(7), id: "1"}, "cp1.x")
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	reference, err := json.Marshal([]Object{{Mail: sampleMail(7)}})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(out.Bytes(), &got), json.Unmarshal(reference, &want)); err != nil {
		t.Fatal(err)
	}
	for key := range want[0] {
		if _, ok := got[0][key]; !ok {
			t.Errorf("%s is missing in %s", key, out.Bytes())
		}
	}
	if len(got[0]) != len(want[0]) {
		t.Errorf("%d keys, want %d: %s", len(got[0]), len(want[0]), out.Bytes())
	}
}

func TestResultIsPatched(t *testing.T) {
	for _, row := range []struct {
		name     string
		problems []string
		change   func(s *Result)
		codes    []string
		detail   string
		cp       string
	}{
		{name: "nothing", change: func(*Result) {}, cp: "cp1.old"},
		{name: "nothing, with a problem", problems: []string{"p"}, change: func(*Result) {}, codes: []string{"p"}, cp: "cp1.old"},
		{name: "checkpoint", change: func(s *Result) { s.moveCheckpoint("cp1.newer") }, cp: "cp1.newer"},
		{name: "checkpoint twice", change: func(s *Result) { s.moveCheckpoint("cp1.newer"); s.moveCheckpoint("cp1.n") }, cp: "cp1.n"},
		{name: "copy", change: func(s *Result) { s.copy(0, copied{uid: 8}) }, codes: []string{message.CodeCopies}, detail: "under UID 8", cp: "cp1.old"},
		{name: "copies behind a problem", problems: []string{"p"}, change: func(s *Result) { s.copy(0, copied{uid: 8}); s.copy(0, copied{uid: 9}) }, codes: []string{"p", message.CodeCopies}, detail: "under UID 8, 9", cp: "cp1.old"},
		{name: "copy and checkpoint", problems: []string{"p", "q"}, change: func(s *Result) { s.copy(0, copied{uid: 8}); s.moveCheckpoint("cp1.new") }, codes: []string{"p", "q", message.CodeCopies}, detail: "under UID 8", cp: "cp1.new"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := resultOf(t, Options{})
			add(t, s, object{mail: sampleMail(1, row.problems...), id: "5", uids: []mailbox.UID{1}}, "cp1.old")
			row.change(s)
			got := written(t, s)[0]
			var codes []string
			for _, p := range got.Problems {
				codes = append(codes, p.Code)
			}
			if !slices.Equal(codes, row.codes) || got.Checkpoint != row.cp || got.Subject != sampleMail(1).Subject {
				t.Errorf("problems %q, checkpoint %q, subject %q", codes, got.Checkpoint, got.Subject)
			}
			if row.detail != "" && !strings.HasSuffix(got.Problems[len(codes)-1].Detail, row.detail) {
				t.Errorf("detail %q, want …%s", got.Problems[len(codes)-1].Detail, row.detail)
			}
		})
	}
}

// TestResultGoesToAFile writes more than is kept in memory, and a patch across the border.
func TestResultGoesToAFile(t *testing.T) {
	s := resultOf(t, Options{})
	large := strings.Repeat("x", 1<<20)
	const n = 7
	for i := range mailbox.UID(n) {
		m := sampleMail(i + 1)
		m.BodyText = large
		add(t, s, object{mail: m, id: soar.NumberID(int64(i + 1)), uids: []mailbox.UID{i + 1}}, fmt.Sprint("cp1.", i+1))
		if i%2 == 1 {
			s.copy(int(i), copied{uid: 100 + i})
		}
	}
	if s.file == nil || s.mem.Len() > resultInMemory {
		t.Fatalf("%d bytes are in memory, at most %d may be; file: %v", s.mem.Len(), resultInMemory, s.file)
	}
	for i, o := range written(t, s) {
		if o.UID != mailbox.UID(i+1) || o.BodyText != large || o.Checkpoint != fmt.Sprint("cp1.", i+1) || len(o.Problems) != i%2 {
			t.Errorf("object %d: UID %d, %d bytes of text, checkpoint %s, problems %v", i, o.UID, len(o.BodyText), o.Checkpoint, o.Problems)
		}
	}
	if again := written(t, s); len(again) != n {
		t.Errorf("written again it has %d objects, want %d", len(again), n)
	}
}

func TestResultCannotBeKept(t *testing.T) {
	s := resultOf(t, Options{})
	s.r.o.TempDir = s.r.o.TempDir + "/not/there"
	m := sampleMail(1)
	m.BodyText = strings.Repeat("x", resultInMemory)
	err := s.add(object{mail: m, id: "1"}, "cp1.a")
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") || s.Len() != 0 {
		t.Errorf("add without room for it: %v, %d objects; want an error that names TMPDIR", err, s.Len())
	}
}

// marks is a folder and a store that note what is acknowledged.
type marks struct {
	Folder
	Store
	seen     []mailbox.UID
	ids      []soar.ID
	storeErr error
	markErr  error
}

func (m *marks) MarkSeen(_ context.Context, uids []mailbox.UID) error {
	m.seen = uids
	return m.markErr
}

func (m *marks) HandedOver(_ context.Context, ids []soar.ID) error {
	m.ids = ids
	return m.storeErr
}

func TestWritten(t *testing.T) {
	broken := errors.New("broken")
	for _, row := range []struct {
		name    string
		options Options
		m       marks
		seen    []mailbox.UID
		ids     []soar.ID
		err     string
	}{
		{"unseen", Options{MarkAsSeen: true}, marks{}, []mailbox.UID{3, 4, 9}, []soar.ID{"41"}, ""},
		{"without marks", Options{}, marks{}, nil, []soar.ID{"41"}, ""},
		{"from latest", Options{FetchType: FromLatest, MarkAsSeen: true}, marks{}, nil, []soar.ID{"41"}, ""},
		{"dry", Options{MarkAsSeen: true, DryRun: true}, marks{}, nil, nil, ""},
		{"the store fails: marks are set all the same", Options{MarkAsSeen: true}, marks{storeErr: broken}, []mailbox.UID{3, 4, 9}, []soar.ID{"41"}, "broken"},
		{"marking fails", Options{MarkAsSeen: true}, marks{markErr: broken}, []mailbox.UID{3, 4, 9}, []soar.ID{"41"}, "the next run hands them over again"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := resultOf(t, row.options)
			s.r.folder, s.r.store = &row.m, &row.m
			if err := s.Written(t.Context()); err != nil || row.m.ids != nil || row.m.seen != nil {
				t.Fatalf("an empty result acknowledges nothing: %v, %v, %v", err, row.m.ids, row.m.seen)
			}
			add(t, s, object{mail: sampleMail(9), id: "41", uids: []mailbox.UID{9}}, "cp1.a")
			s.copy(0, copied{uid: 3})
			add(t, s, object{mail: sampleMail(4), refused: "no", uids: []mailbox.UID{4}}, "cp1.b")
			err := s.Written(t.Context())
			if !slices.Equal(row.m.seen, row.seen) || !slices.Equal(row.m.ids, row.ids) {
				t.Errorf("marked %v, told the store %v; want %v, %v", row.m.seen, row.m.ids, row.seen, row.ids)
			}
			if (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
				t.Errorf("error %v, want %q", err, row.err)
			}
		})
	}
}

func TestDryResultShowsNoIDs(t *testing.T) {
	s := resultOf(t, Options{DryRun: true})
	add(t, s, object{mail: sampleMail(1), id: "41", existed: true, uids: []mailbox.UID{1}}, "cp1.a")
	s.moveCheckpoint("cp1.b")
	if got := written(t, s)[0]; got.CloudSOARMailID != "" || got.Checkpoint != "" || got.Status != statusExisted {
		t.Errorf("id %q, checkpoint %q, status %q", got.CloudSOARMailID, got.Checkpoint, got.Status)
	}
}
