package evidence

import (
	"context"
	"encoding/hex"
	"fmt"
)

// Source is a store that keeps a ledger. Emails are named as the entries name them.
type Source interface {
	// Head is where the ledger ends; Count is 0 where the store has none.
	Head(ctx context.Context) (Head, error)
	// Lines reads entries behind a number in their order, a page of them; none: the ledger ends.
	Lines(ctx context.Context, after int64) ([]Line, error)
	// First is the first entry of an email; its Number is 0 where there is none.
	First(ctx context.Context, email string) (Line, error)
	// Pruned reports whether an entry behind a number tells that the retention removed the email.
	Pruned(ctx context.Context, email string, after int64) (bool, error)
	// Held reads an email as the store has it now; nil: it has none of this id.
	Held(ctx context.Context, email string) (*Held, error)
	// States yields what the store says became of its emails.
	States(ctx context.Context, yield func(State) error) error
	// Stranger is the first email newer than before (""; all are) that no entry tells the saving of; "": there is none.
	Stranger(ctx context.Context, before string) (string, error)
	// Sound looks for damage of the store as such, its indexes for example: the first that
	// it finds, "" where there is none or nobody can tell.
	Sound(ctx context.Context) (string, error)
	// Until counts the emails that are not newer than before; "": all.
	Until(ctx context.Context, before string) (int, error)
}

// Snapshotter is a source that can be read as it is at one moment, until release is called.
type Snapshotter interface {
	Snapshot(ctx context.Context) (at Source, release func(), err error)
}

// AtOnce is how many entries are made at once, so that memory does not grow with a mailbox.
const AtOnce = 1000

// Line is an entry as a store keeps it, with the columns beside it.
type Line struct {
	Number int64
	Email  string // "": of no email
	Text   string
	Link   string
}

// Held is an email as a store has it now.
type Held struct {
	Account, Folder  string
	UIDValidity, UID uint32
	Record           string // digest of the record
	Created          string // when the record was made, RFC 3339
	Raw              []byte // nil: there is no content
	Fault            string // what is wrong in the store itself: damaged content, columns that contradict the record; "": nothing
}

// State is something that an entry made so and no later one undid: an email that was
// discarded, is linked to a place, or a file that was added there.
type State struct {
	Event string // Discarded, Linked, FileAdded
	Email string
	Place string
	Part  string // of a file, as its SHA256 and Size
	// SHA256 is that of the content that the store has now.
	SHA256 string
	Size   int64
	Record string // FileRecord of what stands beside the content
}

// Contains puts what a file's content says, its SHA-256 and size, in the place of what
// stands beside it, unless the two agree.
func (s *State) Contains(sum []byte, size int64) {
	if got := hex.EncodeToString(sum); got != s.SHA256 || size != s.Size {
		s.SHA256, s.Size = "of "+got, size // no entry has such a digest
	}
}

// FileRecord is the digest of what an incident says of a file beside its content.
func FileRecord(filename, contentType string) string {
	return Digest([]byte(filename + "\x00" + contentType))
}

func (s State) String() string {
	switch s.Event {
	case Discarded:
		return fmt.Sprintf("the email %s is discarded", s.Email)
	case Linked:
		return fmt.Sprintf("the email %s is in %s", s.Email, s.Place)
	default:
		return fmt.Sprintf("%s has the part %s of the email %s as a file with %d bytes and the SHA-256 %.16s…", s.Place, s.Part, s.Email, s.Size, s.SHA256)
	}
}

func errShort(at int64, head Head) error {
	return fmt.Errorf("the store's ledger ends at the entry %d and should go on to %d; audit --ledger tells more", at, head.Count)
}
