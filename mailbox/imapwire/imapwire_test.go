package imapwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sinkholder keeps what it is given.
type sinkholder struct {
	limit  int64
	bodies []string
	uids   []UID
}

func (s *sinkholder) Room(_ *FetchResponse, n int64) (*Literal, error) {
	if n > s.limit {
		return nil, errors.New("too large")
	}
	return NewLiteral(n, n, nil), nil
}

func (s *sinkholder) Response(f *FetchResponse) {
	if f.Literal != nil {
		s.bodies, s.uids = append(s.bodies, string(f.Literal.data)), append(s.uids, f.UID)
		f.Literal.Release()
	}
}

// scriptedConn is a connection on which everything has come already.
type scriptedConn struct {
	net.Conn
	in io.Reader
}

func (c scriptedConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c scriptedConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c scriptedConn) Close() error                     { return nil }
func (c scriptedConn) SetReadDeadline(time.Time) error  { return nil }
func (c scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// normalised feeds input through a normaliser and returns what go-imap would get.
func normalised(input io.Reader, sink FetchSink) (string, error) {
	conn := scriptedConn{in: input}
	g := NewGuard(conn, conn, time.Minute)
	n := NewConn(g, NewReader(g))
	n.SetSink(sink)
	out, err := io.ReadAll(&clientConn{Guard: g, n: n})
	return string(out), err
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"T1 OK done\r\n", "T1 OK done\r\n"},
		{"T1 ok\r\n", "T1 OK - \r\n"},
		{"T1 OK [Error=\"a ] b\" Proxy=x] LOGIN completed\r\n", "T1 OK - [Error=\"a ] b\" Proxy=x] LOGIN completed\r\n"},
		{"T1 NO [authenticationfailed] \x1b[31mno\n", "T1 NO [AUTHENTICATIONFAILED] \\x1b[31mno\r\n"},
		{"T1 OK [CAPABILITY imap4rev1  IMAP4rev2 idle \"x\"] hi\r\n", "T1 OK [CAPABILITY IMAP4REV1 IDLE] hi\r\n"},
		{"* CAPABILITY IMAP4rev1 IDLE\r\n", "* CAPABILITY IMAP4REV1 IDLE\r\n"},
		{"* OK [CAPABILITY IMAP4rev1 IDLE] x\r\n", "* CAPABILITY IMAP4REV1 IDLE\r\n"},
		{"+ \r\n+ YQ==\r\n+\r\n", "+ \r\n+ YQ==\r\n+ \r\n"},
		{"* 3 EXISTS\r\n* SEARCH 1\r\n* LIST () \"/\" x\r\n* OK hi\r\n* FLAGS (a)\r\n\r\n* NOOP\r\nhello there\r\n", ""},
		{"* LIST () \"/\" {3}\r\na b\r\nT1 OK x\r\n", "T1 OK x\r\n"},
		{"* XFOO {6}\r\nT1 OK\n (\r\nT2 OK x\r\n", "T2 OK x\r\n"},
	} {
		got, err := normalised(strings.NewReader(c.in), nil)
		if got != c.want || !errors.Is(err, io.EOF) && err != nil {
			t.Errorf("%q: %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestInternalDate(t *testing.T) {
	for in, bad := range map[string]bool{
		"17-Jul-1996 02:44:25 -0700": false, " 7-Jul-1996 02:44:25 -0700": false, "7-Jul-1996 02:44:25 +0000": false,
		"": true, "yesterday": true, "01-Jan-0001 00:00:00 +0000": true, "31-Dec-9999 23:59:59 +0000": true, "17-Jul-1996 02:44:25 +2400": true,
	} {
		if date := internalDate(in); date.IsZero() != bad {
			t.Errorf("%q: %v", in, date)
		}
	}
}

// TestInternalDateOfServers are dates as servers write them that RFC 9051, section 9, does not know.
func TestInternalDateOfServers(t *testing.T) {
	for in, want := range map[string]string{
		"17-Jul-1996 02:44:25":              "1996-07-17T02:44:25Z", // no zone: UTC
		"17-Jul-1996 02:44:25 GMT":          "1996-07-17T02:44:25Z",
		"17-Jul-1996 02:44:25 PDT":          "1996-07-17T09:44:25Z",
		"17-Jul-1996 02:44:25 +0200 (CEST)": "1996-07-17T00:44:25Z",
		"Wed, 17 Jul 1996 02:44:25 -0700":   "1996-07-17T09:44:25Z",
		"7-Jul-1996 02:44:25 MEZ":           "1996-07-07T01:44:25Z",
		"17-JUL-1996 02:44:25 -07:00":       "1996-07-17T09:44:25Z",
	} {
		if got := internalDate(in).Format(time.RFC3339); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestFolderNames(t *testing.T) {
	for name, want := range map[string]string{
		"INBOX": `"INBOX"`, "R&D": `"R&-D"`, `a"b\c`: `"a\"b\\c"`, "Prüfung/日本 & Co": `"Pr&APw-fung/&ZeVnLA- &- Co"`, "📧": `"&2D3c5w-"`,
	} {
		got, err := EncodeMailboxName(name)
		if got != want || err != nil {
			t.Errorf("%q: %s %v", name, got, err)
		}
		if back := decodeMailboxName(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.Trim(got, `"`))); back != name && !strings.Contains(name, `"`) {
			t.Errorf("%q came back as %q", name, back)
		}
	}
	for _, name := range []string{"", "a\r\nb", "a\x00", "\xff", strings.Repeat("x", 1001)} {
		if _, err := EncodeMailboxName(name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	for _, odd := range []string{"&", "R&D", "&AA-", "&!!-", "&-&"} {
		_ = decodeMailboxName(odd)
	}
}

func TestChunks(t *testing.T) {
	var uids []UID
	for u := UID(1); u < 30_000; u += 2 { // nothing adjacent
		uids = append(uids, u*7)
	}
	n := 0
	for _, c := range Chunks(uids, 2000) {
		if set := Set(c); len(set) > MaxSet || len(c) == 0 {
			t.Fatalf("%d UIDs in %d bytes", len(c), len(set))
		}
		n += len(c)
	}
	if n != len(uids) {
		t.Errorf("%d of %d UIDs", n, len(uids))
	}
	if got := Set([]UID{1, 2, 3, 7, 9, 10}); got != "1:3,7,9:10" {
		t.Error(got)
	}
}

func TestSearchAnswers(t *testing.T) {
	for in, want := range map[string]string{
		"* SEARCH 5 3  4 3\r\n* search 1 (MODSEQ 9)\r\n":        "[1 3 4 5]",
		"* SEARCH\r\n* SEARCH 0\r\n":                            "[]",
		"* ESEARCH (TAG \"T1\") UID ALL 9:7,2 COUNT 4\r\n":      "[2 7 8 9]",
		"* ESEARCH (TAG \"T1\") UID\r\n":                        "[]",
		"* ESEARCH (TAG \"T1\") UID COUNT 1 ALL 4294967295\r\n": "[4294967295]",
		"* SEARCH " + strings.Repeat("1 ", 100_000) + "\r\n":    "[1]",
		"* SEARCH 1 x\r\n":                                      "error",
		"* SEARCH 4294967296\r\n":                               "error",
		"* ESEARCH (TAG \"T1\") ALL 1:3\r\n":                    "error",
		"* ESEARCH (TAG \"T1\") UID ALL 1:4294967295\r\n":       "error",
	} {
		conn := scriptedConn{in: strings.NewReader(in)}
		g := NewGuard(conn, conn, time.Minute)
		n := NewConn(g, NewReader(g))
		n.found = &SearchResponse{}
		_, err := io.ReadAll(&clientConn{Guard: g, n: n})
		got := fmt.Sprint(n.found.sorted())
		var p ProtocolError
		if errors.As(err, &p) {
			got = "error"
		}
		if got != want {
			t.Errorf("%.60q: %s, want %s", in, got, want)
		}
	}
}

// TestGuard holds the contract's timeout on a clock of its own.
func TestGuard(t *testing.T) {
	const timeout = 10 * time.Second
	for name, c := range map[string]struct {
		rate    int // bytes a second that come
		total   int
		literal bool
		ends    time.Duration // 0: everything comes
	}{
		"silence":                      {0, 1, false, timeout},
		"a line that drips":            {1, 100, false, timeout},
		"a line in time":               {20, 100, false, 0},
		"silence in a literal":         {0, 1, true, timeout},
		"a literal that drips":         {100, 100_000, true, timeout},
		"a literal at 1,000 a second":  {1100, 40_000, true, 0},
		"a literal a little too slow":  {990, 40_000, true, 11 * time.Second},
		"a short literal, slow though": {100, 900, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer server.Close()
				g := NewGuard(client, client, timeout)
				g.Begin()
				if c.literal {
					g.beginLiteral(0)
				}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for sent := 0; sent < c.total && c.rate > 0; sent += max(c.rate/10, 1) {
						time.Sleep(time.Second / 10 * time.Duration(max(1, 10/c.rate)))
						if _, err := server.Write(make([]byte, min(max(c.rate/10, 1), c.total-sent))); err != nil {
							return
						}
					}
				}()
				start := time.Now()
				_, err := io.ReadFull(g, make([]byte, c.total))
				took := time.Since(start)
				var stalled StalledError
				if errors.As(err, &stalled) != (c.ends > 0) {
					t.Errorf("%v after %s", err, took)
				}
				if c.ends > 0 && (took < c.ends-time.Second || took > c.ends+time.Second) {
					t.Errorf("ended after %s", took)
				}
				_ = client.Close()
				<-ended
			})
		})
	}
}

// TestSpool fills literals on both sides of the limit.
func TestSpool(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 4097, spoolOver, spoolOver + 1, 3*spoolOver + 17} {
		for _, keep := range []int{size, size / 2} {
			raw := make([]byte, size)
			for i := range raw {
				raw[i] = byte(i * 7)
			}
			b := NewLiteral(int64(size), int64(keep), nil)
			w := NewReader(io.MultiReader(bytes.NewReader(raw), strings.NewReader("rest\n")))
			if err := b.fill(w); err != nil || !bytes.Equal(b.data, raw[:keep]) {
				t.Fatalf("%d, %d: %v", size, keep, err)
			}
			if line, err := w.Line(); string(line) != "rest" {
				t.Errorf("%d, %d: then %q %v", size, keep, line, err)
			}
			b.Release()
			b.Release()
		}
	}
}

