package apispec

import (
	"fmt"
	"strings"

	"example.org/imap-integration/soar/profile"
)

// The verdicts on an operation.
const (
	Fits    = "fits"    // the document has it under the path that the integration uses
	Differs = "differs" // it has it under another path
	Missing = "missing" // nothing in it is like it
)

// Finding is what a document says of one operation.
type Finding struct {
	Operation string   `json:"operation"`
	Call      string   `json:"call"` // as the integration calls it
	Verdict   string   `json:"verdict"`
	Found     string   `json:"found"` // the path that does it; "" where nothing is like it
	Near      []string `json:"near"`  // the next best, at most 3
}

// Report is a document compared with what the integration needs.
type Report struct {
	Title      string    `json:"title"` // of the document
	Paths      int       `json:"paths"`
	Operations []Finding `json:"operations"`
	Matched    int       `json:"matched"`

	Profile profile.Profile `json:"-"` // to start from
	Saves   bool            `json:"-"` // emails can be saved
}

// Check compares a document with calls, operation → "METHOD path". The error is a
// sentence about the document.
func Check(data []byte, calls map[string]string) (report *Report, err error) {
	doc, err := load(data)
	if err != nil {
		return nil, err
	}
	defer func() {
		if fault := recover(); fault != nil { // a document that the parser took and should not have
			report, err = nil, unreadable(fmt.Errorf("%v", fault))
		}
	}()
	all := endpoints(doc)
	chosen, near := match(all)
	report = &Report{Paths: len(doc.paths), Title: doc.title, Profile: write(chosen), Saves: chosen["emails.create"] != nil}
	for _, name := range needed(chosen) {
		f := Finding{Operation: name, Call: calls[name], Verdict: Missing, Near: []string{}}
		for _, c := range near[name] {
			f.Near = append(f.Near, c.call())
		}
		if e := chosen[name]; e != nil {
			f.Verdict, f.Found = Differs, e.call()
			report.Matched++
			if sameCall(f.Found, f.Call) {
				f.Verdict = Fits
			}
		}
		report.Operations = append(report.Operations, f)
	}
	return report, nil
}

// needed are the operations that count: those on emails and, where emails cannot be
// saved, those on notes, which serve then.
func needed(chosen map[string]*endpoint) []string {
	names := profile.Emails()
	if chosen["emails.create"] == nil {
		names = append(names, profile.Notes()...)
	}
	return names
}

// sameCall compares two calls, whatever their placeholders are called.
func sameCall(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && !(strings.HasPrefix(x[i], "{") && strings.HasPrefix(y[i], "{")) {
			return false
		}
	}
	return true
}

// bases stand in front of the paths of the tenants' own documents.
var bases = []string{"api/csoar/v3/", "incmansuite_ng/api/v3/", "api/v3/", "v3/"}

// below takes the base of the API off a path.
func below(path string) string {
	path = strings.TrimPrefix(path, "/")
	for _, base := range bases {
		if rest, ok := strings.CutPrefix(path, base); ok {
			return rest
		}
	}
	return path
}
