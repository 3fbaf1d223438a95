package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// analyzer is the parameters of analyze-eml-msg.
type analyzer struct {
	ids     []soar.ID
	store   openStore // nil without ids
	given   []givenMail
	options analysis.Options
	maxSize int64
}

// givenMail is an email given as a parameter.
type givenMail struct {
	kind string
	raw  []byte
}

// analyzeEMLMSG analyzes emails of Cloud SOAR, or one that is given.
func analyzeEMLMSG(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	a, err := analyzeParameters(env, v)
	if err != nil {
		return nil, err
	}
	out := analysis.New(a.options)
	for _, given := range a.given {
		out.Add(soar.Record{}, given.raw, given.kind)
	}
	if len(a.ids) > 0 {
		if err := a.fromStore(ctx, env, out); err != nil {
			return nil, err
		}
	}
	return out.Report(), nil
}

func analyzeParameters(env *Env, v *manifest.Values) (*analyzer, error) {
	r, ids := mailParameters(env, v)
	a := &analyzer{ids: ids, maxSize: r.maxSize()}
	a.options = analysis.Options{Topics: topics(v), Servers: v.List("authserv_id"), Limits: message.DefaultLimits(), Passwords: v.List("archive_passwords")}
	if v.Set("cloud_soar_mail_id") {
		a.store = r.storeToRead()
	}
	oneInput(v, "cloud_soar_mail_id", "eml", "msg")
	for _, kind := range []string{analysis.KindEML, analysis.KindMSG} {
		if raw, ok := base64Parameter(v, kind, a.maxSize); ok {
			a.given = append(a.given, givenMail{kind, raw})
			switch compound := outlook.IsCompoundFile(raw); {
			case kind == analysis.KindMSG && !compound:
				v.Problem(kind, "must be an Outlook .msg file in base64; what was decoded does not begin like a compound file")
			case kind == analysis.KindEML && compound:
				v.Problem(kind, "holds an Outlook .msg file: give it as msg")
			}
		}
	}
	var err error
	if a.options.Keys, err = analysis.ParseKeys(v.Text("dkim_keys")); err != nil {
		v.Problem("dkim_keys", "%v", err)
	}
	return a, v.Err()
}

// oneInput demands one of the fields.
func oneInput(v *manifest.Values, ids ...string) {
	given := 0
	for _, id := range ids {
		if !v.Set(id) {
			continue
		}
		if given++; given > 1 {
			v.Problem(id, "is one too many: give one of %s", strings.Join(ids, ", "))
		}
	}
	if given == 0 {
		v.Problem(ids[0], "is missing: give one of %s", strings.Join(ids, ", "))
	}
}

// topics reads the field analyze.
func topics(v *manifest.Values) []string {
	list := v.List("analyze")
	for _, topic := range list {
		if !slices.Contains(analysis.Topics, topic) {
			v.Problem("analyze", "must hold only %s, not %s", strings.Join(analysis.Topics, ", "), quote.Text(topic, quote.Name))
		}
	}
	return list
}

// base64Parameter decodes a parameter, white space in it ignored and padding not
// demanded. ok is false where it is not set or something is wrong with it.
func base64Parameter(v *manifest.Values, id string, maxSize int64) (data []byte, ok bool) {
	if !v.Set(id) {
		return nil, false
	}
	text := v.Text(id)
	if strings.ContainsAny(text, " \t\r\n") { // a copy less of a large one
		text = strings.Join(strings.Fields(text), "")
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	switch {
	case err != nil:
		v.Problem(id, "must be base64: %v", err)
	case len(data) == 0:
		v.Problem(id, "holds nothing")
	case maxSize > 0 && int64(len(data)) > maxSize:
		v.Problem(id, "holds %d bytes, more than the %d MiB of max_message_size", len(data), maxSize>>20)
	default:
		return data, true
	}
	return nil, false
}

// fromStore analyzes the emails with the given ids. Of one without content it
// analyzes what the record holds.
func (a *analyzer) fromStore(ctx context.Context, env *Env, out *analysis.Analyzer) error {
	return withEmails(ctx, a.store, a.ids, func(s *store, records []soar.Record) error {
		for i, r := range records {
			if err := readable(r, a.maxSize); err != nil {
				return err
			}
			raw, err := s.EML(ctx, r.ID, a.maxSize)
			switch {
			case errors.Is(err, soar.ErrNoContent):
				out.AddRecord(r)
			case err != nil:
				return fmt.Errorf("cannot analyze email %s: %w", r.ID, err)
			default:
				out.Add(r, raw, analysis.KindEML)
			}
			env.Progress(i+1, len(records))
		}
		return nil
	})
}
