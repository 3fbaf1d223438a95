package manifest

import (
	"strings"

	"example.org/imap-integration/quote"
)

// nearest returns the id that is closest to a name that is not known. The
// case does not count for the distance.
func nearest(name string, fields []Field) string {
	if len(name) > quote.Name {
		name = name[:quote.Name] // a name is foreign text of any length
	}
	best, least := "", -1
	for _, f := range fields {
		if d := distance(strings.ToLower(name), f.ID); least < 0 || d < least {
			best, least = f.ID, d
		}
	}
	return best
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
