package actions_test

import (
	"fmt"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestSettingsWarnOfASlip: a value that fits nothing where a near spelling would is named.
func TestSettingsWarnOfASlip(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	for i := range 12 {
		from := "alice@news.example"
		if i%4 == 0 {
			from = "billing@corp-mail.example"
		}
		d.Deliver(u, mailOf(from, fmt.Sprint("number ", i), "x"), mailboxtest.Delivery{})
	}
	for _, c := range []struct{ name, field, value, says string }{
		{"a domain", "from", "corp-mial.example", `from "corp-mial.example" fits none of them, "corp-mail.example" would fit 3`},
		{"an address", "from", "alcie@news.example", `"alice@news.example" would fit 9`},
		{"with a star", "from", "*@nwes.example", `"news.example" would fit 9`},
		{"the Not form", "not_from", "nesw.example", `not_from "nesw.example" fits none of them, "news.example" would fit 9`},
		{"of To", "to", "soc@crop.example", `to "soc@crop.example" fits none of them, "soc@corp.example" would fit 12`},
		{"it fits", "from", "news.example", ""},
		{"nothing is near", "from", "elsewhere.invalid", ""},
		{"one of two", "from", "news.example, corp-mial.example", `"corp-mail.example" would fit 3`},
		{"too short to tell", "from", "a@b.c", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := testSettings(t, with(dovecotSettings(t, d, u), map[string]any{c.field: c.value}))
			status, detail := r.report.step("filters")
			if status != "ok" || c.says == "" && strings.Contains(detail, "would fit") || !strings.Contains(detail, c.says) {
				t.Errorf("%s: %s", status, detail)
			}
		})
	}
}
