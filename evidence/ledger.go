// Package evidence lets somebody else check what became of an email: the ledger,
// a chain of entries that a store appends to, and bundles, folders in which emails
// are handed over with everything that proves them.
//
// What arrives are records and raw emails of a store, entries that a store kept, and
// bundles of unknown origin. What can go wrong: a byte was changed, an entry was
// taken out, the end was cut off, a name leads out of the folder. What is promised:
// one changed bit anywhere is named; the same emails give the same bytes; nothing in
// a bundle needs this program to be checked (sha256sum and openssl do); and a bundle
// of some emails tells nothing of the others, whose entries are in it as digests only.
//
// Not promised: that who can write to the store and holds the key has not made a new
// chain. A head that somebody else keeps, signed or not, shows that.
//
// To be read in this order: ledger, session, source, check (of a store), extract, bundle, sign, verify (of a bundle).
package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Events of an entry.
const (
	Began      = "began"            // the ledger: what the store held before has no entry
	Connected  = "connected"        // to a mail server: the session that emails behind it came over
	Saved      = "saved"            // the email was stored
	Existed    = "existed"          // a run brought an email that the store has
	HandedOver = "handed_over"      // the result that holds the email was written
	Failed     = "failed"           // a run handed it over as failed; detail says why the store has it not
	Marked     = "marked"           // at the mail server, with the flag or keyword in detail
	Moved      = "moved"            // at the mail server, to the folder in detail
	Discarded  = "discarded"        //
	Linked     = "linked"           // to the incident or triage event in place
	Unlinked   = "unlinked"         // from it
	FileAdded  = "attachment_added" // to the incident in place; sha256 and size are the file's
	Pruned     = "pruned"           // the email was removed from the store by the retention
)

// Entry is one event in the life of an email. Keys that have nothing to say are left out.
type Entry struct {
	Number      int64    `json:"number"`   // from 1, without a gap
	Previous    string   `json:"previous"` // link of the entry before; 64 zeros in the first
	Time        string   `json:"time"`     // RFC 3339, UTC
	Event       string   `json:"event"`
	Program     string   `json:"program"` // version that wrote the entry
	Email       string   `json:"email,omitempty"`
	Account     string   `json:"account,omitempty"`
	Folder      string   `json:"folder,omitempty"`
	UIDValidity uint32   `json:"uid_validity,omitempty"`
	UID         uint32   `json:"uid,omitempty"`
	Size        int64    `json:"size,omitempty"`
	SHA256      string   `json:"sha256,omitempty"` // of the raw email; "" of a record without content
	Record      string   `json:"record,omitempty"` // SHA-256 of the record as the store keeps it
	Place       string   `json:"place,omitempty"`  // "incident 7", "triage event 3"
	Detail      string   `json:"detail,omitempty"`
	InSession   int64    `json:"in_session,omitempty"` // number of the entry of the connection that the email came over
	Session     *Session `json:"session,omitempty"`    // of the event connected
}

// Place is the place of an entry: an incident or a triage event.
func Place(kind string, number int64) string { return fmt.Sprintf("%s %d", kind, number) }

// BeganDetail is the detail of a ledger's first entry whose email is from before it.
const BeganDetail = "the newest email that the store held before"

// About is the entry with the origin of another one: where the email was, and what it
// is. The size and the digest of a file stay those of the file.
func (e Entry) About(origin Entry) Entry {
	e.Account, e.Folder, e.UIDValidity, e.UID = origin.Account, origin.Folder, origin.UIDValidity, origin.UID
	if e.Event != FileAdded {
		e.Size, e.SHA256 = origin.Size, origin.SHA256
	}
	return e
}

// Proved is what the first line of an email's entries says of its origin, where that
// is its saving; else the entry itself, which a store made of its columns.
func (e Entry) Proved(first []byte) Entry {
	var saved Entry
	if json.Unmarshal(first, &saved) == nil && saved.Event == Saved {
		return saved
	}
	return e
}

// Head is where a ledger ends: all that stands before it is fixed by it.
type Head struct {
	Count int64  `json:"count"` // entries
	Link  string `json:"link"`  // of the last one, hex
}

// Start is the head of a ledger without entries.
var Start = Head{Link: "0000000000000000000000000000000000000000000000000000000000000000"}

// Append makes e the next entry: it gets its number and the link before it. It
// returns the line to keep, in the memory of buf where that is large enough, and the new head.
func (h Head) Append(buf []byte, e Entry) (line []byte, next Head) {
	e.Number, e.Previous = h.Count+1, h.Link
	line = e.appendJSON(buf[:0])
	return line, h.behind(sha256.Sum256(line))
}

// Digest is the SHA-256 of an entry's line, hex.
func Digest(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// Hidden is the head behind an entry of which only the digest is known. The link
// is the SHA-256 of two texts of 64 characters: the link before and the digest.
func (h Head) Hidden(digest string) Head {
	return Head{h.Count + 1, Digest([]byte(h.Link + digest))}
}

// behind is Hidden for a digest in bytes.
func (h Head) behind(digest [sha256.Size]byte) Head {
	both := make([]byte, 0, 2*2*sha256.Size)
	both = hex.AppendEncode(append(both, h.Link...), digest[:])
	return Head{h.Count + 1, Digest(both)}
}

// errChain is what does not fit of an entry.
var errChain = errors.New("it does not continue the chain")

// Check reads the line of the next entry and returns the head behind it.
func (h Head) Check(line []byte) (Entry, Head, error) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return e, h, fmt.Errorf("it cannot be read (%w)", err)
	}
	switch {
	case e.Number != h.Count+1:
		return e, h, fmt.Errorf("%w: its number is %d", errChain, e.Number)
	case e.Previous != h.Link:
		return e, h, fmt.Errorf("%w: it follows the link %.16s… and the entry before it has %.16s…", errChain, e.Previous, h.Link)
	}
	return e, h.behind(sha256.Sum256(line)), nil
}

// ReadHead reads a head that somebody kept: audit --ledger prints entries and link, chain.json
// of a bundle has count and link. "" is no head.
func ReadHead(file string) (Head, error) {
	if file == "" {
		return Head{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Head{}, fmt.Errorf("the head of the ledger cannot be read: %w", err)
	}
	var kept struct {
		Head
		Entries int64 `json:"entries"`
		Inner   Head  `json:"head"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return Head{}, fmt.Errorf("the head of the ledger in %q cannot be read: %w", file, err)
	}
	head := Head{max(kept.Count, kept.Entries), kept.Link}
	if kept.Inner.Count > 0 {
		head = kept.Inner
	}
	if head.Count <= 0 || len(head.Link) != len(Start.Link) {
		return Head{}, fmt.Errorf("the file %q holds no head of a ledger: it has a count and a link of 64 characters", file)
	}
	return head, nil
}
