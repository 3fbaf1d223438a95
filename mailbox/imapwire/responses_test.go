package imapwire

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorder keeps each FETCH response in words.
type recorder struct {
	sinkholder
	told []string
}

func (r *recorder) Response(f *FetchResponse) {
	words := []string{fmt.Sprint("uid ", f.UID)}
	if f.Flags != nil {
		words = append(words, fmt.Sprint("flags ", f.Flags))
	}
	if !f.InternalDate.IsZero() {
		words = append(words, f.InternalDate.Format(time.RFC3339))
	}
	if f.Size >= 0 {
		words = append(words, fmt.Sprint("size ", f.Size))
	}
	switch f.Content {
	case HasContent:
		words = append(words, fmt.Sprintf("body[%s] %q", f.Section, f.Literal.Bytes()))
	case NilContent:
		words = append(words, fmt.Sprintf("body[%s] NIL", f.Section))
	}
	if f.Literals > 1 {
		words = append(words, fmt.Sprint(f.Literals, " bodies"))
	}
	f.Literal.Release()
	r.told = append(r.told, strings.Join(words, ", "))
}

// TestFetchResponses reads responses as RFC 9051, section 7.5.2, has them, and as servers write them.
func TestFetchResponses(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"the RFC's own", "* 23 FETCH (FLAGS (\\Seen) RFC822.SIZE 44827)\r\n", `uid 0, flags [\Seen], size 44827`},
		{"the RFC's header", "* 12 FETCH (BODY[HEADER] {4}\r\na: b UID 12)\r\n", `uid 12, body[HEADER] "a: b"`},
		{"UID first", "* 1 FETCH (UID 9 BODY[] {3}\r\nabc)\r\n", `uid 9, body[] "abc"`},
		{"UID behind the body", "* 1 FETCH (BODY[] {3}\r\nabc UID 9)\r\n", `uid 9, body[] "abc"`},
		{"everything", "* 1 FETCH (UID 9 FLAGS (\\SEEN $Junk) INTERNALDATE \" 7-Jul-1996 02:44:25 -0700\" RFC822.SIZE 3 BODY[] {3}\r\nabc)\r\n", `uid 9, flags [\Seen $Junk], 1996-07-07T09:44:25Z, size 3, body[] "abc"`},
		{"small letters", "* 1 fetch (uid 9 body[header.fields (from)] {2}\r\n\r\n)\r\n", `uid 9, body[HEADER.FIELDS] "\r\n"`},
		{"fields in quotes", "* 1 FETCH (UID 9 BODY[HEADER.FIELDS (\"From\")]<0> {2}\r\nab)\r\n", `uid 9, body[HEADER.FIELDS] "ab"`},
		{"literal8", "* 1 FETCH (UID 9 BODY[] ~{2}\r\n\x00\x01)\r\n", `uid 9, body[] "\x00\x01"`},
		{"a client's literal", "* 1 FETCH (UID 9 BODY[] {2+}\r\nab)\r\n", `uid 9, body[] "ab"`},
		{"empty literal", "* 1 FETCH (UID 9 BODY[] {0}\r\n)\r\n", `uid 9, body[] ""`},
		{"quoted body", "* 1 FETCH (UID 9 BODY[] \"a \\\"b\\\" \\\\\")\r\n", `uid 9, body[] "a \"b\" \\"`},
		{"empty quoted body", "* 1 FETCH (UID 9 BODY[] \"\")\r\n", `uid 9, body[] ""`},
		{"NIL", "* 1 FETCH (UID 9 BODY[] NIL)\r\n", `uid 9, body[] NIL`},
		{"two bodies", "* 1 FETCH (UID 9 BODY[] {1}\r\na BODY[TEXT] {1}\r\nb)\r\n", `uid 9, body[] "a", 2 bodies`},
		{"no space behind FETCH", "* 1 FETCH(UID 9)\r\n", "uid 9"},
		{"spaces", "* 1 FETCH  (  UID  9  )\r\n", "uid 9"},
		{"LF alone", "* 1 FETCH (UID 9 BODY[] {2}\nab)\n", `uid 9, body[] "ab"`},
		{"flags NIL", "* 1 FETCH (FLAGS NIL UID 9)\r\n", "uid 9"},
		{"no flags", "* 1 FETCH (FLAGS () UID 9)\r\n", "uid 9, flags []"},
		{"flags in quotes", "* 1 FETCH (FLAGS (\"\\Seen\" \\recent) UID 9)\r\n", `uid 9, flags [\Seen \Recent]`},
		{"date NIL", "* 1 FETCH (INTERNALDATE NIL UID 9)\r\n", "uid 9"},
		{"date of no calendar", "* 1 FETCH (INTERNALDATE \"yesterday\" UID 9)\r\n", "uid 9"},
		{"size -1", "* 1 FETCH (RFC822.SIZE -1 UID 9)\r\n", "uid 9"},
		{"size of 64 bits", "* 1 FETCH (RFC822.SIZE 5000000000 UID 9)\r\n", "uid 9, size 5000000000"},
		{"UID of 33 bits", "* 1 FETCH (UID 4294967296)\r\n", "uid 0"},
		{"CONDSTORE and Gmail", "* 1 FETCH (MODSEQ (624140003) X-GM-LABELS (\"\\\\Inbox\" {3}\r\na)b Foo) X-GM-MSGID 1 UID 9)\r\n", "uid 9"},
		{"a structure nobody asked for", "* 1 FETCH (BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"a)b\") NIL NIL \"7BIT\" 1 1)(NIL) \"MIXED\") UID 9)\r\n", "uid 9"},
		{"attribute without a value", "* 1 FETCH (UID 9 X-ODD)\r\n", "uid 9"},
	} {
		r := &recorder{sinkholder: sinkholder{limit: 1 << 10}}
		_, err := normalised(strings.NewReader(c.in), r)
		if err != nil || len(r.told) != 1 || r.told[0] != c.want {
			t.Errorf("%s: %q, %v, want %s", c.name, r.told, err, c.want)
		}
	}
}

