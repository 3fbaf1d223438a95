package mailbox_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

// TestBackPressure: a server whose sizes lie cannot make the program take in
// more than its budget while the consumer holds an email.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	const emails, size, bound = 40, 3 << 20, 64 << 20 // bound: the budget, and what the sockets buffer
	s := startScript(t, emails, nil)
	big := mail(1, size)
	var written atomic.Int64
	s.hook = func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID FETCH") {
			return false
		}
		for _, uid := range s.selected(strings.TrimPrefix(command, "UID FETCH ")) {
			if !strings.Contains(command, "BODY") {
				c.say("* %d FETCH (UID %d FLAGS () RFC822.SIZE 100)\r\n", uid, uid)
				continue
			}
			c.say("* %d FETCH (UID %d BODY[] {%d}\r\n", uid, uid, len(big))
			n, _ := c.Write(big)
			written.Add(int64(n))
			c.say(")\r\n")
		}
		c.say("%s OK done\r\n", tag)
		return true
	}
	conf := s.config(t)
	conf.MaxSize, conf.Timeout = 10<<20, 20*time.Second
	f := dial(t, conf)
	defer f.Close()
	var held []*mailbox.Raw
	n := 0
	err := f.Fetch(t.Context(), uidRange(1, emails), func(r *mailbox.Raw) error {
		if n++; r.UID != mailbox.UID(n) || len(r.Body) != len(big) {
			return fmt.Errorf("mail %d: UID %d, %d bytes", n, r.UID, len(r.Body))
		}
		if held = append(held, r); n == 3 {
			time.Sleep(300 * time.Millisecond)
			if w := written.Load(); w > bound {
				t.Errorf("%d MiB were read while the consumer held three emails", w>>20)
			}
		}
		if n >= 3 {
			for _, r := range held {
				r.Release()
			}
			held = nil
		}
		return nil
	})
	if err != nil || n != emails {
		t.Errorf("%d emails, %v", n, err)
	}
}
