package links

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/targets.js
var targetsJS string

// browser is a page of a real Chromium, which parses documents without showing
// them: no script runs, nothing is fetched. Without one the test is skipped.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium here: apt-get install chromium-headless-shell")
		}
		t.Skip("no Chromium here, so nobody judges the links: apt-get install chromium-headless-shell")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("proxy-server", "127.0.0.1:9"),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stopPage := chromedp.NewContext(ctx)
	t.Cleanup(stopPage)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int]("1")); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// ask calls a function of targets.js with a list.
func ask(t *testing.T, ctx context.Context, function string, list any) [][]string {
	t.Helper()
	argument, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	out, err := chromedp.Run(ctx, chromedp.Evaluate[[][]string]("(() => {"+targetsJS+"\nreturn "+function+"("+string(argument)+")})()"))
	if err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	return out
}

// TestBrowser holds that Chromium and this package agree, on URLs and on documents.
func TestBrowser(t *testing.T) {
	ctx := browser(t)
	t.Run("urls", func(t *testing.T) { browserURLs(t, ctx) })
	t.Run("documents", func(t *testing.T) { browserDocuments(t, ctx) })
}

func browserURLs(t *testing.T, ctx context.Context) {
	cases := urlCases()
	theirs := ask(t, ctx, "resolveAll", cases)
	for i, c := range cases {
		want := theirs[i][0]
		got, _ := Resolve(c[0], c[1])
		if got != want {
			t.Errorf("%q on base %q: %q, Chromium has %q", c[1], c[0], got, want)
		}
	}
	t.Logf("%d targets resolved as Chromium does", len(cases))
}

func browserDocuments(t *testing.T, ctx context.Context) {
	documents := append(mailDocuments(t), hostilePages(300)...)
	var inputs []string
	for _, d := range documents {
		inputs = append(inputs, d.markup)
	}
	theirs := ask(t, ctx, "targetsOfAll", inputs)
	total, more := 0, 0
	for i, d := range documents {
		ours := map[string]string{}
		for _, l := range InHTML(d.markup, "") {
			if remark, known := ours[l.URL]; isHTTP(l.URL) && (!known || remark != "") {
				ours[l.URL] = l.Remark
			}
		}
		seen := map[string]bool{}
		for _, target := range theirs[i] {
			if seen[target] = true; !contains(ours, target) {
				t.Errorf("%s: Chromium has %q, we do not\n%s", d.name, target, excerpt(d.markup))
			}
		}
		total += len(seen)
		for target, remark := range ours {
			if !seen[target] {
				if more++; remark == "" {
					t.Errorf("%s: we have %q, Chromium does not, and nothing says why\n%s", d.name, target, excerpt(d.markup))
				}
			}
		}
	}
	t.Logf("%d documents: all %d http(s) targets of Chromium's DOM, and %d more with a remark", len(documents), total, more)
	if total < 1000 || more < 100 {
		t.Errorf("%d targets and %d more are too few for a judgment", total, more)
	}
}

func contains(set map[string]string, key string) bool { _, ok := set[key]; return ok }

func excerpt(s string) string { return s[:min(len(s), 1500)] }
