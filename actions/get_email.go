package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// maxEMLs bounds the raw emails of one result, in bytes before base64: a result is
// complete before it is printed, so it is in memory.
const maxEMLs = 256 << 20

// emails is a result that is records.
type emails struct {
	Emails []mailRecord `json:"emails"`
	Count  int          `json:"count"`
}

// getEmail returns records, with their raw emails where include_eml asks for them.
func getEmail(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open, raw, limit := r.storeToRead(), v.Bool("include_eml"), r.maxSize()
	if err := v.Err(); err != nil {
		return nil, err
	}
	var out emails
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) (err error) {
		out = emails{newMailRecords(records), len(records)}
		if raw {
			err = addEMLs(ctx, env, s, records, out.Emails, limit)
		}
		return err
	})
	return result(out, err)
}

// addEMLs fills in the raw emails.
func addEMLs(ctx context.Context, env *Env, s *store, records []soar.Record, into []mailRecord, limit int64) error {
	total := 0
	for i, r := range records {
		if err := readable(r, limit); err != nil {
			return err
		}
		raw, err := s.EML(ctx, r.ID, limit)
		if err != nil && !errors.Is(err, soar.ErrNoContent) {
			return err
		}
		if total += len(raw); total > maxEMLs {
			return fmt.Errorf("cannot return the raw emails of %d ids at once: they have more than %d MiB together; ask for fewer ids", len(records), maxEMLs>>20)
		}
		eml := base64.StdEncoding.EncodeToString(raw)
		into[i].EML = &eml
		env.Progress(i+1, len(records))
	}
	return nil
}

// result is what a run returns: a result, or an error and nothing.
func result[T any](out T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}
