package mailbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

// mover moves emails of the open folder into another one. Where the server has MOVE
// (RFC 6851), it does that in one step. Elsewhere a move is COPY, \Deleted and UID
// EXPUNGE (RFC 4315) of exactly these UIDs, which can break off between two steps:
// then the bytes decide whether an email is in the target already. A plain EXPUNGE,
// which would take what others marked as deleted, is never sent.
type mover struct {
	f      *Folder
	target string // UTF-8
	name   string // as it is written in a command
}

// newMover returns what moves emails into the folder target. An error says
// that there is no such folder, or that it takes no emails.
func newMover(ctx context.Context, f *Folder, target string) (*mover, error) {
	name, err := imapwire.EncodeMailboxName(target)
	m := &mover{f, target, name}
	if err != nil {
		return nil, m.fault(err)
	}
	err = f.attempt(ctx, stageMove, 1, func(ctx context.Context) error { return m.command(ctx, "STATUS "+name+" (UIDVALIDITY)") })
	if err != nil {
		return nil, m.fault(err)
	}
	return m, nil
}

// fault explains a refusal: the target is not there, or it is full.
func (m *mover) fault(err error) error {
	e := m.f.fault(stageMove, err)
	e.Folder = m.target
	if e.Kind == ServerRefused {
		e.Next = fmt.Sprintf("check after_import_target: the folder %s must be there and take emails", quote.Text(m.target, quote.Name))
	}
	return e
}

// move moves these emails. unsure says that an earlier move of them may have broken
// off. What is not in the open folder any more is passed over.
func (m *mover) move(ctx context.Context, uids []UID, unsure bool) error {
	for _, part := range imapwire.Chunks(imapwire.Ascending(uids), marksAtOnce) {
		if m.f.s.n.Has("MOVE") { // once more does no harm: what was moved has no UID here any more
			err := m.f.attempt(ctx, stageMove, 0, func(ctx context.Context) error {
				return m.command(ctx, "UID MOVE "+imapwire.Set(part)+" "+m.name)
			})
			if err != nil {
				return m.fault(err)
			}
			continue
		}
		if err := m.byCopy(ctx, part, unsure); err != nil {
			return m.fault(err)
		}
	}
	return nil
}

// byCopy copies and expunges, and once more where the connection broke.
func (m *mover) byCopy(ctx context.Context, part []UID, unsure bool) error {
	if err := m.f.live(ctx, stageMove, 0); err != nil {
		return err
	}
	err := m.copyOnce(ctx, part, unsure)
	if err == nil {
		return nil
	}
	if err := m.f.recover(ctx, stageMove, 0, err); err != nil {
		return err
	}
	return m.copyOnce(ctx, part, true)
}

func (m *mover) copyOnce(ctx context.Context, part []UID, unsure bool) error {
	missing := part
	if unsure {
		var err error
		if part, missing, err = m.notThere(ctx, part); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		if err := m.command(ctx, "UID COPY "+imapwire.Set(missing)+" "+m.name); err != nil {
			return err
		}
	}
	if len(part) == 0 {
		return nil
	}
	if err := m.f.s.mark(ctx, part, `\Deleted`); err != nil {
		return err
	}
	return m.command(ctx, "UID EXPUNGE "+imapwire.Set(part))
}

// notThere returns which of these emails are still in the open folder, and which
// of those the target does not hold. Two alike need two alike there.
func (m *mover) notThere(ctx context.Context, part []UID) (here, missing []UID, err error) {
	source, validity := m.f.conf.Folder, m.f.status.UIDValidity
	wanted, here, err := m.fingerprints(ctx, Criteria{From: part[0], To: part[len(part)-1]}, part)
	if err != nil || len(here) == 0 {
		return nil, nil, err
	}
	readOnly := m.f.conf.ReadOnly
	m.f.conf.ReadOnly = true
	held, err := m.heldBy(ctx, wanted)
	m.f.conf.ReadOnly = readOnly
	if err := m.f.Open(ctx, source); err != nil {
		return nil, nil, err
	}
	if now := m.f.status.UIDValidity; now != validity {
		return nil, nil, fmt.Errorf("%w: it was %d and is %d", imapwire.ErrUIDValidity, validity, now)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, u := range here {
		if held[wanted[u]] > 0 {
			held[wanted[u]]--
			continue
		}
		missing = append(missing, u)
	}
	return here, missing, nil
}

// heldBy counts what the target holds of these emails.
func (m *mover) heldBy(ctx context.Context, wanted map[UID]fingerprint) (map[fingerprint]int, error) {
	held := map[fingerprint]int{}
	if err := m.f.Open(ctx, m.target); err != nil {
		return nil, err
	}
	var sizes []int64
	for _, w := range wanted {
		sizes = append(sizes, w.size)
	}
	slices.Sort(sizes)
	for _, size := range slices.Compact(sizes) {
		there, _, err := m.fingerprints(ctx, Criteria{Size: size}, nil)
		if err != nil {
			return nil, err
		}
		for _, t := range there {
			held[t]++
		}
	}
	return held, nil
}

// fingerprint tells emails by their bytes: size as fetched, and a digest.
type fingerprint struct {
	size int64
	sum  [sha256.Size]byte
}

// fingerprints reads the emails of the open folder that fit the criteria and, where
// among is set, are among those.
func (m *mover) fingerprints(ctx context.Context, c Criteria, among []UID) (map[UID]fingerprint, []UID, error) {
	uids, err := m.f.Search(ctx, c)
	if among != nil {
		uids = intersect(uids, among)
	}
	if err != nil || len(uids) == 0 {
		return nil, nil, err
	}
	prints := map[UID]fingerprint{}
	err = m.f.Fetch(ctx, uids, func(r *Raw) error {
		defer r.Release()
		if r.Outcome == Whole || r.Outcome == TooLarge {
			prints[r.UID] = fingerprint{r.Size, sha256.Sum256(r.Body)}
		}
		return nil
	})
	uids = slices.DeleteFunc(uids, func(u UID) bool { _, ok := prints[u]; return !ok })
	return prints, uids, err
}

// command sends a command whose data nobody needs and waits for its end.
func (m *mover) command(ctx context.Context, line string) error {
	stop := m.f.s.watch(ctx)
	defer stop()
	_, err := m.f.s.await(m.f.s.n.Send(line, nil))
	return err
}

// CanMove reports whether the server can move single emails safely: by MOVE (RFC 6851),
// or by COPY and UID EXPUNGE (RFC 4315).
func (f *Folder) CanMove() bool { return f.s.n.Has("MOVE") || f.s.n.Has("UIDPLUS") }

// CheckTarget reports why emails cannot be moved to a folder, as far as that can be known before.
func (f *Folder) CheckTarget(ctx context.Context, target string) error {
	_, err := newMover(ctx, f, target)
	return err
}

// Move moves emails of the open folder, which must not be open read-only, to the
// folder target. Those that are not in it any more are passed over. unsure says that
// an earlier move of them may have broken off half-way: what the target holds then
// is not copied again. The server must be one that [Folder.CanMove].
func (f *Folder) Move(ctx context.Context, uids []UID, target string, unsure bool) error {
	if len(uids) == 0 {
		return nil
	}
	m, err := newMover(ctx, f, target)
	if err != nil {
		return err
	}
	return m.move(ctx, uids, unsure)
}
