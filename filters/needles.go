package filters

import "strings"

// manyNeedles is the count from which one scan of the text for all values is
// faster than one scan for each.
const manyNeedles = 16

// needles is a set of folded values that are looked for in folded texts.
type needles struct {
	values []string
	byPair map[[2]byte][]string // values of two bytes or more, by their first two; only for many
	single []string             // values of one byte
}

// newNeedles folds the values; a value that folds to nothing is dropped, since
// it would be found in every text.
func newNeedles(values []string) needles {
	var n needles
	for _, v := range values {
		v = strings.TrimSpace(Fold(v))
		if v != "" {
			n.values = append(n.values, v)
		}
	}
	if len(n.values) < manyNeedles {
		return n
	}
	n.byPair = map[[2]byte][]string{}
	for _, v := range n.values {
		if len(v) == 1 {
			n.single = append(n.single, v)
			continue
		}
		n.byPair[[2]byte{v[0], v[1]}] = append(n.byPair[[2]byte{v[0], v[1]}], v)
	}
	return n
}

// in reports whether any of the values is a substring of the folded text.
func (n needles) in(folded string) bool {
	if n.byPair == nil {
		return containsAny(folded, n.values)
	}
	if containsAny(folded, n.single) {
		return true
	}
	for i := 0; i+1 < len(folded); i++ {
		for _, v := range n.byPair[[2]byte{folded[i], folded[i+1]}] {
			if strings.HasPrefix(folded[i:], v) {
				return true
			}
		}
	}
	return false
}

func containsAny(text string, values []string) bool {
	for _, v := range values {
		if strings.Contains(text, v) {
			return true
		}
	}
	return false
}
