package actions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"example.org/imap-integration/content"
	"example.org/imap-integration/filters"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// addedFile says of one attachment which id it has, and whether it was added or was there.
type addedFile struct {
	mailFile
	AttachmentID string `json:"attachment_id"`
	Added        bool   `json:"added"`
}

// addedFiles is the result of add-email-attachments-to-incident.
type addedFiles struct {
	IncidentID  string      `json:"incident_id"`
	Attachments []addedFile `json:"attachments"`
	Count       int         `json:"count"`
	Unmatched   []string    `json:"unmatched"` // values of filenames and content_types that no attachment has
}

// fileChoice says which attachments are wanted; an empty list wants all.
type fileChoice struct {
	names   []string // "invoice.pdf" or "*.pdf", folded
	types   []string // "application/pdf" or "image/*", folded
	largest int64    // bytes; 0: no limit
	given   []string // names and types as they were given, in that order
}

// addEmailAttachmentsToIncident adds the attachments of emails to an incident.
// What the incident has of the same email and part is not sent again, so a run that
// broke off is taken up by repeating it.
func addEmailAttachmentsToIncident(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	a := fileAdder{env: env, incident: v.ID("incident_id"), choice: readFileChoice(v), limit: r.maxSize()}
	open := r.store()
	if err := v.Err(); err != nil {
		return nil, err
	}
	a.out = addedFiles{IncidentID: decimal(a.incident), Attachments: []addedFile{}, Unmatched: []string{}}
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) error { return a.all(ctx, s, records) })
	a.out.Count = len(a.out.Attachments)
	return result(a.out, err)
}

func readFileChoice(v *manifest.Values) fileChoice {
	const mib = 1 << 20
	c := fileChoice{names: v.List("filenames"), types: v.List("content_types"), largest: int64(v.Int("max_attachment_size", 1, math.MaxInt32)) * mib}
	c.given = slices.Concat(c.names, c.types)
	for i, n := range c.names {
		c.names[i] = filters.Fold(n)
	}
	for i, t := range c.types {
		c.types[i] = filters.Fold(t)
		if major, minor, ok := strings.Cut(t, "/"); !ok || major == "" || minor == "" {
			v.Problem("content_types", "must be content types such as application/pdf or image/*, not %s", quote.Text(t, quote.Name))
		}
	}
	return c
}

// wants decides on one attachment.
func (c fileChoice) wants(a message.Attachment) bool {
	return (len(c.names) == 0 || slices.ContainsFunc(c.names, fits(a.Filename))) &&
		(len(c.types) == 0 || slices.ContainsFunc(c.types, fits(a.ContentType))) &&
		(c.largest == 0 || a.Size <= c.largest)
}

// fits is whether a folded pattern, in which * stands for anything, means this text in any case.
func fits(text string) func(pattern string) bool {
	folded := filters.Fold(text)
	return func(pattern string) bool { return filters.Like(pattern, folded) }
}

// unmatched returns the names and types that no attachment of these emails has: one
// that is mistyped must not leave a file out in silence.
func (c fileChoice) unmatched(records []soar.Record) []string {
	out := []string{}
	for i, pattern := range slices.Concat(c.names, c.types) {
		has := func(a message.Attachment) bool {
			if i < len(c.names) {
				return fits(a.Filename)(pattern)
			}
			return fits(a.ContentType)(pattern)
		}
		if !slices.ContainsFunc(records, func(r soar.Record) bool { return slices.ContainsFunc(r.Attachments, has) }) {
			out = append(out, c.given[i])
		}
	}
	return out
}

// fileAdder is one run of the action.
type fileAdder struct {
	env      *Env
	incident int64
	choice   fileChoice
	limit    int64
	there    map[soar.File]soar.IncidentFile // what the incident has, by fileKey
	out      addedFiles
}

// fileKey is what makes a file the same file: bytes, email and part.
func fileKey(mail soar.ID, sum, part string) soar.File {
	return soar.File{SHA256: sum, EmailID: mail, Part: part}
}

func (a *fileAdder) all(ctx context.Context, s *store, records []soar.Record) error {
	wanted := make([][]message.Attachment, len(records))
	for i, r := range records {
		wanted[i] = slices.DeleteFunc(slices.Clone(r.Attachments), func(f message.Attachment) bool { return !a.choice.wants(f) })
		if err := a.possible(r, wanted[i]); err != nil {
			return err
		}
	}
	a.out.Unmatched = a.choice.unmatched(records)
	have, err := s.IncidentFiles(ctx, a.incident)
	if err != nil {
		return err
	}
	a.there = map[soar.File]soar.IncidentFile{}
	for _, f := range have {
		a.there[fileKey(f.EmailID, f.SHA256, f.Part)] = f
	}
	for i, r := range records {
		if err := a.mail(ctx, s, r, wanted[i]); err != nil {
			return err
		}
		a.env.Progress(i+1, len(records))
	}
	return nil
}

