package manifest_test

import (
	"strings"
	"testing"

	"example.org/imap-integration/manifest"
)

func TestCheckPasses(t *testing.T) {
	if err := manifest.New(files()).Check(); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesTheMistake(t *testing.T) {
	const integration, action = "integration.yaml", "actions/get.yaml"
	for name, c := range map[string]struct{ file, from, to, want string }{
		"no name":             {integration, `name: "Test"`, `name: ""`, "name is missing"},
		"version a number":    {integration, `version: "1.0"`, `version: 1.0`, `"1.0" must be quoted`},
		"key a boolean":       {integration, `"on": "On"`, `on: "On"`, `"on" must be quoted`},
		"label a boolean":     {integration, `"on": "On"`, `"on": Off`, `"Off" must be quoted`},
		"default a number":    {integration, `default: "993"`, `default: 993`, `"993" must be quoted`},
		"required a text":     {integration, `required: true`, `required: "true"`, "into bool"},
		"icon no URI":         {integration, `icon: data:image/png`, `icon: data:image/gif`, "icon"},
		"icon damaged":        {integration, `iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV`, `iVBORw0KGgoAAAANSUhEUgAAAAEAAAACCAAAAAA6fptV`, "damaged"},
		"icon cut":            {integration, `AAAABJRU5ErkJggg==`, ``, "icon"},
		"script type":         {integration, "type: bash", "type: perl", "script.type"},
		"script waits":        {integration, " < /dev/null", "", "script.test_connection_code"},
		"tag":                 {integration, `"test:1.0"`, `"test"`, "docker_repo_tag"},
		"id of the system":    {integration, "    port:\n", "    http_proxy:\n", "variable of the system"},
		"id no identifier":    {integration, "    port:\n", "    the-port:\n", "shell identifier"},
		"id in capitals":      {integration, "    port:\n", "    Port:\n", "shell identifier"},
		"proxy_url":           {integration, "    port:\n", "    proxy_url:\n", "set by the platform"},
		"type":                {integration, "type: number", "type: integer", `type "integer"`},
		"validator":           {integration, "validator: host", "validator: domain", `validator "domain"`},
		"values of a text":    {integration, "type: list", "type: text", "has values"},
		"default no key":      {integration, `default: "tls"`, `default: "ssl"`, `default "ssl"`},
		"default no boolean":  {integration, `default: "false"`, `default: "maybe"`, `default "maybe"`},
		"default no number":   {integration, `default: "993"`, `default: "x"`, `default "x"`},
		"secret with default": {integration, "type: password\n", "type: password\n      default: \"x\"\n", "secret"},
		"required missing":    {integration, "      type: number\n      required: false", "      type: number", "required is missing"},
		"listing a secret":    {integration, "  listing_attributes:\n    host:", "  listing_attributes:\n    password:", "secret password"},
		"listing no field":    {integration, "  listing_attributes:\n    host:", "  listing_attributes:\n    user:", "user is no field"},
		"other integration":   {action, `integration: "Test"`, `integration: "IMAP"`, "integration"},
		"action type":         {action, "type: Enrichment", "type: enrichment", `type "enrichment"`},
		"action script":       {action, "imap-integration get", "imap-integration set", "script.code"},
		"no fields":           {action, "fields:", "hook: [x]\noutput_:", "actions/get.yaml"},
		"id of the resource":  {action, "id: mail_id", "id: port", "port: the id is taken"},
		"id twice":            {action, "id: text", "id: mail_id", "mail_id: the id is taken"},
		"password in action":  {action, "type: textarea", "type: password", `type "password"`},
		"observable":          {action, "observables: email", "observables: mail", `observables "mail"`},
		"path":                {action, `"emails.[].subject"` + "\n    type", `"emails[].subject"` + "\n    type", "no path"},
		"path twice":          {action, `"emails.[].subject"` + "\n    type", "emails\n    type", "twice"},
		"daemon's path":       {action, "type: Enrichment", "type: Daemon", "must begin with []."},
		"column":              {action, `value: "emails.[].subject"`, `value: "mails.[].subject"`, "no output path"},
		"column's name":       {action, `display_name: "Subject"`, `display_name: ""`, "display_name"},
	} {
		t.Run(name, func(t *testing.T) {
			f := files()
			changed := strings.Replace(string(f[c.file].Data), c.from, c.to, 1)
			if changed == string(f[c.file].Data) {
				t.Fatalf("%q is not in %s", c.from, c.file)
			}
			f[c.file].Data = []byte(changed)
			err := manifest.New(f).Check()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("got %v, want %s and %q", err, c.file, c.want)
			}
		})
	}
}

func TestCheckReportsAllMistakes(t *testing.T) {
	f := files()
	f["integration.yaml"].Data = []byte(strings.NewReplacer("type: bash", "type: perl", "validator: host", "validator: domain").Replace(resourceYAML))
	err := manifest.New(f).Check()
	if err == nil || !strings.Contains(err.Error(), "script.type") || !strings.Contains(err.Error(), "validator") {
		t.Errorf("got %v, want both", err)
	}
}
