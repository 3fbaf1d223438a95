package console

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/indicators"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

//go:embed templates/*.html static/*
var files embed.FS

// Lengths of foreign text on a page, in bytes.
const (
	lineLength = 300     // a subject, an address
	textLength = 1 << 20 // a body, a source
	maxListed  = 500     // links and indicators of one email
)

// views are the pages, each a template of its own inside the layout.
type views struct{ pages map[string]*template.Template }

// newViews reads the templates. It is done when a console starts, so that no other run pays for it.
func newViews() (*views, error) {
	layout, err := template.New("layout.html").Funcs(functions()).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	v := &views{pages: map[string]*template.Template{}}
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		if base == "layout" || base == "parts" {
			continue
		}
		own, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if v.pages[base], err = own.ParseFS(files, name); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// page is what the layout needs of any page.
type page struct {
	Title   string
	Section string // of the navigation
	Bare    bool   // without navigation
	Refresh bool   // without JavaScript the page is loaded again
	Saved   string // what a POST before this GET did

	Version, StorePath, SettingsPath string
	Data                             any
}

// render writes a page, once all of it could be made.
func (d *desk) render(w http.ResponseWriter, status int, name string, p page, data any) {
	p.Version, p.StorePath, p.SettingsPath, p.Data = d.Version, d.StorePath, d.Settings, data
	var out bytes.Buffer
	if err := d.views.pages[name].Execute(&out, p); err != nil {
		d.Log.Error("a page failed", "page", name, "error", err.Error())
		http.Error(w, "the page failed; see the output of --log-file", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // nobody reads any more
}

// static serves the stylesheet and the script.
func (d *desk) static(w http.ResponseWriter, r *http.Request) error {
	name := "static/" + r.PathValue("file")
	data, err := files.ReadFile(name)
	if err != nil {
		return noPage(w, r)
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, err = w.Write(data)
	return err
}

// icon is the integration's own.
func (d *desk) icon(w http.ResponseWriter, r *http.Request) error {
	i, err := d.Manifest.Integration()
	if err != nil {
		return err
	}
	_, encoded, _ := strings.Cut(i.Icon, ",")
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return noPage(w, r)
	}
	w.Header().Set("Content-Type", "image/png")
	_, err = w.Write(data)
	return err
}

// functions are what the templates call.
func functions() template.FuncMap {
	return template.FuncMap{
		"line":    func(s string) string { return quote.Line(s, lineLength) },
		"text":    visible,
		"number":  number,
		"bytes":   size,
		"when":    when,
		"took":    took,
		"plural":  plural,
		"dict":    dict,
		"percent": percent,
		"depth":   func(n int) int { return min(n, 8) },
		"words":   func(s string) string { return strings.ReplaceAll(s, "_", " ") },
		"short":   func(digest string) string { return quote.Line(digest[:min(len(digest), 12)], 12) + "…" },
		"minus":   func(a, b int) int { return a - b },
		"delay":   delay,
		"verdict": verdict,
		"defang":  indicators.Defang,

		"firstProblems":   func(l []message.Problem) []message.Problem { return l[:min(len(l), maxListed)] },
		"firstFound":      func(l []analysis.FoundProblem) []analysis.FoundProblem { return l[:min(len(l), maxListed)] },
		"firstNodes":      func(l []node) []node { return l[:min(len(l), maxListed)] },
		"firstEmails":     func(l []emailLine) []emailLine { return l[:min(len(l), maxListed)] },
		"firstLinks":      func(l []analysis.FoundLink) []analysis.FoundLink { return l[:min(len(l), maxListed)] },
		"firstIndicators": func(l []analysis.Indicator) []analysis.Indicator { return l[:min(len(l), maxListed)] },
	}
}

// visible shows a text of several lines: what does not print, such as a character that
// turns the reading direction, stands there as an escape.
func visible(s string) string {
	short, cut := quote.Cut(s, textLength)
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(strings.ReplaceAll(short, "\r\n", "\n"), "\uFFFD") {
		if r == '\n' || r == '\t' || r == '\u00a0' || printable(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(escaped(r))
	}
	if cut {
		b.WriteString("\n…")
	}
	return b.String()
}

// number writes 1240 as 1,240.
func number(n any) string {
	digits := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// size writes bytes as people do.
func size(n int64) string {
	switch {
	case n < 0:
		return "unknown"
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
}

// when shortens a time of RFC 3339; what is none stays as it is.
func when(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return quote.Line(s, quote.Name)
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// plural is "1 email" or "2 emails".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + one + "s"
}

// dict hands several values to a template.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict needs names")
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// percent is a share of a whole, from 0 to 100.
func percent(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(min(part, whole)) / float64(whole)
}

// delay is the time between two hops.
func delay(seconds int64) string {
	if seconds < 0 {
		return (time.Duration(-seconds) * time.Second).String() + " before the hop above: the clocks disagree"
	}
	return (time.Duration(seconds) * time.Second).String() + " later"
}

// verdict is the colour of an authentication result (RFC 8601, section 2.7).
func verdict(result string) string {
	switch result {
	case "pass":
		return "good"
	case "fail", "softfail", "permerror":
		return "bad"
	case "", "none":
		return "none"
	default:
		return "warn"
	}
}
