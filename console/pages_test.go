package console

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.org/imap-integration/soar"
)

// pages are all screens of a site with emails, an incident and runs.
func (s *site) pages() []string {
	s.t.Helper()
	s.deliver()
	signed := s.signedIn()
	signed.take()
	signed.run("/actions/add-email-to-incident", url.Values{"f.cloud_soar_mail_id": {"1,2"}, "f.incident_id": {"7"}})
	signed.run("/actions/add-email-to-triage", url.Values{"f.cloud_soar_mail_id": {"1"}, "f.triage_id": {"9"}})
	signed.run("/settings/test", nil)
	signed.run("/completeness", nil)
	return []string{
		"/", "/settings", "/settings?preset=yahoo", "/actions", "/actions/email-body-regex", "/actions/incoming-mail-daemon", "/runs/1", "/runs/2", "/runs/4", "/runs/5",
		"/emails", "/emails?subject=nothing+has+this", "/emails/1", "/emails/1?view=html", "/emails/2/contents", "/emails/1/route", "/emails/1/links", "/emails/2/indicators",
		"/emails/1/source", "/completeness", "/incidents", "/incidents/7", "/triage/9", "/nothing", "/emails/99",
	}
}

// TestWidths looks at every screen from 375 to 2,560 pixels: no page is wider than the window.
func TestWidths(t *testing.T) {
	s := newSite(t)
	b := s.newTab().signIn(s)
	b.ignore = func(fault string) bool { return strings.Contains(fault, "status of 404") } // of the pages that are not there
	for _, path := range s.pages() {
		b.open(path)
		for _, width := range []int64{375, 900, 2560} {
			b.do(chromedp.EmulateViewport(width, 800))
			if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s at %d pixels is %d wide", path, width, wide)
			}
		}
		if n := eval[int](b, `[...document.querySelectorAll("input, select, textarea")].filter(c => c.type !== "hidden" && !c.labels.length).length`); n > 0 {
			t.Errorf("%s has %d controls without a label", path, n)
		}
		if n := eval[int](b, `document.querySelectorAll("h1").length`); n != 1 {
			t.Errorf("%s has %d headings of the first rank", path, n)
		}
		b.quiet(path)
	}
}

// TestWithoutScript does what a person does in a browser that runs none.
func TestWithoutScript(t *testing.T) {
	s := newSite(t)
	s.deliver()
	b := s.newTab()
	disabled := true
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: disabled})
		return err
	}))
	b.signIn(s)
	for _, path := range []string{"/settings", "/actions/incoming-mail-daemon", "/completeness"} {
		b.open(path)
		button := map[string]string{"/settings": `form[action="/settings/test"] button`, "/completeness": `form[action="/completeness"] button`}[path]
		if button == "" {
			button = "form.sheet button.main"
		}
		b.do(chromedp.Click(chromedp.CSS(button)), chromedp.WaitVisible(chromedp.CSS(".head > .tag.good, .head > .tag.bad"))) // the page comes again by itself
	}
	b.quiet("without a script")
}

// TestEvents reads how a run goes on, as the script does.
func TestEvents(t *testing.T) {
	s := newSite(t).signIn()
	s.deliver()
	r := s.run("/settings/test", nil)
	answer, err := s.client.Get(fmt.Sprintf("%s/runs/%d/events", s.base, r.ID))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var last state
	events := 0
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if events++; json.Unmarshal([]byte(text), &last) != nil {
				t.Fatalf("an event is %s", text)
			}
		}
	}
	if answer.Header.Get("Content-Type") != "text/event-stream" || events == 0 || !last.Ended || len(last.Steps) != len(stepNames) {
		t.Errorf("%d events, the last: %+v", events, last)
	}
}

// TestStop ends a run that waits for a server which says nothing.
func TestStop(t *testing.T) {
	s := newSite(t).signIn()
	began := make(chan struct{})
	s.console.desk.runs.run = func(ctx context.Context, _ Call) (int, string) {
		close(began)
		<-ctx.Done()
		return 130, "interrupted"
	}
	status, to := s.post("/completeness", nil)
	if status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	<-began
	if _, body := s.get(to); !strings.Contains(body, `action="`+to+`/stop"`) || !strings.Contains(body, "running") {
		t.Error("a run at work has no button to stop it")
	}
	if status, _ := s.post(to+"/stop", nil); status != http.StatusSeeOther {
		t.Error(status)
	}
	wait(t, s.console.desk.runs.latest("")[0])
	if _, body := s.get(to); !strings.Contains(body, "stopped") {
		t.Error("the run does not say that it was stopped")
	}
}

