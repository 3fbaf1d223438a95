// Command screenshots photographs the console over a mailbox with the demo's emails and those of the tests, for
// docs/console and the README: each screen light, some dark and narrow. It needs a
// Chromium, and looks best where the font Inter is installed (fonts-inter).
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.org/imap-integration/mailbox/imapmem"
)

// shot is one picture.
type shot struct {
	name, path    string
	width, height int64
	dark          bool
	full          bool // the whole page, however long
}

const (
	wide   = 1280
	narrow = 375
)

func main() {
	program := flag.String("program", "./imap-integration", "the program")
	out := flag.String("out", "docs/console", "folder for the pictures")
	all := flag.Bool("all", false, "every screen in light, dark and narrow, to look at")
	flag.Parse()
	if err := run(*program, *out, *all); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(program, out string, all bool) error {
	program, err := filepath.Abs(program)
	if err == nil {
		err = os.MkdirAll(out, 0o755)
	}
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	folder, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	mail, err := mailbox(folder)
	if err != nil {
		return err
	}
	defer mail.Close()
	console := exec.CommandContext(ctx, program, "console", "--store", "soar.db", "--settings", "settings.json", "--listen", "127.0.0.1:0")
	console.Dir, console.Stderr = folder, os.Stderr
	console.Cancel = func() error { return console.Process.Signal(syscall.SIGTERM) }
	output, err := console.StdoutPipe()
	if err != nil {
		return err
	}
	if err := console.Start(); err != nil {
		return err
	}
	defer func() { stop(); _ = console.Wait() }()
	start, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the console names no address: %w", err)
	}
	page, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	return photograph(page, strings.TrimSpace(start), out, all)
}

