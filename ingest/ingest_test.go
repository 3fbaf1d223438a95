package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// world is a mailbox on a real server and a local store, and the daemon between them.
type world struct {
	t       *testing.T
	dovecot *mailboxtest.Dovecot
	user    mailboxtest.User
	store   string
	log     bytes.Buffer
	spec    filters.Spec
	options ingest.Options
	folders []string // that are read; nil: INBOX
	breaks  bool     // acknowledging fails
}

func newWorld(t *testing.T, d *mailboxtest.Dovecot) *world {
	t.Helper()
	d = d.For(t)
	w := &world{t: t, dovecot: d, user: d.NewUser(), store: filepath.Join(t.TempDir(), "soar.db")}
	w.options = ingest.Options{
		Account: w.user.Name, Folder: "INBOX", MarkAsSeen: true, MaxSize: 50 << 20, Limits: message.DefaultLimits(),
		TempDir: t.TempDir(), Progress: func(int, int) {}, Now: time.Now,
	}
	return w
}

func mail(name string) []byte {
	return []byte("From: Alice <alice@news.example>\r\nTo: soc@corp.example\r\nSubject: " + name + "\r\nMessage-ID: <" + name + "@news.example>\r\n\r\nBody of " + name + ".\r\n")
}

func (w *world) deliver(names ...string) {
	for _, n := range names {
		w.dovecot.Deliver(w.user, mail(n), mailboxtest.Delivery{})
	}
}

func (w *world) config() mailbox.Config {
	o := w.options
	var err error
	if o.Filter, err = filters.Compile(w.spec); err != nil {
		w.t.Fatal(err)
	}
	return mailbox.Config{
		First: ingest.FirstSearch(o),
		Host:  w.dovecot.Host, Port: w.dovecot.TLS, Secure: w.dovecot.Authority.Secure, Folder: "INBOX",
		Dial:     (&net.Dialer{}).DialContext,
		Login:    mailbox.Login{Username: w.user.Name, Password: secret.New(w.user.Password)},
		ReadOnly: (w.options.FetchType == ingest.FromLatest || !w.options.MarkAsSeen) && w.options.After.None(),
		Timeout:  20 * time.Second, MaxSize: w.options.MaxSize, Log: slog.New(slog.DiscardHandler),
	}
}

