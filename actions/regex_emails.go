package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strings"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/soar"
)

// regexSource says where a regex action looks.
type regexSource struct {
	raw    bool                                         // it needs the raw email; otherwise the record is enough
	mail   func(m *message.Message) iter.Seq[regexText] // what of an email is searched
	record func(r soar.Record) iter.Seq[regexText]      // what of a record, where that is enough or all there is
}

// regexInput is what a regex action searches: emails of Cloud SOAR, or one email or text that is given.
type regexInput struct {
	ids     []soar.ID
	store   openStore // nil without ids
	eml     []byte
	text    string
	hasText bool
	maxSize int64
}

// runRegex is the run function of the three regex actions.
func runRegex(ctx context.Context, env *Env, v *manifest.Values, from func(*manifest.Values) regexSource) (any, error) {
	r := resource(env, v)
	in := readRegexInput(r, v)
	s := regexParameters(v)
	source := from(v)
	if err := v.Err(); err != nil {
		return nil, err
	}
	if in.hasText {
		s.mail(ctx, "", one(regexText{where: "text", text: in.text}))
	}
	if in.eml != nil {
		s.mail(ctx, "", source.mail(message.Parse(in.eml, message.DefaultLimits())))
	}
	if err := s.storedEmails(ctx, env, in, source); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.done(), nil
}

// one is a sequence of one text.
func one(text regexText) iter.Seq[regexText] {
	return func(yield func(regexText) bool) { yield(text) }
}

// readRegexInput reads cloud_soar_mail_id, eml and text, of which one must be given.
func readRegexInput(r Resource, v *manifest.Values) regexInput {
	in := regexInput{ids: emailIDs(v), maxSize: r.maxSize()}
	given := 0
	for _, id := range []string{"cloud_soar_mail_id", "eml", "text"} {
		if v.Has(id) {
			if given++; given > 1 {
				v.Problem(id, "is one too many: give one of cloud_soar_mail_id, eml and text")
			}
		}
	}
	if given == 0 {
		v.Problem("cloud_soar_mail_id", "is missing: give it, or an email as eml, or a text")
	}
	if v.Has("cloud_soar_mail_id") {
		in.store = r.storeToRead()
	}
	if v.Has("eml") {
		in.eml = emlOf(v.Text("eml"))
		if int64(len(in.eml)) > in.maxSize {
			v.Problem("eml", "holds %d bytes, more than the %d MiB of max_message_size", len(in.eml), in.maxSize>>20)
		} else if outlook.IsCompoundFile(in.eml) {
			v.Problem("eml", "holds an Outlook .msg file, and must be an email as it is sent (RFC 5322); analyze-eml-msg reads .msg files")
		}
	}
	in.text, in.hasText = v.Text("text"), v.Has("text")
	return in
}

// emlOf returns an email that was given in base64 or as it is. A header has a
// colon, which base64 has not.
func emlOf(text string) []byte {
	if strings.Contains(text, ":") {
		return []byte(text)
	}
	compact := strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	if raw, err := base64.RawStdEncoding.DecodeString(compact); err == nil {
		return raw
	}
	return []byte(text)
}

// storedEmails searches the emails with the given ids. An unknown one fails the action.
func (s *regexSearch) storedEmails(ctx context.Context, env *Env, in regexInput, source regexSource) error {
	if in.store == nil {
		return nil
	}
	store, err := in.store(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	for i, id := range in.ids {
		texts, err := s.stored(ctx, store, id, in.maxSize, source)
		if err != nil {
			return err
		}
		s.mail(ctx, string(id), texts)
		env.Progress(i+1, len(in.ids))
	}
	return nil
}

// stored returns the texts of an email of Cloud SOAR.
func (s *regexSearch) stored(ctx context.Context, store Store, id soar.ID, maxSize int64, source regexSource) (iter.Seq[regexText], error) {
	record, err := store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !source.raw {
		return source.record(record), nil
	}
	raw, err := store.EML(ctx, id, maxSize)
	if errors.Is(err, soar.ErrNoContent) {
		s.problem(message.CodeNoContent, "Cloud SOAR holds no content of email %s; what its record shows of the body was searched", id)
		return source.record(record), nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot search email %s: %w", id, err)
	}
	return source.mail(message.Parse(raw, message.DefaultLimits())), nil
}
