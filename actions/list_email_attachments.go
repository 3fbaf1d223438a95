package actions

import (
	"context"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// fileList is the result of list-email-attachments.
type fileList struct {
	Attachments []mailFile `json:"attachments"`
	Count       int        `json:"count"`
}

// listEmailAttachments lists the attachments that the records tell of; the raw
// emails are not needed.
func listEmailAttachments(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open := r.storeToRead()
	if err := v.Err(); err != nil {
		return nil, err
	}
	out := fileList{Attachments: []mailFile{}}
	err := withEmails(ctx, open, ids, func(_ *store, records []soar.Record) error {
		for _, r := range records {
			for _, a := range r.Attachments {
				out.Attachments = append(out.Attachments, mailFile{string(r.ID), a})
			}
		}
		out.Count = len(out.Attachments)
		return nil
	})
	return result(out, err)
}
