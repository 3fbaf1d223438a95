package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"testing"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
)

// numberedFolder is a folder that knows its UIDVALIDITY and nothing else.
type numberedFolder struct{ Folder }

func (numberedFolder) Status() mailbox.Status { return mailbox.Status{UIDValidity: 7} }

// TestAPanicCostsOneMailItsContent: without a filter to ask, reading a mail panics. The mail is saved whole all the same.
func TestAPanicCostsOneMailItsContent(t *testing.T) {
	r := &run{o: Options{Account: " SOC@corp.example", Folder: "INBOX", Limits: message.DefaultLimits(), Log: slog.New(slog.DiscardHandler), Filter: nil}, folder: numberedFolder{}}
	raw := []byte("Subject: poison\r\n\r\nx\r\n")
	j := &job{raw: &mailbox.Raw{UID: 4, Outcome: mailbox.Whole, Body: raw, Size: int64(len(raw))}}
	r.read(j)
	if j.draft == nil || string(j.draft.Raw) != string(raw) || j.draft.UID != 4 || j.left != "" {
		t.Fatalf("the mail is not saved whole: %+v, left out by %q", j.draft, j.left)
	}
	if !slices.ContainsFunc(j.draft.Problems, func(p message.Problem) bool { return p.Code == "parse_panic" }) {
		t.Errorf("problems: %v", j.draft.Problems)
	}
	// The key of a mail must be the same in every version of the program: else an upgrade would save all mails again.
	sum := sha256.Sum256([]byte("soc@corp.example\x00" + string(raw)))
	if want := hex.EncodeToString(sum[:]); j.draft.SourceKey != want {
		t.Errorf("the key is %s, want %s", j.draft.SourceKey, want)
	}
}
