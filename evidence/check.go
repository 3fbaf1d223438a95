package evidence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"example.org/imap-integration/quote"
)

// StoreReport is what Check found.
type StoreReport struct {
	Entries  int64  `json:"entries"`  // that were read
	Emails   int    `json:"emails"`   // whose content and record are as they were saved
	Pruned   int    `json:"pruned"`   // emails that are gone, and an entry says that the retention removed them
	Unproved int    `json:"unproved"` // emails that were in the store before it had a ledger
	Link     string `json:"link"`     // of the last entry that fits
	Problem  string `json:"problem"`  // the first thing that does not fit; "": all does
}

// Check goes along the whole ledger of a store, and holds every email, link and file
// against the entry that tells of it. kept, where its Count is not 0, is a head that
// somebody kept: the ledger must still lead through it, or its end was cut off.
//
// A store that can be read as it is at one moment is: what a run writes meanwhile would
// else be held against a ledger that does not tell of it yet.
func Check(ctx context.Context, s Source, kept Head) (*StoreReport, error) {
	if still, ok := s.(Snapshotter); ok {
		moment, release, err := still.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		defer release()
		s = moment
	}
	c := &check{s: s, head: Start, kept: kept, report: &StoreReport{}, states: map[State]int64{}}
	err := c.all(ctx)
	var fault misfit
	if errors.As(err, &fault) {
		c.report.Problem, err = fault.Error(), nil
	}
	c.report.Entries, c.report.Link = c.head.Count, c.head.Link
	return c.report, err
}

// misfit is something that does not fit the ledger.
type misfit struct{ error }

func misfitf(format string, args ...any) error { return misfit{fmt.Errorf(format, args...)} }

// check is a check under way.
type check struct {
	s      Source
	head   Head
	kept   Head
	before string          // the newest email from before the ledger; "": there was none
	states map[State]int64 // what the entries so far say → the entry
	report *StoreReport
}

func (c *check) all(ctx context.Context) error {
	if err := c.presently(ctx); err != nil {
		return err
	}
	if err := c.strangers(ctx); err != nil {
		return err
	}
	damage, err := c.s.Sound(ctx)
	if err == nil && damage != "" {
		err = misfitf("the store itself is damaged: %s", quote.Text(damage, quote.Sentence))
	}
	return err
}

// presentTries is how often somebody may link an email while a check looks.
const presentTries = 10

// presently goes along the chain to its present end and compares the states with it. What
// differs because others go on writing is looked at once more.
func (c *check) presently(ctx context.Context) error {
	for try := 1; ; try++ {
		if err := c.along(ctx); err != nil {
			return err
		}
		err := c.holdStates(ctx)
		var fault misfit
		if !errors.As(err, &fault) || try == presentTries {
			return err
		}
		if now, headErr := c.s.Head(ctx); headErr != nil || now.Count <= c.head.Count {
			return errors.Join(headErr, err)
		}
	}
}

// along goes along the chain to its present end.
func (c *check) along(ctx context.Context) error {
	end, err := c.s.Head(ctx)
	if err != nil {
		return err
	}
	for c.head.Count < end.Count {
		lines, err := c.s.Lines(ctx, c.head.Count)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return misfitf("the ledger's entry %d is missing", c.head.Count+1)
		}
		for _, l := range lines {
			if err := c.entry(ctx, l); err != nil {
				return err
			}
		}
	}
	if c.head.Count < c.kept.Count {
		return misfitf("the ledger ends at the entry %d; the head that was kept has %d: its end was cut off", c.head.Count, c.kept.Count)
	}
	return nil
}

// entry checks one entry and what it tells of.
func (c *check) entry(ctx context.Context, l Line) error {
	e, next, err := c.head.Check([]byte(l.Text))
	if err != nil {
		return misfitf("the ledger's entry %d does not fit: %w", c.head.Count+1, err)
	}
	if l.Number != next.Count || l.Link != next.Link || l.Email != e.Email {
		return misfitf("the ledger's entry %d does not fit: the columns beside it say something else", next.Count)
	}
	if next.Count == c.kept.Count && next.Link != c.kept.Link {
		return misfitf("the ledger's entry %d is not that of the head that was kept: the ledger was written anew", next.Count)
	}
	switch e.Event {
	case Began:
		if e.Number != 1 {
			return misfitf("the ledger's entry %d does not fit: a ledger begins once", e.Number)
		}
		c.before = e.Email
	case Saved:
		err = c.saved(ctx, e)
	default:
		c.follow(e)
	}
	if err == nil {
		c.head = next
	}
	return err
}

