package ingest

import (
	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
)

// Decision is what the filters say of an email, judged by what came of it.
type Decision struct {
	Message *message.Message // nil: nothing came that could be judged
	Whole   bool             // its content came too
	LeftOut string           // the field of the first filter that leaves it out; "": all keep it
}

// DecideHead judges by header fields alone. The result is false for an email
// that has vanished.
func DecideHead(f *filters.Filter, h mailbox.Head, l message.Limits) (d Decision, there bool) {
	if h.Header != nil {
		d.Message = message.ParseHeader(h.Header, l)
	}
	d.decide(f)
	return d, h.Header != nil || h.Missing
}

// Decide judges what was fetched of an email. The result is false for one that
// has vanished or did not come.
func Decide(f *filters.Filter, raw *mailbox.Raw, l message.Limits) (d Decision, came bool) {
	switch raw.Outcome {
	case mailbox.Whole:
		d.Message, d.Whole = message.Parse(raw.Body, l), true
	case mailbox.TooLarge:
		d.Message = message.ParseHeader(raw.Body, l)
	case mailbox.Empty:
	default:
		return d, false
	}
	d.decide(f)
	return d, true
}

func (d *Decision) decide(f *filters.Filter) {
	for _, c := range f.Conditions() {
		if !d.Keeps(c) {
			d.LeftOut = c.Field
			return
		}
	}
}

// Keeps reports whether one filter keeps the email. A filter on what did not
// come keeps it: it comes rather than being missed.
func (d *Decision) Keeps(c filters.Condition) bool {
	return d.Message == nil || c.Body && !d.Whole || c.Keeps(d.Message)
}

// Fate is what becomes of an email that a run or an audit looks at.
type Fate int

const (
	Gone      Fate = iota // it vanished between search and fetch
	LeftOut               // a filter leaves it out
	Withheld              // it is there and did not come: the next run asks again
	NoContent             // nothing of it comes, and none is asked for any more
	Repeated              // the same bytes came before, under another UID
	Known                 // the store holds it
	New                   // the store does not hold it
)

// fateOf is the one place where that is decided. came tells whether an email of
// this key came before, held whether the store has it.
func fateOf(j *job, came func(key string) bool, held func(key string) (bool, error)) (Fate, error) {
	switch {
	case j.raw.Outcome == mailbox.Vanished:
		return Gone, nil
	case j.left != "":
		return LeftOut, nil
	case j.draft == nil:
		return Withheld, nil
	case j.draft.SourceKey == "":
		return NoContent, nil
	case came(j.draft.SourceKey):
		return Repeated, nil
	}
	known, err := held(j.draft.SourceKey)
	if known {
		return Known, err
	}
	return New, err
}
