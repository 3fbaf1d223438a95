package ingest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"example.org/imap-integration/mailbox"
)

// window is how many UIDs up to the last one a checkpoint remembers one by
// one, so that an email that appears late under a lower UID is still taken.
const window = 1000

// maxCheckpoint is the longest text that is read as a checkpoint (contract.md, section 2).
const maxCheckpoint = 2048

// The first byte of the encoding: with the second, emails that did not come follow the window.
const (
	checkpointVersion  = 1
	checkpointWithGaps = 2
)

// checkpointPrefix makes a checkpoint recognisable to a person.
const checkpointPrefix = "cp1."

// checkpoint is how far the platform has come in one folder.
type checkpoint struct {
	scope       [8]byte // account and folder, see scopeOf
	uidValidity uint32
	last        mailbox.UID // highest UID handed over
	received    time.Time   // latest INTERNALDATE handed over that is no later than its run; zero: none
	passed      *big.Int    // bit i: UID last-i was there or was handed over; a 0 bit is a gap. Never changed in place
	missing     []missed    // emails that are there and did not come, ascending; gaps wherever they lie. Never changed in place
}

var (
	errCheckpointUnreadable = errors.New("it cannot be read")
	errCheckpointForeign    = errors.New("it belongs to another account or folder")
)

// scopeOf names an account and folder in a checkpoint without showing them.
func scopeOf(account, folder string) (s [8]byte) {
	sum := sha256.Sum256([]byte(accountKey(account) + "\x00" + folder))
	copy(s[:], sum[:])
	return s
}

// accountKey is the form of the account that keys are made of (contract.md, section 4, promise 2).
func accountKey(account string) string { return strings.ToLower(strings.TrimSpace(account)) }

// allPassed is a window without gaps.
func allPassed() *big.Int {
	one := big.NewInt(1)
	return new(big.Int).Sub(new(big.Int).Lsh(one, window), one)
}

// covers reports whether the platform has passed a UID.
func (c *checkpoint) covers(uid mailbox.UID) bool {
	if _, missing := c.missed(uid); missing || uid > c.last {
		return false
	}
	d := c.last - uid
	return d >= window || c.passed.Bit(int(d)) == 1
}

// lowest is the lowest UID that the checkpoint may not cover.
func (c *checkpoint) lowest() mailbox.UID {
	lowest := mailbox.UID(1)
	if c.last > window {
		lowest = c.last - window + 1
	}
	if len(c.missing) > 0 {
		lowest = min(lowest, c.missing[0].uid)
	}
	return lowest
}

// advance passes a UID. exists tells which UIDs were in the folder when the
// run began; those between the last one and this one are passed with it.
func (c *checkpoint) advance(uid mailbox.UID, exists func(mailbox.UID) bool) {
	c.settle(uid)
	passed := new(big.Int).Set(c.passed)
	if uid > c.last {
		d := uid - c.last
		if d >= window {
			passed.SetInt64(0)
		}
		passed.Lsh(passed, uint(min(d, window)))
		for u := uid - 1; u > c.last && uid-u < window; u-- {
			if exists(u) {
				passed.SetBit(passed, int(uid-u), 1)
			}
		}
		c.last = uid
	}
	if d := c.last - uid; d < window {
		passed.SetBit(passed, int(d), 1)
	}
	c.passed = passed.And(passed, allPassed())
}

// String encodes a checkpoint; its checksum is part of it.
func (c *checkpoint) String() string {
	b := []byte{checkpointVersion}
	if len(c.missing) > 0 {
		b[0] = checkpointWithGaps
	}
	b = append(b, c.scope[:]...)
	b = binary.BigEndian.AppendUint32(b, c.uidValidity)
	b = binary.BigEndian.AppendUint32(b, uint32(c.last))
	received := int64(math.MinInt64)
	if !c.received.IsZero() {
		received = c.received.Unix()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(received))
	b = append(b, c.passed.FillBytes(make([]byte, window/8))...)
	b = appendMissed(b, c.missing)
	sum := sha256.Sum256(b)
	return checkpointPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:8]...))
}

// parseOne reads what checkpoint.String wrote.
func parseOne(text string) (*checkpoint, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), checkpointPrefix)
	if !ok || len(text) > maxCheckpoint {
		return nil, errCheckpointUnreadable
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	const fixed = 1 + 8 + 4 + 4 + 8 + window/8
	size := len(b) - 8
	if err != nil || size < fixed || b[0] != checkpointWithGaps && (b[0] != checkpointVersion || size != fixed) {
		return nil, errCheckpointUnreadable
	}
	if sum := sha256.Sum256(b[:size]); string(sum[:8]) != string(b[size:]) {
		return nil, fmt.Errorf("%w: its checksum is wrong", errCheckpointUnreadable)
	}
	c := &checkpoint{scope: [8]byte(b[1:9]), uidValidity: binary.BigEndian.Uint32(b[9:]), last: mailbox.UID(binary.BigEndian.Uint32(b[13:]))}
	if t := int64(binary.BigEndian.Uint64(b[17:])); t != math.MinInt64 {
		c.received = time.Unix(t, 0).UTC()
	}
	c.passed = new(big.Int).SetBytes(b[25:fixed])
	var whole bool
	if c.missing, whole = parseMissed(b[fixed:size]); !whole {
		return nil, errCheckpointUnreadable
	}
	return c, nil
}
