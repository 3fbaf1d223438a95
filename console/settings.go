package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// resourceScreen is the resource form.
type resourceScreen struct{ *desk }

const settingsCommand = "test-settings"

// section is a part of the resource form.
type section struct {
	Title, Says string
	Controls    []*control
}

// Anchor is where a link on the page finds it.
func (s section) Anchor() string { return strings.ReplaceAll(strings.ToLower(s.Title), " ", "-") }

// claim is a section and the fields that stand in it.
type claim struct {
	title, says string
	claims      func(id string) bool
}

// sections say which fields stand together. A field that no section claims comes
// last, so that a new one of the manifest is on the form by itself.
func sections() []claim {
	return []claim{
		{"Mail server", "Where the mailbox is, and how the connection is secured.", anyOf("imap_server", "port", "connection_security", "timeout",
			"allow_untrusted_certificates", "ca_certificate", "client_certificate", "client_key", "tls_compatibility", "proxy_url", "no_proxy")},
		{"Sign-in", "Secrets can be set and replaced here; they are never shown.", func(id string) bool {
			return strings.HasPrefix(id, "oauth2_") || anyOf("auth_method", "username", "password", "google_service_account_key")(id)
		}},
		{"Mailbox", "Which emails of the mailbox a run takes, and what it does with them there.", anyOf("mailbox_account", "folder", "email_fetch_type", "mark_as_seen",
			"after_import", "after_import_target", "max_messages", "max_message_size")},
		{"Cloud SOAR", "Where emails are saved.", func(id string) bool {
			return strings.HasPrefix(id, "cloud_soar_") || anyOf("access_id", "access_key", "jwt_token")(id)
		}},
		{"Filters", "All of the filters that are filled in must keep an email. Without any, every email comes.", func(id string) bool {
			return strings.HasPrefix(id, "not_") || anyOf("from", "to", "subject", "text_body", "header", "header_field", "search_mode")(id)
		}},
		{"More", "", func(string) bool { return true }},
	}
}

func anyOf(ids ...string) func(string) bool {
	return func(id string) bool { return slices.Contains(ids, id) }
}

// preset is a mail provider's connection, to be filled in by one click.
type preset struct {
	Key, Name, Says string
	values          map[string]any
}

// presets are built for the page that shows them.
func presets() []preset {
	return []preset{
		{"gmail", "Gmail", "App password, or a service account with domain-wide delegation.", map[string]any{
			"imap_server": "imap.gmail.com", "port": "993", "connection_security": "ssl_tls", "auth_method": "password",
		}},
		{"microsoft365", "Microsoft 365", "OAuth 2.0 client credentials of an app registration.", map[string]any{
			"imap_server": "outlook.office365.com", "port": "993", "connection_security": "ssl_tls", "auth_method": "oauth2_client_credentials",
		}},
		{"yahoo", "Yahoo", "App password.", map[string]any{
			"imap_server": "imap.mail.yahoo.com", "port": "993", "connection_security": "ssl_tls", "auth_method": "password",
		}},
		{"own", "Own server", "Any IMAP server, by name, with a password.", map[string]any{
			"port": "993", "connection_security": "ssl_tls", "auth_method": "password",
		}},
	}
}

// settingsPage is the resource form.
type settingsPage struct {
	Presets  []preset
	Preset   string // the one that is filled in and not saved yet
	Sections []section
	Problems []string // that belong to no field
	Wrong    int      // fields with a problem
	Empty    bool     // nothing was saved yet
	Other    []string // members of the file that are no field; they stay
}

func (s resourceScreen) show(w http.ResponseWriter, r *http.Request) error {
	members, err := s.settings.read()
	if err != nil {
		return err
	}
	p := settingsPage{Presets: presets(), Empty: len(members) == 0}
	problems, err := s.problemsOf(members)
	if err != nil {
		return err
	}
	if _, ok := members["cloud_soar_api_url"]; !ok && s.StorePath != "" {
		members["cloud_soar_api_url"] = "local:" + s.StorePath
	}
	if i := slices.IndexFunc(p.Presets, func(p preset) bool { return p.Key == r.URL.Query().Get("preset") }); i >= 0 {
		p.Preset, problems = p.Presets[i].Name, nil
		for id, value := range p.Presets[i].values {
			members[id] = value
		}
	}
	if p.Empty {
		problems = nil // nobody did anything wrong yet
	}
	if err := s.fill(&p, members, problems); err != nil {
		return err
	}
	saved := ""
	if r.URL.Query().Has("saved") {
		saved = "Saved."
	}
	s.render(w, http.StatusOK, "settings", page{Title: "Resource", Section: "settings", Saved: saved}, p)
	return nil
}

func (s resourceScreen) fill(p *settingsPage, members map[string]any, problems []string) error {
	fields, err := s.Manifest.Parameters(settingsCommand)
	if err != nil {
		return err
	}
	var all []*control
	claims := sections()
	p.Sections = make([]section, len(claims))
	for i, s := range claims {
		p.Sections[i].Title, p.Sections[i].Says = s.title, s.says
	}
	known := map[string]bool{}
	for _, f := range fields {
		known[f.ID] = true
		c := newControl(f, members[f.ID])
		if f.Secret() {
			known[f.ID+fileSuffix] = true
			c.File = shown(members[f.ID+fileSuffix])
		}
		all = append(all, &c)
		at := slices.IndexFunc(claims, func(s claim) bool { return s.claims(f.ID) })
		p.Sections[at].Controls = append(p.Sections[at].Controls, &c)
	}
	p.Sections = slices.DeleteFunc(p.Sections, func(s section) bool { return len(s.Controls) == 0 })
	p.Problems = blame(all, problems)
	for _, c := range all {
		if c.Problem != "" {
			p.Wrong++
		}
	}
	for name := range members {
		if !known[name] {
			p.Other = append(p.Other, name)
		}
	}
	slices.Sort(p.Other)
	return nil
}

// save saves what the form says, right or wrong, as the platform does: the
// page that follows says what is wrong, and a secret need not be typed again for it.
func (s resourceScreen) save(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	fields, err := s.Manifest.Parameters(settingsCommand)
	if err != nil {
		return err
	}
	err = s.settings.change(func(members map[string]any) {
		for _, f := range fields {
			value := given(f, r.PostForm)
			switch {
			case value != nil:
				members[f.ID] = value
				delete(members, f.ID+fileSuffix)
			case !f.Secret() || r.PostForm.Has(removePrefix+f.ID):
				delete(members, f.ID)
			}
		}
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/settings?saved", http.StatusSeeOther)
	return nil
}

// export hands out the settings as the actions take them: without the secrets, unless somebody asks for them.
func (s resourceScreen) export(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	members, err := s.settings.read()
	if err != nil {
		return err
	}
	fields, err := s.Manifest.Parameters(settingsCommand)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.Secret() && !r.PostForm.Has("secrets") {
			delete(members, f.ID)
		}
	}
	text, err := json.MarshalIndent(members, "", "  ")
	if err != nil {
		return err
	}
	return download(w, "settings.json", append(text, '\n'))
}

// test starts TEST SAVED SETTINGS.
func (s resourceScreen) test(w http.ResponseWriter, r *http.Request) error {
	return s.start(w, r, settingsCommand, "TEST SAVED SETTINGS", nil, nil)
}
