package actions

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// Codes of problems that mark a record without content (contract.md, section 3).
var withoutContent = []string{"too_large", "content_refused"}

// mailRecord is a record as the email actions put it out.
type mailRecord struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	soar.Metadata
	CreatedAt string  `json:"created_at"`
	Discarded bool    `json:"discarded"`
	EML       *string `json:"eml,omitempty"` // base64; only where it was asked for
}

// MarshalJSON writes the email in the way of the daemon's objects ([soar.Mail.AppendJSON]).
func (r mailRecord) MarshalJSON() ([]byte, error) {
	b := append([]byte(`{"cloud_soar_mail_id":"`), r.CloudSOARMailID...) // an id has nothing that JSON escapes
	head := len(b)
	b = r.Metadata.AppendJSON(append(b, '"'))
	b[head+1] = ',' // the brace of the metadata
	b = quote.AppendJSON(append(b[:len(b)-1], `,"created_at":`...), r.CreatedAt)
	b = strconv.AppendBool(append(b, `,"discarded":`...), r.Discarded)
	if r.EML != nil {
		b = append(b, `,"eml":"`+*r.EML+`"`...)
	}
	return append(b, '}'), nil
}

func newMailRecord(r soar.Record) mailRecord {
	r.Normalize()
	return mailRecord{CloudSOARMailID: string(r.ID), Metadata: r.Metadata, CreatedAt: r.CreatedAt, Discarded: r.Discarded}
}

func newMailRecords(records []soar.Record) []mailRecord {
	list := make([]mailRecord, 0, len(records))
	for _, r := range records {
		list = append(list, newMailRecord(r))
	}
	return list
}

// mailFile is one attachment as the email actions put it out.
type mailFile struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	message.Attachment
}

// decimal writes an id as results have it: text.
func decimal(id int64) string { return strconv.FormatInt(id, 10) }

// getEmails returns the records of these ids, in their order. An unknown id is an
// error that names it, so an action calls this before it changes anything.
func getEmails(ctx context.Context, s *store, ids []soar.ID) ([]soar.Record, error) {
	records := make([]soar.Record, 0, len(ids))
	for _, id := range ids {
		r, err := s.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// hasContent reports whether the store should have the raw email of a record.
func hasContent(r soar.Record) bool {
	return !slices.ContainsFunc(r.Problems, func(p message.Problem) bool { return slices.Contains(withoutContent, p.Code) })
}

// readable says which email is too large to be read whole.
func readable(r soar.Record, limit int64) error {
	if hasContent(r) && r.Size > limit {
		return fmt.Errorf("cannot read email %s: it has %d bytes, more than the %d MiB of max_message_size; raise that", r.ID, r.Size, limit>>20)
	}
	return nil
}

// withEmails opens the store, gets the emails of cloud_soar_mail_id and calls use.
func withEmails(ctx context.Context, open openStore, ids []soar.ID, use func(*store, []soar.Record) error) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	records, err := getEmails(ctx, s, ids)
	if err != nil {
		return err
	}
	return use(s, records)
}

// textIDs reports whether emails have texts for ids. An own store of emails counts.
func textIDs(v *manifest.Values) bool {
	_, p, err := soar.ParseProfile(v.Text("cloud_soar_routes"))
	return err == nil && p != nil && p.IDs == "string" && p.IDPrefix == "" && !v.Has(emailStoreField)
}

// mailParameters reads what most email actions take: the store and the emails.
func mailParameters(env *Env, v *manifest.Values) (r Resource, ids []soar.ID) {
	return resource(env, v), emailIDs(v)
}

// emailIDs reads cloud_soar_mail_id: numbers, or what the profile of the tenant's API
// says that its ids are.
func emailIDs(v *manifest.Values) []soar.ID {
	var ids []soar.ID
	if textIDs(v) {
		for _, text := range v.TextIDs("cloud_soar_mail_id", func(text string) bool { return soar.ID(text).Valid() }) {
			ids = append(ids, soar.ID(text))
		}
		return ids
	}
	for _, n := range v.IDs("cloud_soar_mail_id") {
		ids = append(ids, soar.NumberID(n))
	}
	return ids
}