// TestFetchResponsesThatEnd: what cannot be understood ends the connection, and the OK behind it is no success.
func TestFetchResponsesThatEnd(t *testing.T) {
	for in, want := range map[string]string{
		"* 1 FETCH\r\n":                                 `without a list at ""`,
		"* 1 FETCH UID 9\r\n":                           `without a list at "UID 9"`,
		"* 1 FETCH (UID 9\r\n":                          "without the name of an attribute",
		"* 1 FETCH (\"UID\" 9)\r\n":                     "without the name of an attribute",
		"* 1 FETCH (BODY[HEADER.FIELDS (A) {1}\r\na)\r": "without the end of a section",
		"* 1 FETCH (FLAGS (\\Seen UID 9\r\n":            "without the end of the flags",
		"* 1 FETCH (INTERNALDATE \"1\\\")\r\n":          "without the end of a quoted string",
		"* 1 FETCH (BODY[] abc)\r\n":                    "without a body",
		"* 1 FETCH (BODY[] {x}\r\n":                     "a literal of the size \"{x}\"",
		"* 1 FETCH (BODY[] {-1}\r\n":                    "a literal of the size",
		"* 1 FETCH (BODY[] {+1}\r\n":                    "a literal of the size",
		"* 1 FETCH (BODY[] {9999999999999999999}\r\n":   "a literal of the size",
		"* 1 FETCH (BODY[] {2000}\r\n":                  "too large",
		"* 1 FETCH (X ((( {1}\r\na\r\n":                 "without a value",
		"* 1 FETCH (UID 9\"x\")\r\n":                    "",
		"* 1 FETCH (BODY[] {90}\r\nabc":                 "unexpected EOF",
		"* 1 FETCH (BODY[] {3}\r\nabcUID 9)\r\n":        "without a space or the end of the list",
	} {
		r := &recorder{sinkholder: sinkholder{limit: 1 << 10}}
		out, err := normalised(strings.NewReader(in+"T1 OK done\r\n"), r)
		switch {
		case want == "": // how servers get away with it
			if err != nil || len(r.told) != 1 {
				t.Errorf("%q: %q, %v", in, r.told, err)
			}
		case err == nil || !strings.Contains(err.Error(), want) || len(r.told) > 0 || strings.Contains(out, "OK"):
			t.Errorf("%q: %q, %q, %v, want %s", in, out, r.told, err, want)
		}
	}
}

