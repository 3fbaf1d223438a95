package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// read parses one email, on a worker. A panic costs the email its content, not the run.
func (r *reader) read(j *job) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("an email could not be parsed", "uid", j.raw.UID, "panic", fmt.Sprint(p))
			j.left = ""
			j.draft = r.place(j.raw, soar.Mail{})
			j.draft.Problems = append(j.draft.Problems, message.Problem{Code: message.CodeParsePanic, Detail: "the content could not be read; the raw email is whole"})
			r.whole(j)
		}
	}()
	d, came := Decide(r.o.Filter, j.raw, r.o.Limits)
	j.left = d.LeftOut
	switch {
	case j.left != "":
	case !came:
		r.readMissing(j)
	case d.Message == nil:
		j.draft = r.place(j.raw, soar.Mail{})
	case d.Whole:
		j.draft = r.place(j.raw, describeWhole(d.Message, r.o.Limits))
		r.whole(j)
	default:
		r.readTooLarge(j, d.Message)
	}
}

// prepare has the store do what it can ahead. Where the raw email is not needed
// any more, its memory goes back to the wire at once.
func (r *reader) prepare(j *job) {
	if j.draft != nil && r.o.Prepare != nil {
		r.prepareDraft(j.draft)
	}
	if j.draft == nil || j.draft.Raw == nil {
		j.raw.Release()
	}
}

// prepareDraft leaves a draft as it is where the preparation panics: it is ahead of time only.
func (r *reader) prepareDraft(d *soar.Draft) {
	raw := d.Raw
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("an email could not be prepared for the store; it is saved without", "uid", d.UID, "panic", fmt.Sprint(p))
			d.Raw, d.Prepared = raw, nil
		}
	}()
	r.o.Prepare(d)
}

// whole fills what depends on all bytes of the email.
func (r *reader) whole(j *job) {
	sum := sha256.Sum256(j.raw.Body)
	j.draft.SHA256, j.draft.Size = hex.EncodeToString(sum[:]), int64(len(j.raw.Body))
	j.draft.SourceKey = sourceKey(r.o.Account, j.raw.Body)
	j.draft.Raw = j.raw.Body
	if j.draft.Raw == nil {
		j.draft.Raw = []byte{} // an empty email has content, of no bytes
	}
}

// readTooLarge makes a record without content (contract.md, section 3). A filter
// on the content cannot be decided: the email comes rather than being missed.
func (r *reader) readTooLarge(j *job, m *message.Message) {
	j.draft = r.place(j.raw, soar.DescribeHeader(m))
	j.draft.Size = j.raw.Size
	j.draft.SourceKey = sourceKey(r.o.Account, j.raw.Body)
	if len(j.raw.Body) == 0 { // not even a header block came: only its place tells this email from others
		j.draft.SourceKey = sourceKey(r.o.Account, fmt.Appendf(nil, "%s\x00%d\x00%d", r.o.Folder, r.folder.Status().UIDValidity, j.raw.UID))
	}
	detail := fmt.Sprintf("larger than max_message_size (%d bytes): only its header fields were fetched", r.o.MaxSize)
	if r.o.Filter.NeedsBody() {
		detail += "; the filters on the text could not be decided"
	}
	j.draft.Problems = append(j.draft.Problems, message.Problem{Code: message.CodeTooLarge, Detail: detail})
}

// place makes a draft of an email: where it was found, and what was odd in the fetch.
func (r *reader) place(raw *mailbox.Raw, m soar.Mail) *soar.Draft {
	m.MailboxAccount, m.Folder = r.o.Account, r.o.Folder
	m.UIDValidity, m.UID = r.folder.Status().UIDValidity, raw.UID
	m.ReceivedAt = soar.Timestamp(raw.InternalDate)
	m.Flags = strings.Join(raw.Flags, " ")
	m.Size = raw.Size
	m.Normalize()
	if m.Headers == nil {
		m.Headers = soar.Headers{}
	}
	if m.ReceivedAt == "" {
		m.Problems = append(m.Problems, message.Problem{Code: message.CodeBadInternalDate, Detail: "the server's date of arrival cannot be read"})
	}
	for _, n := range raw.Problems {
		m.Problems = append(m.Problems, message.Problem{Code: n.Code, Detail: n.Detail})
	}
	return &soar.Draft{Metadata: soar.Metadata{Mail: m}}
}

// readMissing makes the record of an email that fails for good now, or leaves it for the next run.
func (r *reader) readMissing(j *job) {
	if header, due := r.due[j.raw.UID]; due {
		j.draft = r.place(j.raw, soar.DescribeHeader(message.ParseHeader(header, r.o.Limits)))
		j.draft.Size = j.raw.Size
	}
}
