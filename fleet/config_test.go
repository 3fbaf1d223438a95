package fleet_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/fleet"
)

// A fleet.yaml that is right, but for what a case puts into it.
const (
	rightTop     = "database: postgres://soar@db.example.com/soar\n"
	rightMailbox = "mailboxes:\n  - {name: a, imap_server: imap.example.com, username: u, password: p}\n"
)

// mistakes are what people get wrong in fleet.yaml, and what they are told. wants
// begins with the line.
var mistakes = []struct{ name, text, wants string }{
	{"no YAML", rightTop + "every: 1m\n  lease: 3s\n", "line 3: mapping values are not allowed"},
	{"a tab", rightTop + "\tevery: 1m\n", "line 2"},
	{"an unknown setting", rightTop + rightMailbox + "evry: 1m\n", "line 4: there is no setting evry"},
	{"a setting twice", rightTop + rightMailbox + "every: 1m\nevery: 2m\n", "line 5: mapping key \"every\" already defined at line 4"},
	{"a list for a text", "database: [a]\n" + rightMailbox, "line 1: it must be a text, not a list"},
	{"a text for a number", rightTop + rightMailbox + "concurrent: many\n", "line 4: it must be a number, not a text `many`"},
	{"settings for a list", rightTop + "mailboxes:\n  a: {username: u}\n", "line 3: it must be a list, not settings (name: value)"},
	{"no database", rightMailbox, "line 1: database or database_file must name the database"},
	{"two databases", rightTop + "database_file: /x\n" + rightMailbox, "line 1: database or database_file must name the database"},
	{"another database", "database: mysql://db/soar\n" + rightMailbox, "line 1: database must begin with postgres://"},
	{"a database in clear", "database: postgres://u@db.example.com/soar?sslmode=disable\n" + rightMailbox, "line 1: database must not have sslmode=disable"},
	{"no mailboxes", rightTop, "line 1: mailboxes is empty"},
	{"no unit", rightTop + rightMailbox + "every: 60\n", "line 4: every must be a time from 1s to 24h0m0s, such as 30s or 5m, not \"60\""},
	{"too often", rightTop + rightMailbox + "every: 10ms\n", "line 4: every must be a time"},
	{"too long a lease", rightTop + rightMailbox + "lease: 1h\n", "line 4: lease must be a time from 3s to 10m0s"},
	{"a negative number", rightTop + rightMailbox + "concurrent: -1\n", "line 4: concurrent must be a number from 1 to 1000"},
	{"too many connections", rightTop + rightMailbox + "connections_per_server: 5000\n", "line 4: connections_per_server must be"},
	{"a server without connections", rightTop + rightMailbox + "servers:\n  a.example: 1\n  b.example: 0\n", "line 6: servers: b.example must have at least 1 connection"},
	{"a server of no mailbox", rightTop + rightMailbox + "servers: {imap.exmaple.com: 5}\n", "servers: imap.exmaple.com:993 is the server of no mailbox"},
	{"no address", rightTop + rightMailbox + "metrics: everywhere\n", "line 4: metrics must be an address and a port, such as 127.0.0.1:9464"},
	{"what the fleet does by itself", rightTop + "defaults:\n  dry_run: true\n" + rightMailbox, "line 3: defaults: dry_run is the fleet's business"},
	{"likewise, of one mailbox", rightTop + "mailboxes:\n  - name: a\n    username: u\n    uids: 1:5\n", "line 5: a: uids is the fleet's business"},
	{"a mailbox without name", rightTop + "mailboxes:\n  - {username: u}\n", "line 3: mailboxes: the name of number 1 must be letters"},
	{"a name with a space", rightTop + "mailboxes:\n  - username: u\n    name: a b\n", "line 4: mailboxes: the name of number 1 must be letters"},
	{"a name twice", rightTop + rightMailbox + "  - {name: a, username: v}\n", "line 4: mailboxes: a stands twice"},
	{"one mailbox by two names", rightTop + rightMailbox + "  - {name: b, imap_server: imap.example.com, username: U, password: p}\n", "line 4: mailboxes a and b mean the same user and folders"},
	{"a sink that is not there", rightTop + "mailboxes:\n  - {name: a, username: u, sinks: [siem]}\n", "line 3: a: there is no sink siem"},
	{"a sink twice", rightTop + "sinks: [{name: s, type: stdout}]\nmailboxes:\n  - {name: a, username: u, sinks: [s, s]}\n", "line 4: a: the sink s stands twice"},
	{"an unknown type", rightTop + rightMailbox + "sinks:\n  - name: s\n    type: fax\n", "line 6: s: type must be stdout, webhook or cloud_soar"},
	{"half a webhook", rightTop + rightMailbox + "sinks:\n  - {name: s, type: webhook, url: https://a.example}\n", "line 5: s: a webhook needs url and secret_file"},
	{"a webhook in clear", rightTop + rightMailbox + "sinks:\n  - {name: s, type: webhook, url: http://a.example, secret_file: SECRET}\n", "line 5: sink s: the address of the webhook at \"a.example\" must begin with https://"},
	{"a secret that is not there", rightTop + rightMailbox + "sinks:\n  - {name: s, type: webhook, url: https://a.example, secret_file: /nowhere}\n", "line 5: sink s: secret_file cannot be read"},
	{"a setting of another type", rightTop + rightMailbox + "sinks:\n  - name: s\n    type: stdout\n    secret_file: /x\n", "line 7: s: secret_file is a setting of a webhook, not of a stdout"},
	{"an unknown setting of a sink", rightTop + rightMailbox + "sinks:\n  - {name: s, type: webhook, url: https://a.example, secret_file: /x, color: red}\n", "line 5: s: color is not a setting of a webhook"},
	{"a size without number", rightTop + rightMailbox + "sinks:\n  - {name: s, type: stdout, backlog_bytes: many}\n", "line 5: s: backlog_bytes must be a number of bytes, such as 256MiB"},
	{"an age that is none", rightTop + rightMailbox + "sinks:\n  - {name: s, type: stdout, backlog_age: 1d}\n", "line 5: s: backlog_age must be a time"},
	{"Cloud SOAR without address", rightTop + rightMailbox + "sinks:\n  - {name: s, type: cloud_soar, jwt_token: a}\n", "line 5: sink s: "},
	{"Cloud SOAR with an unknown setting", rightTop + rightMailbox + "sinks:\n  - {name: s, type: cloud_soar, cloud_soar_api_url: https://api.example, jwt_tokn: a}\n", "line 5: sink s: "},
	{"an unknown parameter", rightTop + "mailboxes:\n  - {name: a, imap_server: imap.example.com, username: u, password: p, serch: x}\n", "line 3: mailbox a: "},
	{"a parameter that cannot be", rightTop + "mailboxes:\n  - {name: a, imap_server: imap.example.com, username: u, password: p, port: 99999}\n", "line 3: mailbox a: "},
	{"no password", rightTop + "mailboxes:\n  - {name: a, imap_server: imap.example.com, username: u}\n", "line 3: mailbox a: "},
	{"a password file that is not there", rightTop + "mailboxes:\n  - {name: a, imap_server: imap.example.com, username: u, password_file: /nowhere}\n", "line 3: mailbox a: "},
}

// TestMistakes: everything that is wrong with fleet.yaml is said in a sentence that names the line, before anything is contacted.
func TestMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("Canary-webhook-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(text string) error {
		path := filepath.Join(dir, "fleet.yaml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "SECRET", secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := fleet.Load(path)
		if err != nil {
			return err
		}
		return fleet.Check(fleet.Options{Config: c, Decode: decode, Log: slog.New(slog.DiscardHandler)})
	}
	if err := check(rightTop + rightMailbox); err != nil {
		t.Errorf("what is right is wrong: %v", err)
	}
	for _, m := range mistakes {
		err := check(m.text)
		if err == nil || !strings.HasPrefix(err.Error(), "fleet.yaml: "+m.wants) {
			t.Errorf("%s: %v", m.name, err)
		}
		for _, alien := range []string{"Canary", "!!", "fleet.Config", "<nil>", "unmarshal"} {
			if err != nil && strings.Contains(err.Error(), alien) {
				t.Errorf("%s: it shows %s: %v", m.name, alien, err)
			}
		}
	}
	if err := check(rightTop + "every: 10x\nlease: 1\n" + rightMailbox); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: %v", err)
	}
}
