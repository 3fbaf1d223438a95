package quote

import "strings"

// Distance is how far a name that somebody typed is from one that exists
// (Levenshtein's edit distance, in characters, without regard to case): what
// "did you mean" goes by. Of each name [Name] bytes count, because what was
// typed may be of any length.
func Distance(typed, exists string) int {
	typed, _ = Cut(typed, Name)
	exists, _ = Cut(exists, Name)
	a, b := []rune(strings.ToLower(typed)), []rune(strings.ToLower(exists))
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, ra := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, rb := range b {
			replaced := diagonal
			if ra != rb {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
