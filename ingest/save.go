package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// object is an email on its way out.
type object struct {
	mail    soar.Mail
	id      soar.ID
	existed bool
	held    bool   // the store had it, and no Save told it that the email came again
	refused string // why Cloud SOAR refuses it for good
	key     string // "" where nothing is known of its content
	uids    []mailbox.UID
}

// saveBatch settles a batch and has the store take it whole, where it does that.
// What the store then refuses never was: it is not in the result, so nothing of
// it is acknowledged.
func (r *run) saveBatch(ctx context.Context, batch []*job) (int, error) {
	before := r.sink.mark()
	n, err := r.settle(ctx, batch)
	if r.o.Commit == nil || r.sink.err != nil {
		return n, err
	}
	out, commitErr := r.sink.since(before)
	if commitErr == nil {
		commitErr = r.o.Commit(ctx, Batch{out, r.sink.Checkpoint()})
	}
	if commitErr != nil {
		r.sink.cut(before)
		return 0, commitErr
	}
	return n, err
}

// settle saves what is new of a batch and hands over, in UID order. It
// returns how many emails of the batch were accounted for.
func (r *run) settle(ctx context.Context, batch []*job) (int, error) {
	if err := r.askKnown(ctx, batch); err != nil {
		return 0, err
	}
	verdicts, stopErr := r.verdicts(ctx, batch)
	drafts := make([]*soar.Draft, 0, len(batch))
	for i, v := range verdicts {
		if v.save {
			drafts = append(drafts, batch[i].draft)
		}
	}
	saved, err := r.store.Save(ctx, drafts)
	if err == nil && len(saved) < len(drafts) {
		err = fmt.Errorf("the store saved %d of %d emails and did not say why", len(saved), len(drafts))
	}
	if err == nil {
		err = stopErr
	}
	for i, v := range verdicts {
		if v.save {
			if len(saved) == 0 {
				return i, err
			}
			v.fill(saved[0])
			saved = saved[1:]
		}
		if err := r.account(batch[i], v); err != nil {
			return i, err
		}
	}
	return len(verdicts), err
}

// verdict is the fate of one job and what the store said of it.
type verdict struct {
	Fate
	save   bool // it goes to the store
	record soar.Record
	saved  soar.Saved
}

func (v *verdict) fill(s soar.Saved) {
	v.saved, v.record.ID = s, s.ID
	if s.Existed {
		v.Fate = Known
	}
}