// mailbox is a server with the emails of the demo and of the tests, and the settings for it.
func mailbox(folder string) (*imapmem.Server, error) {
	conf, certificate, err := imapmem.Certificate()
	if err != nil {
		return nil, err
	}
	server, err := imapmem.Start("soc@corp.example", "demo", conf)
	if err != nil {
		return nil, err
	}
	for i, pattern := range []string{"testdata/mail/*.eml", "cmd/imap-integration/testdata/demo/*.eml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for n, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
			if _, err := server.Append("INBOX", raw, time.Date(2026, 11, 20+3*i, 7, 5*n, 0, 0, time.UTC)); err != nil {
				return nil, err
			}
		}
	}
	phish, err := os.ReadFile("tools/screenshots/phish.eml")
	if err != nil {
		return nil, err
	}
	if _, err := server.Append("INBOX", bytes.ReplaceAll(phish, []byte("\n"), []byte("\r\n")), time.Date(2026, 11, 23, 7, 40, 0, 0, time.UTC)); err != nil {
		return nil, err
	}
	read := []byte("From: Dana Lindqvist <dana@ostwind.example>\r\nTo: soc@corp.example\r\nSubject: Wire transfer, urgent\r\n\r\nSomebody read this one first.\r\n")
	if _, err := server.Append("INBOX", read, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), `\Seen`); err != nil {
		return nil, err
	}
	settings, err := json.MarshalIndent(map[string]any{
		"imap_server": server.Host, "port": server.Port, "username": server.Username, "password": server.Password, "ca_certificate": certificate,
		"cloud_soar_api_url": "local:soar.db", "to": "example, corp.example", "not_subject": "newsletter", "not_text_body": "unsubscribe",
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return server, os.WriteFile(filepath.Join(folder, "settings.json"), settings, 0o600)
}

func browser(ctx context.Context) (context.Context, func(), error) {
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		if path, err = exec.LookPath("chromium"); err != nil {
			return nil, nil, errors.New("no Chromium here: apt-get install chromium-headless-shell")
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"), chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	page, stopPage := chromedp.NewContext(ctx)
	_, err = chromedp.Run(page, chromedp.Evaluate[int]("1"))
	return page, func() { stopPage(); stop() }, err
}

// photograph does what a person would, and takes the pictures.
func photograph(ctx context.Context, start, out string, all bool) error {
	base := start[:strings.Index(start, "/start")]
	err := chromedp.Do(ctx, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(start), chromedp.WaitVisible(chromedp.CSS(".figures")))
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	for _, press := range []struct{ path, button string }{
		{"/settings", "form[action='/settings/test'] button"},
		{"/actions/incoming-mail-daemon", "form.sheet button.main"},
		{"/actions/incoming-mail-daemon?dry_run=false", "form.sheet button.main"},
		{"/completeness", "form[action='/completeness'] button"},
		{"/actions/email-body-regex?cloud_soar_mail_id=1&preset=url", "form.sheet button.main"},
		{"/actions/add-email-to-incident?cloud_soar_mail_id=45,47&incident_id=1187", "form.sheet button.main"},
		{"/actions/add-email-attachments-to-incident?cloud_soar_mail_id=45&incident_id=1187", "form.sheet button.main"},
		{"/actions/add-email-to-triage?cloud_soar_mail_id=46&triage_id=42", "form.sheet button.main"},
		{"/actions/analyze-eml-msg?cloud_soar_mail_id=45", "form.sheet button.main"},
	} {
		err := chromedp.Do(ctx, chromedp.Navigate(base+press.path), chromedp.Click(chromedp.CSS(press.button)),
			chromedp.WaitVisible(chromedp.CSS(".head > .tag.good, .head > .tag.bad")))
		if err != nil {
			return fmt.Errorf("%s: %w", press.path, err)
		}
	}
	for _, s := range shots(all) {
		picture, err := take(ctx, base, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := os.WriteFile(filepath.Join(out, s.name+".png"), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// screens are the pages, in the order of the navigation.
var screens = []struct{ name, path string }{
	{"overview", "/"},
	{"resource", "/settings"},
	{"test-settings", "/runs/1"},
	{"actions", "/actions"},
	{"action", "/actions/email-body-regex"},
	{"dry-run", "/runs/2"},
	{"emails", "/emails"},
	{"email", "/emails/45"},
	{"email-html", "/emails/49?view=html"},
	{"contents", "/emails/45/contents"},
	{"archive", "/emails/44/contents"},
	{"route", "/emails/49/route"},
	{"links", "/emails/49/links"},
	{"indicators", "/emails/45/indicators"},
	{"source", "/emails/49/source"},
	{"completeness", "/completeness"},
	{"incidents", "/incidents"},
	{"analysis", "/runs/9"},
	{"incident", "/incidents/1187"},
}

// shots are the pictures of the documentation, or of everything.
func shots(all bool) (list []shot) {
	for _, s := range screens {
		switch {
		case all:
			list = append(list, shot{s.name + "-light", s.path, wide, 900, false, true}, shot{s.name + "-dark", s.path, wide, 900, true, true},
				shot{s.name + "-narrow", s.path, narrow, 800, false, true})
		case documented[s.name] != nil:
			for _, kind := range documented[s.name] {
				one := shot{s.name + "-" + kind, s.path, wide, 860, kind == "dark", false}
				if kind == "narrow" {
					one.width, one.height = narrow, 780
				}
				list = append(list, one)
			}
		}
	}
	return list
}

// documented are the pictures of docs/console.md.
var documented = map[string][]string{
	"overview":      {"light", "narrow"},
	"resource":      {"light"},
	"test-settings": {"light", "dark"},
	"dry-run":       {"light"},
	"emails":        {"dark"},
	"email-html":    {"light"},
	"contents":      {"light"},
	"completeness":  {"light", "narrow"},
}

func take(ctx context.Context, base string, s shot) ([]byte, error) {
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	look := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	if err := chromedp.Do(ctx, look, chromedp.EmulateViewport(s.width, s.height), chromedp.Navigate(base+s.path), chromedp.Sleep(300*time.Millisecond)); err != nil {
		return nil, err
	}
	if s.full {
		return chromedp.Run(ctx, chromedp.FullScreenshot(100))
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}
