package message

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var oddTags = []string{
	"<p>a</p>", "<P\tCLASS=x>a</P >", "<br/>a<BR />b", "<td\n>x", "<script>if (a<b) </scr</SCRIPT\f>", "<a/b>", "</a/b>", "<p\x00q>", "<h\x00>", "<" + strings.Repeat("b", 40) + ">",
	"<blockquote>", "<textarea></p></TEXTAREA>", "<x-y><ſpan><K>", "<!-- <p> --><p>", "<p", "</p", "<title>&lt;p></title>", "<svg/onload=1>", "<table\r\n\tborder>", "</ p>", "<?p>", "<plaintext><p>",
}

// sameElements compares [element] with the tokenizer's own name at every tag.
func sameElements(t *testing.T, markup string) {
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			raw, got := string(z.Raw()), element(z)
			name, _ := z.TagName()
			if want := atom.Lookup(name); got != want {
				t.Errorf("%q: %q, the tokenizer says %q", raw, got, want)
			}
		}
	}
}

func TestElement(t *testing.T) {
	for _, markup := range oddTags {
		sameElements(t, markup)
	}
}

func FuzzElement(f *testing.F) {
	for _, markup := range oddTags {
		f.Add(markup)
	}
	f.Fuzz(sameElements)
}