func TestStatusResponses(t *testing.T) {
	for _, c := range []struct{ in, want, said string }{
		{"OK IMAP4rev2 Service Ready", `{OK   IMAP4rev2 Service Ready}`, "IMAP4rev2 Service Ready"},
		{"OK [UIDVALIDITY 3857529045] UIDs valid", `{OK UIDVALIDITY 3857529045 UIDs valid}`, "[UIDVALIDITY 3857529045] UIDs valid"},
		{"no [TRYCREATE] No such mailbox", `{NO TRYCREATE  No such mailbox}`, "[TRYCREATE] No such mailbox"},
		{"OK [PERMANENTFLAGS (\\Deleted a] \\*)] Limited", `{OK PERMANENTFLAGS (\Deleted a] \*) Limited}`, `[PERMANENTFLAGS (\Deleted a] \*)] Limited`},
		{"OK [X \"a ] b\"] c", `{OK X "a ] b" c}`, `[X "a ] b"] c`},
		{"OK [a=\"b\"] c", `{OK   [a="b"] c}`, `[a="b"] c`},
		{"OK [UNSEEN 12", `{OK   [UNSEEN 12}`, "[UNSEEN 12"},
		{"BYE", `{BYE   }`, "BYE"},
		{"  PREAUTH   hello ", `{PREAUTH   hello}`, "hello"},
		{"BAD [] what", `{BAD   [] what}`, "[] what"},
		{"NO \x1b[2Jgone", "{NO   \x1b[2Jgone}", `\x1b[2Jgone`},
	} {
		r, ok := ParseStatus([]byte(c.in))
		if got := fmt.Sprint(r); !ok || got != c.want || r.Said() != c.said || (Refusal{r}).Error() != c.said {
			t.Errorf("%q: %s, %q, want %s, %q", c.in, got, r.Said(), c.want, c.said)
		}
	}
	for _, in := range []string{"", "OKAY x", "* OK x", "CAPABILITY completed."} {
		if r, ok := ParseStatus([]byte(in)); ok {
			t.Errorf("%q was taken for %v", in, r)
		}
	}
}

// wired is a Conn to which everything has come already; the input is read to its end.
func wired(t *testing.T, in string, prepare ...func(*Conn)) (*Conn, error) {
	t.Helper()
	conn := scriptedConn{in: strings.NewReader(in)}
	g := NewGuard(conn, conn, time.Minute)
	n := NewConn(g, NewReader(g))
	for _, f := range prepare {
		f(n)
	}
	_, err := io.ReadAll(&clientConn{Guard: g, n: n})
	return n, err
}

// TestSelected is the example of SELECT of RFC 9051, section 6.3.2, and what comes afterwards.
func TestSelected(t *testing.T) {
	n, err := wired(t, "* 172 EXISTS\r\n* OK [UIDVALIDITY 3857529045] UIDs valid\r\n* OK [UIDNEXT 4392] Predicted next UID\r\n"+
		"* FLAGS (\\Answered \\Flagged)\r\n* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited\r\n* OK [UNSEEN 12] first\r\n"+
		"* LIST () \"/\" INBOX\r\nT1 OK [READ-WRITE] SELECT completed\r\n* 173 EXISTS\r\n* 4 EXPUNGE\r\n* OK [ALERT] full\x07 soon\r\n")
	if got, want := fmt.Sprint(n.Selected()), `{172 3857529045 4392 12 false [\Deleted \Seen \*] false}`; got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if n.Alert() != `[ALERT] full\a soon` {
		t.Errorf("alert %q", n.Alert())
	}
	select {
	case <-n.News():
	default:
		t.Error("no news of the email that came")
	}
	n, _ = wired(t, "* OK [READ-ONLY] x\r\n* OK [UIDNEXT 4294967296] x\r\n* 0 EXISTS\r\n* 1 EXPUNGE\r\n* OK [PERMANENTFLAGS ()] none\r\n")
	if got := fmt.Sprint(n.Selected()); got != "{0 0 0 0 true [] false}" || n.Selected().Permanent == nil {
		t.Error(got)
	}
}

// TestUIDValidity: once the folder is open, UIDs may not begin to mean other emails.
func TestUIDValidity(t *testing.T) {
	opened := func(n *Conn) {
		n.box.UIDValidity = 7
		n.Opened()
	}
	for in, ends := range map[string]bool{
		"* OK [UIDVALIDITY 7] as it was\r\n":          false,
		"* OK [UIDVALIDITY 8] new\r\n":                true,
		"T1 OK [UIDVALIDITY 8] SELECT completed\r\n":  true,
		"* OK [UIDVALIDITY nonsense] x\r\n":           true,
		"* NO [UIDVALIDITY 9] folder was rebuilt\r\n": true,
	} {
		if _, err := wired(t, in, opened); errors.Is(err, ErrUIDValidity) != ends {
			t.Errorf("%q: %v", in, err)
		}
	}
	n, err := wired(t, "* OK [UIDVALIDITY 8] of the next folder\r\n", opened, (*Conn).Leave)
	if err != nil || n.Selected().UIDValidity != 8 {
		t.Errorf("behind the folder's end: %v, %v", n.Selected(), err)
	}
}

