// Command screenshots photographs the console over the demo's mailbox, for
// docs/console and the README: each screen light, some dark and narrow. It needs a
// Chromium, and looks best where the font Inter is installed (fonts-inter).
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	demo := exec.CommandContext(ctx, program, "demo", "--keep")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	output, err := demo.StdoutPipe()
	if err != nil {
		return err
	}
	if err := demo.Start(); err != nil {
		return err
	}
	defer func() { stop(); _ = demo.Wait() }()
	start, err := startURL(output)
	if err != nil {
		return err
	}
	page, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	return photograph(page, start, out, all)
}

// startURL reads the demo's output up to the address.
func startURL(output io.Reader) (string, error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "http://") {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return line, nil
		}
	}
	return "", errors.New("the demo named no address")
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
		{"/completeness", "form[action='/completeness'] button"},
		{"/actions/list-cloud-soar-emails", "form.sheet button.main"},
		{"/actions/email-body-regex?cloud_soar_mail_id=1&preset=url", "form.sheet button.main"},
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
	{"email", "/emails/2"},
	{"email-html", "/emails/1?view=html"},
	{"contents", "/emails/2/contents"},
	{"route", "/emails/1/route"},
	{"links", "/emails/1/links"},
	{"indicators", "/emails/2/indicators"},
	{"source", "/emails/1/source"},
	{"completeness", "/completeness"},
	{"incidents", "/incidents"},
	{"incident", "/incidents/1"},
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

var documented = map[string][]string{
	"overview":      {"light", "dark"},
	"resource":      {"light", "narrow"},
	"test-settings": {"light", "dark"},
	"dry-run":       {"light"},
	"email-html":    {"light"},
	"contents":      {"light", "dark"},
	"completeness":  {"light"},
	"emails":        {"narrow"},
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
