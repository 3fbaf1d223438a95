package soar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Route is one endpoint of the API.
type Route struct {
	Method string
	Path   string // below the base, with {placeholders}, ends in a slash in the published style
}

// Routes are endpoints by their name.
type Routes map[string]Route

// Names of the routes.
const (
	routeCreate      = "emails.create"
	routeSearch      = "emails.search"
	routeGet         = "emails.get"
	routeEML         = "emails.eml"
	routeDiscard     = "emails.discard"
	routeLink        = "incidents.emails.add"
	routeLinked      = "incidents.emails.list"
	routeUnlink      = "incidents.emails.remove"
	routeFileAdd     = "incidents.attachments.add"
	routeFiles       = "incidents.attachments.list"
	routeTriage      = "triage.emails.add"
	mailPlace        = "id"
	incidentPlace    = "incident_id"
	triagePlace      = "triage_id"
	maxRoutesSetting = 64 << 10 // bytes of cloud_soar_routes: eleven routes need 1 KiB
)

// DefaultRoutes returns the one table of routes. The endpoints for emails,
// attachments and triage are not public: these are assumed, in the style of the
// public ones, and cloud_soar_routes replaces them.
func DefaultRoutes() Routes {
	return Routes{
		routeCreate:  {http.MethodPost, "emails/"},
		routeSearch:  {http.MethodPost, "emails/search/"},
		routeGet:     {http.MethodGet, "emails/{id}/"},
		routeEML:     {http.MethodGet, "emails/{id}/eml/"},
		routeDiscard: {http.MethodPost, "emails/{id}/discard/"},
		routeLink:    {http.MethodPost, "incidents/{incident_id}/emails/"},
		routeLinked:  {http.MethodGet, "incidents/{incident_id}/emails/"},
		routeUnlink:  {http.MethodDelete, "incidents/{incident_id}/emails/{id}/"},
		routeFileAdd: {http.MethodPost, "incidents/{incident_id}/attachments/"},
		routeFiles:   {http.MethodGet, "incidents/{incident_id}/attachments/"},
		routeTriage:  {http.MethodPost, "triage/{triage_id}/emails/"},
	}
}

// The operations on an incident's notes. Adding one is public; that the same path
// lists them is assumed, and not needed where a tenant does not have it.
const (
	routeNoteAdd   = "incidents.notes.add"
	routeNotes     = "incidents.notes.list"
	routeTemplates = "incidents.templates.list" // public; asked for to see whether the credentials are taken
)

// NoteRoutes are beside [DefaultRoutes], which are those of emails.
func NoteRoutes() Routes {
	return Routes{
		routeNoteAdd:   {http.MethodPost, "incidents/{incident_id}/notes/"},
		routeNotes:     {http.MethodGet, "incidents/{incident_id}/notes/"},
		routeTemplates: {http.MethodGet, "incident_templates/"},
	}
}

// methods are those that an endpoint can have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

var (
	placeholder = regexp.MustCompile(`\{([^{}]*)\}`)
	// pathText is RFC 3986's pchar and the slash, less the percent sign: no escape can hide a "..".
	pathText = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,;=:@/-]*$`)
)

// ParseRoutes reads the setting cloud_soar_routes: a JSON object, route name →
// "METHOD path". "" gives no routes. The error lists every mistake.
func ParseRoutes(text string) (Routes, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	values, err := routesObject(text)
	if err != nil {
		return nil, err
	}
	routes, mistakes := Routes{}, []error(nil)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		route, err := parseRoute(name, values[name])
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		routes[name] = route
	}
	return routes, errors.Join(mistakes...)
}

// routesObject decodes the outer object only, so that each value can be named.
func routesObject(text string) (map[string]json.RawMessage, error) {
	if len(text) > maxRoutesSetting {
		return nil, fmt.Errorf("more than %d bytes", maxRoutesSetting)
	}
	var values map[string]json.RawMessage
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&values); err != nil || values == nil {
		return nil, errors.New(`not a JSON object of route names and routes, e.g. {"emails.get": "GET mails/{id}/"}`)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON object")
	}
	return values, nil
}

func parseRoute(name string, value json.RawMessage) (Route, error) {
	standard, known := knownRoutes()[name]
	if !known {
		return Route{}, fmt.Errorf("%s is not the name of a route; there are %s", quoted(name), strings.Join(routeNames(), ", "))
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil || bytes.Equal(value, []byte("null")) {
		return Route{}, fmt.Errorf("%s: want a text like %q, not %s", name, standard.String(), quoted(string(value)))
	}
	route, err := cutRoute(name, text)
	if err != nil {
		return Route{}, err
	}
	return route, route.check(name, standard, func(string) bool { return false })
}

// check compares a route with the one that it replaces. A placeholder that is sent
// elsewhere need not stand in the path.
func (r Route) check(name string, standard Route, elsewhere func(placeholder string) bool) error {
	plain := placeholder.ReplaceAllString(r.Path, "")
	if r.Path == "" || !pathText.MatchString(plain) || slices.Contains(strings.Split(r.Path, "/"), "..") {
		return fmt.Errorf("%s: %s is not a path below the base of the API", name, quoted(r.Path))
	}
	want, have := standard.placeholders(), r.placeholders()
	for _, p := range have {
		if !slices.Contains(want, p) {
			return fmt.Errorf("%s: unknown placeholder %s; this route has %s", name, quoted("{"+p+"}"), standard.Path)
		}
	}
	for _, p := range want {
		if n := strings.Count(r.Path, "{"+p+"}"); n > 1 || n == 0 && !elsewhere(p) {
			return fmt.Errorf("%s: the placeholder {%s} must stand in the path once, not %d times", name, p, n)
		}
	}
	return nil
}

// String returns the route as cloud_soar_routes writes it.
func (r Route) String() string { return r.Method + " " + r.Path }

func (r Route) placeholders() []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(r.Path, -1) {
		names = append(names, m[1])
	}
	return names
}

// knownRoutes are those that cloud_soar_routes can replace.
func knownRoutes() Routes {
	routes := DefaultRoutes()
	maps.Copy(routes, NoteRoutes())
	return routes
}

// Paths are those of all routes, as they are without cloud_soar_routes.
func Paths() []string {
	var paths []string
	for _, route := range knownRoutes() {
		paths = append(paths, route.Path)
	}
	return paths
}

func routeNames() []string { return slices.Sorted(maps.Keys(knownRoutes())) }

// cutRoute splits "METHOD path".
func cutRoute(name, text string) (Route, error) {
	method, path, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !slices.Contains(methods, method) {
		return Route{}, fmt.Errorf("%s: %s does not begin with a method (%s) and a space", name, quoted(text), strings.Join(methods, ", "))
	}
	return Route{method, strings.TrimPrefix(strings.TrimSpace(path), "/")}, nil
}
