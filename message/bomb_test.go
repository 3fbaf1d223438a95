package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	bombTime   = 2 * time.Second // each email is parsed within 2 s …
	largeBomb  = 2 << 20         // those above are left out in short runs
	bombMemory = 256 << 20       // … and 256 MB
)

func repeat(s string, n int) string { return strings.Repeat(s, n) }

func nestedMultiparts(n int, end bool) string {
	var b strings.Builder
	b.WriteString("From: a@example.org\r\nSubject: deep\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nthe innermost text\r\n")
	for i := n - 1; end && i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	return b.String()
}

// unendedMultiparts are as a cut email has them, each with its header behind its own delimiter.
func unendedMultiparts(n int) string {
	mail := "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range n {
		mail += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	return mail + fmt.Sprintf("--b%d\r\nContent-Type: text/plain\r\n\r\ntext\r\n", n)
}

func manyParts(n int, part string) string {
	return "Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + repeat("--b\r\n"+part, n) + "--b--\r\n"
}

func base64Nest(n int) string {
	mail := "Subject: innermost\r\n\r\ntext\r\n"
	for range n {
		mail = "Subject: outer\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(mail)) + "\r\n"
	}
	return mail
}

// bombs are emails made to cost, with a problem that each must have ("" for none in particular).
func bombs() map[string]struct {
	mail func() string
	code string
} {
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	type bomb = struct {
		mail func() string
		code string
	}
	return map[string]bomb{
		"nest 1,000 multiparts":  {func() string { return nestedMultiparts(1000, true) }, CodeLimitDepth},
		"nest 10,000 multiparts": {func() string { return nestedMultiparts(10000, true) }, CodeLimitDepth},
		"nest 60 unended in an ended": {func() string {
			inside := strings.TrimPrefix(unendedMultiparts(60), "From: a@example.org\r\n")
			return "Content-Type: multipart/mixed; BOUNDARY*=us-ascii''outer\r\n\r\n--outer\r\n" + strings.ReplaceAll(inside, "boundary=", "Boundary*0=") + "--outer--\r\n"
		}, CodeNotCrossChecked},
		"nest 10,000, no ends":        {func() string { return nestedMultiparts(10000, false) }, CodeLimitDepth},
		"nest 60, no ends":            {func() string { return nestedMultiparts(60, false) }, CodeNotCrossChecked},
		"nest 12, no ends":            {func() string { return nestedMultiparts(12, false) }, CodeMissingEnd},
		"nest 60, BOUNDARY":           {func() string { return strings.ReplaceAll(nestedMultiparts(60, false), "boundary", "BounDary") }, CodeNotCrossChecked},
		"100,000 headers":             {func() string { return numbered(100000, "X-H%d: v\r\n") + "\r\nbody" }, CodeLimitHeaders},
		"10 MB header line":           {func() string { return "X: " + repeat("a", 10<<20) + "\r\n\r\nbody" }, CodeLimitHeaderLine},
		"10 MB folded header":         {func() string { return "X: a" + repeat("\r\n a", 3<<20) + "\r\n\r\nbody" }, CodeLimitHeaderLine},
		"10 MB of headers":            {func() string { return repeat("X: "+repeat("v", 5000)+"\r\n", 2000) + "\r\nbody" }, CodeLimitHeaderBlock},
		"70,000 encoded-words":        {func() string { return "Subject:" + repeat("\r\n =?utf-8?q?a?=", 70000) + "\r\n\r\nbody" }, CodeLimitHeaderLine},
		"4,000 encoded-words":         {func() string { return "Subject:" + repeat(" =?utf-8?q?a?=", 4000) + "\r\n\r\nbody" }, CodeLimitWords},
		"100,000 broken words":        {func() string { return "Subject: " + repeat("=?utf-8?q?", 100000) + "\r\n\r\nbody" }, CodeBadWord},
		"broken words in many fields": {func() string { return repeat("Subject: "+repeat("=?utf-8?q?", 5000)+"\r\n", 100) + "\r\nbody" }, CodeBadWord},
		"50,000 continuations":        {func() string { return "Content-Type: text/plain" + numbered(50000, ";\r\n name*%d=x") + "\r\n\r\nbody" }, CodeLimitParameters},
		"continuation 10^9":           {func() string { return "Content-Type: text/plain; name*1000000000=x; name*0=y\r\n\r\nbody" }, CodeBadParameter},
		"1 MB parameters": {func() string {
			return "Content-Type: multipart/mixed;" + numbered(60000, " a%d=b;") + " boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--"
		}, CodeLimitParameters},
		"200,000 near boundaries": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("--bx\r\n", 200000) + "--b--\r\n"
		}, CodeBoundaryJunk},
		"200,000 other dashes": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("--c\r\n", 200000) + "--b--\r\n"
		}, ""},
		"near boundaries 100 deep": {func() string {
			return strings.TrimSuffix(nestedMultiparts(90, false), "\r\n") + repeat("\r\n--b8", 200000)
		}, ""},
		"50 MB of dashes": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("-", 50<<20)
		}, CodeMissingEnd},
		"dash lines, 40 MB": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("--\n", 13<<20)
		}, CodeMissingEnd},
		"lines like the boundary, 40 MB": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("--bx\n", 8<<20)
		}, CodeMissingEnd},
		"CR dash lines, 20 MB": {func() string {
			return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + repeat("--\r", 6<<20)
		}, CodeMissingEnd},
		"message/rfc822 x 100,000": {func() string {
			return repeat("Content-Type: message/rfc822\r\n\r\n", 100000) + "Subject: x\r\n\r\nbody"
		}, CodeLimitDepth},
		"base64 messages 20 deep": {func() string { return base64Nest(20) }, CodeEncodedComposite},
		"40,000 empty parts":      {func() string { return manyParts(40000, "") }, CodeLimitParts},
		"100,000 parts":           {func() string { return manyParts(100000, "\r\n") }, CodeLimitParts},
		"1,000 attachments": {func() string {
			return manyParts(1000, "Content-Type: image/png; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n")
		}, ""},
		"900 multiparts without end": {func() string {
			return manyParts(900, "Content-Type: multipart/mixed; boundary=nowhere\r\n\r\n"+repeat("text\r\n", 100))
		}, CodeNoParts},
		"900 odd boundaries": {func() string {
			return manyParts(900, "Content-Type: multipart/mixed; boundary=\"a;b, c\r\n\r\n"+repeat("text\r\n", 5000))
		}, ""},
		"guesses": {func() string {
			return manyParts(900, "Content-Type: multipart/mixed\r\n\r\n--\r\n"+repeat("--x\r\nfoo\r\n", 3000))
		}, ""},
		"begin lines, 10 MB":  {func() string { return "Subject: x\r\n\r\n" + repeat("begin 644 x\n", 900000) }, ""},
		"files in a text":     {func() string { return "Subject: x\r\n\r\n" + repeat("begin 644 x\n#;VYE\nend\n", 400000) }, CodeLimitParts},
		"yEnc lines, 10 MB":   {func() string { return "Subject: x\r\n\r\n" + repeat("=ybegin name=x\n", 700000) }, ""},
		"BinHex lines, 10 MB": {func() string { return "Subject: x\r\n\r\n" + repeat(binhexMark+"\n", 250000) }, ""},
		"BinHex of runs":      {func() string { return "Subject: x\r\n\r\n" + binhexMark + "\n:" + repeat("$RrB", 2<<20) }, ""},
		"Johab, 8 MB": {func() string {
			return "Content-Type: text/plain; charset=johab\r\n\r\n" + repeat("\xD9\xA1\x88\x61", 2<<20)
		}, ""},
		"Shift_JIS-2004, 8 MB": {func() string {
			return "Content-Type: text/plain; charset=shift_jis_2004\r\n\r\n" + repeat("\xF0\x40\x88\x9F", 2<<20)
		}, ""},
		"escape sequences, 8 MB": {func() string {
			return "Content-Type: text/plain; charset=iso-2022-jp-2\r\n\r\n" + repeat("\x1B$B!!\x1B$(D0!", 700000)
		}, ""},
		"bad header lines, 4 MB":     {func() string { return "Subject: x\r\n" + repeat("no field\nalso none\nTo: x\n", 150000) + "\r\nbody" }, CodeBadHeaderLine},
		"bad folded lines, 10 MB":    {func() string { return "Subject: x\r\n" + repeat("no field\n folded\n", 600000) + "To: x\r\n\r\nbody" }, ""},
		"one bad line, folds, 10 MB": {func() string { return "Subject: x\r\nno field" + repeat("\n folded", 1200000) + "\nTo: x\r\n\r\nbody" }, ""},
		"1 MB of NUL":                {func() string { return repeat("\x00", 1<<20) }, ""},
		"100,000 addresses":          {func() string { return "From: " + repeat("a@b.example,", 5000) + "\r\n\r\nbody" }, CodeLimitAddresses},
		"unclosed quotes and comments": {func() string {
			return "From: " + repeat(`"\"(<`, 15000) + "\r\nTo: " + repeat("(", 60000) + "\r\nCc: " + repeat("[", 60000) + "\r\nReply-To: " + repeat("<", 60000) + "\r\n\r\nbody"
		}, CodeBadAddress},
		"groups and commas": {func() string {
			return "To: " + repeat("a:,;", 16000) + "\r\nCc: " + repeat("a, ", 20000) + "\r\n\r\nbody"
		}, ""},
		"50 MB of CR":           {func() string { return "Subject: x" + repeat("\r", 50<<20) }, CodeBareCR},
		"CR header without end": {func() string { return repeat("X: y\r", 1<<20) }, CodeBareCR},
		"header of junk lines":  {func() string { return "Subject: x\r\n" + repeat("junk\r\nX: y\r\n", 1<<17) }, CodeBadHeaderLine},
		"50 MB base64 file": {func() string {
			return "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat(repeat("QUJD", 19)+"\r\n", 600000)
		}, ""},
		"50 MB base64, one char a line": {func() string {
			return "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("Q\r\nU\r\n", 8<<20)
		}, ""},
		"30 MB of padding": {func() string {
			return "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("QQ==", 8<<20)
		}, CodeBase64Joined},
		"30 MB quoted-printable": {func() string {
			return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + repeat("=C3=A4", 5<<20)
		}, ""},
		"1 M nested tags":             {func() string { return "Content-Type: text/html\r\n\r\n" + repeat("<div>", 1<<20) + "text" }, ""},
		"20 MB text, unknown charset": {func() string { return "Content-Type: text/plain; charset=x-no\r\n\r\n" + repeat("\xE4bc ", 5<<20) }, CodeUnknownCharset},
		"flowed": {func() string {
			return "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n" + repeat("> \r\n", 5<<20)
		}, ""},
		"utf-7": {func() string { return "Content-Type: text/plain; charset=utf-7\r\n\r\n" + repeat("+", 10<<20) }, ""},
	}
}

func TestBombs(t *testing.T) {
	for name, bomb := range bombs() {
		t.Run(name, func(t *testing.T) {
			raw := []byte(bomb.mail())
			if len(raw) > largeBomb && (raceDetector || testing.Short()) {
				t.Skip("takes too long under the race detector")
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime()
			m := Parse(raw, DefaultLimits())
			m.BodyText()
			m.BodyHTML()
			m.Attachments()
			took := cpuTime() - start
			runtime.ReadMemStats(&after)
			if took > slack(bombTime) {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > bombMemory+uint64(2*len(raw)) {
				t.Errorf("allocated %d MB for %d MB", used>>20, len(raw)>>20)
			}
			if bomb.code != "" && !hasCode(m, bomb.code) {
				t.Errorf("no problem %s: %.300v", bomb.code, m.Problems)
			}
			if len(m.Problems) > maxProblems+1 {
				t.Errorf("%d problems", len(m.Problems))
			}
			if !bytes.Equal(m.Raw, raw) {
				t.Error("the raw bytes changed")
			}
		})
	}
}

// cpuTime is what this process has used: tests run on busy machines.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func hasCode(m *Message, code string) bool {
	for _, p := range m.Problems {
		if p.Code == code {
			return true
		}
	}
	return false
}
