package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// today is when the tests' runs take place.
var today = time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)

// item is an email in the fake folder.
type item struct {
	uid     mailbox.UID
	subject string
	seen    bool
	at      time.Time
	outcome mailbox.Outcome
}

func (i *item) raw() []byte {
	return []byte("From: alice@news.example\r\nSubject: " + i.subject + "\r\n\r\nBody of " + i.subject + ".\r\n")
}

// box is a folder in memory. fault, where it is set, is asked before each call
// and before each email that is brought.
type box struct {
	validity uint32
	items    []*item
	fault    func(call string) error
	searched []mailbox.Criteria
	fetched  []mailbox.UID
	substr   bool
	blind    bool // its search finds nothing by filters
}

// newBox is a folder with an unread email of today under each subject, from UID 1.
func newBox(subjects ...string) *box {
	b := &box{validity: 7}
	for _, s := range subjects {
		b.deliver(s)
	}
	return b
}

func (b *box) deliver(subject string) *item {
	i := &item{uid: 1, subject: subject, at: today}
	if n := len(b.items); n > 0 {
		i.uid = b.items[n-1].uid + 1
	}
	b.items = append(b.items, i)
	return i
}

func (b *box) called(call string) error {
	if b.fault == nil {
		return nil
	}
	return b.fault(call)
}

func (b *box) find(uid mailbox.UID) *item {
	for _, i := range b.items {
		if i.uid == uid {
			return i
		}
	}
	return nil
}

func (b *box) Status() mailbox.Status {
	s := mailbox.Status{UIDValidity: b.validity, UIDNext: 1, Messages: uint32(len(b.items))}
	if n := len(b.items); n > 0 {
		s.UIDNext = b.items[n-1].uid + 1
	}
	return s
}

func (b *box) SubstringSearch() bool { return b.substr }

func (b *box) Search(_ context.Context, c mailbox.Criteria) ([]mailbox.UID, error) {
	if err := b.called("search"); err != nil {
		return nil, err
	}
	b.searched = append(b.searched, c)
	if b.blind && len(c.Query) > 0 {
		return nil, nil
	}
	var uids []mailbox.UID
	for _, i := range b.items {
		if (!c.Unseen || !i.seen) && i.uid >= c.From && (c.To == 0 || i.uid <= c.To) && !i.at.Before(c.Since.Truncate(24*time.Hour)) {
			uids = append(uids, i.uid)
		}
	}
	return uids, nil
}

func (b *box) Headers(_ context.Context, uids []mailbox.UID, _ []string, yield func(mailbox.Head) error) error {
	for _, uid := range uids {
		if err := b.called("header"); err != nil {
			return err
		}
		h := mailbox.Head{UID: uid}
		if i := b.find(uid); i != nil && i.outcome != mailbox.Missing {
			h.Header, _, _ = bytes.Cut(i.raw(), []byte("Body of"))
		} else if i != nil {
			h.Missing = true
		}
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}

func (b *box) Fetch(_ context.Context, uids []mailbox.UID, yield func(*mailbox.Raw) error) error {
	for _, uid := range uids {
		if err := b.called("fetch"); err != nil {
			return err
		}
		b.fetched = append(b.fetched, uid)
		if err := yield(b.bring(uid)); err != nil {
			return err
		}
	}
	return nil
}

func (b *box) bring(uid mailbox.UID) *mailbox.Raw {
	i := b.find(uid)
	if i == nil {
		return &mailbox.Raw{UID: uid, Outcome: mailbox.Vanished}
	}
	r := &mailbox.Raw{UID: uid, Outcome: i.outcome, InternalDate: i.at}
	if i.seen {
		r.Flags = []string{`\Seen`}
	}
	switch i.outcome {
	case mailbox.Whole:
		r.Body = i.raw()
		r.Size = int64(len(r.Body))
	case mailbox.TooLarge:
		r.Body, _, _ = bytes.Cut(i.raw(), []byte("Body of"))
		r.Size = 1 << 30
	}
	return r
}

func (b *box) MarkSeen(_ context.Context, uids []mailbox.UID) error {
	for _, uid := range uids {
		if err := b.called("mark"); err != nil {
			return err
		}
		if i := b.find(uid); i != nil {
			i.seen = true
		}
	}
	return nil
}

// shelf is a store in memory that, like the local one, remembers what was handed over.
type shelf struct {
	records []soar.Record
	pending map[string]bool // by key
	fault   func(call string) error
	refuse  string // a subject that it refuses for good
	saves   []int  // how many drafts each Save had
}

func newShelf() *shelf { return &shelf{pending: map[string]bool{}} }

func (s *shelf) called(call string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(call)
}

// Save stores them one by one, so that a fault leaves a prefix.
func (s *shelf) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	s.saves = append(s.saves, len(drafts))
	var saved []soar.Saved
	for _, d := range drafts {
		if err := s.called("save"); err != nil {
			return saved, err
		}
		if s.refuse != "" && d.Subject == s.refuse {
			saved = append(saved, soar.Saved{Refused: "it may not be saved"})
			continue
		}
		r, existed, _ := s.ByKey(ctx, d.SourceKey)
		if !existed {
			r = soar.Record{Metadata: d.Metadata}
			r.ID = idOf(len(s.records) + 1)
			s.records = append(s.records, r)
			s.pending[d.SourceKey] = true
		}
		saved = append(saved, soar.Saved{ID: r.ID, Existed: existed})
		if err := s.called("saved"); err != nil { // it is stored, and the answer is lost
			return saved[:len(saved)-1], err
		}
	}
	return saved, nil
}