// possible fails for an email whose attachments are wanted and cannot be had.
func (a *fileAdder) possible(r soar.Record, wanted []message.Attachment) error {
	if len(wanted) == 0 {
		return nil
	}
	if !hasContent(r) {
		return noContent(r.ID, soar.ErrNoContent)
	}
	return readable(r, a.limit)
}

func noContent(id soar.ID, err error) error {
	return fmt.Errorf("cannot add the attachments of email %s: Cloud SOAR holds it without its content; get them from the mailbox: %w", id, err)
}

// mail adds the wanted attachments of one email. Its raw bytes are read only where one is missing.
func (a *fileAdder) mail(ctx context.Context, s *store, r soar.Record, wanted []message.Attachment) error {
	u := &uploader{record: r, names: uploadNames(r)}
	for _, f := range wanted {
		have, there := a.there[fileKey(r.ID, f.SHA256, f.Part)]
		if !there {
			if err := u.open(ctx, s, a.limit); err != nil {
				return err
			}
			var err error
			if have, there, err = u.add(ctx, s, a.incident, f); err != nil {
				return err
			}
		}
		if f.Filename == "" {
			f.Filename = have.Filename
		}
		a.out.Attachments = append(a.out.Attachments, addedFile{mailFile{string(r.ID), f}, string(have.ID), !there})
	}
	return nil
}

// uploader adds attachments of one email.
type uploader struct {
	record soar.Record
	names  map[string]string // by part
	parsed *message.Message  // nil: not read yet
}

func (u *uploader) open(ctx context.Context, s *store, limit int64) error {
	if u.parsed != nil {
		return nil
	}
	raw, err := s.EML(ctx, u.record.ID, limit)
	if errors.Is(err, soar.ErrNoContent) {
		return noContent(u.record.ID, err)
	}
	if err != nil {
		return err
	}
	u.parsed = message.Parse(raw, message.DefaultLimits())
	return nil
}

// add uploads one attachment; existed is true when the incident had it.
func (u *uploader) add(ctx context.Context, s *store, incident int64, f message.Attachment) (file soar.IncidentFile, existed bool, err error) {
	content, err := contentOf(u.parsed, u.record.ID, f)
	if err != nil {
		return file, false, err
	}
	file.File = soar.File{Filename: u.names[f.Part], ContentType: f.ContentType, SHA256: f.SHA256, EmailID: u.record.ID, Part: f.Part}
	if f.Filename == "" && f.ContentType == nestedMail {
		file.Filename = nestedName(content)
	}
	file.ID, existed, err = s.AddFile(ctx, incident, file.File, content)
	return file, existed, err
}

const nestedMail = "message/rfc822"

// uploadNames gives each attachment of an email a name of its own that is harmless
// wherever the file is stored; what the email calls it stands in the record. A
// nested email is an .eml.
func uploadNames(r soar.Record) map[string]string {
	var set message.FilenameSet
	names := map[string]string{}
	for _, a := range r.Attachments {
		name := a.Filename
		if a.ContentType == nestedMail && name != "" && !strings.HasSuffix(strings.ToLower(name), ".eml") {
			name += ".eml"
		}
		names[a.Part] = set.Unique(name)
	}
	return names
}

// nestedName names a nested email that has no name after its subject.
func nestedName(raw []byte) string {
	subject := strings.Join(message.Parse(raw, message.DefaultLimits()).Header.Values("Subject"), " ")
	if strings.TrimSpace(subject) == "" {
		subject = "message"
	}
	return message.SafeFilename(subject + ".eml")
}

// contentOf returns the bytes of an attachment. Where a newer reader numbers the
// parts of an email differently, the digest finds it.
func contentOf(m *message.Message, id soar.ID, a message.Attachment) ([]byte, error) {
	if data, ok := content.Bytes(m, a.Part); ok && digest(data) == a.SHA256 {
		return data, nil
	}
	list, _ := content.Attachments(m, message.DefaultLimits())
	for _, other := range list {
		if other.SHA256 == a.SHA256 {
			if data, ok := content.Bytes(m, other.Part); ok && digest(data) == a.SHA256 {
				return data, nil
			}
		}
	}
	return nil, fmt.Errorf("cannot add the attachment %s (part %s) of email %s: the email that Cloud SOAR holds has no such file; compare the email and its record",
		quote.Text(a.Filename, quote.Name), quote.Text(a.Part, quote.Name), id)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
