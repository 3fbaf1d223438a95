package fleet_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	judge "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestSecretsAreReadAgain: a password that is put right in its file counts without a
// restart; so do the secret of a webhook and the database's password, which rotate
// while the fleet runs.
func TestSecretsAreReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.sql(`CREATE ROLE ` + w.name + ` LOGIN PASSWORD 'Canary-first'; GRANT ALL ON DATABASE ` + w.name + ` TO ` + w.name)
	w.file("database", strings.Replace(w.database.URL(w.name), "soar:"+w.database.Password()+"@", w.name+"@", 1))
	w.file("database_password", "Canary-first\n")
	w.top = "database_password_file: " + w.dir + "/database_password\n"
	w.deliver(0, "a")
	w.file("password0", "Canary-wrong-password")
	w.start("one")
	w.eventually("a failure", func() bool { return w.sql(`SELECT failures > 0 FROM mailboxes`) == "t" })
	if why := w.sql(`SELECT last_error FROM mailboxes`); !strings.Contains(why, "log in") || strings.Contains(why, "Canary") {
		t.Errorf("why: %s", why)
	}
	w.file("password0", w.users[0].Password+"\n")
	w.complete(1)

	const second = "whsec_Q2FuYXJ5LXNlY29uZC1zZWNyZXQtMDI="
	verifier, err := judge.NewWebhook(second)
	if err != nil {
		t.Fatal(err)
	}
	w.receiver.wants(func(call *http.Request) int { // from now on the receiver knows the new secret alone
		body, _ := io.ReadAll(call.Body)
		if verifier.Verify(body, call.Header) != nil {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})
	w.deliver(0, "b")
	w.eventually("the receiver refuses the old secret", func() bool {
		return strings.Contains(w.sql(`SELECT last_error FROM deliveries`), "401; check the secret")
	})
	w.file("secret", second)
	w.complete(2)

	w.sql(`ALTER ROLE ` + w.name + ` PASSWORD 'Canary-second'`)
	w.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + w.name + `'`)
	w.eventually("the database refuses the old password", func() bool { return strings.Contains(w.log.String(), "check user and password") })
	w.file("database_password", "Canary-second\n")
	w.deliver(0, "c")
	w.complete(3)
	if log := w.log.String(); strings.Contains(log, "Canary") {
		t.Error("the log shows a secret")
	}
}
