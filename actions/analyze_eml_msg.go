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
	"example.org/imap-integration/soar"
)

// analyzer is the parameters of analyze-eml-msg.
type analyzer struct {
	ids     []int64
	store   openStore // nil without ids
	given   []givenMail
	options analysis.Options
	maxSize int64
}

// givenMail is a mail given as a parameter.
type givenMail struct {
	kind string
	raw  []byte
}

// analyzeEMLMSG analyzes mails of Cloud SOAR, or one that is given.
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
	r := resource(env, v)
	a := &analyzer{ids: v.IDs("cloud_soar_mail_id"), maxSize: r.maxSize()}
	a.options = analysis.Options{Topics: topics(v), Servers: v.List("authserv_id"), Limits: message.DefaultLimits()}
	if v.Set("cloud_soar_mail_id") {
		a.store = r.storeToRead()
	}
	if !v.Set("cloud_soar_mail_id") && !v.Set("eml") && !v.Set("msg") {
		v.Problem("cloud_soar_mail_id", "is missing: give it, or a mail as eml or msg")
	}
	for _, kind := range []string{analysis.KindEML, analysis.KindMSG} {
		if raw, ok := base64Parameter(v, kind, a.maxSize); ok {
			a.given = append(a.given, givenMail{kind, raw})
			if kind == analysis.KindMSG && !message.IsCompoundFile(raw) {
				v.Problem(kind, "must be an Outlook .msg file in base64; what was decoded does not begin like a compound file")
			}
		}
	}
	var err error
	if a.options.Keys, err = analysis.ParseKeys(v.Text("dkim_keys")); err != nil {
		v.Problem("dkim_keys", "%v", err)
	}
	return a, v.Err()
}

// topics reads the field analyze.
func topics(v *manifest.Values) []string {
	list := v.List("analyze")
	for _, topic := range list {
		if !slices.Contains(analysis.Topics, topic) {
			v.Problem("analyze", "must be of %s, not %s", strings.Join(analysis.Topics, ", "), manifest.Quote(topic))
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
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, v.Text(id))
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

// fromStore analyzes the mails with the given ids. Each must be there, with its content.
func (a *analyzer) fromStore(ctx context.Context, env *Env, out *analysis.Analyzer) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	for i, id := range a.ids {
		record, err := store.Get(ctx, id)
		if err != nil {
			return err
		}
		raw, err := store.EML(ctx, id, a.maxSize)
		if errors.Is(err, soar.ErrNoContent) {
			return fmt.Errorf("mail %d cannot be analyzed: Cloud SOAR holds its header only; fetch it from the mailbox: %w", id, err)
		}
		if err != nil {
			return err
		}
		out.Add(record, raw, analysis.KindEML)
		env.Progress(i+1, len(a.ids))
	}
	return nil
}
