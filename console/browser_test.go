package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the browser of this test binary: one, for starting it costs more than a test.
var chromium struct {
	once    sync.Once
	ctx     context.Context
	stop    func()
	err     error
	remotes *listener
}

func TestMain(m *testing.M) {
	status := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(status)
}

var errNoBrowser = errors.New("no Chromium here, so nobody judges the pages: apt-get install chromium-headless-shell")

// startBrowser starts Chromium so that every host but this machine's address is the listener.
func startBrowser() {
	path := ""
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		chromium.err = errNoBrowser
		return
	}
	if chromium.remotes, chromium.err = listen(); chromium.err != nil {
		return
	}
	folder, err := os.MkdirTemp("", "console-browser")
	if err != nil {
		chromium.err = err
		return
	}
	// What a browser asks its makers for on its own is no request of an email.
	rules := "MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND, MAP *.gvt1.com ~NOTFOUND, MAP *.gstatic.com ~NOTFOUND, " +
		"MAP * " + chromium.remotes.address + ", EXCLUDE 127.0.0.1"
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", rules), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("force-device-scale-factor", "1"), chromedp.UserDataDir(folder),
		chromedp.WSURLReadTimeout(time.Minute))
	ctx, stopProcess := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(ctx)
	chromium.ctx = ctx
	chromium.stop = func() { stopBrowser(); stopProcess(); _ = os.RemoveAll(folder) }
	_, chromium.err = chromedp.Run(ctx, chromedp.Evaluate[int]("1"))
}

// listener plays every remote host, and counts who comes.
type listener struct {
	address string

	mu   sync.Mutex
	seen []string // the first line of what each connection said
}

func listen() (*listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &listener{address: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.answer(conn)
		}
	}()
	return r, nil
}

// answer notes a connection as soon as it is made, and answers one request.
func (r *listener) answer(conn net.Conn) {
	defer conn.Close()
	r.mu.Lock()
	r.seen = append(r.seen, "a connection")
	i := len(r.seen) - 1
	r.mu.Unlock()
	buffer := make([]byte, 4096)
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	n, _ := conn.Read(buffer)
	line, _, _ := strings.Cut(string(buffer[:n]), "\r\n")
	r.mu.Lock()
	if i < len(r.seen) {
		r.seen[i] = line
	}
	r.mu.Unlock()
	_, _ = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// take returns what came, and forgets it.
func (r *listener) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// tab is a page of the browser, and what it complained about.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu     sync.Mutex
	faults []string // console errors of our own pages, exceptions, dialogs
	ignore func(fault string) bool
}

// newTab opens a tab with a cookie jar that all tabs share: each site has a port of its own, so each its cookie anew.
func (s *site) newTab() *tab {
	s.t.Helper()
	chromium.once.Do(startBrowser)
	switch {
	case errors.Is(chromium.err, errNoBrowser) && os.Getenv("CI") != "true":
		s.t.Skip(chromium.err)
	case chromium.err != nil:
		s.t.Fatalf("Chromium does not start: %v", chromium.err)
	}
	ctx, stop := chromedp.NewContext(chromium.ctx)
	s.t.Cleanup(stop)
	b := &tab{t: s.t, ctx: ctx, base: s.base}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		s.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1200, 900))
	return b
}

// signIn uses the start URL in the browser.
func (b *tab) signIn(s *site) *tab {
	b.t.Helper()
	b.do(chromedp.Navigate(s.base+s.console.Start()), chromedp.WaitVisible(chromedp.CSS(".figures")))
	return b
}

func (b *tab) note(event any) {
	fault := ""
	switch e := event.(type) {
	case *pages.EventJavascriptDialogOpening:
		fault = "a dialog: " + e.Message
	case *runtime.EventExceptionThrown:
		fault = "an exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.HasSuffix(e.Entry.URL, "/html") {
			fault = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if fault != "" && (b.ignore == nil || !b.ignore(fault)) {
		b.mu.Lock()
		b.faults = append(b.faults, fault)
		b.mu.Unlock()
	}
}

// quiet fails where the pages complained.
func (b *tab) quiet(what string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		b.t.Errorf("%s: %s", what, fault)
	}
	b.faults = nil
}

// do runs steps, each of which has its time.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		// The first step of a tab opens it, and a tab ends with the context that opened it.
		if err := within(b.ctx, step); err != nil {
			b.t.Fatal(err)
		}
	}
}

const stepTime = 2 * time.Minute

func within(ctx context.Context, step chromedp.Action[chromedp.Void]) error {
	limited, stop := context.WithTimeout(ctx, stepTime)
	defer stop()
	return chromedp.Do(limited, step)
}

// open goes to a page of the site.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// eval runs a script in the page.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	limited, stop := context.WithTimeout(b.ctx, stepTime)
	defer stop()
	value, err := chromedp.Run(limited, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return value
}