// askKnown asks once in a run what the store may hold already of its emails.
func (r *run) askKnown(ctx context.Context, batch []*job) error {
	if r.asked {
		return nil
	}
	r.asked = true
	c := soar.Candidates{MailboxAccount: r.o.Account, Folder: r.o.Folder, UIDValidity: r.state.uidValidity, UIDs: slices.Clone(r.plan.uids)}
	for _, j := range batch {
		if t := j.raw.InternalDate; !t.IsZero() {
			c.Oldest, c.Newest = earlier(c.Oldest, t), later(c.Newest, t)
		}
	}
	known, err := r.store.Known(ctx, c)
	r.known = known
	return err
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// verdicts decides what becomes of each email of a batch. It ends before the one
// whose look-up failed, or that would be one object more than max_messages.
func (r *run) verdicts(ctx context.Context, batch []*job) ([]verdict, error) {
	verdicts := make([]verdict, 0, len(batch))
	inBatch := map[string]bool{}
	objects, withheld := r.sink.Len(), 0
	for _, j := range batch {
		v, err := r.verdict(ctx, j, inBatch)
		if err != nil {
			return verdicts, err
		}
		if v.Fate == Withheld {
			if r.holdsBack(j, withheld) {
				return append(verdicts, v), errStopped
			}
			withheld++
		}
		if r.putsOut(v) {
			if r.o.MaxMessages > 0 && objects == r.o.MaxMessages {
				return verdicts, errStopped
			}
			objects++
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// putsOut reports whether an email becomes an object. One whose save finds that
// the store holds it may still become none.
func (r *run) putsOut(v verdict) bool {
	return v.Fate == New || v.Fate == NoContent || v.Fate == Known && r.handsOver(v)
}

func (r *run) verdict(ctx context.Context, j *job, inBatch map[string]bool) (v verdict, err error) {
	came := func(key string) bool {
		_, before := r.seen[key]
		before = before || inBatch[key]
		inBatch[key] = true
		return before
	}
	held := func(key string) (found bool, err error) {
		if v.record.ID, found = r.known[key]; !r.plan.lookup {
			return found, nil
		}
		record, there, err := r.store.ByKey(ctx, key)
		if err != nil {
			return false, fmt.Errorf("cannot ask Cloud SOAR whether it holds email %d: %w", j.raw.UID, err)
		}
		if there {
			v.record = record
		}
		return found || there, nil
	}
	v.Fate, err = fateOf(j, came, held)
	v.save = v.Fate == New
	return v, err
}

// account accounts for one email whose fate is known.
func (r *run) account(j *job, v verdict) error {
	uid := mailbox.UID(j.raw.UID)
	switch v.Fate {
	case Gone:
		r.vanished(uid)
		return nil
	case LeftOut:
		r.leftOut(uid, j.left)
		return nil
	case Withheld:
		return r.withheld(j)
	case NoContent:
		return r.handOver(j, object{refused: emptySentence})
	case Repeated:
		return r.secondCopy(j)
	}
	if v.Fate == Known && !r.handsOver(v) {
		r.seen[j.draft.SourceKey] = place{r.sink, -1}
		r.sink.leftovers = append(r.sink.leftovers, j.raw.UID)
		r.alreadyHeld(uid, v.record.ID)
		return nil
	}
	return r.handOver(j, object{id: v.record.ID, existed: v.Fate == Known, held: v.Fate == Known && !v.save, refused: v.saved.Refused, key: j.draft.SourceKey})
}

// emptySentence is the detail of empty_content.
const emptySentence = "the server gives no content for this email, also when asked again"

// handsOver reports whether an email that the store holds is handed over again.
func (r *run) handsOver(v verdict) bool {
	if !r.plan.skip || r.plan.unhanded[v.record.ID] {
		return true
	}
	a := r.plan.after
	return a != nil && v.record.UIDValidity == a.uidValidity && !a.covers(v.record.UID)
}

// handOver puts an email out.
func (r *run) handOver(j *job, o object) error {
	uid := mailbox.UID(j.raw.UID)
	r.state.advance(uid, r.plan.exists)
	if t := j.raw.InternalDate; t.After(r.state.received) && !t.After(r.o.Now()) {
		r.state.received = t
	}
	o.uids = []mailbox.UID{uid}
	o.mail = j.draft.Mail
	if o.refused != "" && o.key == "" {
		o.mail.Problems = append(o.mail.Problems, message.Problem{Code: message.CodeEmptyContent, Detail: emptySentence})
	} else if o.refused != "" {
		o.mail.Problems = append(o.mail.Problems, message.Problem{Code: message.CodeRefused, Detail: o.refused})
	}
	return r.emit(o)
}

// emit adds an object to the result.
func (r *run) emit(o object) error {
	if o.key != "" {
		r.seen[o.key] = place{r.sink, r.sink.Len()}
	}
	r.tally.count(r.o.Log, o)
	return r.sink.add(o, r.checkpoint())
}

// secondCopy acknowledges an email with the first of the same bytes.
func (r *run) secondCopy(j *job) error {
	uid := mailbox.UID(j.raw.UID)
	r.tally.copies++
	first := r.seen[j.draft.SourceKey]
	r.o.Log.Info("a second copy of an email of this run: acknowledged with the first, not put out", "uid", uid)
	if first.at < 0 {
		r.sink.leftovers = append(r.sink.leftovers, j.raw.UID)
		return nil
	}
	r.passes(uid)
	if first.sink == r.sink {
		r.sink.copy(first.at, copied{uid: uid})
		return nil
	}
	first.sink.copy(first.at, copied{uid, r.o.Folder})
	r.sink.acknowledgesCopy(uid, first.sink.spooled[first.at])
	return nil
}

// alreadyHeld passes an email that Cloud SOAR holds and that is not handed over again.
func (r *run) alreadyHeld(uid mailbox.UID, id soar.ID) {
	r.tally.held++
	r.o.Log.Info("Cloud SOAR holds this email already; it is not handed over again", "uid", uid, "id", id)
	r.passes(uid)
}

// passes moves the checkpoint of the last object over an email that is settled without an object.
func (r *run) passes(uid mailbox.UID) {
	r.state.advance(uid, r.plan.exists)
	r.sink.moveCheckpoint(r.checkpoint())
}

func (r *run) vanished(uid mailbox.UID) {
	r.tally.vanished++
	r.state.settle(uid)
	r.o.Log.Info("vanished between search and fetch", "uid", uid)
}

func (r *run) leftOut(uid mailbox.UID, field string) {
	r.tally.left(field)
	r.state.settle(uid)
	r.o.Log.Info("left out by a filter", "uid", uid, "filter", field)
}

// withheld leaves an email that did not come to the next run.
func (r *run) withheld(j *job) error {
	uid := mailbox.UID(j.raw.UID)
	r.tally.missing++
	reason := j.raw.Reason
	if reason == "" {
		reason = "no reason given"
	}
	r.o.Log.Warn("the server holds this email and did not give it: it stays as it is, the next run asks again", "uid", uid, "server", strings.TrimSpace(reason))
	held := r.holdsBack(j, 0)
	r.absent[uid] = true
	r.state.miss(uid, r.o.Now())
	r.sink.moveCheckpoint(r.checkpoint())
	if held {
		r.held = true
		r.o.Log.Warn("nothing behind this email is taken in this run, because the next one would start behind it; a rule that hands over the output field checkpoint avoids that", "uid", uid)
		return errStopped
	}
	return nil
}

// holdsBack reports whether nothing behind an email that was withheld may be
// saved in this run: its only trace would be a gap, and there is no place for one.
func (r *run) holdsBack(j *job, more int) bool {
	_, known := r.state.missed(j.raw.UID)
	return r.plan.byStore || r.plan.byCheckpoint && !known && len(r.state.missing)+more >= r.missingRoom()
}
