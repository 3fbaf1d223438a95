package console

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"example.org/imap-integration/actions"
)

// TestFormHasEveryField asks a browser: each field of the manifest is a control with a label, a hint and its default.
func TestFormHasEveryField(t *testing.T) {
	s := newSite(t)
	b := s.newTab().signIn(s)
	fields, err := s.console.desk.Manifest.Parameters(settingsCommand)
	if err != nil {
		t.Fatal(err)
	}
	b.open("/settings")
	type shownControl struct{ Type, Label, Hint, Value string }
	shown := eval[map[string]shownControl](b, `Object.fromEntries([...document.querySelectorAll(".sheet [name^='f.']")].map(c => [c.name.slice(2), {
		Type: c.type, Label: c.labels[0].innerText.replace(" required", "").trim(), Hint: document.getElementById(c.name + ".hint")?.innerText ?? "", Value: c.value}]))`)
	types := map[string]string{"text": "text", "number": "text", "password": "password", "checkbox": "checkbox", "list": "select-one", "textarea": "textarea"}
	for _, f := range fields {
		c, ok := shown[f.ID]
		switch {
		case !ok:
			t.Errorf("%s is not on the form", f.ID)
			continue
		case c.Label != f.Label || c.Hint != f.Hint || c.Type != types[f.Type]:
			t.Errorf("%s is %+v", f.ID, c)
		case f.Secret() && c.Value != "":
			t.Errorf("%s is a secret and shows %q", f.ID, c.Value)
		}
		delete(shown, f.ID)
	}
	for id := range shown {
		t.Errorf("%s is on the form and no field", id)
	}
	b.quiet("the form")
}

// TestWrongValuesAtTheirFields types wrong values and looks where their sentences stand.
func TestWrongValuesAtTheirFields(t *testing.T) {
	s := newSite(t)
	b := s.newTab().signIn(s)
	b.open("/settings")
	b.do(chromedp.SetValue(chromedp.CSS(`[name="f.port"]`), "70000"), chromedp.SetValue(chromedp.CSS(`[name="f.imap_server"]`), "not a host"),
		chromedp.SetValue(chromedp.CSS(`[name="f.from"]`), `"open`), chromedp.SetValue(chromedp.CSS(`[name="f.password"]`), "another password"),
		chromedp.Click(chromedp.CSS(".bar button.main")), chromedp.WaitVisible(chromedp.CSS(".banner.good")))
	problems := eval[map[string]string](b, `Object.fromEntries([...document.querySelectorAll(".field.wrong")].map(f => [f.dataset.field, f.querySelector(".problem").innerText]))`)
	for id, part := range map[string]string{"port": "port must be a whole number from 1 to 65535", "imap_server": "must be the name or the address of a server", "from": "quote"} {
		if !strings.Contains(problems[id], part) {
			t.Errorf("at %s stands %q", id, problems[id])
		}
	}
	if len(problems) != 3 {
		t.Errorf("the problems are %q", problems)
	}
	if values := eval[string](b, `document.querySelector("[name='f.port']").value`); values != "70000" {
		t.Errorf("the wrong value is %q now", values)
	}
	if focus := eval[string](b, `document.activeElement.name`); focus != "f.imap_server" {
		t.Errorf("the cursor stands in %q", focus)
	}
	b.quiet("the form")
	// The same words as on the command line.
	r := s.signedIn().run("/settings/test", nil)
	now, _ := r.now()
	if now.Status != actions.ExitParameters || !strings.Contains(now.Sentence, problems["port"]) {
		t.Errorf("the action says %q", now.Sentence)
	}
	if got := s.saved()["password"]; got != "another password" {
		t.Errorf("the password was not saved beside the mistakes: %v", got)
	}
}

// signedIn gives the client the session of the site's console, whose start URL a browser used.
func (s *site) signedIn() *site {
	return s.jar(&http.Cookie{Name: s.console.guard.cookieName(), Value: s.console.guard.session})
}

func (s *site) saved() map[string]any {
	s.t.Helper()
	members, err := s.console.desk.settings.read()
	if err != nil {
		s.t.Fatal(err)
	}
	return members
}

// asForm is the form as a browser would send it back unchanged.
func (s *site) asForm() url.Values {
	s.t.Helper()
	fields, err := s.console.desk.Manifest.Parameters(settingsCommand)
	if err != nil {
		s.t.Fatal(err)
	}
	form := url.Values{}
	members := s.saved()
	for _, f := range fields {
		c := newControl(f, members[f.ID])
		if f.Type != "checkbox" || c.On() {
			form.Set(c.Name, strings.ReplaceAll(c.Value, "\n", "\r\n"))
		}
	}
	return form
}