// run is one run whose result is written, or lost on the way out.
func (w *world) run(lost bool) []ingest.Object {
	w.t.Helper()
	ctx := w.t.Context()
	store, err := local.Open(ctx, w.store, local.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	folder, err := mailbox.Dial(ctx, w.config())
	if err != nil {
		w.t.Fatal(err)
	}
	defer folder.Close()
	return w.runOn(folder, store, lost)
}

func (w *world) runOn(folder ingest.Folder, store ingest.Store, lost bool) []ingest.Object {
	w.t.Helper()
	objects, err := w.tryRun(folder, store, lost)
	if err != nil {
		w.t.Fatal(err)
	}
	return objects
}

func (w *world) tryRun(folder ingest.Folder, store ingest.Store, lost bool) ([]ingest.Object, error) {
	w.t.Helper()
	var err error
	o := w.options
	w.log.Reset()
	o.Log = slog.New(slog.NewTextHandler(&w.log, nil))
	if s, ok := store.(interface{ Prepare(*soar.Draft) }); ok {
		o.Prepare = s.Prepare
	}
	if o.Filter, err = filters.Compile(w.spec); err != nil {
		w.t.Fatal(err)
	}
	names := w.folders
	if names == nil {
		names = []string{"INBOX"}
	}
	result, err := ingest.RunFolders(w.t.Context(), o, names, func(ctx context.Context, name string) (ingest.Folder, error) {
		if f, ok := folder.(*mailbox.Folder); ok {
			return f, f.Open(ctx, name)
		}
		return folder, nil
	}, store)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var out bytes.Buffer
	if err := result.Write(&out); err != nil {
		w.t.Fatal(err)
	}
	if !lost {
		if err := result.Written(w.t.Context()); (err != nil) != w.breaks {
			w.t.Fatalf("acknowledging: %v", err)
		}
	}
	var objects []ingest.Object
	if err := json.Unmarshal(out.Bytes(), &objects); err != nil {
		w.t.Fatalf("the result is no JSON: %v", err)
	}
	if n := len(objects); n > 0 && !lost {
		w.options.Checkpoint = objects[n-1].Checkpoint
	}
	return objects, nil
}

// expect runs once and compares the subjects, each with its status.
func (w *world) expect(lost bool, want ...string) []ingest.Object {
	w.t.Helper()
	objects := w.run(lost)
	if got := brief(objects); !slices.Equal(got, want) {
		w.t.Fatalf("got %q, want %q\nlog:\n%s", got, want, w.log.String())
	}
	return objects
}

func brief(objects []ingest.Object) []string {
	got := []string{}
	for _, o := range objects {
		got = append(got, o.Status+" "+o.Subject)
	}
	return got
}

// ledger checks that the store holds each of these emails once, byte for byte.
func (w *world) ledger(names ...string) {
	w.t.Helper()
	store, err := local.Open(w.t.Context(), w.store, local.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	page, err := store.Search(w.t.Context(), soar.Query{PageSize: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, r := range page.Records {
		raw, err := store.EML(w.t.Context(), r.ID, 1<<20)
		if err != nil {
			w.t.Fatal(err)
		}
		if !bytes.Equal(raw, mail(r.Subject)) {
			w.t.Errorf("%s: the raw bytes differ", r.Subject)
		}
		got = append(got, r.Subject)
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		w.t.Errorf("the store holds %q, want %q", got, names)
	}
}

func TestOnDovecot(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	for _, c := range []struct {
		name string
		test func(*world)
	}{
		{"unseen", unseen},
		{"unseen without marking", unseenWithoutMarking},
		{"from latest by the store", fromLatestByTheStore},
		{"from latest by the checkpoint", fromLatestByTheCheckpoint},
		{"a late UID below the checkpoint", lateUID},
		{"UIDVALIDITY changed, by the checkpoint", uidValidityByCheckpoint},
		{"UIDVALIDITY changed, by the store", uidValidityByStore},
		{"UIDVALIDITY changed, a new mail of an older date", olderDate},
		{"second copies", secondCopies},
		{"max_messages", maxMessages},
		{"filters on the text", filtersOnText},
		{"a mail that vanishes", vanishing},
		{"a store that fails half-way", storeFails},
		{"too large", tooLarge},
		{"a bad checkpoint", badCheckpoint},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(newWorld(t, d))
		})
	}
}

func unseen(w *world) {
	w.expect(false)
	w.deliver("a", "b", "c")
	w.expect(true, "saved a", "saved b", "saved c")
	w.expect(false, "existed a", "existed b", "existed c")
	w.expect(false)
	w.deliver("d")
	w.expect(false, "saved d")
	w.ledger("a", "b", "c", "d")
	if seen := w.dovecot.Seen(w.user); len(seen) != 4 {
		w.t.Errorf("marked as read: %v, want all four", seen)
	}
}

func unseenWithoutMarking(w *world) {
	w.options.MarkAsSeen = false
	w.deliver("a", "b")
	w.expect(false, "saved a", "saved b")
	w.expect(false)
	w.deliver("c")
	w.expect(false, "saved c")
	w.options.Checkpoint = ""
	w.expect(false, "existed a", "existed b", "existed c")
	if !strings.Contains(w.log.String(), "every unseen email comes again") {
		w.t.Errorf("without a checkpoint the log says so:\n%s", w.log.String())
	}
	if seen := w.dovecot.Seen(w.user); len(seen) != 0 {
		w.t.Errorf("marked as read: %v, want none", seen)
	}
}

func fromLatestByTheStore(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.dovecot.Deliver(w.user, mail("old"), mailboxtest.Delivery{Seen: true})
	w.deliver("a", "b")
	w.expect(true, "saved a", "saved b")
	w.options.Checkpoint = ""
	w.expect(false, "existed a", "existed b") // the store remembers that they were not handed over
	w.dovecot.Deliver(w.user, mail("read elsewhere"), mailboxtest.Delivery{Seen: true})
	w.deliver("a") // the same bytes again
	w.options.Checkpoint = ""
	w.expect(false, "saved read elsewhere")
	w.options.Checkpoint = ""
	w.expect(false)
	w.ledger("a", "b", "read elsewhere")
}

func fromLatestByTheCheckpoint(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.deliver("a", "b", "c")
	w.options.MaxMessages = 2
	w.expect(false, "saved a", "saved b")
	w.expect(true, "saved c")
	w.expect(false, "existed c")
	w.expect(false)
	w.ledger("a", "b", "c")
}

func lateUID(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.deliver("a", "b", "c")
	w.dovecot.SetUIDs(w.user, 7, 38, 39, 41)
	w.expect(false, "saved a", "saved b", "saved c")
	w.deliver("late")
	w.deliver("d")
	w.dovecot.SetUIDs(w.user, 7, 38, 39, 41, 42, 43)
	w.expect(false, "saved late", "saved d")
	w.expect(false)
}

func uidValidityByCheckpoint(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.deliver("a", "b", "c")
	w.expect(false, "saved a", "saved b", "saved c")
	w.deliver("new")
	w.dovecot.Renumber(w.user, 4711)
	w.expect(false, "saved new")
	w.expect(false)
	w.ledger("a", "b", "c", "new")
}

func uidValidityByStore(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.deliver("a", "b", "c")
	w.expect(false, "saved a", "saved b", "saved c")
	w.deliver("new")
	w.dovecot.Renumber(w.user, 4711)
	w.options.Checkpoint = ""
	w.expect(false, "saved new")
	if !strings.Contains(w.log.String(), "UIDVALIDITY changed") {
		w.t.Errorf("the log says so:\n%s", w.log.String())
	}
	w.options.Checkpoint = ""
	w.expect(false)
	w.ledger("a", "b", "c", "new")
}

func olderDate(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.dovecot.Deliver(w.user, mail("archive"), mailboxtest.Delivery{Seen: true, When: time.Now().AddDate(-1, 0, 0)})
	w.deliver("a", "b")
	w.expect(false, "saved a", "saved b")
	w.dovecot.Deliver(w.user, mail("moved here"), mailboxtest.Delivery{When: time.Now().AddDate(0, 0, -3)})
	w.dovecot.Renumber(w.user, 4711)
	w.expect(false, "saved moved here")
	w.expect(false)
	w.ledger("a", "b", "moved here")
}

func secondCopies(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.deliver("a", "b", "a", "a")
	objects := w.expect(false, "saved a", "saved b")
	problems := fmt.Sprint(objects[0].Problems)
	if !strings.Contains(problems, "copies") || !strings.Contains(problems, "3, 4") {
		w.t.Errorf("the first names the copies: %v", problems)
	}
	w.expect(false)
	w.deliver("b")
	w.expect(false, "existed b")
	w.ledger("a", "b")
}

func maxMessages(w *world) {
	w.options.MaxMessages = 2
	w.spec = filters.Spec{NotSubject: []string{"spam"}}
	w.deliver("spam1", "a", "spam2", "a", "b", "c")
	w.expect(false, "saved a", "saved b")
	w.expect(false, "saved c")
	w.expect(false)
	w.ledger("a", "b", "c")
}

func filtersOnText(w *world) {
	w.options.MaxMessages = 1
	w.spec = filters.Spec{TextBody: []string{"body of wanted"}, From: []string{"news.example"}}
	w.deliver("x", "y", "wanted1", "z", "wanted2")
	w.expect(false, "saved wanted1")
	w.expect(false, "saved wanted2")
	w.expect(false)
	if !strings.Contains(w.log.String(), "filter=text_body") {
		w.t.Errorf("the log names the filter:\n%s", w.log.String())
	}
	w.ledger("wanted1", "wanted2") // what is left out is not saved either
}

// altered is a folder or a store that does something in mid-run.
type altered struct {
	ingest.Folder
	ingest.Store
	beforeFetch func()
	save        func(context.Context, []*soar.Draft) ([]soar.Saved, error)
}

func (a *altered) Fetch(ctx context.Context, uids []mailbox.UID, yield func(*mailbox.Raw) error) error {
	if a.beforeFetch != nil {
		a.beforeFetch()
	}
	return a.Folder.Fetch(ctx, uids, yield)
}

func (a *altered) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	if a.save != nil {
		return a.save(ctx, drafts)
	}
	return a.Store.Save(ctx, drafts)
}

func (w *world) open() (*mailbox.Folder, *local.Store) {
	w.t.Helper()
	store, err := local.Open(w.t.Context(), w.store, local.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { store.Close() })
	folder, err := mailbox.Dial(w.t.Context(), w.config())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { folder.Close() })
	return folder, store
}

