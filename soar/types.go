package soar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.org/imap-integration/message"
)

// Mail is what Cloud SOAR knows of an email: the keys of the daemon's output
// object (contract.md, section 3) less cloud_soar_mail_id, status and checkpoint.
// No slice is nil in JSON: call Normalize before marshalling one made by hand.
type Mail struct {
	MessageID       string               `json:"message_id"`
	InReplyTo       string               `json:"in_reply_to"`
	References      string               `json:"references"`
	MailboxAccount  string               `json:"mailbox_account"`
	Folder          string               `json:"folder"`
	UIDValidity     uint32               `json:"uid_validity"`
	UID             message.UID          `json:"uid"`
	ReceivedAt      string               `json:"received_at"` // RFC 3339, UTC; "" where the server's date cannot be read
	Date            string               `json:"date"`
	From            string               `json:"from"`
	FromName        string               `json:"from_name"`
	Sender          string               `json:"sender"`
	ReplyTo         string               `json:"reply_to"`
	ReturnPath      string               `json:"return_path"`
	To              string               `json:"to"`
	Cc              string               `json:"cc"`
	Bcc             string               `json:"bcc"`
	Subject         string               `json:"subject"`
	BodyText        string               `json:"body_text"`
	BodyHTML        string               `json:"body_html"`
	BodyTruncated   bool                 `json:"body_truncated"`
	Headers         Headers              `json:"headers"`
	Attachments     []message.Attachment `json:"attachments"`
	AttachmentNames string               `json:"attachment_names"`
	Size            int64                `json:"size"`
	SHA256          string               `json:"sha256"` // hex, of the raw email; "" for a record without content
	Flags           string               `json:"flags"`
	Problems        []message.Problem    `json:"problems"`
}

// Normalize turns nil slices into empty ones, so that JSON has [] and not null.
func (m *Mail) Normalize() {
	if m.Attachments == nil {
		m.Attachments = []message.Attachment{}
	}
	if m.Problems == nil {
		m.Problems = []message.Problem{}
	}
}

// Headers is an email's header as an ordered JSON object: name as first written → values.
type Headers []HeaderValues

// HeaderValues are the decoded values of one header name, in order.
type HeaderValues struct {
	Name   string
	Values []string
}

// MarshalJSON writes the object in the order of the email.
func (h Headers) MarshalJSON() ([]byte, error) { return h.appendJSON(nil), nil }

// UnmarshalJSON keeps the order of the object.
func (h *Headers) UnmarshalJSON(data []byte) error {
	*h = Headers{}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t == nil {
		return err
	} else if t != json.Delim('{') {
		return fmt.Errorf("headers: want an object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		f := HeaderValues{Name: t.(string)}
		if err := d.Decode(&f.Values); err != nil {
			return err
		}
		*h = append(*h, f)
	}
	return nil
}

// Metadata is the JSON part of emails.create.
type Metadata struct {
	Mail
	SourceKey string `json:"source_key"` // hex; contract.md, section 4, promise 2
}

// Record is an email as Cloud SOAR holds it.
type Record struct {
	ID ID `json:"id"`
	Metadata
	CreatedAt string `json:"created_at"` // RFC 3339, UTC
	Discarded bool   `json:"discarded"`
}

// Draft is an email to be saved.
type Draft struct {
	Metadata
	Raw []byte // nil: a record without content

	// Prepared is what the store's own Prepare made of the complete draft ahead
	// of the save; nil: nothing. It may hold the content in place of Raw.
	Prepared any
}

// Saved is what became of a Draft.
type Saved struct {
	ID      ID     // 0 when refused
	Existed bool   // the store knew its key already
	Refused string // why the store refuses this email for good, one sentence; "" otherwise
}

// Query selects records; a zero field does not filter (cloud-soar-api.md, emails.search).
type Query struct {
	MailboxAccount, Folder, SourceKey, MessageID, From, Subject string
	ReceivedAfter, ReceivedBefore                               time.Time // both count
	Discarded                                                   *bool     // nil: all
	PageSize                                                    int       // at most 100 on the wire
	PageNumber                                                  int       // from 1
}

// Page is one page of records, newest id first.
type Page struct {
	Records []Record
	Total   int
}

// File is an attachment to be added to an incident.
type File struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	SHA256      string `json:"sha256"`
	EmailID     ID     `json:"email_id"`
	Part        string `json:"part"`
}

