package ingest

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

func none(mailbox.UID) bool { return false }

func TestCheckpointRoundTrip(t *testing.T) {
	scope := scopeOf(" SOC@corp.example", "INBOX")
	c := checkpoint{scope: scope, uidValidity: 1<<32 - 1, last: 41, received: time.Unix(1790000000, 0).UTC(), passed: new(big.Int)}
	c.advance(43, func(u mailbox.UID) bool { return u == 42 })
	text := c.String()
	if len(text) > 300 || strings.ContainsAny(text, " \n\"<>&,") {
		t.Errorf("a checkpoint is short and safe in any field: %q", text)
	}
	got, err := parseCheckpoint("  "+text+"\n", scopeOf("soc@corp.example", "INBOX"))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != text || !got.received.Equal(c.received) {
		t.Errorf("round trip: %+v, want %+v", got, c)
	}
}

func TestCheckpointIsRefused(t *testing.T) {
	scope := scopeOf("a", "INBOX")
	c := checkpoint{scope: scope, last: 5, passed: new(big.Int)}
	text := c.String()
	for _, bad := range []string{"", "x", "cp1.", text[:len(text)-1], text + "A", "cp1." + strings.Repeat("A", 3000), strings.Replace(text, "A", "B", 1)} {
		if _, err := parseCheckpoint(bad, scope); !errors.Is(err, errCheckpointUnreadable) {
			t.Errorf("parseCheckpoint(%.40q) = %v, want unreadable", bad, err)
		}
	}
	if _, err := parseCheckpoint(text, scopeOf("a", "Other")); !errors.Is(err, errCheckpointForeign) {
		t.Errorf("another folder: %v, want foreign", err)
	}
}

func TestCheckpointCoversButTheGaps(t *testing.T) {
	c := checkpoint{passed: new(big.Int)}
	there := func(u mailbox.UID) bool { return u != 40 && u != 1500 }
	c.advance(41, there)
	for u := mailbox.UID(1); u <= 50; u++ {
		if want := u <= 41 && u != 40; c.covers(u) != want {
			t.Errorf("after 41, covers(%d) = %v, want %v", u, c.covers(u), want)
		}
	}
	c.advance(40, there) // the late one comes
	if !c.covers(40) || c.last != 41 {
		t.Error("a late mail fills its gap and moves nothing")
	}
	c.advance(1600, there)
	if c.covers(1500) || !c.covers(1499) || !c.covers(40) || !c.covers(1) || c.covers(1601) {
		t.Error("a long step keeps the gaps of the last window and passes what lies before it")
	}
	c.advance(5000, none)
	if !c.covers(4000) || c.covers(4001) || c.covers(4999) || c.lowest() != 4001 {
		t.Error("only the last window is remembered one by one")
	}
}

func TestCheckpointSmallStepsAgreeWithOne(t *testing.T) {
	there := func(u mailbox.UID) bool { return u%7 != 0 }
	small, large := checkpoint{passed: new(big.Int)}, checkpoint{passed: new(big.Int)}
	for u := mailbox.UID(1); u <= 3001; u++ {
		if there(u) {
			small.advance(u, there)
		}
	}
	large.advance(3001, there)
	if small.String() != large.String() {
		t.Error("3,000 steps and one step over the same mails differ")
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	scope := scopeOf("a", "INBOX")
	c := checkpoint{scope: scope, last: 5, passed: new(big.Int)}
	f.Add(c.String())
	f.Add("cp1.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text, scope)
		if err == nil && c.String() != strings.TrimSpace(text) {
			t.Errorf("accepted %q, which is not what it writes", text)
		}
	})
}
