package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/rogpeppe/go-internal/txtar"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func hostileDocuments(t *testing.T) []txtar.File {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/hostile.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) < 40 {
		t.Fatalf("%d hostile documents are too few", len(archive.Files))
	}
	return archive.Files
}

// keep saves an email in the store and returns its id.
func (s *site) keep(raw []byte) soar.ID {
	s.t.Helper()
	sum := sha256.Sum256(raw)
	d := &soar.Draft{Raw: raw, Metadata: soar.Metadata{Mail: soar.Describe(message.Parse(raw, message.DefaultLimits())), SourceKey: hex.EncodeToString(sum[:])}}
	d.MailboxAccount, d.Folder, d.UIDValidity, d.Size, d.SHA256 = account, "INBOX", 1, int64(len(raw)), hex.EncodeToString(sum[:])
	d.ReceivedAt = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Format(time.RFC3339)
	d.Normalize()
	saved, err := s.store.Save(context.Background(), []*soar.Draft{d})
	if err != nil {
		s.t.Fatal(err)
	}
	return saved[0].ID
}

func htmlEmail(markup string) []byte {
	return []byte("From: a@hostile.example\r\nTo: soc@corp.example\r\nSubject: hostile\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + markup)
}

// grid are the points of a frame that are clicked, in parts of its size.
var grid = [][2]float64{{.5, .5}, {.2, .2}, {.8, .2}, {.2, .8}, {.8, .8}}

// look opens a page with a frame, moves over it and clicks into it, and returns
// what the page around it looked like before and after.
func (b *tab) look(url string) (before, after string) {
	b.t.Helper()
	const around = `JSON.stringify([location.href, document.title, document.documentElement.outerHTML])`
	b.do(chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("iframe")))
	box := eval[[]float64](b, `(() => { const f = document.querySelector("iframe"); f.scrollIntoView(); const r = f.getBoundingClientRect(); return [r.x, r.y, r.width, Math.min(r.height, innerHeight - r.y)] })()`)
	before = eval[string](b, around)
	for _, at := range grid {
		x, y := box[0]+at[0]*box[2], box[1]+at[1]*box[3]
		b.do(chromedp.MouseEvent("mouseMoved", x, y), chromedp.MouseClickXY(x, y))
	}
	b.do(chromedp.KeyEvent("\t\r"))
	return before, eval[string](b, around)
}

// inertness opens and clicks each page, and holds that nothing came of it.
func (b *tab) inertness(name, url string) {
	b.t.Helper()
	chromium.remotes.take()
	before, after := b.look(url)
	if before != after {
		b.t.Errorf("%s: the page around the email changed from\n%s\nto\n%s", name, before, after)
	}
	for _, request := range chromium.remotes.take() {
		b.t.Errorf("%s: a request left: %s", name, request)
	}
	b.quiet(name)
}

// nothingLate makes one request itself: what an email had asked for would have come before it.
func (b *tab) nothingLate() {
	b.t.Helper()
	b.do(chromedp.Navigate("http://barrier.example/barrier"))
	heard := false
	for _, line := range chromium.remotes.take() {
		if strings.Contains(line, "/barrier") {
			heard = true
		} else if !strings.Contains(line, "/favicon.ico") { // of the barrier
			b.t.Errorf("a late request left: %s", line)
		}
	}
	if !heard {
		b.t.Error("the listener does not hear")
	}
}

// TestHostile opens and clicks hostile documents as emails of the store.
func TestHostile(t *testing.T) {
	s := newSite(t)
	b := s.newTab().signIn(s)
	files := hostileDocuments(t)
	for _, f := range files {
		id := s.keep(htmlEmail(string(f.Data)))
		b.inertness(f.Name, fmt.Sprintf("%s/emails/%s?view=html", s.base, id))
	}
	b.nothingLate()
	t.Logf("%d hostile documents opened and clicked: no request left", len(files))
	if found, err := s.store.Search(context.Background(), soar.Query{}); err != nil || found.Total != len(files) {
		t.Errorf("the store holds %d emails: %v", found.Total, err)
	}
}

// TestPoliciesLong serves the same documents as they are: the two policies alone keep
// them inert, whatever inert leaves in. The hints of links-hints.html are what no policy covers.
func TestPoliciesLong(t *testing.T) {
	s := newSite(t)
	b := s.newTab()
	b.ignore = func(fault string) bool { return !strings.HasPrefix(fault, "a dialog") } // what a policy refuses is an error to the browser
	var markup string
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pagePolicy(w.Header())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/page":
			_, _ = fmt.Fprint(w, `<!doctype html><title>page</title><iframe sandbox src="/html" width="900" height="700"></iframe>`)
		case "/html":
			w.Header().Set("Content-Security-Policy", emailCSP)
			_, _ = fmt.Fprint(w, markup)
		case "/bare":
			w.Header().Del("Content-Security-Policy")
			_, _ = fmt.Fprint(w, markup)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	base := "http://" + listener.Addr().String()
	for _, f := range hostileDocuments(t) {
		if f.Name == "links-hints.html" {
			continue
		}
		markup = string(f.Data)
		b.inertness(f.Name, base+"/page")
	}
	// The listener does see what an unprotected document asks for.
	for _, f := range hostileDocuments(t) {
		if f.Name == "srcset.html" {
			markup = string(f.Data)
			b.do(chromedp.Navigate(base + "/bare"))
		}
	}
	if seen := chromium.remotes.take(); len(seen) < 3 {
		t.Errorf("a document without a policy asked for %d things only: the listener does not hear", len(seen))
	}
}

// TestHostileMailLong opens every email of testdata/mail. It takes a minute.
func TestHostileMailLong(t *testing.T) {
	names, err := filepath.Glob("../testdata/mail/*.eml")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d emails: %v", len(names), err)
	}
	s := newSite(t)
	b := s.newTab().signIn(s)
	framed := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		id := s.keep(raw)
		for _, tab := range []string{"", "/contents", "/route", "/links", "/indicators", "/source"} {
			b.open(fmt.Sprintf("/emails/%s%s", id, tab))
			if title := eval[string](b, "document.title"); !strings.HasPrefix(title, fmt.Sprintf("Email %s", id)) {
				t.Errorf("%s%s: the title is %q", name, tab, title)
			}
		}
		b.quiet(name)
		if record, err := s.store.Get(context.Background(), id); err == nil && record.BodyHTML != "" {
			framed++
			b.inertness(name, fmt.Sprintf("%s/emails/%s?view=html", s.base, id))
		}
	}
	b.nothingLate()
	t.Logf("%d emails opened, %d with HTML clicked", len(names), framed)
}
