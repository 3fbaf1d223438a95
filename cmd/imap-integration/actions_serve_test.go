package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// TestActionsOverServe runs the daemon and every email action on a local store
// and, over HTTP, on serve: with both credentials, by standard input and by
// environment, and wants the same output.
func TestActionsOverServe(t *testing.T) {
	for _, way := range []struct {
		name  string
		basic bool
		env   bool
	}{{"access key", true, false}, {"token", false, false}, {"access key by environment", true, true}, {"token by environment", false, true}} {
		t.Run(way.name, func(t *testing.T) {
			printed, stop := served(t, serveOptions{store: filepath.Join(t.TempDir(), "served.db"), listen: "127.0.0.1:0"})
			defer func() {
				if err := stop(); err != nil {
					t.Error(err)
				}
			}()
			rest := map[string]any{"cloud_soar_api_url": "http://" + printed["listen"], "jwt_token": printed["jwt_token"], "cloud_soar_requests_per_second": 0}
			if way.basic {
				delete(rest, "jwt_token")
				rest["access_id"], rest["access_key"] = printed["access_id"], printed["access_key"]
			}
			local := map[string]any{"cloud_soar_api_url": "local:" + filepath.Join(t.TempDir(), "soar.db")}
			for i, step := range everyMailAction() {
				want := outcomeOf(t, step, local, false)
				if fails := strings.HasPrefix(want, "exit"); fails != step.fails {
					t.Fatalf("step %d, %s %v: %s", i, step.action, step.fields, want)
				}
				if got := outcomeOf(t, step, rest, way.env); got != want {
					t.Errorf("step %d, %s %v\nserve %.1500s\nlocal %.1500s", i, step.action, step.fields, got, want)
				}
			}
		})
	}
}

// actionStep is one call of an action.
type actionStep struct {
	action string
	fields map[string]any
	fails  bool
}

func everyMailAction() []actionStep {
	mail := func(id string, more ...any) map[string]any {
		fields := map[string]any{"cloud_soar_mail_id": id}
		for i := 0; i < len(more); i += 2 {
			fields[more[i].(string)] = more[i+1]
		}
		return fields
	}
	return []actionStep{
		{action: "incoming-mail-daemon"},
		{action: "incoming-mail-daemon"},
		{action: "list-cloud-soar-emails"},
		{action: "list-cloud-soar-emails", fields: map[string]any{"search_subject": "invoice", "page_size": 1}},
		{action: "get-email", fields: mail("1,2", "include_eml", true)},
		{action: "get-email", fields: mail("4711"), fails: true},
		{action: "list-email-attachments", fields: mail("2,4")},
		{action: "add-email-to-incident", fields: mail("2,3", "incident_id", 5)},
		{action: "add-email-to-incident", fields: mail("2", "incident_id", 5)},
		{action: "add-email-attachments-to-incident", fields: mail("2", "incident_id", 5)},
		{action: "add-email-attachments-to-incident", fields: mail("2", "incident_id", 5)},
		{action: "list-incident-emails", fields: map[string]any{"incident_id": 5}},
		{action: "remove-email-from-incident", fields: mail("3", "incident_id", 5)},
		{action: "remove-email-from-incident", fields: mail("3", "incident_id", 5)},
		{action: "add-email-to-triage", fields: mail("1", "triage_id", 8)},
		{action: "discard-email", fields: mail("1")},
		{action: "discard-email", fields: mail("1")},
		{action: "list-cloud-soar-emails", fields: map[string]any{"include_discarded": false}},
		{action: "email-body-regex", fields: mail("1,2", "regex", `https?://\S+`)},
	}
}

// outcomeOf runs a step on a mailbox of its own and returns exit status and output, less what must differ.
func outcomeOf(t *testing.T, step actionStep, store map[string]any, env bool) string {
	t.Helper()
	params := maps.Clone(store)
	maps.Copy(params, step.fields)
	if step.action == "incoming-mail-daemon" {
		d := &demo{folder: t.TempDir(), params: map[string]any{}}
		server, err := d.deliver(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		maps.Copy(params, map[string]any{"imap_server": server.Host, "port": server.Port, "connection_security": "none", "username": demoUser, "password": demoPassword})
	}
	var out, errs bytes.Buffer
	status := run([]string{step.action}, input(t, params, env), &out, &errs, func(name string) string {
		if value, ok := params[name]; ok && env {
			return fmt.Sprint(value)
		}
		return ""
	})
	if status != 0 {
		// The sentences of the two stores differ; both must name what is wrong.
		return fmt.Sprintf("exit %d, names it: %v", status, strings.Contains(errs.String(), "4711"))
	}
	return neutral(t, out.Bytes())
}

func input(t *testing.T, params map[string]any, env bool) *bytes.Reader {
	t.Helper()
	if env {
		return bytes.NewReader(nil)
	}
	text, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// neutral is a JSON document without times and without what only a checkpoint's server knows.
func neutral(t *testing.T, document []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatal(err)
	}
	var clear func(v any)
	clear = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				clear(e)
			}
		case map[string]any:
			for _, name := range []string{"created_at", "checkpoint", "uid_validity"} {
				if _, ok := v[name]; ok {
					v[name] = "-"
				}
			}
			for _, e := range v {
				clear(e)
			}
		}
	}
	clear(v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