func vanishing(w *world) {
	w.deliver("a", "gone", "b")
	folder, store := w.open()
	a := &altered{Folder: folder, beforeFetch: func() { w.dovecot.Expunge(w.user, 2) }}
	if got := brief(w.runOn(a, store, false)); !slices.Equal(got, []string{"saved a", "saved b"}) {
		w.t.Errorf("got %q", got)
	}
	if !strings.Contains(w.log.String(), "vanished=1") {
		w.t.Errorf("the sum counts it:\n%s", w.log.String())
	}
}

func storeFails(w *world) {
	w.deliver("a", "b", "c")
	folder, store := w.open()
	broken := errors.New("the store is away")
	a := &altered{Store: store, save: func(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
		saved, err := store.Save(ctx, drafts[:1])
		return saved, errors.Join(err, broken)
	}}
	w.options.BatchEmails = 2
	if got := brief(w.runOn(folder, a, false)); !slices.Equal(got, []string{"saved a"}) {
		w.t.Errorf("what was saved is the result: %q", got)
	}
	a.save = func(context.Context, []*soar.Draft) ([]soar.Saved, error) { return nil, broken }
	if _, err := w.tryRun(folder, a, false); !errors.Is(err, broken) {
		w.t.Errorf("nothing saved: the run fails with the reason, not with %v", err)
	}
	w.expect(false, "saved b", "saved c")
	w.ledger("a", "b", "c")
}

