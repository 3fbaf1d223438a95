package mailbox_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"example.org/imap-integration/mailbox"
)

// brokenAnswers cannot be read, or cannot be right.
var brokenAnswers = []string{
	"* SEARCH 5 x 3\r\n",
	"* SEARCH 4294967296\r\n",
	"* SEARCH -1\r\n",
	"* SEARCH 1\r\n* SEARCH 2 x\r\n",
	"* ESEARCH (TAG \"t\") UID ALL 5,x\r\n",
	"* ESEARCH (TAG \"t\") UID ALL 1:*\r\n",
	"* ESEARCH (TAG \"t\") ALL 1:5\r\n",
	"* ESEARCH (TAG \"t\") UID ALL 1:5000000\r\n",
	"* ESEARCH (TAG \"t\") UID ALL 1:4294967295\r\n",
	"* 1 FETCH (UID 1 FLAGS (\\Seen\r\n",
}

// TestBrokenSearch: a broken answer is asked for again, and never taken for a complete one.
func TestBrokenSearch(t *testing.T) {
	t.Parallel()
	for _, answer := range brokenAnswers {
		for _, once := range []bool{true, false} {
			s := startScript(t, 5, func(c *scriptConn, tag, command string) bool {
				if once && c.number > 1 || !strings.HasPrefix(command, "UID SEARCH") {
					return false
				}
				c.say("%s%s OK done\r\n", answer, tag)
				return true
			})
			f := dial(t, s.config(t))
			got, err := f.Search(t.Context(), mailbox.Criteria{})
			_ = f.Close()
			if once && (err != nil || !slices.Equal(got, uidRange(1, 5))) {
				t.Errorf("%q once: %v, %v", answer, got, err)
			}
			if !once && (kind(err) != mailbox.Protocol || got != nil) {
				t.Errorf("%q always: %v, %v", answer, got, err)
			}
		}
	}
}

// TestBrokenStore: marking is repeated when the answer to it cannot be read.
func TestBrokenStore(t *testing.T) {
	var stores atomic.Int32
	s := startScript(t, 3, func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID STORE") || stores.Add(1) > 1 {
			return false
		}
		c.say("* 1 FETCH (UID 1 FLAGS (\\Seen\r\n%s OK done\r\n", tag)
		return true
	})
	f := dial(t, s.config(t))
	defer f.Close()
	if err := f.MarkSeen(t.Context(), uidRange(1, 3)); err != nil || stores.Load() != 2 {
		t.Errorf("%d times stored: %v", stores.Load(), err)
	}
}
