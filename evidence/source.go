package evidence

import (
	"context"
	"fmt"
)

// Source is a store that keeps a ledger. Emails are named as the entries name them.
type Source interface {
	// Head is where the ledger ends; Count is 0 where the store has none.
	Head(ctx context.Context) (Head, error)
	// Lines reads entries behind a number in their order, a page of them; none: the ledger ends.
	Lines(ctx context.Context, after int64) ([]Line, error)
	// First is the number of the first entry of an email; 0: there is none.
	First(ctx context.Context, email string) (int64, error)
	// Pruned reports whether an entry behind a number tells that the retention removed the email.
	Pruned(ctx context.Context, email string, after int64) (bool, error)
	// Held reads an email as the store has it now; nil: it has none of this id.
	Held(ctx context.Context, email string) (*Held, error)
	// States yields what the store says became of its emails.
	States(ctx context.Context, yield func(State) error) error
	// Stranger is the first email newer than before (""; all are) that no entry tells the saving of; "": there is none.
	Stranger(ctx context.Context, before string) (string, error)
	// Until counts the emails that are not newer than before; "": all.
	Until(ctx context.Context, before string) (int, error)
}

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

// Excerpt is what a bundle of some emails shows of a ledger: their entries, and the
// digests of all others from the first of theirs to the head.
type Excerpt struct {
	Before  Head // in front of Entries
	Entries []Numbered
	Head    Head // behind them; Count 0: the store keeps no ledger
}

// Extract reads the excerpt for these emails.
func Extract(ctx context.Context, s Source, emails []string) (x Excerpt, err error) {
	x.Before = Start
	if x.Head, err = s.Head(ctx); err != nil || x.Head.Count == 0 {
		return x, err
	}
	wanted := map[string]bool{}
	first := x.Head.Count + 1
	for _, id := range emails {
		wanted[id] = true
		number, err := s.First(ctx, id)
		if err != nil {
			return x, err
		}
		if number > 0 {
			first = min(first, number)
		}
	}
	if first > 1 {
		lines, err := s.Lines(ctx, first-2)
		if err != nil {
			return x, err
		}
		if len(lines) == 0 {
			return x, errShort(first-2, x.Head)
		}
		x.Before = Head{lines[0].Number, lines[0].Link}
	}
	return x, x.fill(ctx, s, wanted)
}

// fill reads the entries from Before to Head.
func (x *Excerpt) fill(ctx context.Context, s Source, wanted map[string]bool) error {
	for at := x.Before.Count; at < x.Head.Count; {
		lines, err := s.Lines(ctx, at)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return errShort(at, x.Head)
		}
		for _, l := range lines {
			if at = l.Number; at > x.Head.Count {
				break
			}
			n := Numbered{Number: l.Number, Digest: Digest([]byte(l.Text))}
			if wanted[l.Email] {
				n.Line = []byte(l.Text)
			}
			x.Entries = append(x.Entries, n)
		}
	}
	return nil
}

func errShort(at int64, head Head) error {
	return fmt.Errorf("the store's ledger ends at the entry %d and should go on to %d; audit --ledger tells more", at, head.Count)
}
