package mailbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"example.org/imap-integration/mailbox"
)

// heads fetches header fields and describes each: its UID, with "-" where nothing came
// because the email has vanished, "?" where it is missing.
func heads(t *testing.T, f *mailbox.Folder, uids []mailbox.UID) (got []string, err error) {
	t.Helper()
	err = f.Headers(t.Context(), uids, []string{"Subject"}, func(h mailbox.Head) error {
		mark := ""
		switch {
		case h.Missing:
			mark = "?"
		case h.Header == nil:
			mark = "-"
		case !strings.Contains(string(h.Header), fmt.Sprintf("Subject: number %03d\r\n", h.UID)):
			t.Errorf("header of %d: %q", h.UID, h.Header)
		}
		got = append(got, fmt.Sprint(h.UID)+mark)
		return nil
	})
	return got, err
}

// TestHeadersFaults are the faults that bodies meet (TestMissing, TestQuirks), for
// header fields: one engine fetches both.
func TestHeadersFaults(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) func(int32, string) string {
		return func(_ int32, a string) string { return strings.Replace(a, old, with, 1) }
	}
	once := func(with string) func(int32, string) string {
		return func(n int32, a string) string { return pick(n == 1, with, a) }
	}
	for _, c := range []struct {
		name   string
		answer func(n int32, a string) string // n counts the responses for email 2
		want   string                         // of email 2
	}{
		{"as it should be", func(_ int32, a string) string { return a }, "2"},
		{"left out once", once(""), "2"},
		{"NIL once", once("* 2 FETCH (UID 2 BODY[HEADER] NIL)\r\n"), "2"},
		{"left out twice", func(n int32, a string) string { return pick(n <= 2, "", a) }, "2"},
		{"always left out", func(int32, string) string { return "" }, "2?"},
		{"always NIL", func(int32, string) string { return "* 2 FETCH (UID 2 BODY[HEADER] NIL)\r\n" }, "2?"},
		{"never a UID", replace("UID 2 ", ""), "2?"},
		{"another UID", replace("UID 2 ", "UID 9 "), "2?"},
		{"the UID behind", func(_ int32, a string) string {
			a = strings.Replace(a, "UID 2 ", "", 1)
			return strings.TrimSuffix(a, ")\r\n") + " UID 2)\r\n"
		}, "2"},
		{"twice, the second another", func(_ int32, a string) string { return a + strings.Replace(a, "number 002", "number 666", 1) }, "2"},
		{"a whole body instead", func(n int32, a string) string {
			return pick(n == 1, "* 2 FETCH (UID 2 BODY[] {4}\r\nbody)\r\n", a)
		}, "2"},
		{"news in between", func(_ int32, a string) string { return "* 4 EXISTS\r\n* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n" + a }, "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n atomic.Int32
			s := startScript(t, 3, altering(func(uid mailbox.UID, a string) string {
				if uid != 2 {
					return a
				}
				return c.answer(n.Add(1), a)
			}))
			f := dial(t, s.config(t))
			defer f.Close()
			got, err := heads(t, f, append(uidRange(1, 3), 99))
			if want := []string{"1", c.want, "3", "99-"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %v, want %v", got, err, want)
			}
		})
	}
}

// TestHeadersOverConnections goes on behind what came when the connection breaks, once.
func TestHeadersOverConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		breaks int
		want   int // header fields that come
	}{{0, 40}, {1, 40}, {2, 0}} {
		var breaks atomic.Int32
		s := startScript(t, 40, nil)
		s.hook = func(conn *scriptConn, tag, command string) bool {
			if !strings.Contains(command, "HEADER.FIELDS") || breaks.Add(1) > int32(c.breaks) {
				return false
			}
			s.fetch(conn, "1:20 (UID BODY.PEEK[HEADER])", nil)
			_ = conn.Close()
			return true
		}
		f := dial(t, s.config(t))
		got, err := heads(t, f, uidRange(1, 40))
		if len(got) < c.want || (err != nil) != (c.breaks > 1) {
			t.Errorf("%d breaks: %d header fields, %v", c.breaks, len(got), err)
		}
		if c.breaks == 1 && !strings.Contains(s.seenCommands(), "UID FETCH 21:40 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])") {
			t.Errorf("what came was asked for again:\n%s", s.seenCommands())
		}
		_ = f.Close()
	}
}

// TestHeadersLimits: a header block is cut at 1 MiB, and an error of yield ends the fetch.
func TestHeadersLimits(t *testing.T) {
	t.Parallel()
	s := startScript(t, 3, nil)
	s.emails[2] = []byte("Subject: " + strings.Repeat("x", 3<<20) + "\r\n\r\nbody")
	f := dial(t, s.config(t))
	defer f.Close()
	var sizes []int
	stop := errors.New("enough")
	err := f.Headers(t.Context(), uidRange(1, 3), []string{"Subject"}, func(h mailbox.Head) error {
		sizes = append(sizes, len(h.Header))
		if h.UID == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || len(sizes) != 2 || sizes[1] != 1<<20 {
		t.Errorf("%v, %v", err, sizes)
	}
	if got, err := heads(t, f, []mailbox.UID{1, 3}); err != nil || !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	for _, names := range [][]string{nil, {""}, {"a b"}, {"a]"}, {"a:"}, {"ä"}, make([]string, 201)} {
		if err := f.Headers(t.Context(), uidRange(1, 1), names, nil); err == nil {
			t.Errorf("the names %.20q were taken", names)
		}
	}
}