// TestFullDisk keeps an email in memory that the temporary file has no room for.
func TestFullDisk(t *testing.T) {
	raw := bytes.Repeat([]byte("0123456789"), 300_000)
	b := NewLiteral(int64(len(raw)), int64(len(raw)), nil)
	if b.file == nil {
		t.Skip("no temporary file here")
	}
	_ = b.file.Close() // every write fails
	b.file = readOnlyFile(t)
	if err := b.fill(NewReader(bytes.NewReader(raw))); err != nil || !bytes.Equal(b.data, raw) {
		t.Errorf("%d bytes, %v", len(b.data), err)
	}
	b.Release()
}

// FuzzNormalise: no panic, no hang, what go-imap gets is made of canonical lines,
// and a literal that is asked for comes through untouched.
func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{
		"* 1 FETCH (UID 5 FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4 BODY[] {4}\r\nbody)\r\nT1 OK done\r\n",
		"* 1 FETCH (BODY[] ~{2}\r\nab X-GM-LABELS (\"a b\" {1}\r\n)) UID 9)\r\n",
		"* OK [CAPABILITY IMAP4rev1] hi\r\n+ go\r\nT9 NO [BADCHARSET (US-ASCII)] x\r\n* SEARCH 1 2 3\r\n",
		"* LIST (\\Noselect) NIL {3}\r\nabc\r\n* BYE x\r\n* ESEARCH (TAG \"a\") UID ALL 1:9\r\n",
		"* 1 FETCH (BODY[HEADER.FIELDS (\"a]b\")]<0> NIL)\r\n* 2 FETCH (BODYSTRUCTURE ((((", "T1 OK [x \"]\" ] y\n",
	} {
		f.Add([]byte(seed), []byte("From: x\r\n\r\n)\r\nT1 OK\r\n"))
	}
	f.Fuzz(func(t *testing.T, answers, literal []byte) {
		sink := &sinkholder{limit: 1 << 20}
		framed := fmt.Sprintf("* 7 FETCH (UID 77 BODY[] {%d}\r\n%s)\r\n", len(literal), literal)
		out, _ := normalised(io.MultiReader(strings.NewReader(framed), bytes.NewReader(answers)), sink)
		if len(sink.uids) == 0 || sink.uids[0] != 77 || sink.bodies[0] != string(literal) {
			t.Fatalf("the literal %q came as %q", literal, sink.bodies)
		}
		for _, line := range strings.SplitAfter(out, "\r\n") {
			if line != "" && (!strings.HasSuffix(line, "\r\n") || strings.Trim(line[:1], "*+TM") != "") {
				t.Fatalf("go-imap would get %q", line)
			}
		}
	})
}
