package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Folder is the IMAP folder of a run; *mailbox.Folder is one.
type Folder interface {
	Status() mailbox.Status
	SubstringSearch() bool
	Search(ctx context.Context, c mailbox.Criteria) ([]mailbox.UID, error)
	Headers(ctx context.Context, uids []mailbox.UID, names []string, yield func(mailbox.Head) error) error
	Fetch(ctx context.Context, uids []mailbox.UID, yield func(*mailbox.Raw) error) error
	MarkSeen(ctx context.Context, uids []mailbox.UID) error
}

// Store is where emails are saved; *soar.Client and *local.Store are two.
type Store interface {
	Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error)
	Known(ctx context.Context, c soar.Candidates) (map[string]soar.ID, error)
	Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error)
	ByKey(ctx context.Context, key string) (soar.Record, bool, error)
	Pending(ctx context.Context, account, folder string) ([]soar.Record, error)
	HandedOver(ctx context.Context, ids []soar.ID) error
}

// FetchType says which emails a run takes (contract.md, email_fetch_type).
type FetchType int

const (
	Unseen     FetchType = iota // emails without \Seen
	FromLatest                  // emails after the latest one that Cloud SOAR holds
)

// SearchMode says where filters are evaluated (filters.md).
type SearchMode int

const (
	Auto SearchMode = iota
	Server
	Local
)

// Options are the parameters of a run.
type Options struct {
	Account     string // mailbox_account
	Folder      string // UTF-8, as a person reads it
	FetchType   FetchType
	MarkAsSeen  bool // only for Unseen
	After       AfterImport
	NoLeftovers bool // an earlier run of this process looked for what After was not done with
	DryRun      bool // nothing is saved, marked or acknowledged; ids and checkpoints of the objects are ""
	SearchMode  SearchMode
	Filter      *filters.Filter
	MaxMessages int   // objects put out; 0 = no limit
	MaxSize     int64 // bytes; for the sentence of too_large
	Checkpoint  string
	UIDs        []UIDRange // where set, exactly these are taken, read or not, and the checkpoint stays as it is
	Limits      message.Limits
	BatchEmails int               // drafts of one Save; 1 where each is a request, 0 = DefaultBatch
	Prepare     func(*soar.Draft) // what the store does with a draft ahead of its Save, on any goroutine; nil: nothing
	// Commit takes each batch when it is settled, before anything of it is acknowledged: a
	// store whose Save leaves its transaction open ends it here. nil: nothing. Its error ends the
	// run, and the batch is not in the result.
	Commit   func(ctx context.Context, b Batch) error
	TempDir  string
	Log      *slog.Logger
	Progress func(done, total int)
	Now      func() time.Time
}

// UIDRange is a range of UIDs, both ends included.
type UIDRange struct{ First, Last mailbox.UID }

// DefaultBatch is how many emails are saved in one transaction: enough to share
// one fsync, few enough to lose little time to a run that is interrupted.
const DefaultBatch = 128

// errStopped ends a round early without being a failure: max_messages is reached.
var errStopped = errors.New("enough emails")

// AfterImport is what is done with emails in their folder after they were handed
// over: only when the result is written, and only with those that the store has. The
// zero value is nothing.
type AfterImport struct {
	Flag   string // a flag or keyword to set; "" = none
	Target string // the folder to move them to, UTF-8; "" = they stay
}

// None reports whether nothing is done.
func (a AfterImport) None() bool { return a == AfterImport{} }

// Searcher is a store that can be listed.
type Searcher interface {
	Search(ctx context.Context, q soar.Query) (soar.Page, error)
}

// Pruned is a store that keeps the keys of emails that its retention removed.
type Pruned interface {
	PrunedKeys(ctx context.Context, account string) ([]string, error)
}