func (s *shelf) ByKey(_ context.Context, key string) (soar.Record, bool, error) {
	for _, r := range s.records {
		if r.SourceKey == key {
			return r, true, nil
		}
	}
	return soar.Record{}, false, s.called("look up")
}

func (s *shelf) Newest(_ context.Context, _, _ string, validity uint32) (m soar.Mark, err error) {
	for _, r := range s.records {
		at, _ := time.Parse(time.RFC3339, r.ReceivedAt)
		m.Received(at)
		m.Records++
		if m.UIDValidity == 0 || r.UIDValidity == validity && m.UIDValidity != validity {
			m.UIDValidity, m.UID = r.UIDValidity, 0
		}
		if r.UIDValidity == m.UIDValidity {
			m.UID = max(m.UID, r.UID)
		}
	}
	return m, s.called("newest")
}

func (s *shelf) Pending(context.Context, string, string) (list []soar.Record, err error) {
	for _, r := range s.records {
		if s.pending[r.SourceKey] {
			list = append(list, r)
		}
	}
	return list, s.called("pending")
}

func (s *shelf) Search(_ context.Context, q soar.Query) (soar.Page, error) {
	from := min(len(s.records), (q.PageNumber-1)*q.PageSize)
	return soar.Page{Records: s.records[from:min(len(s.records), from+q.PageSize)], Total: len(s.records)}, s.called("list")
}

// job of one platform: it runs the daemon and keeps what it was handed.
type platform struct {
	t       *testing.T
	folder  *box
	store   *shelf
	options Options
	log     bytes.Buffer
	given   []Object
	forgets bool // it does not hand the checkpoint to the next run
}

func newPlatform(t *testing.T, folder *box) *platform {
	t.Helper()
	return &platform{t: t, folder: folder, store: newShelf(), options: Options{
		Account: "soc@corp.example", Folder: "INBOX", MarkAsSeen: true, MaxSize: 1 << 20, Limits: message.DefaultLimits(),
		TempDir: t.TempDir(), Progress: func(int, int) {}, Now: func() time.Time { return today },
	}}
}

// run is one run; its objects are handed over and acknowledged.
func (p *platform) run(spec filters.Spec) ([]string, error) {
	p.t.Helper()
	o := p.options
	p.log.Reset()
	o.Log = slog.New(slog.NewTextHandler(&p.log, nil))
	var err error
	if o.Filter, err = filters.Compile(spec); err != nil {
		p.t.Fatal(err)
	}
	result, err := Run(p.t.Context(), o, p.folder, p.store)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var out bytes.Buffer
	if err := result.Write(&out); err != nil {
		p.t.Fatal(err)
	}
	var objects []Object
	if err := json.Unmarshal(out.Bytes(), &objects); err != nil {
		p.t.Fatal(err)
	}
	p.given = append(p.given, objects...)
	got := []string{}
	for _, o := range objects {
		got = append(got, o.Status+" "+o.Subject)
		if !p.forgets {
			p.options.Checkpoint = o.Checkpoint
		}
	}
	return got, result.Written(p.t.Context())
}

// expect runs once and compares statuses and subjects.
func (p *platform) expect(spec filters.Spec, want ...string) {
	p.t.Helper()
	got, err := p.run(spec)
	if err != nil {
		p.t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		p.t.Fatalf("got %q, want %q\n%s", got, want, p.log.String())
	}
}

// logged checks that the log of the last run has each of these words.
func (p *platform) logged(words ...string) {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.log.String(), w) {
			p.t.Errorf("the log has no %q:\n%s", w, p.log.String())
		}
	}
}

func subjects(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("m%03d", i+1))
	}
	return list
}

var discard = slog.New(slog.DiscardHandler)

// idOf is the id of the n-th record, from 1.
func idOf(n int) soar.ID { return soar.NumberID(int64(n)) }

// HandedOver forgets what was pending.
func (s *shelf) HandedOver(_ context.Context, ids []soar.ID) error {
	if err := s.called("handed over"); err != nil {
		return err
	}
	for _, r := range s.records {
		if slices.Contains(ids, r.ID) {
			delete(s.pending, r.SourceKey)
		}
	}
	return nil
}

// Known is nil, as that of the local store.
func (s *shelf) Known(context.Context, soar.Candidates) (map[string]soar.ID, error) {
	return nil, s.called("known")
}

// bulk brings large emails and counts them.
type bulk struct {
	Folder
	raws    []*mailbox.Raw
	brought atomic.Int32
}

func (f *bulk) Status() mailbox.Status { return mailbox.Status{UIDValidity: 7} }

func (f *bulk) Fetch(_ context.Context, _ []mailbox.UID, yield func(*mailbox.Raw) error) error {
	for _, r := range f.raws {
		if err := yield(r); err != nil {
			return err
		}
		f.brought.Add(1)
	}
	return nil
}
