package actions

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
)

// testEnv is an Env whose result goes nowhere.
func testEnv() *Env {
	return &Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Progress: func(int, int) {},
		Deliver: func(write func(io.Writer) error) error { return write(io.Discard) },
	}
}

// parameters decodes a JSON object for an action.
func parameters(t *testing.T, action, object string) *manifest.Values {
	t.Helper()
	fields, err := manifest.New(integration.Files).Parameters(action)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Decode(action, fields, manifest.Input{Stdin: strings.NewReader(object)})
}

// missing runs an action without parameters and returns the fields that it demands.
func missing(t *testing.T, a Action) []string {
	t.Helper()
	_, err := a.Run(context.Background(), testEnv(), parameters(t, a.Name, "{}"))
	var wrong *manifest.ParameterError
	if !errors.As(err, &wrong) {
		t.Fatalf("%s without parameters: %v", a.Name, err)
	}
	var ids []string
	for _, p := range wrong.Problems {
		id, _, _ := strings.Cut(strings.Replace(p, ":", " ", 1), " ")
		ids = append(ids, id)
	}
	return ids
}

func TestActionsDemandWhatTheyUse(t *testing.T) {
	mailbox := []string{"imap_server", "username", "password", "cloud_soar_api_url"}
	want := map[string][]string{
		"test-settings":                     mailbox,
		"incoming-mail-daemon":              mailbox,
		"email-body-regex":                  {"cloud_soar_mail_id", "regex"},
		"email-header-regex":                {"cloud_soar_mail_id", "regex"},
		"email-subject-regex":               {"cloud_soar_mail_id", "regex"},
		"analyze-eml-msg":                   {"cloud_soar_mail_id"},
		"list-cloud-soar-emails":            {"cloud_soar_api_url"},
		"get-email":                         {"cloud_soar_api_url", "cloud_soar_mail_id"},
		"list-email-attachments":            {"cloud_soar_api_url", "cloud_soar_mail_id"},
		"list-incident-emails":              {"cloud_soar_api_url", "incident_id"},
		"export-email-evidence":             {"cloud_soar_api_url", "cloud_soar_mail_id"}, // or an incident
		"add-email-to-incident":             {"cloud_soar_api_url", "cloud_soar_mail_id", "incident_id"},
		"add-email-attachments-to-incident": {"cloud_soar_api_url", "cloud_soar_mail_id", "incident_id"},
		"add-email-to-triage":               {"cloud_soar_api_url", "cloud_soar_mail_id", "triage_id"},
		"remove-email-from-incident":        {"cloud_soar_api_url", "cloud_soar_mail_id", "incident_id"},
		"discard-email":                     {"cloud_soar_api_url", "cloud_soar_mail_id"},
	}
	for _, a := range All {
		t.Run(a.Name, func(t *testing.T) {
			got := missing(t, a)
			slices.Sort(got)
			slices.Sort(want[a.Name])
			if !slices.Equal(got, want[a.Name]) {
				t.Errorf("demands %q, want %q", got, want[a.Name])
			}
		})
	}
}

// TestRequiredFieldsAreDemanded: what the manifest marks as required of the
// resource is what the daemon demands whatever the other settings are.
func TestRequiredFieldsAreDemanded(t *testing.T) {
	i, err := manifest.New(integration.Files).Integration()
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, f := range i.Configuration.DataAttributes {
		if *f.Required {
			required = append(required, f.ID)
		}
	}
	v := parameters(t, "incoming-mail-daemon", `{"auth_method":"oauth2_access_token","oauth2_access_token":"x"}`)
	r := resource(testEnv(), v)
	r.mailbox()
	r.store()
	for _, id := range required {
		if v.Err() == nil || !strings.Contains(v.Err().Error(), id+" is missing") {
			t.Errorf("%s is required in integration.yaml, and the daemon does without", id)
		}
	}
	if n := strings.Count(v.Err().Error(), "is missing"); n != len(required) {
		t.Errorf("the daemon demands %d fields, integration.yaml %d: %v", n, len(required), v.Err())
	}
}

// TestEveryActionIsInTheManifest, under its title, and no file is without an action.
func TestEveryActionIsInTheManifest(t *testing.T) {
	m := manifest.New(integration.Files)
	commands, err := m.Commands()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for _, a := range All[1:] { // test-settings is a script of integration.yaml
		want = append(want, a.Name)
		if file, err := m.Action(a.Name); err != nil || file.Name != a.Title {
			t.Errorf("%s: %v, its name there is %q, want %q", a.Name, err, file.Name, a.Title)
		}
	}
	slices.Sort(want)
	if !slices.Equal(want, commands) {
		t.Errorf("action files %q, want %q", commands, want)
	}
}

// TestEveryFieldIsRead: a field that no line of this package names would be a
// promise to the user that nobody keeps. The other way round a getter panics.
func TestEveryFieldIsRead(t *testing.T) {
	named := literals(t)
	m := manifest.New(integration.Files)
	for _, a := range All {
		fields, err := m.Parameters(a.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			if !named[f.ID] {
				t.Errorf("%s: nothing reads %s", a.Name, f.ID)
			}
		}
	}
}

// literals are the string literals of this package.
func literals(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				found[text] = true
			}
			return true
		})
	}
	return found
}
