package links

import (
	"strings"
	"syscall"
	"testing"
	"time"
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
	check := func(name string, run func(n int)) {
		if !linear(run, size) {
			t.Errorf("%s takes more than linear time", name)
		}
	}
	for _, unit := range hostile {
		check(unit, func(n int) { InHTML("<a href=y>"+strings.Repeat(unit, n/len(unit)), "https://base.example/") })
	}
	for _, unit := range hostileStyles {
		check("style "+unit, func(n int) { InHTML("<style>"+strings.Repeat(unit, n/len(unit))+"</style>", "https://base.example/") })
	}
}

// linear reports whether four times as much takes less than ten times the CPU.
// What is quick anyway needs no comparison; what is not gets three chances, because garbage is collected when it likes.
func linear(run func(n int), size int) bool {
	for range 3 {
		long := cpu(run, 4*size)
		if long < 60*time.Millisecond || long < 10*cpu(run, size) {
			return true
		}
	}
	return false
}

func cpu(run func(int), n int) time.Duration {
	before := used()
	run(n)
	return used() - before
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano())
}

func BenchmarkInHTML(b *testing.B) {
	text := strings.Repeat(`<tr><td style="background:url(https://e.example/b.png)"><a href="https://e.example/a?b=c&amp;d=e">Read <b>more</b></a> <img src="https://e.example/p.png"> and a sentence of text</td></tr>`+"\n", 25_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		InHTML(text, "")
	}
}
