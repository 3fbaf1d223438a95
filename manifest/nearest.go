package manifest

import "example.org/imap-integration/quote"

// nearest returns the id that is closest to a name that is not known.
func nearest(name string, fields []Field) string {
	best, least := "", -1
	for _, f := range fields {
		if d := quote.Distance(name, f.ID); least < 0 || d < least {
			best, least = f.ID, d
		}
	}
	return best
}