func tooLarge(w *world) {
	w.options.MaxSize = 2000
	w.deliver("a")
	big := append(mail("big"), bytes.Repeat([]byte("x\r\n"), 2000)...)
	w.dovecot.Deliver(w.user, big, mailboxtest.Delivery{})
	w.deliver("b")
	objects := w.expect(false, "saved a", "saved big", "saved b")
	o := objects[1]
	if o.SHA256 != "" || o.Size != int64(len(big)) || o.BodyText != "" || !strings.Contains(fmt.Sprint(o.Problems), "too_large") {
		w.t.Errorf("a record without content: %+v", o)
	}
	w.expect(false)
}

func badCheckpoint(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.options.Checkpoint = "cp1.nonsense"
	w.deliver("a")
	w.expect(false, "saved a")
	if !strings.Contains(w.log.String(), "checkpoint is ignored") {
		w.t.Errorf("the log says so:\n%s", w.log.String())
	}
}

func TestResultIsSpooled(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	w := newWorld(t, d)
	var names []string
	for i := range 30 {
		name := fmt.Sprintf("large%02d", i)
		raw := append(mail(name), bytes.Repeat([]byte(name+" fills the text of this mail up.\r\n"), 4000)...)
		w.dovecot.Deliver(w.user, raw, mailboxtest.Delivery{})
		w.dovecot.Deliver(w.user, raw, mailboxtest.Delivery{}) // the patch of an object that went to the file
		names = append(names, "saved "+name)
	}
	objects := w.expect(false, names...)
	for _, o := range objects {
		if !o.BodyTruncated || len(o.BodyText) != 65536 || len(o.Problems) != 1 {
			t.Fatalf("%s: truncated %v, %d bytes, problems %v", o.Subject, o.BodyTruncated, len(o.BodyText), o.Problems)
		}
	}
}
