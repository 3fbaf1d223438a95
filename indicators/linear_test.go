package indicators

import (
	"strconv"
	"strings"
	"testing"

	"example.org/imap-integration/indicators/lineartest"
)

// kindsOfText are what 5 MB of take half a second of one core at most.
var kindsOfText = map[string]string{
	"prose":     "The quick brown fox jumps over the lazy dog, and so on. ",
	"links":     "see https://evil.example.com/a/b?c=d or bob@corp.com, 203.0.113.9 and evil.com. ",
	"cyrillic":  "Съешь же ещё этих мягких французских булок, да выпей чаю. ",
	"chinese":   "点击链接查看您的账户，谢谢。",
	"defanged":  "hxxps://evil[.]com/x, bob[at]corp[.]com and 203[.]0[.]113[.]9; ",
	"digests":   "d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
	"code":      "\tif (user.name === el.id) { app.run(); document.name = list[0].style; }\n",
	"base64":    strings.Repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk", 2) + "\n",
	"log":       "2026-11-28T07:00:01.123Z INFO worker.service v10.0.19041.1 203.0.113.9:443 Chrome/120.0.0.0\n",
	"quotation": "> > > On Sat, 28 Nov 2026 Bob <bob@corp.com> wrote:\n> > > Message-ID: <x@mail.corp.com>\n",
}

// hostile are units that take long in a finder that looks back, or forward, too far.
var hostile = []string{
	"a.", "@", "a@", "://", "http://", "[.]", "1", "1.", ":", "a:", "DE89", "4111 ", "(", "\xff", "bc1", "http://a.b(", "CVE-", "-", "=@", "h.com/)", "www.", "www.a.de/", "\"@", "\"a", "é.", "д.", "中.",
	"[.a", "a[.b", "\\.", "1\u20e3", "HKLM\\", "HKLM\\a b\\", "cid:", "Message-ID:\n", "<a@b.de>\n", "&lt;", "http://中", "http://a.de/д", "0x", "::", "1.1.1.1/", "T1059.", "_.", "a'@", "д@", "http://a@", "http://[",
}

// TestLinear holds that four times the text takes about four times the CPU: in
// quadratic time it would be sixteen times.
func TestLinear(t *testing.T) {
	size := 32 << 10
	if underRace {
		size /= 4
	}
	for _, unit := range hostile {
		lineartest.Check(t, strconv.Quote(unit), size, func(n int) { Indicators(strings.Repeat(unit, n/len(unit))) })
	}
}

func BenchmarkIndicators(b *testing.B) {
	for name, unit := range kindsOfText {
		text := strings.Repeat(unit, 5_000_000/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Indicators(text)
			}
		})
	}
}
