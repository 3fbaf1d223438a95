package soar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Verdict is what is known of an operation after it was probed.
type Verdict string

// The verdicts.
const (
	Fits     Verdict = "fits"     // it was called and answered as expected
	Known    Verdict = "known"    // its path takes its method; it was not called, because it changes something
	Differs  Verdict = "differs"  // it answers, but not as expected
	Missing  Verdict = "missing"  // the tenant does not know it
	Refused  Verdict = "refused"  // the credentials may not call it
	Unclear  Verdict = "unclear"  // the answer tells nothing
	Declared Verdict = "declared" // the profile says that there is none; nothing was sent
)

// Finding is what a tenant says of one operation.
type Finding struct {
	Operation string  `json:"operation"`
	Call      string  `json:"call"` // method and path, "" where the profile has none
	Verdict   Verdict `json:"verdict"`
	Status    int     `json:"http_status"` // of the last answer; 0 without one
	Detail    string  `json:"detail"`
}

const (
	probeIncident = 1                              // asked for where a list needs an incident
	probeEML      = 64 << 10                       // bytes of a raw email; of a larger one no more is read
	nowhere       = "no-such-path-of-this-client/" // what every tenant answers alike where it knows nothing
)

// Probe asks a tenant about each operation on emails and changes nothing: what reads is
// called, what writes is asked for by OPTIONS (RFC 9110, section 9.3.7). Both are
// compared with what a path that cannot exist gets, and OPTIONS with what it gets on a
// path that works. It takes about a dozen requests.
func (c *Client) Probe(ctx context.Context) []Finding {
	return newProbe(c.emails, ctx).all(probeOrder)
}

// Probe asks about the operations on notes, likewise.
func (n Notes) Probe(ctx context.Context) []Finding {
	return newProbe(emails{caller: n.c, find: finder{n.c}}, ctx).all([]string{routeTemplates, routeNotes, routeNoteAdd})
}

// probeOrder puts the search first: it may find an email for what needs one.
var probeOrder = []string{
	routeSearch, routeGet, routeEML, routeCreate, routeDiscard, routeLink, routeLinked, routeUnlink, routeFileAdd, routeFiles, routeTriage,
}

// probe is one round over a tenant.
type probe struct {
	c       *caller
	emails  emails
	ctx     context.Context
	nowhere int  // status of OPTIONS on a path that cannot exist
	mute    bool // OPTIONS on a path that works gets the same
	mail    ID   // an email that is there; "": none is known
}

func newProbe(e emails, ctx context.Context) *probe { return &probe{c: e.caller, emails: e, ctx: ctx} }

func (p *probe) all(names []string) []Finding {
	p.nowhere, _, _ = p.options(Route{http.MethodOptions, nowhere}, nil)
	findings := make([]Finding, 0, len(names))
	for i, name := range names {
		f := p.one(name)
		if i == 0 && f.Verdict == Fits {
			status, allow, err := p.options(p.c.routes[name], nil)
			p.mute = err == nil && allow == "" && status == p.nowhere
		}
		findings = append(findings, f)
	}
	return findings
}

func (p *probe) one(name string) Finding {
	f := Finding{Operation: name}
	if p.c.profile != nil && !p.c.profile.Has(name) {
		f.Verdict, f.Detail = Declared, "cloud_soar_routes says that there is none"
		return f
	}
	f.Call = p.c.routes[name].String()
	read, ok := p.reading(name)
	if !ok {
		return p.asked(f)
	}
	err := read()
	failure, failed := errors.AsType[*Failure](err)
	switch {
	case err == nil || errors.Is(err, ErrNoContent):
		f.Verdict, f.Status, f.Detail = Fits, http.StatusOK, "it answered as expected"
	case !failed:
		f.Verdict, f.Detail = Unclear, err.Error()
	case name == routeEML && failure.kind == oversize:
		f.Verdict, f.Status, f.Detail = Fits, failure.Status, "it answered as expected, with an email of which only the beginning was read"
	default:
		f.Status, f.Detail = failure.Status, failure.Cause
		f.Verdict = judgeRead(failure)
	}
	if f.Verdict == Missing && name != probeOrder[0] { // the object may be what is missing
		return p.asked(f)
	}
	return f
}

// judgeRead says what a failed call means for its operation.
func judgeRead(f *Failure) Verdict {
	switch {
	case f.kind == missing, f.Status == http.StatusGone:
		return Missing
	case f.Status == http.StatusUnauthorized, f.Status == http.StatusForbidden:
		return Refused
	case f.Status == 0, f.kind == lost, f.Status == http.StatusTooManyRequests, f.Status >= 500:
		return Unclear
	}
	return Differs
}

