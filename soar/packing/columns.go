package packing

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"example.org/imap-integration/soar"
)

// Columns are the values that databases keep beside a record, to look for it.
type Columns struct {
	SourceKey, Account, Folder string
	UIDValidity, UID           uint32
	MessageID                  string
	From, Subject              string // lower case
	Received                   int64  // microseconds since 1970
	HasReceived                bool   // false: unknown
}

// ColumnsOf returns those of a record.
func ColumnsOf(m *soar.Metadata) Columns {
	c := Columns{
		SourceKey: m.SourceKey, Account: m.MailboxAccount, Folder: m.Folder, UIDValidity: m.UIDValidity, UID: uint32(m.UID),
		MessageID: m.MessageID, From: strings.ToLower(m.From), Subject: strings.ToLower(m.Subject),
	}
	t, err := time.Parse(time.RFC3339, m.ReceivedAt)
	if err == nil {
		c.Received, c.HasReceived = t.UnixMicro(), true
	}
	return c
}

// ReceivedAt is the time of receipt as a value of a column; nil: unknown.
func (c Columns) ReceivedAt() any {
	if !c.HasReceived {
		return nil
	}
	return c.Received
}

// Digest is the SHA-256, hex, over a record as it is stored: each text behind its length.
func (r *Row) Digest() string {
	sum := sha256.New()
	var length [8]byte
	scratch := borrow()
	defer scratches.Put(scratch)
	*scratch = append((*scratch)[:0], r.Metadata...)
	for _, part := range [][]byte{*scratch, r.Text, r.HTML} {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		sum.Write(length[:])
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