// colours of the stylesheet that stand on each other (WCAG 2.2, success criteria 1.4.3 and 1.4.11).
var contrasts = []struct {
	over, under string
	least       float64
}{
	{"text", "ground", 4.5},
	{"text", "surface", 4.5},
	{"text", "sunken", 4.5},
	{"text", "accent-soft", 4.5},
	{"soft", "ground", 4.5},
	{"soft", "surface", 4.5},
	{"soft", "sunken", 4.5},
	{"accent", "ground", 4.5},
	{"accent", "surface", 4.5},
	{"accent", "accent-soft", 4.5},
	{"on-accent", "accent", 4.5},
	{"good", "surface", 4.5},
	{"good", "good-soft", 4.5},
	{"warn", "warn-soft", 4.5},
	{"bad", "surface", 4.5},
	{"bad", "bad-soft", 4.5},
	{"bad", "sunken", 4.5},
	{"good", "sunken", 4.5},
	{"edge", "surface", 3},
	{"edge", "ground", 3},
	{"accent", "sunken", 3},
}

func TestContrast(t *testing.T) {
	style, err := os.ReadFile("static/console.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(style), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "\n  }")
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(scheme, -1) {
			colours[m[1]] = m[2]
		}
		for _, c := range contrasts {
			if got := contrast(t, colours[c.over], colours[c.under]); got < c.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", name, c.over, c.under, got, c.least)
			}
		}
	}
}

// contrast is the ratio of two colours' luminances (WCAG 2.2).
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestEmailList asks for pages of a store with many emails.
func TestEmailList(t *testing.T) {
	s := newSite(t).signIn()
	s.fill(2*pageSize + 20)
	rows := regexp.MustCompile(`<td class="subject"><a href="/emails/(\d+)">`)
	for _, c := range []struct {
		query       string
		rows, first int
		says        string
	}{
		{"", 50, 120, "Page 1 of 3"},
		{"?page=2", 50, 70, "Page 2 of 3"},
		{"?page=3", 20, 20, "Page 3 of 3"},
		{"?page=99", 0, 0, "Nothing found"},
		{"?page=-1", 50, 120, "Page 1 of 3"},
		{"?subject=MAIL+7", 11, 79, "11 emails found"},
		{"?from=nobody", 0, 0, "Nothing found"},
		{"?after=2026-09-02&before=2026-09-02", 1, 2, "1 email found"},
		{"?after=yesterday", 50, 120, "A date looks like"},
		{"?discarded=yes", 0, 0, "Nothing found"},
		{"?discarded=no", 50, 120, "120 emails found"},
	} {
		status, body := s.get("/emails" + c.query)
		found := rows.FindAllStringSubmatch(body, -1)
		if status != http.StatusOK || len(found) != c.rows || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d, %d rows, says %q: %v", c.query, status, len(found), c.says, strings.Contains(body, c.says))
			continue
		}
		if c.rows > 0 && found[0][1] != fmt.Sprint(c.first) {
			t.Errorf("%s begins with %s", c.query, found[0][1])
		}
	}
}

// fill saves emails, one a day.
func (s *site) fill(n int) {
	s.t.Helper()
	var drafts []*soar.Draft
	for i := 1; i <= n; i++ {
		raw := fmt.Appendf(nil, "From: a@corp.example\r\nSubject: mail %d\r\n\r\ntext\r\n", i)
		d := &soar.Draft{Raw: raw, Metadata: soar.Metadata{SourceKey: fmt.Sprintf("%064d", i), Mail: soar.Mail{
			MailboxAccount: account, Folder: "INBOX", UIDValidity: 1, Subject: fmt.Sprintf("mail %d", i), From: "a@corp.example", Size: int64(len(raw)),
			BodyText: strings.Repeat("A usual text of an email. ", 100), BodyHTML: strings.Repeat("<p>A usual text of an email.</p>", 200),
			ReceivedAt: time.Date(2026, 8, 31, 12, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format(time.RFC3339),
		}}}
		d.Normalize()
		if drafts = append(drafts, d); len(drafts) == 500 || i == n {
			if _, err := s.store.Save(context.Background(), drafts); err != nil {
				s.t.Fatal(err)
			}
			drafts = nil
		}
	}
}

// TestListOfManyEmailsLong measures the list of 10,000 emails. Ten times what it is to
// take is a fault even on a loaded machine.
func TestListOfManyEmailsLong(t *testing.T) {
	s := newSite(t).signIn()
	s.fill(10_000)
	const limit = 100 * time.Millisecond
	for _, path := range []string{"/emails", "/emails?page=100", "/emails?page=200", "/emails?subject=mail+77", "/emails?from=nobody", "/"} {
		fastest := time.Hour
		for range 5 {
			began := time.Now()
			if status, body := s.get(path); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			fastest = min(fastest, time.Since(began))
		}
		t.Logf("%-24s %6.1f ms", path, float64(fastest.Microseconds())/1000)
		if fastest > 10*limit {
			t.Errorf("%s takes %s", path, fastest)
		}
	}
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var parts [3]uint8
	if _, err := fmt.Sscanf(colour, "%02x%02x%02x", &parts[0], &parts[1], &parts[2]); err != nil {
		t.Fatalf("the colour %q: %v", colour, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(parts[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