func TestListResponses(t *testing.T) {
	n, err := wired(t, "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Noselect \\HasChildren) \".\" \"Pr&APw-fung\"\r\n"+
		"* LIST () NIL {5}\r\na\"b c\r\n* list (\\NonExistent) \"\\\\\" \"with \\\"quotes\\\"\"\r\n* LIST () \"/\" Sent Items\r\n* LIST (\\Junk) \"/\" R&D\r\n"+
		"* LIST \"no attributes\r\n* LIST () \"/ x\r\n* LIST () \"/\" \"x\r\n* LIST () \"/\" {5000}\r\n"+strings.Repeat("x", 5000)+"\r\n* LIST () \"/\" last\r\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range n.TakeListResponses() {
		got = append(got, fmt.Sprintf("%s %v %v", f.Name, f.NoSelect, f.Attributes))
	}
	want := []string{
		`INBOX false [\HasNoChildren]`, `Prüfung true [\Noselect \HasChildren]`, `a"b c false []`, `with "quotes" true [\NonExistent]`,
		`Sent Items false []`, `R&D false [\Junk]`, `last false []`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if again := n.TakeListResponses(); again != nil {
		t.Errorf("given twice: %v", again)
	}
	n, _ = wired(t, strings.Repeat("* LIST () \"/\" x\r\n", maxFolders+5))
	if got := len(n.TakeListResponses()); got != maxFolders {
		t.Errorf("%d names kept", got)
	}
}

func TestGreeting(t *testing.T) {
	for in, want := range map[string]string{
		"* OK IMAP4rev2 Service Ready\r\n":            "IMAP4rev2 Service Ready",
		"\r\n\r\n* PREAUTH hi\r\n":                    "hi",
		"* X 1\r\n* BYE too many\r\n":                 "too many",
		"220 mail.example ESMTP\r\n":                  `a greeting that is not IMAP: "220 mail.example ESMTP"`,
		"+OK POP3\x1b[2J\r\n":                         `a greeting that is not IMAP: "+OK POP3\x1b[2J"`,
		"\x15\x03\x01\x00\x02\x02\x16\r\n":            "what answers there speaks TLS",
		"":                                            "EOF",
		strings.Repeat("\r\n", maxPreamble+1):         "no greeting among the first 50 lines",
		"* OK " + strings.Repeat("x", 2*maxLine):      `a line of more than 65538 bytes, starting "* OK ` + strings.Repeat("x", 54),
		"* SEARCH " + strings.Repeat("x", maxLine*17): "EOF", // a line that may be long
	} {
		r, err := ReadGreeting(NewReader(strings.NewReader(in)))
		got := r.Said()
		if err != nil {
			got = strings.ReplaceAll(err.Error(), `\\`, `\`)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%.60q: %.200s, want %s", in, got, want)
		}
	}
}

// written is a connection that keeps what is written to it.
type written struct {
	scriptedConn
	out strings.Builder
}

func (w *written) Write(p []byte) (int, error) { return w.out.Write(p) }

func TestAsk(t *testing.T) {
	for in, want := range map[string]string{
		"* CAPABILITY imap4rev1 STARTTLS\r\nS1 OK done\r\n": "map[IMAP4REV1:true STARTTLS:true] <nil>",
		"S1 OK done\r\n":                                       "map[] <nil>",
		"S1 BAD what\r\n":                                      "map[] what",
		"* BYE too many connections\r\nS1 OK\r\n":              "map[] the server said BYE\ntoo many connections",
		"S2 OK of another command\r\n":                         "map[] EOF",
		strings.Repeat("* OK wait\r\n", maxPreamble+1):         "map[] no response to CAPABILITY among 50 lines",
		"* CAPABILITY\r\n* CAPABILITY  idle\r\ns1 ok\r\nS1 no": "map[IDLE:true] EOF",
	} {
		conn := &written{scriptedConn: scriptedConn{in: strings.NewReader(in)}}
		g := NewGuard(conn, conn, time.Minute)
		caps, err := AskCapabilities(g, NewReader(g))
		if got := fmt.Sprint(caps, " ", err); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if conn.out.String() != "S1 CAPABILITY\r\n" {
			t.Errorf("sent %q", conn.out.String())
		}
	}
}

// TestWrites: commands that go past go-imap, and what is changed of its own.
func TestWrites(t *testing.T) {
	conn := &written{scriptedConn: scriptedConn{in: strings.NewReader("+ VXNlcm5hbWU6\r\nM1 OK [COPYUID 1 2 3] done\r\nM2 NO no\r\nT1 OK x\r\n")}}
	g := NewGuard(conn, conn, time.Minute)
	n := NewConn(g, NewReader(g))
	client := n.ClientConn(StatusResponse{Status: "OK", Code: "CAPABILITY", Arg: "IMAP4rev2 ID", Text: "hi"})
	n.HideChallenges(true)
	var ends []string
	end := func(r StatusResponse, ok bool) { ends = append(ends, fmt.Sprint(r.Status, " ", ok)) }
	first := n.Send("UID MOVE 2 x", end)
	second, third := n.SendBehind("NOOP", end), n.SendBehind("CHECK", end)
	n.SendEmptyResponse(true)
	for _, line := range []string{"T1 ID NIL\r\n", "=\r\n", "T2 NOOP\r\n"} {
		if took, err := client.Write([]byte(line)); took != len(line) || err != nil {
			t.Errorf("%q: %d, %v", line, took, err)
		}
	}
	if got, want := conn.out.String(), "M1 UID MOVE 2 x\r\nT1 ID NIL\r\nM2 NOOP\r\nM3 CHECK\r\n\r\nT2 NOOP\r\n"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if got := len(n.Outstanding()); got != 3 {
		t.Errorf("%d commands are outstanding", got)
	}
	out, err := io.ReadAll(client)
	if got, want := string(out), "* OK [CAPABILITY IMAP4REV1 ID] hi\r\n+ =\r\nT1 OK x\r\n"; got != want || err != nil {
		t.Errorf("go-imap got %q, %v, want %q", got, err, want)
	}
	r, ok := <-first.Done()
	if !ok || r.Code != "COPYUID" || r.Arg != "1 2 3" {
		t.Errorf("the first: %v %v", r, ok)
	}
	if r, ok := <-second.Done(); !ok || r.Status != "NO" {
		t.Errorf("the second: %v %v", r, ok)
	}
	if _, ok := <-third.Done(); ok {
		t.Error("the third has a response, and none came")
	}
	if got := fmt.Sprint(ends); got != "[OK true NO true  false]" {
		t.Error(got)
	}
	if _, ok := <-n.Send("NOOP", nil).Done(); ok || g.Why() == nil || len(n.Outstanding()) > 0 {
		t.Errorf("a command behind the end: %v, %v", ok, g.Why())
	}
}

// TestFlood: what nobody asked for has a limit, and a wanted response begins the count anew.
func TestFlood(t *testing.T) {
	flood := strings.Repeat("* OK "+strings.Repeat("x", 60_000)+"\r\n", maxNoise/60_000+1)
	for name, in := range map[string]string{
		"status lines": flood, "literals": "* XFOO {70000000}\r\n" + strings.Repeat("x", 70_000_000) + "\r\n",
	} {
		_, err := wired(t, in)
		var p ProtocolError
		if !errors.As(err, &p) || !strings.Contains(err.Error(), "more than 64 MiB that nobody asked for") {
			t.Errorf("%s: %v", name, err)
		}
	}
	half := flood[:len(flood)/2+2]
	half = half[:strings.LastIndex(half, "\r\n")+2]
	conn := scriptedConn{in: io.MultiReader(strings.NewReader(half), strings.NewReader("+ \r\n"), strings.NewReader(half), strings.NewReader(flood))}
	g := NewGuard(conn, conn, time.Minute)
	n := NewConn(g, NewReader(g))
	if _, err := n.Read(make([]byte, 10)); err != nil { // up to the continuation request
		t.Fatal(err)
	}
	n.Quiet()
	if _, err := io.ReadAll(&clientConn{Guard: g, n: n}); err == nil || !strings.Contains(err.Error(), "nobody asked for") {
		t.Errorf("a flood behind it: %v", err)
	}
}
