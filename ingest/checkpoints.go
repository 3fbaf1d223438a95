package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/mailbox"
)

// A run over several folders hands over one text for all of them: the
// checkpoints of the folders behind each other, each in a short form. The gaps of
// a window are run lengths there, for nearly all windows have none.
const (
	// MaxFolders is how many folders one run may read: so many have room in the text.
	MaxFolders = 40
	// severalPrefix and severalVersion tell the form from that of one folder.
	severalPrefix  = "cp2."
	severalVersion = 3
	// severalBytes is what fits into the text, its checksum aside.
	severalBytes = (maxCheckpoint-len(severalPrefix))/4*3 - checksumSize
	// entryMost is an entry without gaps and without emails that did not come:
	// scope, UIDVALIDITY, UID, the time, and two counts.
	entryMost = 8 + 4 + 4 + binary.MaxVarintLen32 + 1 + 1
	// gapsRoom is what is kept for the gaps of all windows. Where they need more, the
	// oldest are forgotten, so that an email that appears late there is not taken.
	gapsRoom = 300
	// missedMost is an email that did not come: its UID, since when, how often.
	missedMost = binary.MaxVarintLen32 + 4 + 1

	checksumSize = 8
)

// several are the checkpoints of a run's folders, in the order of the run.
type several []*checkpoint

// of returns the checkpoint of a scope; nil where there is none.
func (s several) of(scope [8]byte) *checkpoint {
	for _, c := range s {
		if c.scope == scope {
			return c
		}
	}
	return nil
}

// with returns the list with one of its checkpoints replaced, or put in front of
// those that no folder of the run has. s is not changed.
func (s several) with(c *checkpoint) several {
	out := slices.Clone(s)
	for i := range out {
		if out[i].scope == c.scope {
			out[i] = c
			return out
		}
	}
	return append(out, c)
}

// missingRoom is how many emails that did not come the folder of c may have,
// with what the others have already.
func (s several) missingRoom(c *checkpoint) int {
	room := severalBytes - 2 - MaxFolders*entryMost - gapsRoom
	for _, other := range s {
		if other.scope != c.scope {
			room -= len(other.missing) * missedMost
		}
	}
	return min(maxMissing, max(0, room/missedMost))
}

// String encodes them. Entries beyond MaxFolders, which are those of folders that
// this run did not name, are left out.
func (s several) String() string {
	s = s[:min(len(s), MaxFolders)]
	windows := make([][]byte, len(s))
	for i, c := range s {
		windows[i] = runLengths(c.passed)
	}
	trimWindows(windows, gapsRoom+(MaxFolders-len(s))*entryMost)
	b := []byte{severalVersion, byte(len(s))}
	for i, c := range s {
		b = c.appendShort(b, windows[i])
	}
	sum := sha256.Sum256(b)
	return severalPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:checksumSize]...))
}

// appendShort appends the entry of one folder.
func (c *checkpoint) appendShort(b, window []byte) []byte {
	b = append(b, c.scope[:]...)
	b = binary.BigEndian.AppendUint32(b, c.uidValidity)
	b = binary.BigEndian.AppendUint32(b, uint32(c.last))
	received := uint64(0)
	if !c.received.IsZero() && c.received.Unix() > 0 {
		received = uint64(c.received.Unix())
	}
	b = binary.AppendUvarint(b, received)
	b = binary.AppendUvarint(b, uint64(len(window)))
	b = append(b, window...)
	b = binary.AppendUvarint(b, uint64(len(c.missing)))
	for _, m := range c.missing {
		b = binary.AppendUvarint(b, uint64(m.uid))
		b = binary.BigEndian.AppendUint32(b, m.since)
		b = append(b, m.runs)
	}
	return b
}

