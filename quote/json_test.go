package quote_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"example.org/imap-integration/quote"
)

// FuzzAppendJSON: what is written is what encoding/json writes without HTML escapes.
func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{"", "plain", "a \"quoted\" \\ text", "<b>&amp;</b>", "\u2028\u2029", "\x00\x1f\x7f\b\f\n\r\t", "\xff\xc3", "é 名 😀", "eight by\"te", "1234567\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(quote.AppendJSON([]byte("before "), s)) + "\n"; got != "before "+want.String() {
			t.Errorf("%q: %s", s, got)
		}
	})
}