// saved holds an email against the entry of its saving.
func (c *check) saved(ctx context.Context, e Entry) error {
	held, err := c.s.Held(ctx, e.Email)
	if err != nil {
		return err
	}
	if held == nil {
		pruned, err := c.s.Pruned(ctx, e.Email, e.Number)
		if err == nil && !pruned {
			err = misfitf("the email %s, which the ledger's entry %d says was saved, is not in the store", e.Email, e.Number)
		}
		if err == nil {
			c.report.Pruned++
		}
		return err
	}
	switch {
	case held.Account != e.Account || held.Folder != e.Folder || held.UIDValidity != e.UIDValidity || held.UID != e.UID || held.Record != e.Record:
		return misfitf("the record of the email %s is not the one that the ledger's entry %d says was saved", e.Email, e.Number)
	case !near(held.Created, e.Time):
		return misfitf("the record of the email %s says that it was made at %s, and the ledger's entry %d is of %s", e.Email, quote.Text(held.Created, quote.Name), e.Number, e.Time)
	case held.Fault != "":
		return misfitf("the email %s, which the ledger's entry %d says was saved, is damaged: %s", e.Email, e.Number, held.Fault)
	case held.Raw == nil && e.SHA256 == "":
	case held.Raw == nil || Digest(held.Raw) != e.SHA256 || int64(len(held.Raw)) != e.Size:
		return misfitf("the content of the email %s is not the one that the ledger's entry %d says was saved", e.Email, e.Number)
	}
	c.report.Emails++
	return nil
}

// near reports whether two times can be of the same save: a store may take a while to
// write its entry behind the record.
func near(record, entry string) bool {
	made, err1 := time.Parse(time.RFC3339, record)
	told, err2 := time.Parse(time.RFC3339, entry)
	return err1 == nil && err2 == nil && told.Sub(made).Abs() <= 5*time.Minute
}

// follow keeps what an entry says of the state of an email.
func (c *check) follow(e Entry) {
	s := State{Event: e.Event, Email: e.Email, Place: e.Place}
	switch e.Event {
	case Discarded, Linked:
		c.states[s] = e.Number
	case Unlinked:
		s.Event = Linked
		delete(c.states, s)
	case FileAdded:
		s.Part, s.SHA256, s.Size, s.Record = e.Detail, e.SHA256, e.Size, e.Record
		c.states[s] = e.Number
	case Pruned:
		for s := range c.states {
			if s.Email == e.Email {
				delete(c.states, s)
			}
		}
	}
}

// holdStates compares what the store says became of its emails with what the entries
// say. Of emails from before the ledger nobody knows.
func (c *check) holdStates(ctx context.Context) error {
	if c.head.Count == 0 {
		return nil
	}
	left := maps.Clone(c.states)
	err := c.s.States(ctx, func(s State) error {
		if _, told := left[s]; !told && !c.older(s.Email) {
			return misfitf("the store says that %s, and no entry of the ledger tells of it", s)
		}
		delete(left, s)
		return nil
	})
	if err != nil {
		return err
	}
	first, number := State{}, int64(0)
	for s, n := range left {
		if number == 0 || n < number {
			first, number = s, n
		}
	}
	if number > 0 {
		return misfitf("the ledger's entry %d says that %s, and the store does not", number, first)
	}
	return nil
}

// older reports whether an email is from before the ledger. Stores count their emails.
func (c *check) older(email string) bool {
	return len(email) < len(c.before) || len(email) == len(c.before) && email <= c.before
}

// strangers looks for emails whose saving the ledger does not tell of.
func (c *check) strangers(ctx context.Context) (err error) {
	if c.head.Count == 0 {
		c.report.Unproved, err = c.s.Until(ctx, "")
		return err
	}
	stranger, err := c.s.Stranger(ctx, c.before)
	if err != nil {
		return err
	}
	if stranger != "" {
		return misfitf("the email %s is in the store and no entry of the ledger tells of its saving", stranger)
	}
	if c.before != "" {
		c.report.Unproved, err = c.s.Until(ctx, c.before)
	}
	return err
}
