package indicators

import "testing"

// FuzzIndicators holds that each indicator stands in the text, once, and comes back from its defanged form.
func FuzzIndicators(f *testing.F) {
	f.Add(readPage(f))
	f.Add("http://a\u2028b.com\u200b/")
	f.Add("hxxp[:]//a[.]b/ x (at) y (dot) com")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[[2]string]bool{}
		for _, i := range Indicators(text) {
			key := [2]string{i.Type, i.Value}
			if seen[key] || i.Value == "" || i.Offset < 0 || i.Offset >= len(text) {
				t.Fatalf("%q: %+v", text, i)
			}
			seen[key] = true
		}
		MaskNumbers(text)
		allOf(t, text)
	})
}
