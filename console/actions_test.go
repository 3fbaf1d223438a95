package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/soar"
)

// press fills a form of an action in the browser, presses its button and waits for the run's end.
func (b *tab) press(path string, fields map[string]string) {
	b.t.Helper()
	b.open(path)
	for name, value := range fields {
		b.do(chromedp.SetValue(chromedp.CSS(fmt.Sprintf(`[name=%q]`, fieldPrefix+name)), value))
	}
	b.do(chromedp.Click(chromedp.CSS("form.sheet button.main")), chromedp.WaitVisible(chromedp.CSS(".head > .tag.good, .head > .tag.bad")))
}

// TestEveryAction runs every action from its form in a browser.
func TestEveryAction(t *testing.T) {
	s := newSite(t)
	s.deliver()
	b := s.newTab().signIn(s)
	// TEST SAVED SETTINGS
	b.open("/settings")
	b.do(chromedp.Click(chromedp.CSS(`form[action="/settings/test"] button`)), chromedp.WaitVisible(chromedp.CSS(".head > .tag.good, .head > .tag.bad")))
	steps := eval[[]string](b, `[...document.querySelectorAll(".steps li")].map(l => l.dataset.step + " " + l.dataset.status)`)
	want := []string{"parameters ok", "dns ok", "connect ok", "tls ok", "login ok", "folder ok", "filters ok", "cloud_soar ok"}
	if !slices.Equal(steps, want) {
		t.Errorf("the steps are %q", steps)
	}
	b.quiet("TEST SAVED SETTINGS")
	b.do(chromedp.Navigate(s.base + "/actions/incoming-mail-daemon"))
	if !eval[bool](b, `document.querySelector("[name='f.dry_run']").checked`) {
		t.Error("a dry run is not proposed")
	}
	b.do(chromedp.Click(chromedp.CSS(`[name='f.dry_run']`)))
	b.do(chromedp.Click(chromedp.CSS("form.sheet button.main")), chromedp.WaitVisible(chromedp.CSS(".head > .tag.good, .head > .tag.bad")))
	for _, c := range []struct {
		name   string
		fields map[string]string
		cell   string // of the table view
	}{
		{"list-cloud-soar-emails", nil, "servicedesk@corp-example.support"},
		{"get-email", map[string]string{"cloud_soar_mail_id": "1"}, "servicedesk@corp-example.support"},
		{"email-body-regex", map[string]string{"cloud_soar_mail_id": "1", "regex": "expires <b>|expires"}, "expires"},
		{"email-header-regex", map[string]string{"cloud_soar_mail_id": "1", "regex": "mailer-7"}, "mailer-7"},
		{"email-subject-regex", map[string]string{"cloud_soar_mail_id": "1", "regex": "mailbox"}, "mailbox"},
		{"analyze-eml-msg", map[string]string{"cloud_soar_mail_id": "1"}, "servicedesk@corp-example.support"},
		{"list-email-attachments", map[string]string{"cloud_soar_mail_id": "2"}, ""},
		{"add-email-to-incident", map[string]string{"cloud_soar_mail_id": "2", "incident_id": "7"}, ""},
		{"list-incident-emails", map[string]string{"incident_id": "7"}, "2"},
		{"add-email-attachments-to-incident", map[string]string{"cloud_soar_mail_id": "2", "incident_id": "7"}, ""},
		{"add-email-to-triage", map[string]string{"cloud_soar_mail_id": "2", "triage_id": "9"}, ""},
		{"remove-email-from-incident", map[string]string{"cloud_soar_mail_id": "2", "incident_id": "7"}, ""},
		{"discard-email", map[string]string{"cloud_soar_mail_id": "3"}, ""},
	} {
		b.press("/actions/"+c.name, c.fields)
		word := eval[string](b, `document.querySelector(".head > .tag").innerText`)
		cells := eval[[]string](b, `[...document.querySelectorAll("section.card .list td")].map(c => c.innerText)`)
		if word != "done" || len(cells) == 0 || !slices.ContainsFunc(cells, func(s string) bool { return strings.Contains(s, c.cell) }) {
			t.Errorf("%s: %s, %q: %s", c.name, word, cells, eval[string](b, `document.querySelector("main").innerText.slice(0, 500)`))
		}
		b.quiet(c.name)
	}
	listed := map[string]bool{}
	b.open("/actions")
	for _, to := range eval[[]string](b, `[...document.querySelectorAll(".cards a")].map(a => a.getAttribute("href"))`) {
		listed[to] = true
	}
	for _, a := range actions.All {
		if a.Name != settingsCommand && !listed["/actions/"+a.Name] {
			t.Errorf("%s is not listed", a.Name)
		}
	}
	b.open("/incidents")
	for _, name := range []string{"Incident 7", "Triage event 9"} {
		if text := eval[string](b, `document.querySelector("main").innerText`); !strings.Contains(text, name) {
			t.Errorf("%s is not listed: %s", name, text)
		}
	}
}