// IncidentFile is an attachment of an incident.
type IncidentFile struct {
	ID ID `json:"id"`
	File
	Size int64 `json:"size"`
}

// Mark is the newest email that a store holds for an account and folder.
type Mark struct {
	Records     int         // how many of the newest 100 records belong to the account and folder; 0: the very first run
	UIDValidity uint32      // the UIDVALIDITY asked about, when the store has emails of it, else that of its newest record
	UID         message.UID // highest UID of that UIDVALIDITY among them
	ReceivedAt  time.Time   // latest received_at among them
	Oldest      time.Time   // earliest received_at among them
}

// Received takes the received_at of one of the emails into account.
func (m *Mark) Received(at time.Time) {
	if at.After(m.ReceivedAt) {
		m.ReceivedAt = at
	}
	if m.Oldest.IsZero() || at.Before(m.Oldest) {
		m.Oldest = at
	}
}

// Errors that a caller can tell apart with errors.Is.
var (
	ErrNotFound  = errors.New("not found")                // no such email, incident or triage event; wrapped with its id
	ErrNoContent = errors.New("the email has no content") // a record without content has no raw bytes
	ErrBusy      = errors.New("the store is in use")      // local: another process holds it
)

// The consumers' view; *soar.Client and *local.Store both have all of these methods:
//
//	// Save stores drafts in this order. It returns one Saved for each of a prefix of drafts; the error says why it
//	// is not all of them. A content refusal (413 and the like) adds the problem content_refused to the draft itself
//	// and saves it without content.
//	Save(ctx context.Context, drafts []*Draft) ([]Saved, error)
//	// Known returns id by source_key of the records that the store may hold already of these emails: what spares
//	// a store that ignores Idempotency-Key a second record, at a constant number of requests. The local store
//	// returns nil: its Save looks up each key.
//	Known(ctx context.Context, k Candidates) (map[string]ID, error)
//	Newest(ctx context.Context, account, folder string, uidValidity uint32) (Mark, error)
//	ByKey(ctx context.Context, key string) (Record, bool, error)
//	Search(ctx context.Context, q Query) (Page, error)
//	Get(ctx context.Context, id ID) (Record, error)
//	EML(ctx context.Context, id ID, limit int64) ([]byte, error)
//	Discard(ctx context.Context, id ID) (Record, error)
//	AddToIncident(ctx context.Context, incident int64, id ID) (added bool, err error)
//	IncidentEmails(ctx context.Context, incident int64) ([]Record, error)
//	RemoveFromIncident(ctx context.Context, incident int64, id ID) (removed bool, err error)
//	AddFile(ctx context.Context, incident int64, f File, content []byte) (id ID, existed bool, err error)
//	IncidentFiles(ctx context.Context, incident int64) ([]IncidentFile, error)
//	AddToTriage(ctx context.Context, triage int64, id ID) (added bool, err error)
//	// HandedOver tells the store that the result naming these emails has been written. No-op for REST.
//	HandedOver(ctx context.Context, ids []ID) error
//	// Pending returns the emails of this account and folder that were saved but never handed over (local store; REST: nil).
//	Pending(ctx context.Context, account, folder string) ([]Record, error)
//	// Check tells what test-settings shows of the store and changes nothing.
//	Check(ctx context.Context) (detail string, err error)
//	Close() error

// Candidates describe the emails of a run before their content is known.
type Candidates struct {
	MailboxAccount, Folder string
	UIDValidity            uint32
	UIDs                   []message.UID // ascending
	Oldest, Newest         time.Time     // bounds of their INTERNALDATEs; zero: unknown
}
