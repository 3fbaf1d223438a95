package imapwire

import (
	"slices"
	"strconv"
)

// MaxSet is how long a set of UIDs in one command may be: servers refuse lines of
// more than 8,000 bytes or so (RFC 7162, section 4, names 8,192).
const MaxSet = 6000

// Set writes ascending UIDs as a sequence set, "1:5,9".
func Set(uids []UID) string {
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

// Chunks cuts ascending UIDs into pieces of at most count, whose sets fit a line.
func Chunks(uids []UID, count int) [][]UID {
	var out [][]UID
	for len(uids) > 0 {
		n := min(count, len(uids))
		for len(Set(uids[:n])) > MaxSet {
			n = n/2 + n%2
		}
		out = append(out, uids[:n])
		uids = uids[n:]
	}
	return out
}

// Ascending returns a sorted copy without repetitions.
func Ascending(uids []UID) []UID {
	out := slices.Clone(uids)
	slices.Sort(out)
	return slices.Compact(out)
}