// TestDryRunChangesNothing compares the store and the flags of the mailbox.
func TestDryRunChangesNothing(t *testing.T) {
	s := newSite(t).signIn()
	s.deliver()
	before := s.everything()
	r := s.run("/actions/incoming-mail-daemon", url.Values{"f.dry_run": {"true"}})
	now, _ := r.now()
	var objects []struct {
		ID     string `json:"cloud_soar_mail_id"`
		Status string
	}
	if err := json.Unmarshal(r.result.whole(), &objects); err != nil || now.Status != actions.ExitDone || len(objects) != 6 {
		t.Fatalf("%d objects, %v: %s", len(objects), err, now.Sentence)
	}
	if after := s.everything(); after != before {
		t.Errorf("a dry run changed\n%s\nto\n%s", before, after)
	}
	s.take() // the same emails come now
	if after := s.everything(); after == before || !strings.Contains(after, "6 emails") || !strings.Contains(after, `"unseen":0`) {
		t.Errorf("a real run left\n%s", after)
	}
}

// everything is the store's records and what the mail server counts.
func (s *site) everything() string {
	s.t.Helper()
	page, err := s.store.Search(context.Background(), soar.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := json.Marshal(page.Records)
	if err != nil {
		s.t.Fatal(err)
	}
	var report struct {
		Mailbox json.RawMessage `json:"mailbox"`
	}
	if err := json.Unmarshal(s.run("/settings/test", nil).result.whole(), &report); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%d emails %s %s", page.Total, text, report.Mailbox)
}

func TestCompleteness(t *testing.T) {
	s := newSite(t).signIn()
	s.deliver()
	settings := s.saved()
	settings["not_subject"] = "newsletter"
	s.save(settings)
	s.take()
	if _, err := s.mail.Append("INBOX", htmlEmail("read by somebody"), s.console.desk.Now(), `\Seen`); err != nil {
		t.Fatal(err)
	}
	r := s.run("/completeness", nil)
	all := newAuditReports(r.result.whole())
	if len(all) != 1 || all[0].Sum != 7 || all[0].Messages != 7 || len(all[0].Lost) != 1 || all[0].Lost[0].UID != 7 {
		t.Fatalf("%+v", all)
	}
	_, body := s.get("/completeness")
	for _, part := range []string{"Unexplained emails", "as many as the folder holds", "marked as read and not in the store"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
}

// TestUpload gives an email as a file.
func TestUpload(t *testing.T) {
	s := newSite(t).signIn()
	raw, err := os.ReadFile("../testdata/mail/alternative.eml")
	if err != nil {
		t.Fatal(err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("f.eml.file", "a.eml")
	if err == nil {
		_, err = part.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, s.base+"/actions/analyze-eml-msg", &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	answer, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	started := s.console.desk.runs.latest("analyze-eml-msg")
	if answer.StatusCode != http.StatusSeeOther || len(started) != 1 {
		t.Fatalf("%d, %d runs", answer.StatusCode, len(started))
	}
	if now := wait(t, started[0]); now.Status != actions.ExitDone || !strings.Contains(string(started[0].result.whole()), `"kind":"eml"`) {
		t.Errorf("%s", now.Sentence)
	}
	if got, err := encoded(file{bytes.NewReader(raw)}); err != nil || got != base64.StdEncoding.EncodeToString(raw) {
		t.Error("an upload is not the file in base64")
	}
}

type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

func TestRunsAreFew(t *testing.T) {
	release := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	rs := newRuns(ctx, func(ctx context.Context, c Call) (int, string) {
		if c.Command == "slow" {
			<-release
		}
		_, err := c.Result.Write([]byte(`{}`))
		return 0, fmt.Sprint(err)
	}, time.Now)
	var started []*run
	for range maxAtWork {
		r := &run{Command: "slow"}
		if err := rs.start(r, nil); err != nil {
			t.Fatal(err)
		}
		started = append(started, r)
	}
	if err := rs.start(&run{Command: "slow"}, nil); err == nil {
		t.Errorf("more than %d runs are at work", maxAtWork)
	}
	close(release)
	for _, r := range started {
		wait(t, r)
	}
	for range 2 * maxKept {
		r := &run{Command: "quick"}
		if err := rs.start(r, nil); err != nil {
			t.Fatal(err)
		}
		wait(t, r)
	}
	if kept := len(rs.latest("")); kept > maxKept+1 {
		t.Errorf("%d runs are kept", kept)
	}
}

func TestResultIsBounded(t *testing.T) {
	b := limitedBuffer{limit: 10}
	if _, err := b.Write(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	if _, err := b.Write([]byte("x")); err == nil {
		t.Error("more than the limit was taken")
	}
	if got := len(b.whole()); got != 10 {
		t.Errorf("%d bytes", got)
	}
	if _, err := b.Write(nil); err == nil {
		t.Error("a run that was given up may write")
	}
}
