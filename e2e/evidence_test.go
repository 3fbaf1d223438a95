//go:build unix

package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

// shownIn are the commands that a document shows below a heading, up to the next one of the same level.
func shownIn(t *testing.T, file, heading string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, below, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	below, _, _ = strings.Cut(below, "\n## ")
	var commands strings.Builder
	for line := range strings.Lines(below) {
		if strings.HasPrefix(line, "    ") {
			commands.WriteString(line[4:])
		}
	}
	return commands.String()
}

// TestEvidenceDocument does what docs/evidence.md shows, word for word, on both kinds
// of stores: who is sent the bundle has sha256sum, openssl and a shell.
func TestEvidenceDocument(t *testing.T) {
	for _, tool := range []string{"openssl", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip("no " + tool + " here")
		}
	}
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3)}).evidence(t)
	})
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		server := postgrestest.Start(t)
		s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3)})
		database := server.Database(t)
		s.params["cloud_soar_api_url"] = server.URL(database)
		s.evidence(t)
		// Somebody takes the last entry away, and what it tells of: only who has a head notices.
		if _, err := server.SQL(database, `DELETE FROM incident_emails WHERE email_id = 2; DELETE FROM ledger WHERE number = (SELECT max(number) FROM ledger)`); err != nil {
			t.Fatal(err)
		}
		s.shell(t, "imap-integration audit --ledger < settings.json")
		said := s.shell(t, "! imap-integration audit --ledger --head case-7/chain.json < settings.json")
		if !strings.Contains(said, "its end was cut off") {
			t.Errorf("the head of a signed bundle does not show that the ledger's end is gone: %s", said)
		}
	})
}

func (s *scene) evidence(t *testing.T) {
	t.Helper()
	s.daemon(t)
	s.params["incident_id"], s.params["cloud_soar_mail_id"] = 7, "1,2"
	if p := s.command(t, "add-email-to-incident").begin(t); p.status(t) != 0 {
		t.Fatal(p.stderr.String())
	}
	delete(s.params, "incident_id")
	delete(s.params, "cloud_soar_mail_id")
	settings, err := json.Marshal(s.params)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "settings.json"), settings, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.shell(t, shownIn(t, "../docs/evidence.md", "## The ledger"))
	s.shell(t, strings.Replace(shownIn(t, "../docs/evidence.md", "## Hand emails over"), "12,15", "1,3", 1))
	said := s.shell(t, shownIn(t, "../docs/evidence.md", "## Check what was handed over"))
	for _, want := range []string{"signed by the key", "Signature Verified Successfully", "emails/1/email.eml: OK", "email 1 is the one that was saved", "email 2 is the one that was saved", "the entries lead to the head 1"} {
		if !strings.Contains(said, want) {
			t.Errorf("the commands of docs/evidence.md do not say %q but\n%s", want, said)
		}
	}
	s.shell(t, "imap-integration evidence export --incident 7 --key key.pem again < settings.json && diff -r case-7 again")
	s.produced(t, "case-7/bundle.json")
}

// produced holds bundle.json against what the run had: the server's greeting, its settings, no secret.
func (s *scene) produced(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Program  string
		Settings map[string]string
		Origins  []struct {
			Email, Unknown string
			Entry, Session int
		}
		Sessions map[int]struct {
			Session struct {
				Server, Greeting, TLS string
				Settings              map[string]string
			}
		}
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), password) || len(b.Origins) != 2 || b.Settings["incident_id"] != "7" || b.Program == "" {
		t.Errorf("bundle.json: %s", text)
	}
	for _, o := range b.Origins {
		from := b.Sessions[o.Session].Session
		if o.Unknown != "" || o.Entry == 0 || !strings.HasSuffix(from.Greeting, "ready") || !strings.HasPrefix(from.Server, s.server.Host+":") || from.Settings["username"] != "soc@corp.example" {
			t.Errorf("where email %s came from: %+v, %+v", o.Email, o, from)
		}
	}
}

// shell runs commands in the scene's folder; the first one that fails ends them.
func (s *scene) shell(t *testing.T, commands string) string {
	t.Helper()
	bin := filepath.Join(s.dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "imap-integration")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	c := exec.Command("bash", "-euo", "pipefail", "-c", commands)
	c.Dir, c.Env = s.dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}
