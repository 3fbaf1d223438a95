package ingest

import (
	"context"
	"fmt"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// object is a mail on its way out.
type object struct {
	mail    soar.Mail
	id      int64
	existed bool
	refused string // why Cloud SOAR refuses it for good
	key     string // "" where nothing is known of its content
	uids    []uint32
}

// saveBatch saves what is new of a batch and hands over, in UID order. It
// returns how many mails of the batch were accounted for.
func (r *run) saveBatch(ctx context.Context, batch []*job) (int, error) {
	if err := r.askKnown(ctx, batch); err != nil {
		return 0, err
	}
	fates, stopErr := r.fates(ctx, batch)
	drafts := make([]*soar.Draft, 0, len(batch))
	for i, f := range fates {
		if f.save {
			drafts = append(drafts, batch[i].draft)
		}
	}
	saved, err := r.save(ctx, drafts)
	if err == nil && len(saved) < len(drafts) {
		err = fmt.Errorf("the store saved %d of %d mails and did not say why", len(saved), len(drafts))
	}
	if err == nil {
		err = stopErr
	}
	for i, f := range fates {
		if f.save {
			if len(saved) == 0 {
				return i, err
			}
			f.fill(saved[0])
			saved = saved[1:]
		}
		if err := r.account(batch[i], f); err != nil {
			return i, err
		}
	}
	return len(fates), err
}

// fate is what is to become of one job.
type fate struct {
	save   bool // it goes to the store
	isCopy bool // the same bytes came before in this run
	known  bool // the store holds it
	record soar.Record
	saved  soar.Saved
}

func (f *fate) fill(s soar.Saved) {
	f.saved = s
	f.known = s.Existed
	f.record.ID = s.ID
}

// askKnown asks once in a run what the store may hold already of its mails.
func (r *run) askKnown(ctx context.Context, batch []*job) error {
	if r.asked {
		return nil
	}
	r.asked = true
	c := soar.Candidates{MailboxAccount: r.o.Account, Folder: r.o.Folder, UIDValidity: r.state.uidValidity}
	for _, u := range r.plan.uids {
		c.UIDs = append(c.UIDs, uint32(u))
	}
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

// fates decides what becomes of each mail of a batch. It ends before the mail
// whose look-up failed, or that would be one object more than max_messages.
func (r *run) fates(ctx context.Context, batch []*job) ([]fate, error) {
	fates := make([]fate, 0, len(batch))
	inBatch := map[string]bool{}
	objects, missing := r.sink.Len(), 0
	for _, j := range batch {
		f, err := r.fate(ctx, j, inBatch)
		if err != nil {
			return fates, err
		}
		if r.holdsBack(j, missing) {
			return append(fates, f), errStopped
		}
		if j.raw.Outcome == mailbox.Missing {
			missing++
		}
		if r.putsOut(j, f) {
			if r.o.MaxMessages > 0 && objects == r.o.MaxMessages {
				return fates, errStopped
			}
			objects++
		}
		fates = append(fates, f)
	}
	return fates, nil
}

// putsOut reports whether a mail becomes an object. One whose save finds that
// the store holds it may still become none.
func (r *run) putsOut(j *job, f fate) bool {
	switch {
	case j.draft == nil || f.isCopy:
		return false
	case f.known:
		return r.handsOver(f)
	default:
		return true
	}
}

func (r *run) fate(ctx context.Context, j *job, inBatch map[string]bool) (f fate, err error) {
	if j.draft == nil || j.draft.SourceKey == "" {
		return f, nil // left out, vanished or empty
	}
	key := j.draft.SourceKey
	if _, ok := r.seen[key]; ok || inBatch[key] {
		f.isCopy = true
		return f, nil
	}
	inBatch[key] = true
	if id, ok := r.known[key]; ok {
		f.known, f.record.ID = true, id
	}
	if r.plan.lookup {
		rec, found, err := r.store.ByKey(ctx, key)
		if err != nil {
			return f, fmt.Errorf("cannot ask Cloud SOAR whether it holds mail %d: %w", j.raw.UID, err)
		}
		if found {
			f.known, f.record = true, rec
		}
	}
	f.save = !f.known
	return f, nil
}

// account accounts for one mail whose fate is known.
func (r *run) account(j *job, f fate) error {
	uid := uint32(j.raw.UID)
	switch {
	case j.raw.Outcome == mailbox.Vanished:
		r.vanished(uid)
		return nil
	case j.left != "":
		r.leftOut(uid, j.left)
		return nil
	case j.raw.Outcome == mailbox.Missing && j.draft == nil:
		return r.missing(j)
	case j.raw.Outcome == mailbox.Empty, j.raw.Outcome == mailbox.Missing:
		return r.handOver(j, object{refused: emptySentence})
	case f.isCopy:
		return r.secondCopy(j)
	case f.known && !r.handsOver(f):
		r.seen[j.draft.SourceKey] = -1
		r.alreadyHeld(uid, f.record.ID)
		return nil
	default:
		return r.handOver(j, object{id: f.record.ID, existed: f.known, refused: f.saved.Refused, key: j.draft.SourceKey})
	}
}

// emptySentence is the detail of empty_content.
const emptySentence = "the server gives no content for this email, also when asked again"

// handsOver reports whether a mail that the store holds is handed over again.
func (r *run) handsOver(f fate) bool {
	if !r.plan.skip {
		return true
	}
	if r.plan.unhanded[f.record.ID] {
		return true
	}
	a := r.plan.after
	return a != nil && f.record.UIDValidity == a.uidValidity && !a.covers(f.record.UID)
}

// handOver puts a mail out.
func (r *run) handOver(j *job, o object) error {
	uid := uint32(j.raw.UID)
	r.state.advance(uid, r.plan.exists)
	if t := j.raw.InternalDate; t.After(r.state.received) && !t.After(r.o.Now()) {
		r.state.received = t
	}
	o.uids = []uint32{uid}
	o.mail = j.draft.Mail
	if o.refused != "" && o.key == "" {
		o.mail.Problems = append(o.mail.Problems, message.Problem{Code: message.CodeEmptyContent, Detail: emptySentence})
	} else if o.refused != "" {
		o.mail.Problems = append(o.mail.Problems, message.Problem{Code: message.CodeRefused, Detail: o.refused})
	}
	return r.emit(o)
}

// checkpoint is what the object that comes next carries.
func (r *run) checkpoint() string {
	if r.plan.replay {
		return r.o.Checkpoint
	}
	return r.state.String()
}

// emit adds an object to the result.
func (r *run) emit(o object) error {
	if o.key != "" {
		r.seen[o.key] = r.sink.Len()
	}
	r.tally.count(r.o.Log, o)
	return r.sink.add(o, r.checkpoint())
}

// secondCopy acknowledges a mail with the first of the same bytes.
func (r *run) secondCopy(j *job) error {
	uid := uint32(j.raw.UID)
	r.tally.copies++
	at := r.seen[j.draft.SourceKey]
	r.o.Log.Info("a second copy of a mail of this run: acknowledged with the first, not put out", "uid", uid)
	if at < 0 {
		return nil
	}
	r.passes(uid)
	r.sink.copy(at, uid)
	return nil
}

// alreadyHeld passes a mail that Cloud SOAR holds and that is not handed over again.
func (r *run) alreadyHeld(uid uint32, id int64) {
	r.tally.held++
	r.o.Log.Info("Cloud SOAR holds this mail already; it is not handed over again", "uid", uid, "id", id)
	r.passes(uid)
}

// passes moves the checkpoint of the last object over a mail that is settled without an object.
func (r *run) passes(uid uint32) {
	r.state.advance(uid, r.plan.exists)
	r.sink.moveCheckpoint(r.checkpoint())
}

func (r *run) vanished(uid uint32) {
	r.tally.vanished++
	r.state.settle(uid)
	r.o.Log.Info("vanished between search and fetch", "uid", uid)
}

func (r *run) leftOut(uid uint32, field string) {
	r.tally.left(field)
	r.state.settle(uid)
	r.o.Log.Info("left out by a filter", "uid", uid, "filter", field)
}
