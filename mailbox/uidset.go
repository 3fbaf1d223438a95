package mailbox

import (
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// maxSet is how long a set of UIDs in one command may be: servers refuse lines of
// more than 8,000 bytes or so (RFC 7162, section 4, names 8,192).
const maxSet = 6000

// compactSet writes ascending UIDs as a sequence set, "1:5,9".
func compactSet(uids []UID) string {
	var b []byte
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(uids[i]), 10)
		if j > i {
			b = append(b, ':')
			b = strconv.AppendUint(b, uint64(uids[j]), 10)
		}
		i = j + 1
	}
	return string(b)
}

// chunks cuts ascending UIDs into pieces of at most count, whose sets fit a line.
func chunks(uids []UID, count int) [][]UID {
	var out [][]UID
	for len(uids) > 0 {
		n := min(count, len(uids))
		for len(compactSet(uids[:n])) > maxSet {
			n = n/2 + n%2
		}
		out = append(out, uids[:n])
		uids = uids[n:]
	}
	return out
}

// imapSet is compactSet for go-imap.
func imapSet(uids []UID) imap.UIDSet {
	var set imap.UIDSet
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		set = append(set, imap.UIDRange{Start: imap.UID(uids[i]), Stop: imap.UID(uids[j])})
		i = j + 1
	}
	return set
}

// ascending returns a sorted copy without repetitions.
func ascending(uids []UID) []UID {
	out := slices.Clone(uids)
	slices.Sort(out)
	return slices.Compact(out)
}