// reading is the call of an operation that changes nothing; false where there is
// none, or no email to call it with.
func (p *probe) reading(name string) (call func() error, ok bool) {
	switch name {
	case routeSearch:
		return p.search, true
	case routeGet:
		return func() error { _, err := p.emails.Get(p.ctx, p.mail); return err }, p.mail != ""
	case routeEML:
		return func() error { _, err := p.emails.EML(p.ctx, p.mail, probeEML); return err }, p.mail != ""
	case routeLinked:
		return func() error { return firstPage[stub](p, name) }, true
	case routeFiles:
		return func() error { return firstPage[IncidentFile](p, name) }, true
	case routeTemplates, routeNotes:
		return func() error { return p.anyJSON(name) }, true
	}
	return nil, false
}

func (p *probe) search() error {
	pages := searching[stub](p.c, searchDoing, Query{}, fewest, p.c.sender(p.ctx))
	found, err := pages.at(0)
	if len(found) > 0 {
		p.mail = found[0].ID
	}
	return err
}

// anyJSON calls an operation whose answer may be any JSON.
func (p *probe) anyJSON(name string) error {
	call := &request{
		doing: "ask which operations there are", route: name, limit: pageLimit,
		place: map[string]ID{incidentPlace: NumberID(probeIncident)},
	}
	call.accept = p.c.acceptNote(call)
	return p.c.send(p.ctx, call)
}

func firstPage[T aged](p *probe, name string) error {
	_, err := newPager[T](p.c, fewest, p.c.sender(p.ctx), incidentList("list what an incident holds", name, probeIncident)).at(0)
	return err
}

// asked judges an operation by OPTIONS on its path.
func (p *probe) asked(f Finding) Finding {
	route := p.c.routes[f.Operation]
	id := cmp.Or(p.mail, "1")
	status, allow, err := p.options(route, map[string]ID{mailPlace: id, incidentPlace: NumberID(probeIncident), triagePlace: "1"})
	f.Status = status
	methods := strings.FieldsFunc(strings.ToUpper(allow), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case err != nil:
		f.Verdict, f.Detail = Unclear, err.Error()
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.Verdict, f.Detail = Refused, fmt.Sprintf("OPTIONS got %d: %s", status, p.c.advice(p.c.now()))
	case slices.Contains(methods, route.Method):
		f.Verdict, f.Detail = Known, "its path takes "+route.Method+"; "+uncalled(route)
	case len(methods) > 0 && status != p.nowhere:
		f.Verdict, f.Detail = Differs, fmt.Sprintf("its path takes %s, not %s", quoted(strings.Join(methods, ", ")), route.Method)
	case p.mute && status == p.nowhere:
		f.Verdict, f.Detail = Unclear, fmt.Sprintf("OPTIONS tells nothing here: %d, as on a path that works and on one that cannot exist", status)
	case (status == http.StatusNotFound || status == http.StatusGone) && p.nowhere == status:
		f.Verdict, f.Detail = Missing, fmt.Sprintf("OPTIONS got %d, as a path that cannot exist", status)
	case status == p.nowhere:
		f.Verdict, f.Detail = Unclear, fmt.Sprintf("OPTIONS got %d, but so does a path that cannot exist", status)
	case status == http.StatusNotFound:
		f.Verdict, f.Detail = Missing, "OPTIONS got 404"
	case status == http.StatusMethodNotAllowed && p.nowhere == http.StatusNotFound:
		f.Verdict, f.Detail = Known, "its path is there (OPTIONS got 405, another path 404); which methods it takes is not said"
	default:
		f.Verdict, f.Detail = Unclear, fmt.Sprintf("OPTIONS got %d without the methods that its path takes", status)
	}
	return f
}

// uncalled is why an operation was asked for and not called.
func uncalled(r Route) string {
	if r.Method == http.MethodGet {
		return "there was no email or incident to call it with"
	}
	return "it was not called, because it may change something"
}

// options asks once which methods a path takes.
func (p *probe) options(route Route, place map[string]ID) (status int, allow string, err error) {
	done, err := p.c.turn(p.ctx)
	if err != nil {
		return 0, "", err
	}
	defer done()
	ctx, cancel := context.WithTimeout(p.ctx, p.c.timeout)
	defer cancel()
	call := &request{doing: "ask which operations there are", place: place, limit: answerLimit}
	r := (&http.Request{
		Method: http.MethodOptions, URL: p.c.address(route, call), Host: p.c.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"imap-integration"}},
	}).WithContext(ctx)
	if p.c.header != "" {
		r.Header.Set("Authorization", p.c.header)
	}
	resp, err := p.c.http.Do(r)
	if err != nil {
		return 0, "", p.c.transportError(p.ctx, ctx, call, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // so that the connection can be used again
	return resp.StatusCode, strings.Join(resp.Header.Values("Allow"), ","), nil
}
