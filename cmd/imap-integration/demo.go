package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/mailbox/imapmem"
	"example.org/imap-integration/terminal"
)

// demoEmails are emails of our own making, with line ends as git keeps them.
//
//go:embed testdata/demo/*.eml
var demoEmails embed.FS

const (
	demoUser     = "soc@corp.example"
	demoPassword = "demo" // of a server that listens on loopback while the demo runs
	demoIncident = 1
)

const demoHelp = `Start a mail server in this process with a few phishing emails, test the settings, run the
daemon twice into a new local store, and put a reported email with its attachments into an incident.
Nothing leaves this machine; the store is removed at the end.

--json prints what the daemon hands to the platform, and nothing else. --keep leaves the server
running and says how to go on by hand.`

// demo is one run of the demonstration.
type demo struct {
	page   *terminal.Page // what it tells a person
	folder string         // of the store and of the settings file
	params map[string]any // the settings
}

func demoCommand(p *program) *cobra.Command {
	var asJSON, keep bool
	c := p.personCommand("demo", "Run the main job on an embedded mail server and a local store", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return demonstrate(ctx, p, asJSON, keep)
	})
	c.Long = demoHelp
	c.Flags().BoolVar(&asJSON, "json", false, "print the daemon's array only")
	c.Flags().BoolVar(&keep, "keep", false, "keep the mail server running until interrupted")
	return c
}

func demonstrate(ctx context.Context, p *program, asJSON, keep bool) (err error) {
	folder, err := os.MkdirTemp("", "imap-integration-demo")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d := &demo{page: p.page(p.stdout), folder: folder}
	server, err := d.startServer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if asJSON {
		err = d.json()
		d.page = terminal.PageOf(p.stderr, p.colour, p.getenv) // what follows is for a person, and standard output holds one document
	} else {
		err = d.tour(ctx)
	}
	if err != nil || !keep {
		return err
	}
	return d.keep(ctx, p)
}

// startServer fills a mail server and points the settings at it.
func (d *demo) startServer() (*imapmem.Server, error) {
	conf, certificate, err := imapmem.Certificate()
	if err != nil {
		return nil, err
	}
	d.params = map[string]any{
		"username": demoUser, "password": demoPassword, "ca_certificate": certificate,
		"cloud_soar_api_url": "local:" + filepath.Join(d.folder, "soar.db"),
		"not_subject":        "newsletter",
	}
	return d.deliver(conf)
}

func (d *demo) deliver(conf *tls.Config) (*imapmem.Server, error) {
	server, err := imapmem.Start(demoUser, demoPassword, conf)
	if err != nil {
		return nil, err
	}
	names, err := demoEmails.ReadDir("testdata/demo")
	for i := 0; i < len(names) && err == nil; i++ {
		var raw []byte
		if raw, err = demoEmails.ReadFile(path.Join("testdata/demo", names[i].Name())); err == nil {
			when := time.Date(2026, time.November, 23, 10, i, 0, 0, time.UTC)
			_, err = server.Append("INBOX", crlf(raw), when)
		}
	}
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	d.params["imap_server"], d.params["port"] = server.Host, server.Port
	return server, nil
}

