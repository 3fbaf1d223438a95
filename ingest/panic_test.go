package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"testing"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// numberedFolder is a folder that knows its UIDVALIDITY and nothing else.
type numberedFolder struct{ Folder }

func (numberedFolder) Status() mailbox.Status { return mailbox.Status{UIDValidity: 7} }

// TestAPanicCostsOneMailItsContent: without a filter to ask, reading an email panics. The mail is saved whole all the same.
func TestAPanicCostsOneMailItsContent(t *testing.T) {
	r := &reader{o: Options{Account: " SOC@corp.example", Folder: "INBOX", Limits: message.DefaultLimits(), Log: slog.New(slog.DiscardHandler), Filter: nil}, folder: numberedFolder{}}
	raw := []byte("Subject: poison\r\n\r\nx\r\n")
	j := &job{raw: &mailbox.Raw{UID: 4, Outcome: mailbox.Whole, Body: raw, Size: int64(len(raw))}}
	r.read(j)
	if j.draft == nil || string(j.draft.Raw) != string(raw) || j.draft.UID != 4 || j.left != "" {
		t.Fatalf("the mail is not saved whole: %+v, left out by %q", j.draft, j.left)
	}
	if !slices.ContainsFunc(j.draft.Problems, func(p message.Problem) bool { return p.Code == "parse_panic" }) {
		t.Errorf("problems: %v", j.draft.Problems)
	}
	// The key of an email must be the same in every version of the program: else an upgrade would save all emails again.
	sum := sha256.Sum256([]byte("soc@corp.example\x00" + string(raw)))
	if want := hex.EncodeToString(sum[:]); j.draft.SourceKey != want {
		t.Errorf("the key is %s, want %s", j.draft.SourceKey, want)
	}
}

// TestPrepare: the raw email goes back to the wire when the store has what it
// needs of it, and a preparation that panics changes nothing.
func TestPrepare(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*soar.Draft)
		held    bool // the raw email is still needed
	}{
		{"none", nil, true},
		{"taken over", func(d *soar.Draft) { d.Prepared, d.Raw = string(d.Raw), nil }, false},
		{"left for the save", func(d *soar.Draft) { d.Prepared = "a part" }, true},
		{"panics", func(d *soar.Draft) { d.Raw, d.Prepared = nil, "half"; panic("poison") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reader{o: Options{Prepare: c.prepare, Log: slog.New(slog.DiscardHandler)}}
			body := []byte("Subject: x\r\n\r\n")
			j := &job{raw: &mailbox.Raw{Outcome: mailbox.Whole, Body: body}, draft: &soar.Draft{Raw: body}}
			r.prepare(j)
			if c.held != (string(j.draft.Raw) == string(body)) || c.held && j.raw.Body == nil {
				t.Errorf("draft %q, raw %q", j.draft.Raw, j.raw.Body)
			}
			if c.name == "panics" && j.draft.Prepared != nil {
				t.Errorf("half a preparation is left: %v", j.draft.Prepared)
			}
		})
	}
	left := &job{raw: &mailbox.Raw{Outcome: mailbox.Whole, Body: []byte("x")}, left: "subject"}
	(&reader{}).prepare(left)
	if left.draft != nil {
		t.Error("a mail that a filter leaves out has a draft")
	}
}
