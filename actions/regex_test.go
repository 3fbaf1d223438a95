package actions

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	integration "example.org/imap-integration"
	"example.org/imap-integration/indicators"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// regexMail has a text and an HTML body, a nested message, and attachments.
const regexMail = "From: Alice <alice@example.org>\r\n" +
	"To: soc@corp.example\r\n" +
	"Subject: =?utf-8?q?Rechnung_M=C3=BCller_7?=\r\n" +
	"Received: from a.example by b.example;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=m\r\n\r\n" +
	"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Order 42, M=C3=BCller\r\n" +
	"--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>Order <b>43</b>, <a href=\"https://evil.example/?a=1&amp;b=Order%2044\">click</a></p><!-- Order 99 -->\r\n" +
	"--a--\r\n" +
	"--m\r\nContent-Type: message/rfc822\r\n\r\n" +
	"Subject: inner\r\n\r\nOrder 45\r\n" +
	"--m\r\nContent-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Disposition: attachment; filename=\"a b.pdf\"\r\n\r\nx\r\n" +
	"--m--\r\n"

// object merges parameters for a run.
func object(t *testing.T, params map[string]any, more map[string]any) string {
	t.Helper()
	all := map[string]any{}
	for _, m := range []map[string]any{params, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func runAction(t *testing.T, name, params string) (any, error) {
	t.Helper()
	action := All[slices.IndexFunc(All, func(a Action) bool { return a.Name == name })]
	return action.Run(context.Background(), testEnv(), parameters(t, name, params))
}

func regexRun(t *testing.T, name string, params map[string]any) regexResult {
	t.Helper()
	result, err := runAction(t, name, object(t, params, nil))
	if err != nil {
		t.Fatalf("%s %v: %v", name, params, err)
	}
	return result.(regexResult)
}

// TestRegexMatches tries what comes out as matches.
func TestRegexMatches(t *testing.T) {
	type p = map[string]any
	eml := base64.StdEncoding.EncodeToString([]byte(regexMail))
	for _, c := range []struct {
		action string
		params p
		want   []string
	}{
		{"email-body-regex", p{"eml": eml, "regex": `Order \d+`}, []string{"Order 42", "Order 43", "Order 45"}},
		{"email-body-regex", p{"eml": regexMail, "regex": `Order \d+`}, []string{"Order 42", "Order 43", "Order 45"}},
		{"email-body-regex", p{"eml": eml, "regex": `Order \d+`, "include_nested": false}, []string{"Order 42", "Order 43"}},
		{"email-body-regex", p{"eml": eml, "regex": `Order\D+(\d+)`, "search_in": "text"}, []string{"42", "45"}},
		{"email-body-regex", p{"eml": eml, "regex": `Order\D+(\d+)`, "search_in": "html"}, []string{"43"}},
		{"email-body-regex", p{"eml": eml, "regex": `Order.*?(\d+)$`, "search_in": "links"}, []string{"2044"}},
		{"email-body-regex", p{"eml": eml, "regex": `Order \d+`, "max_matches": 1}, []string{"Order 42"}},
		{"email-body-regex", p{"eml": eml, "preset": "url_checked"}, []string{"https://evil.example/?a=1&b=Order%2044"}},
		{"email-body-regex", p{"eml": eml, "regex": "müller", "ignore_case": "yes"}, []string{"Müller"}},
		{"email-body-regex", p{"text": "a\nb", "regex": "a.b", "dot_all": true}, []string{"a\nb"}},
		{"email-body-regex", p{"text": "a\nb", "regex": "^.$", "multiline": true}, []string{"a", "b"}},
		{"email-body-regex", p{"text": "a\nb", "regex": "^.$"}, []string{}},
		{"email-body-regex", p{"text": "x1y2", "regex": `(\w)(\d)`}, []string{"x1", "y2"}},
		{"email-body-regex", p{"text": "x1y2", "regex": `(\w)(?P<n>\d)`, "group": "n"}, []string{"1", "2"}},
		{"email-body-regex", p{"text": "x1y2", "regex": `(\w)(\d)`, "group": 1}, []string{"x", "y"}},
		{"email-body-regex", p{"text": "x1y2", "regex": `\w(\d)`, "group": "0"}, []string{"x1", "y2"}},
		{"email-body-regex", p{"text": "ab", "regex": `a|(b)`}, []string{"", "b"}},
		{"email-body-regex", p{"text": "a b a b", "regex": `\w`, "unique": true}, []string{"a", "b"}},
		{"email-body-regex", p{"text": "a b a c", "regex": `\w`, "unique": true, "max_matches": 2}, []string{"a", "b"}},
		{"email-body-regex", p{"text": strings.Repeat("a", 5_000) + "b", "regex": `\w`, "unique": true}, []string{"a", "b"}},
		{"email-body-regex", p{"text": "  ", "regex": " "}, []string{" ", " "}},
		{"email-body-regex", p{"text": "4111111111111111", "preset": "credit_card"}, []string{"411111******1111"}},
		{"email-body-regex", p{"text": "4111111111111111", "preset": "visa", "mask": false}, []string{"4111111111111111"}},
		{"email-body-regex", p{"text": "6212345678901234", "preset": "union_pay"}, []string{"621234******1234"}},
		{"email-body-regex", p{"text": "DE89370400440532013000", "preset": "iban"}, []string{"DE89370400440532013000"}},
		{"email-body-regex", p{"text": "DE89370400440532013000", "preset": "iban", "mask": true}, []string{"DE89**************3000"}},
		{"email-body-regex", p{"text": "card 4111111111111111", "regex": "card.*", "mask": true}, []string{"card 411111******1111"}},
		{"email-body-regex", p{"text": "card 4111111111111111", "regex": "card.*", "mask": "yes"}, []string{"card 411111******1111"}},
		{"email-body-regex", p{"text": "card 4111111111111111", "regex": "card.*"}, []string{"card 4111111111111111"}},
		{"email-body-regex", p{"text": "card 4111111111111111", "regex": "card.*", "mask": "auto"}, []string{"card 4111111111111111"}}, // what the form sends is what is meant without it
		{"email-body-regex", p{"text": "4111111111111111", "preset": "visa", "mask": "auto"}, []string{"411111******1111"}},
		{"email-body-regex", p{"text": "1.2.3.4 a@b.de", "preset": "ipv4, email_address"}, []string{"1.2.3.4", "a@b.de"}},
		{"email-body-regex", p{"text": "1.2.3.4", "preset": []string{"ip"}}, []string{"1.2.3.4"}},
		{"email-subject-regex", p{"eml": eml, "regex": `M\w+`}, []string{"Müller"}},
		{"email-subject-regex", p{"eml": eml, "regex": `^Rechnung`}, []string{"Rechnung"}},
		{"email-subject-regex", p{"text": "Invoice 7", "regex": `\d`}, []string{"7"}},
		{"email-subject-regex", p{"eml": "Subject: a1\nSubject: b2\n\n", "regex": `\d`}, []string{"1", "2"}},
		{"email-header-regex", p{"eml": eml, "regex": `^From: .*<(.*)>`}, []string{"alice@example.org"}},
		{"email-header-regex", p{"eml": eml, "regex": `^.*$`, "header_name": "from"}, []string{"Alice <alice@example.org>"}},
		{"email-header-regex", p{"eml": eml, "regex": `from \S+ by \S+;\s+Mon`, "header_name": "Received"}, []string{"from a.example by b.example;\tMon"}},
		{"email-header-regex", p{"eml": eml, "regex": "x", "header_name": "X-Absent"}, []string{}},
		{"email-header-regex", p{"eml": eml, "preset": "email_attachments_filename"}, []string{"", "a b.pdf"}},
		{"email-header-regex", p{"eml": eml, "regex": `filename: (.*?),,`, "header_name": "attachments"}, []string{"", "a b.pdf"}},
	} {
		r := regexRun(t, c.action, c.params)
		if !slices.Equal(r.Matches, c.want) {
			t.Errorf("%s %v: %q, want %q; problems %v", c.action, c.params, r.Matches, c.want, r.Problems)
		}
		first := ""
		if len(c.want) > 0 {
			first = c.want[0]
		}
		if r.Count != len(c.want) || r.Match != first || len(r.Groups) != r.Count || len(r.NamedGroups) != r.Count || len(r.Locations) != r.Count {
			t.Errorf("%s %v: %+v", c.action, c.params, r)
		}
	}
}

func TestRegexLocations(t *testing.T) {
	r := regexRun(t, "email-body-regex", map[string]any{"eml": regexMail, "regex": `Order.*?(?P<number>\d+)`, "group": 0})
	want := []regexLocation{
		{Part: "1.1", Where: "text"},
		{Part: "1.2", Where: "html"},
		{Part: "1.2", Where: "link", Offset: 28},
		{Part: "2.1", Where: "text"},
	}
	if !slices.Equal(r.Locations, want) {
		t.Errorf("%+v", r.Locations)
	}
	if !reflect.DeepEqual(r.Groups[3], []string{"45"}) || r.NamedGroups[3]["number"] != "45" {
		t.Errorf("%v %v", r.Groups, r.NamedGroups)
	}
	r = regexRun(t, "email-header-regex", map[string]any{"eml": regexMail, "regex": `Müller|\.pdf`})
	want = []regexLocation{{Where: "Subject", Offset: 18}, {Part: "3", Where: "attachments", Offset: 13}}
	if !slices.Equal(r.Locations, want) {
		t.Errorf("%+v", r.Locations)
	}
	r = regexRun(t, "email-body-regex", map[string]any{"text": "ä 1[.]2.3.4, 5105105105105100", "preset": "ipv4, credit_card"})
	want = []regexLocation{{Where: "text", Offset: 3, Preset: "ipv4"}, {Where: "text", Offset: 14, Preset: "credit_card"}}
	if !slices.Equal(r.Locations, want) || r.Matches[0] != "1.2.3.4" || r.NamedGroups[1]["brand"] != "Mastercard" {
		t.Errorf("%+v %v %v", r.Locations, r.Matches, r.NamedGroups)
	}
}

func TestRegexLimits(t *testing.T) {
	long := strings.Repeat("a", 40_000) + "!"
	r := regexRun(t, "email-body-regex", map[string]any{"text": "b " + long, "regex": `b|(?=(a+))a*c\1`, "regex_timeout_ms": 1_000})
	if !r.TimedOut || r.Count != 1 || len(r.Problems) != 1 || r.Problems[0].Code != message.CodeRegexTimeout {
		t.Errorf("%d matches, timed out %v, %v", r.Count, r.TimedOut, r.Problems)
	}
	r = regexRun(t, "email-body-regex", map[string]any{"text": long, "regex": "a"})
	if !r.Truncated || r.Count != 1_000 || r.TimedOut {
		t.Errorf("%d matches, truncated %v", r.Count, r.Truncated)
	}
	r = regexRun(t, "email-body-regex", map[string]any{"text": long, "regex": `(?=(a+))`, "regex_timeout_ms": 20_000})
	if !r.Truncated || len(r.Problems) != 1 || r.Problems[0].Code != message.CodeRegexOutput {
		t.Errorf("%d matches, truncated %v, %v", r.Count, r.Truncated, r.Problems)
	}
}

func TestRegexParameters(t *testing.T) {
	type p = map[string]any
	for _, c := range []struct {
		params p
		want   string
	}{
		{p{"text": "x", "regex": "(unclosed"}, `regex "(unclosed" does not compile: missing ), unterminated subpattern at position 0`},
		{p{"text": "x", "regex": `\q`}, `regex "\\q" does not compile: bad escape \q at position 0`},
		{p{"text": "x", "regex": strings.Repeat("(", 2_000)}, "the pattern nests groups more than 200 deep"},
		{p{"text": "x"}, "regex is missing: give a pattern, or choose a preset"},
		{p{"text": "x", "regex": "x", "preset": "ip"}, "preset and regex are both given; choose one"},
		{p{"text": "x", "preset": "ips"}, `not "ips"`},
		{p{"regex": "x"}, "cloud_soar_mail_id is missing: give it, or an email as eml, or a text"},
		{p{"text": "x", "eml": "a: b\n\nx", "regex": "x"}, "is one too many: give one of cloud_soar_mail_id, eml and text"},
		{p{"eml": "0M8R4KGxGuEAAAAAAAAAAA==", "regex": "x"}, "holds an Outlook .msg file"},
		{p{"text": "x", "regex": "(x)", "group": "2"}, `group must be auto, or a group of the pattern by number or name, not "2"; the pattern has one group`},
		{p{"text": "x", "preset": "ip", "group": "1"}, "group goes with regex only"},
		{p{"text": "x", "regex": "x", "max_matches": 0}, "max_matches must be"},
		{p{"text": "x", "regex": "x", "regex_timeout_ms": "soon"}, "regex_timeout_ms must be"},
		{p{"text": "x", "regex": "x", "search_in": "body"}, "search_in must be one of"},
		{p{"cloud_soar_mail_id": "7", "regex": "x"}, "cloud_soar_api_url is missing"},
		{p{"eml": strings.Repeat("a", 2<<20), "regex": "x", "max_message_size": 1}, "more than the 1 MiB of max_message_size"},
	} {
		_, err := runAction(t, "email-body-regex", object(t, c.params, nil))
		var wrong *manifest.ParameterError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) || len(wrong.Problems) != 1 {
			t.Errorf("%.100s: %v, want %s", fmt.Sprint(c.params), err, c.want)
		}
	}
}

// storeEmails saves drafts into a local store and returns the parameter that names it, and their ids.
func storeEmails(t *testing.T, drafts ...*soar.Draft) (map[string]any, []string) {
	t.Helper()
	path := t.TempDir() + "/soar.db"
	store, err := local.Open(t.Context(), path, local.Options{Log: testEnv().Log})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	saved, err := store.Save(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range saved {
		ids = append(ids, fmt.Sprint(s.ID))
	}
	return map[string]any{"cloud_soar_api_url": "local:" + path}, ids
}

func regexDraft(key string, raw []byte) *soar.Draft {
	m := message.Parse([]byte(regexMail), message.DefaultLimits())
	d := &soar.Draft{Raw: raw}
	d.SourceKey, d.Subject, d.BodyText, d.Attachments = key, "Rechnung Müller 7", "Order 46", m.Attachments()
	d.Headers = soar.Headers{{Name: "From", Values: []string{"Alice <alice@example.org>"}}, {Name: "Subject", Values: []string{"Rechnung Müller 7"}}}
	d.Normalize()
	return d
}

func TestRegexStoredEmails(t *testing.T) {
	params, ids := storeEmails(t, regexDraft("a", []byte(regexMail)), regexDraft("b", nil))
	params["cloud_soar_mail_id"] = strings.Join(ids, ",")
	for action, want := range map[string][]string{
		"email-body-regex":    {"Order 42", "Order 43", "Order 45", "Order 46"},
		"email-header-regex":  {"Rechnung Müller 7", "Rechnung Müller 7"},
		"email-subject-regex": {"Rechnung Müller 7", "Rechnung Müller 7"},
	} {
		params["regex"] = `(?:Order|Rechnung Müller) \d+`
		r := regexRun(t, action, params)
		if !slices.Equal(r.Matches, want) {
			t.Errorf("%s: %q", action, r.Matches)
		}
		if first, last := r.Locations[0].CloudSOARMailID, r.Locations[len(want)-1].CloudSOARMailID; first != ids[0] || last != ids[1] {
			t.Errorf("%s: %+v", action, r.Locations)
		}
		if noContent := len(r.Problems) == 1 && r.Problems[0].Code == message.CodeNoContent; noContent != (action == "email-body-regex") {
			t.Errorf("%s: problems %v", action, r.Problems)
		}
	}
	params["cloud_soar_mail_id"] = ids[0] + ",4711"
	if _, err := runAction(t, "email-body-regex", object(t, params, nil)); err == nil || !strings.Contains(err.Error(), "4711") {
		t.Errorf("an unknown id: %v", err)
	}
}

// TestRegexManifest holds that the presets on offer are those that there are.
func TestRegexManifest(t *testing.T) {
	for _, action := range []string{"email-body-regex", "email-header-regex", "email-subject-regex"} {
		v := parameters(t, action, `{"preset":"`+strings.Join(indicators.PresetNames(), ",")+`","text":"x"}`)
		s := regexParameters(v)
		if err := v.Err(); err != nil || len(s.finds) != len(indicators.PresetNames()) {
			t.Errorf("%s: %v", action, err)
		}
		if keys := presetKeys(t, action); !slices.Equal(keys, indicators.PresetNames()) {
			t.Errorf("%s offers %v", action, keys)
		}
	}
}

func presetKeys(t *testing.T, action string) []string {
	t.Helper()
	a, err := manifest.New(integration.Files).Action(action)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Fields {
		if f.ID == "preset" {
			return f.Values.Keys()
		}
	}
	return nil
}
