package actions

import (
	"context"
	"fmt"
	"os"
	"strings"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/webhook"
)

// watchHook is the webhook of a watch; nil where there is none.
func watchHook(env *Env, r Resource) (*webhook.Hook, error) {
	wrong := func(err error) error {
		return &manifest.ParameterError{Command: r.v.Command(), Problems: []string{err.Error()}}
	}
	switch {
	case env.WebhookURL == "" && env.WebhookSecretFile == "":
		return nil, nil
	case !env.Watch:
		return nil, wrong(fmt.Errorf("--webhook goes together with --watch only"))
	case env.WebhookURL == "" || env.WebhookSecretFile == "":
		return nil, wrong(fmt.Errorf("--webhook and --webhook-secret-file belong together"))
	}
	read := func() (secret.String, error) {
		text, err := os.ReadFile(env.WebhookSecretFile)
		return secret.New(strings.TrimRight(string(text), "\r\n")), err
	}
	first, err := read()
	if err != nil {
		return nil, wrong(fmt.Errorf("--webhook-secret-file cannot be read (%w)", err))
	}
	dial, trust := r.dial()
	if dial == nil {
		return nil, r.v.Err()
	}
	hook, err := webhook.New(webhook.Config{
		URL: env.WebhookURL, Secret: first, Renewed: read, HTTP: transport.HTTPClient(dial, trust), Now: env.Now,
	})
	if err != nil {
		return nil, wrong(err)
	}
	return hook, nil
}

// post hands a result over to the webhook. After an error nothing is acknowledged,
// and all of it comes again under the same keys.
func (d *daemon) post(ctx context.Context, result *ingest.Results) error {
	if d.hook == nil {
		return nil
	}
	return result.Each(func(o ingest.Out) error {
		key := o.Key
		if key == "" {
			key = fmt.Sprintf("%s/%d", d.options.Account, o.UID)
		}
		return d.hook.SendAll(ctx, d.options.Log, []webhook.Keyed{{Key: key, Body: webhook.Message(key, d.options.Account, o.JSON)}})
	})
}
