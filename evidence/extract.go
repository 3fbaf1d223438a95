package evidence

import (
	"context"
	"encoding/json"
)

// Excerpt is what a bundle of some emails shows of a ledger: their entries and those
// of the connections that they came over, and the digests of all others from the first
// of them to the head.
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
		l, err := s.First(ctx, id)
		if err != nil {
			return x, err
		}
		if l.Number > 0 {
			first = min(first, l.Number)
		}
		if session := sessionOf(l); session > 0 {
			first = min(first, session)
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
	others := map[int64]string{} // lines of no email, of which some are sessions
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
			switch {
			case l.Email == "":
				others[l.Number] = l.Text
			case wanted[l.Email]:
				n.Line = []byte(l.Text)
				x.show(sessionOf(l), others)
			}
			x.Entries = append(x.Entries, n)
		}
	}
	return nil
}

// show puts the line of a session in the place of its digest.
func (x *Excerpt) show(session int64, lines map[int64]string) {
	at := session - x.Before.Count - 1
	if text, there := lines[session]; there && at >= 0 && at < int64(len(x.Entries)) {
		x.Entries[at].Line = []byte(text)
	}
}

// sessionOf is the number of the session that an entry names; 0: none.
func sessionOf(l Line) int64 {
	var e struct {
		InSession int64 `json:"in_session"`
	}
	if json.Unmarshal([]byte(l.Text), &e) != nil || e.InSession >= l.Number {
		return 0
	}
	return e.InSession
}
