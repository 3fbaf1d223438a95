package links

import (
	"strings"
	"testing"

	"example.org/imap-integration/indicators/lineartest"
)

// hostile are units that take long in a reader that looks too far, of HTML and of styles.
var hostile = []string{
	"<a href=x>", "<a href='", "<a>", "</a>", "<svg>", "<svg><title>", "</svg>", "<!--[if a]>", "<!--[if a]><a><![endif]-->", "<base href=x>", "<table>", "<form action=x>", "<img srcset='a,b 1x (,'>",
	"<meta http-equiv=refresh content=0;url=x>", "<iframe srcdoc='<iframe srcdoc=x>'>", "<a href='data:text/html,<a href=x>'>", "<p style='a:url(b'>", "<body style=x>", "<", "<!", "&amp", "\x00", "<a href=//x.example>",
}

var hostileStyles = []string{"url(", "url('", "/*", "/**/", "@import '", "\\", "\\6", "'", "a", "url(a b)", "@import url(x);", "{", "(", "u\\72l(x)"}

// TestLinear holds that four times the document takes about four times the CPU.
func TestLinear(t *testing.T) {
	const size = 32 << 10
	for _, unit := range hostile {
		lineartest.Check(t, unit, size, func(n int) { InHTML("<a href=y>"+strings.Repeat(unit, n/len(unit)), "https://base.example/") })
	}
	for _, unit := range hostileStyles {
		lineartest.Check(t, "style "+unit, size, func(n int) { InHTML("<style>"+strings.Repeat(unit, n/len(unit))+"</style>", "https://base.example/") })
	}
}

func BenchmarkInHTML(b *testing.B) {
	text := strings.Repeat(`<tr><td style="background:url(https://e.example/b.png)"><a href="https://e.example/a?b=c&amp;d=e">Read <b>more</b></a> <img src="https://e.example/p.png"> and a sentence of text</td></tr>`+"\n", 25_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		InHTML(text, "")
	}
}