func TestSaveChangesNothingByItself(t *testing.T) {
	s := newSite(t).signIn()
	settings := s.saved()
	settings["from"] = []any{"a@corp.example", `Doe, "Jane"`}
	settings["mark_as_seen"] = false
	settings["folder"] = "INBOX"
	settings["oauth2_client_secret_file"] = "/run/secrets/one"
	settings["a_note"] = map[string]any{"of": "mine"}
	s.save(settings)
	if status, to := s.post("/settings", s.asForm()); status != http.StatusSeeOther || to != "/settings?saved" {
		t.Fatalf("%d %s", status, to)
	}
	saved := s.saved()
	for name, want := range map[string]string{
		"password": password, "from": `a@corp.example, "Doe, ""Jane"""`, "mark_as_seen": "false", "a_note": `{"of":"mine"}`,
		"oauth2_client_secret_file": "/run/secrets/one", "ca_certificate": shown(settings["ca_certificate"]),
	} {
		if got := shown(saved[name]); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, ok := saved["folder"]; ok {
		t.Error("a default was saved")
	}
	if info, err := os.Stat(s.settingsPath()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info.Mode(), err)
	}
}

func TestSecretsAreReplacedAndRemoved(t *testing.T) {
	s := newSite(t).signIn()
	form := s.asForm()
	form.Set("f.password", "a new one")
	s.post("/settings", form)
	if got := s.saved()["password"]; got != "a new one" {
		t.Errorf("the password is %v", got)
	}
	form = s.asForm()
	form.Set("remove.password", "true")
	s.post("/settings", form)
	if got, ok := s.saved()["password"]; ok {
		t.Errorf("the password is %v", got)
	}
}

// secretsOf are values that no answer may hold, one for each secret field.
func secretsOf(s *site) map[string]any {
	s.t.Helper()
	fields, err := s.console.desk.Manifest.Parameters(settingsCommand)
	if err != nil {
		s.t.Fatal(err)
	}
	settings := s.saved()
	for i, f := range fields {
		if f.Secret() && f.ID != "password" && f.ID != "proxy_url" && f.ID != "client_key" { // these would stop a run
			settings[f.ID] = fmt.Sprintf("known-secret-%02d", i)
		}
	}
	return settings
}

// TestNoSecretComesOut asks for every page with every secret set, and for runs that succeed and fail.
func TestNoSecretComesOut(t *testing.T) {
	s := newSite(t).signIn()
	s.deliver()
	s.save(secretsOf(s))
	s.take()
	var pages []string
	add := func(r *run) {
		pages = append(pages, fmt.Sprintf("/runs/%d", r.ID), fmt.Sprintf("/runs/%d/events", r.ID), fmt.Sprintf("/runs/%d/result.json", r.ID))
	}
	add(s.run("/settings/test", nil))
	add(s.run("/completeness", nil))
	wrong := s.saved()
	wrong["port"], wrong["access_key"], wrong["client_key"], wrong["proxy_url"] = "x", "known-secret-99\n", "known-secret-98", "socks5://known-secret-97:known-secret-96@127.0.0.1:1"
	s.save(wrong)
	add(s.run("/settings/test", nil))
	_, export := s.post("/settings/export", url.Values{})
	bodies := map[string]string{"export": export}
	for _, path := range append(pages, append([]string{"/settings?preset=gmail", "/settings?saved"}, everywhere...)...) {
		_, bodies[path] = s.get(path)
	}
	for path, body := range bodies {
		for _, secret := range []string{password, "known-secret", html.EscapeString(password), url.QueryEscape(password)} {
			if strings.Contains(body, secret) {
				t.Errorf("%s holds the secret %q", path, secret)
			}
		}
	}
	if !strings.Contains(bodies["/settings"], "Set. Leave it empty to keep it") {
		t.Error("the form does not say that secrets are set")
	}
}

func TestExport(t *testing.T) {
	s := newSite(t).signIn()
	for _, with := range []bool{false, true} {
		form := url.Values{}
		if with {
			form.Set("secrets", "true")
		}
		status, body := s.post("/settings/export", form)
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
			t.Fatalf("%d %v %s", status, err, body)
		}
		if _, has := got["password"]; has != with || got["username"] != account {
			t.Errorf("with secrets %v: %v", with, got)
		}
	}
}

func TestPresets(t *testing.T) {
	s := newSite(t).signIn()
	for _, p := range presets() {
		_, body := s.get("/settings?preset=" + p.Key)
		if server, ok := p.values["imap_server"]; ok && !strings.Contains(body, fmt.Sprintf(`value="%s"`, server)) {
			t.Errorf("%s does not fill in %s", p.Name, server)
		}
		if !strings.Contains(body, "Nothing is saved yet") {
			t.Errorf("%s does not say that nothing is saved", p.Name)
		}
	}
	if got := s.saved()["imap_server"]; got != s.mail.Host {
		t.Errorf("a preset changed the file: %v", got)
	}
}

func TestBrokenSettingsFile(t *testing.T) {
	for _, text := range []string{"{", "[]", "null", strings.Repeat(" ", maxSettings+1)} {
		s := newSite(t).signIn()
		if err := os.WriteFile(s.settingsPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/settings", "/"} {
			if status, body := s.get(path); status != http.StatusInternalServerError || !strings.Contains(body, "cannot read the settings") {
				t.Errorf("%.5q, %s: %d", text, path, status)
			}
		}
		if status, _ := s.post("/settings", url.Values{"f.port": {"1"}}); status != http.StatusInternalServerError {
			t.Errorf("%.5q was replaced: %d", text, status)
		}
		if left, _ := os.ReadFile(s.settingsPath()); string(left) != text {
			t.Errorf("%.5q is gone", text)
		}
	}
}
