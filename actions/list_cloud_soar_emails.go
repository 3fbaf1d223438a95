package actions

import (
	"context"
	"math"
	"time"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

const maxListed = 1_000 // emails of one list (contract.md, section 2)

// emailList is the result of list-cloud-soar-emails.
type emailList struct {
	Emails []mailRecord `json:"emails"`
	Count  int          `json:"count"`
	Total  int          `json:"total"` // matching in the store
}

// listCloudSOAREmails lists what Cloud SOAR holds, newest id first.
func listCloudSOAREmails(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	open, q := resource(env, v).storeToRead(), listQuery(v)
	if err := v.Err(); err != nil {
		return nil, err
	}
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	page, err := s.Search(ctx, q)
	return result(emailList{newMailRecords(page.Records), len(page.Records), page.Total}, err)
}

// listQuery reads the action's own filters; those of the resource are the daemon's.
func listQuery(v *manifest.Values) soar.Query {
	q := soar.Query{
		MailboxAccount: v.Line("search_mailbox_account"),
		Folder:         v.Line("search_folder"),
		From:           v.Line("search_from"),
		Subject:        v.Line("search_subject"),
		ReceivedAfter:  instant(v, "received_after"),
		ReceivedBefore: instant(v, "received_before"),
		PageSize:       v.Int("page_size", 1, maxListed),
		PageNumber:     v.Int("page_number", 1, math.MaxInt32),
	}
	if !v.Bool("include_discarded") {
		kept := false
		q.Discarded = &kept
	}
	if !q.ReceivedBefore.IsZero() && q.ReceivedBefore.Before(q.ReceivedAfter) {
		v.Problem("received_before", "is before received_after, so no email could match")
	}
	return q
}

// instant reads an RFC 3339 time, or a date, which is its first moment in UTC.
func instant(v *manifest.Values, id string) time.Time {
	text := v.Line(id)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t
		}
	}
	v.Problem(id, "must be a time such as 2026-11-24T08:00:00Z (RFC 3339) or a date such as 2026-11-24, not %s", quote.Text(text, quote.Name))
	return time.Time{}
}