func crlf(raw []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// call runs an action as the platform does: parameters in, one JSON document out.
func (d *demo) call(action string, result any, fields map[string]any) error {
	params := map[string]any{}
	for _, from := range []map[string]any{d.params, fields} {
		for name, value := range from {
			params[name] = value
		}
	}
	input, err := json.Marshal(params)
	if err != nil {
		return err
	}
	var out, errs bytes.Buffer
	status := run([]string{action}, bytes.NewReader(input), &out, &errs, func(string) string { return "" })
	if status != actions.ExitDone {
		return fmt.Errorf("%s failed in the demo: %s", action, strings.TrimSpace(errs.String()))
	}
	return json.Unmarshal(out.Bytes(), result)
}

func (d *demo) json() error {
	var emails json.RawMessage
	if err := d.call("incoming-mail-daemon", &emails, nil); err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, emails, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintf(d.page, "%s\n", pretty.Bytes())
	return err
}

// demoMail is what of an email the demo shows.
type demoMail struct {
	ID              string `json:"cloud_soar_mail_id"`
	Status          string
	From            string
	Subject         string
	AttachmentNames string `json:"attachment_names"`
	Problems        []struct{ Code, Detail string }
}

// tour shows the main job from the test of the settings to an incident.
func (d *demo) tour(ctx context.Context) error {
	var emails []demoMail
	for _, step := range []func() error{
		d.settings,
		func() error { return d.firstRun(&emails) },
		d.secondRun,
		func() error { return d.incident(emails) },
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// say prints sentences, broken to the width; what is indented stays as it is. A
// standard output that is closed shows at the end, in the exit status.
func (d *demo) say(format string, args ...any) {
	for _, line := range strings.Split(fmt.Sprintf(format, args...), "\n") {
		if strings.HasPrefix(line, " ") {
			_, _ = fmt.Fprintln(d.page, line)
			continue
		}
		_ = d.page.Paragraph(0, line)
	}
}

func (d *demo) settings() error {
	var report struct {
		Steps []struct {
			Name, Status, Detail string
			Milliseconds         float64
		}
		Candidates, Matching int
	}
	if err := d.call("test-settings", &report, nil); err != nil {
		return err
	}
	d.say("A mail server runs on %v:%v, with %s's mailbox. TEST SAVED SETTINGS says:\n", d.params["imap_server"], d.params["port"], demoUser)
	table := terminal.Table{Indent: 2, Columns: []terminal.Column{{Least: 10}, {Paint: paintWord}, {Wrap: true, Rank: 1, Least: 24}}}
	for _, s := range report.Steps {
		table.Add(s.Name, s.Status, s.Detail)
	}
	if err := table.Write(d.page); err != nil {
		return err
	}
	d.say("\n%d emails are unread; the filter not_subject=newsletter keeps %d of them.", report.Candidates, report.Matching)
	return nil
}

func (d *demo) firstRun(emails *[]demoMail) error {
	began := time.Now()
	if err := d.call("incoming-mail-daemon", emails, nil); err != nil {
		return err
	}
	d.say("\nThe daemon's first run (%d ms) saves %d emails in the store and hands them to the rules:\n", time.Since(began).Milliseconds(), len(*emails))
	table := terminal.Table{Indent: 2, Columns: []terminal.Column{
		{Title: "ID", Right: true},
		{Title: "From", Rank: 2, Least: 16},
		{Title: "Subject", Rank: 1, Least: 20},
		{Title: "Attachments", Rank: 3, Least: 12},
		{Title: "Problems", Rank: 4, Least: 12, Paint: (*terminal.Page).Warning},
	}}
	for _, m := range *emails {
		var codes []string
		for _, p := range m.Problems {
			codes = append(codes, p.Code)
		}
		table.Add(m.ID, m.From, m.Subject, m.AttachmentNames, strings.Join(codes, ", "))
	}
	if err := table.Write(d.page); err != nil {
		return err
	}
	return nil
}

func (d *demo) secondRun() error {
	var again []demoMail
	if err := d.call("incoming-mail-daemon", &again, nil); err != nil {
		return err
	}
	d.say("\nThe second run finds %d new emails: what was handed over is marked read.", len(again))
	return nil
}

// incident puts the reported email and its files into an incident.
func (d *demo) incident(emails []demoMail) error {
	reported := ""
	for _, m := range emails {
		if strings.HasPrefix(m.Subject, "FW:") {
			reported = m.ID
		}
	}
	fields := map[string]any{"cloud_soar_mail_id": reported, "incident_id": demoIncident}
	var added struct{ Results []struct{ Added bool } }
	if err := d.call("add-email-to-incident", &added, fields); err != nil {
		return err
	}
	var files struct {
		Attachments []struct {
			Filename, SHA256 string
			Size             int64
			AttachmentID     json.RawMessage `json:"attachment_id"`
		}
	}
	if err := d.call("add-email-attachments-to-incident", &files, fields); err != nil {
		return err
	}
	d.say("\nEmail %s, a phish that a colleague reported, goes into incident %d, and with it the files in it:\n", reported, demoIncident)
	table := terminal.Table{Indent: 2, Columns: []terminal.Column{{Least: 20}, {Right: true, Rank: 1}, {Rank: 2, Least: 12}}}
	for _, f := range files.Attachments {
		table.Add(f.Filename, fmt.Sprintf("%d bytes", f.Size), "sha256 "+f.SHA256)
	}
	if err := table.Write(d.page); err != nil {
		return err
	}
	var listed struct{ Emails []demoMail }
	if err := d.call("list-incident-emails", &listed, map[string]any{"incident_id": demoIncident}); err != nil {
		return err
	}
	d.say("\nIncident %d now holds %d email. imap-integration demo --keep goes on from here by hand, --json shows what the rules get.",
		demoIncident, len(listed.Emails))
	return nil
}

// demoNext is what to try by hand; fields are given in the environment.
var demoNext = []struct{ what, fields, action string }{
	{"test the settings", "", "test-settings"},
	{"take new emails", "", "incoming-mail-daemon"},
	{"list what the store holds", "", "list-cloud-soar-emails"},
	{"get one email with its source", "cloud_soar_mail_id=1 include_eml=true ", "get-email"},
	{"put it into an incident", "cloud_soar_mail_id=1 incident_id=1 ", "add-email-to-incident"},
	{"analyze the reported one", "cloud_soar_mail_id=2 ", "analyze-eml-msg"},
	{"find its URLs", "cloud_soar_mail_id=1 preset=url ", "email-body-regex"},
}

// keep leaves the server up until ctx ends.
func (d *demo) keep(ctx context.Context, p *program) error {
	text, err := json.MarshalIndent(d.params, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(d.folder, "params.json")
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write the settings of the demo: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		program = "imap-integration"
	}
	d.say("\nThe mail server stays until you press Ctrl-C. Its settings are in %s. In another terminal:\n", file)
	for _, next := range demoNext {
		d.say("  # %s\n  %s%q %s < %q", next.what, next.fields, program, next.action, file)
	}
	d.say("\nOr look at it in a browser, which this address lets in once:\n")
	return d.console(ctx, p, file)
}

// console shows the demo in a browser until ctx ends.
func (d *demo) console(ctx context.Context, p *program, settings string) error {
	shown := *p
	shown.stdout = d.page.Writer
	return showConsole(ctx, &shown, consoleOptions{serveOptions{store: filepath.Join(d.folder, "soar.db"), listen: "127.0.0.1:0"}, settings, ""})
}
