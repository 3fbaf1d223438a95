package ingest

import (
	"encoding/binary"
	"slices"
	"time"

	"example.org/imap-integration/mailbox"
)

// An email that is there and did not come (its response lacked the UID, was NIL
// or was refused) says nothing about itself: the fault may pass. It is not handed
// over, not marked and not passed by the checkpoint, and the next run asks for
// it again. Where a checkpoint goes from run to run, it counts these runs; what
// does not come in several of them over a long time fails for good, with the
// header fields that can be had.
const (
	// failAfterRuns and failAfterTime must both have passed before it fails.
	failAfterRuns = 5
	failAfterTime = 24 * time.Hour
	// maxMissing is how many a checkpoint remembers; a run that meets more ends
	// half-way, so that none is passed. 9 bytes each keep the text below 2 KiB.
	maxMissing = 100
)

// missed is one of them.
type missed struct {
	uid   mailbox.UID
	since uint32 // Unix time of the run that missed it first, seconds
	runs  uint8  // that missed it
}

// due reports whether it fails with a run at this time.
func (m missed) due(now time.Time) bool {
	return m.runs >= failAfterRuns && now.Sub(time.Unix(int64(m.since), 0)) >= failAfterTime
}

func (c *checkpoint) missed(uid mailbox.UID) (missed, bool) {
	i, found := slices.BinarySearchFunc(c.missing, uid, byUID)
	if !found {
		return missed{}, false
	}
	return c.missing[i], true
}

func byUID(m missed, uid mailbox.UID) int { return int(int64(m.uid) - int64(uid)) }

// miss notes that an email did not come in this run. Beyond maxMissing nothing is
// noted and the result is false.
func (c *checkpoint) miss(uid mailbox.UID, now time.Time) bool {
	i, found := slices.BinarySearchFunc(c.missing, uid, byUID)
	if !found && len(c.missing) >= maxMissing {
		return false
	}
	c.missing = slices.Clone(c.missing)
	if !found {
		c.missing = slices.Insert(c.missing, i, missed{uid: uid, since: uint32(now.Unix())})
	}
	if c.missing[i].runs < 255 {
		c.missing[i].runs++
	}
	return true
}

// settle notes that an email came, is gone or was left out.
func (c *checkpoint) settle(uid mailbox.UID) {
	if i, found := slices.BinarySearchFunc(c.missing, uid, byUID); found {
		c.missing = slices.Delete(slices.Clone(c.missing), i, i+1)
	}
}

// settleGone forgets those that are no longer in the folder.
func (c *checkpoint) settleGone(exists func(mailbox.UID) bool) {
	c.missing = slices.DeleteFunc(slices.Clone(c.missing), func(m missed) bool { return !exists(m.uid) })
}

const missedSize = 4 + 4 + 1

func appendMissed(b []byte, list []missed) []byte {
	for _, m := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(m.uid))
		b = binary.BigEndian.AppendUint32(b, m.since)
		b = append(b, m.runs)
	}
	return b
}

// parseMissed is the inverse of appendMissed; false where it is none.
func parseMissed(b []byte) (list []missed, ok bool) {
	if len(b)%missedSize != 0 || len(b) > maxMissing*missedSize {
		return nil, false
	}
	for ; len(b) > 0; b = b[missedSize:] {
		m := missed{uid: mailbox.UID(binary.BigEndian.Uint32(b)), since: binary.BigEndian.Uint32(b[4:]), runs: b[8]}
		if n := len(list); n > 0 && list[n-1].uid >= m.uid {
			return nil, false
		}
		list = append(list, m)
	}
	return list, true
}