// runLengths writes a window from its newest UID down: how many are passed, how
// many are not, how many are passed … What follows the last run is passed.
func runLengths(passed *big.Int) []byte {
	var b []byte
	bit, n := uint(1), uint64(0)
	for i := range window {
		if passed.Bit(i) != bit {
			b = binary.AppendUvarint(b, n)
			bit, n = 1-bit, 0
		}
		n++
	}
	if bit == 0 {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// fromRunLengths is the inverse; false where it is none.
func fromRunLengths(b []byte) (*big.Int, bool) {
	passed, at := allPassed(), 0
	for gap := false; len(b) > 0; gap = !gap {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(window-at) {
			return nil, false
		}
		if gap {
			for i := at; i < at+int(n); i++ {
				passed.SetBit(passed, i, 0)
			}
		}
		at += int(n)
		b = b[size:]
	}
	return passed, true
}

// trimWindows shortens the longest windows by their oldest gaps until all fit.
func trimWindows(windows [][]byte, room int) {
	total := 0
	for _, w := range windows {
		total += len(w)
	}
	for total > room {
		longest := 0
		for i := range windows {
			if len(windows[i]) > len(windows[longest]) {
				longest = i
			}
		}
		w := dropLastGap(windows[longest])
		total -= len(windows[longest]) - len(w)
		windows[longest] = w
	}
}

// dropLastGap takes the oldest gap, and what is passed before it, off.
func dropLastGap(w []byte) []byte {
	var starts []int
	for at := 0; at < len(w); {
		_, size := binary.Uvarint(w[at:])
		starts = append(starts, at)
		at += size
	}
	return w[:starts[max(0, len(starts)-2)]]
}

// parseSeveral reads what String wrote.
func parseSeveral(text string) (several, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), severalPrefix)
	if !ok || len(text) > maxCheckpoint {
		return nil, errCheckpointUnreadable
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(b) < 2+checksumSize || b[0] != severalVersion || b[1] > MaxFolders {
		return nil, errCheckpointUnreadable
	}
	b, sum := b[:len(b)-checksumSize], b[len(b)-checksumSize:]
	if want := sha256.Sum256(b); !bytes.Equal(want[:checksumSize], sum) {
		return nil, errCheckpointUnreadable
	}
	d := &shortReader{b: b[2:]}
	var s several
	for range b[1] {
		c := d.entry()
		if d.bad || s.of(c.scope) != nil {
			return nil, errCheckpointUnreadable
		}
		s = append(s, c)
	}
	if len(d.b) > 0 {
		return nil, errCheckpointUnreadable
	}
	return s, nil
}

// shortReader reads entries; bad is set where there is less than they need.
type shortReader struct {
	b   []byte
	bad bool
}

func (d *shortReader) entry() *checkpoint {
	c := &checkpoint{}
	copy(c.scope[:], d.take(8))
	c.uidValidity, c.last = binary.BigEndian.Uint32(d.take(4)), mailbox.UID(binary.BigEndian.Uint32(d.take(4)))
	if t := d.number(1 << 40); t > 0 {
		c.received = time.Unix(int64(t), 0).UTC()
	}
	var ok bool
	if c.passed, ok = fromRunLengths(d.take(int(d.number(2 * window)))); !ok {
		d.bad = true
	}
	for n := d.number(maxMissing); n > 0 && !d.bad; n-- {
		m := missed{uid: mailbox.UID(d.number(1<<32 - 1)), since: binary.BigEndian.Uint32(d.take(4)), runs: d.take(1)[0]}
		if k := len(c.missing); k > 0 && c.missing[k-1].uid >= m.uid {
			d.bad = true
		}
		c.missing = append(c.missing, m)
	}
	return c
}

func (d *shortReader) number(most uint64) uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 || n > most {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[size:]
	return n
}

// take returns the next n bytes, or zeros where there are not so many.
func (d *shortReader) take(n int) []byte {
	if n > len(d.b) {
		d.bad, d.b = true, nil
		return make([]byte, n)
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

// parseCheckpoint reads the checkpoint of this scope out of a text, which may hold others too.
func parseCheckpoint(text string, scope [8]byte) (*checkpoint, error) {
	all, err := parseAny(text)
	if err != nil {
		return nil, err
	}
	if c := all.of(scope); c != nil {
		return c, nil
	}
	return nil, errCheckpointForeign
}

// parseAny reads what a run wrote, over one folder or several.
func parseAny(text string) (several, error) {
	if strings.HasPrefix(strings.TrimSpace(text), severalPrefix) {
		return parseSeveral(text)
	}
	one, err := parseOne(text)
	if err != nil {
		return nil, err
	}
	return several{one}, nil
}
