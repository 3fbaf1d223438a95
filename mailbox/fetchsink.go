package mailbox

import (
	"errors"
	"strings"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/message"
)

// Room implements [imapwire.FetchSink].
func (r *fetchRun) Room(f *imapwire.FetchResponse, n int64) (*imapwire.Literal, error) {
	limit, keep, wanted := r.limits(f)
	if !wanted {
		return nil, nil
	}
	if n > limit {
		return nil, errTooLarge{r.owner(f), n, f.Size}
	}
	price := imapwire.Cost(min(n, keep))
	if r.f.budget.tight(price) {
		r.press()
	}
	if err := r.f.budget.take(price); errors.Is(err, errInterrupted) {
		return nil, nil // the consumer is gone: the literal is read over
	} else if err != nil {
		return nil, err
	}
	if r.fields != "" {
		return imapwire.NewKeptLiteral(n, keep, func() { r.f.budget.give(price) }), nil
	}
	return imapwire.NewLiteral(n, keep, func() { r.f.budget.give(price) }), nil
}

// limits says how large the body of an answer may be, and how much of it is
// kept. A body that was not asked for is not wanted.
func (r *fetchRun) limits(f *imapwire.FetchResponse) (limit, keep int64, wanted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit = r.f.conf.MaxSize
	uid := r.ownerLocked(f)
	it := r.items[uid] // nil for 0: whose it is stands behind it (testdata/rows.json, I14)
	switch {
	case r.discard, uid != 0 && (it == nil || !it.asked || it.body != nil):
		return 0, 0, false
	case r.fields != "":
		return largestHeader, maxHeaderBlock, strings.HasPrefix(f.Section, "HEADER")
	case uid == 0:
		return limit + 1, limit + 1, f.Section == ""
	case it.header:
		return max(limit, maxHeaderBlock), maxHeaderBlock, f.Section == "HEADER"
	case it.guessed || it.hint > limit || r.cautious:
		return limit + 1, limit + 1, f.Section == ""
	default:
		return limit + readOver, limit + 1, f.Section == ""
	}
}

func (r *fetchRun) owner(f *imapwire.FetchResponse) UID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ownerLocked(f)
}

// ownerLocked is the UID that a body is for: the one given, or the only one asked for.
func (r *fetchRun) ownerLocked(f *imapwire.FetchResponse) UID {
	if f.UID != 0 {
		return f.UID
	}
	var only UID
	for uid, it := range r.items {
		if it.asked {
			if only != 0 {
				return 0
			}
			only = uid
		}
	}
	return only
}

// Response implements [imapwire.FetchSink].
func (r *fetchRun) Response(f *imapwire.FetchResponse) {
	if !r.accept(f) {
		f.Literal.Release()
		return
	}
	r.f.s.n.Quiet()
}

// accept takes what an answer says of a mail that is being fetched. An answer
// without a UID is not used (I13), nor is one for another mail (I17).
func (r *fetchRun) accept(f *imapwire.FetchResponse) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	it := r.items[f.UID]
	if f.UID == 0 || it == nil {
		return false
	}
	fresh := it.learn(f)
	if f.Literals == 0 {
		return fresh
	}
	switch {
	case it.body != nil:
		if f.Content == imapwire.HasContent {
			it.note(message.CodeDuplicateFetch, "the server sent a second body for this UID; the first one counts")
		}
		return false
	case !it.asked:
		return false
	}
	it.body = f.Literal
	if f.Literal != nil && len(f.Literal.Bytes()) > 0 {
		r.came++
	}
	return f.Literal != nil
}

// learn keeps what an answer says besides the body, and reports whether its size is news.
func (it *item) learn(f *imapwire.FetchResponse) (fresh bool) {
	if f.Flags != nil {
		it.flags = f.Flags
	}
	if !f.InternalDate.IsZero() {
		it.date = f.InternalDate
	}
	if f.Size >= 0 && it.hint < 0 {
		it.hint = f.Size
	}
	fresh = !it.sized && f.Size >= 0
	it.sized = it.sized || fresh
	return fresh
}

// note adds a problem, each code once.
func (it *item) note(code, detail string) {
	for _, n := range it.notes {
		if n.Code == code {
			return
		}
	}
	it.notes = append(it.notes, Note{code, detail})
}
