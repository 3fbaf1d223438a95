package soar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.org/imap-integration/soar/profile"
)

// ParseProfile reads the setting cloud_soar_routes: routes alone, as [ParseRoutes]
// takes them, or a whole profile of the API, whose operations bring their routes.
// The profile is nil for routes alone. The error lists every mistake.
func ParseProfile(text string) (Routes, *profile.Profile, error) {
	if !profile.Is(text) {
		routes, err := ParseRoutes(text)
		return routes, nil, err
	}
	p, err := profile.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	routes, mistakes := Routes{}, []error(nil)
	calls := p.Calls()
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		route, err := cutRoute(name, calls[name])
		if err == nil {
			err = route.check(name, knownRoutes()[name], func(place string) bool { return p.Names(name, place) })
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("operations.%w", err))
			continue
		}
		routes[name] = route
	}
	return routes, p, errors.Join(mistakes...)
}

// ours is the request as openapi.yaml has it.
func (call *request) ours() profile.Request {
	r := profile.Request{Operation: call.route, Places: map[string]string{}, Query: call.query}
	for name, id := range call.place {
		r.Places[name] = string(id)
	}
	if call.body != nil {
		r.Document, r.Content = call.body.document, call.body.content
	}
	return r
}

// theirs is the request as the tenant's profile has it.
func (c *Client) theirs(call *request) (*request, http.Header, error) {
	if !c.profile.Has(call.route) {
		return nil, nil, &Failure{
			Doing: call.doing, Host: c.base.Host, kind: broken, unsent: true,
			Cause: "cloud_soar_routes says that it has no " + call.route, Advice: "do this by hand, or add the operation to the profile",
		}
	}
	wire, err := c.profile.Translate(c.routes[call.route].Method, call.ours())
	if err != nil {
		return nil, nil, &Failure{Doing: call.doing, Host: c.base.Host, kind: broken, Cause: err.Error(), Advice: "check cloud_soar_routes"}
	}
	own := *call
	own.query, own.body = wire.Query, nil
	if wire.Body != nil {
		own.body = &payload{contentType: wire.ContentType, parts: wire.Body}
	}
	return &own, wire.Header, nil
}

// wireLimit is the most bytes of an answer: base64 in JSON takes a third more.
func (c *Client) wireLimit(call *request) int64 {
	if c.profile != nil && call.bulk {
		return call.limit/3*4 + recordLimit
	}
	return call.limit
}

// understood makes an answer what openapi.yaml documents. It reads the whole of a
// success, within the limit of the call.
func (c *Client) understood(call *request, resp *http.Response, body io.Reader) (*http.Response, io.Reader, error) {
	if isHTML(resp) {
		return nil, nil, c.unexpected(call, resp.StatusCode, "a web page")
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, nil, err
	}
	answer, err := c.profile.Read(call.ours(), resp.StatusCode, text)
	if err != nil {
		return nil, nil, c.unexpected(call, resp.StatusCode, err.Error())
	}
	if call.bulk && int64(len(answer.Body)) > call.limit {
		return nil, nil, c.tooLarge(call, resp.StatusCode)
	}
	ours := &http.Response{
		StatusCode: answer.Status, ContentLength: int64(len(answer.Body)),
		Header: http.Header{"Content-Type": {answer.ContentType}},
	}
	return ours, bytes.NewReader(answer.Body), nil
}

// counts reports whether emails.search tells how many records there are.
func (c *Client) counts() bool { return c.profile == nil || c.profile.Counts(routeSearch) }

// placeText writes a placeholder's value: an id of an email as the profile has it.
func (c *Client) placeText(name string, value ID) string {
	if c.profile != nil && name == mailPlace {
		return c.profile.ID(string(value))
	}
	return string(value)
}

// cutRoute splits "METHOD path".
func cutRoute(name, text string) (Route, error) {
	method, path, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !slices.Contains(methods, method) {
		return Route{}, fmt.Errorf("%s: %s does not begin with a method (%s) and a space", name, quoted(text), strings.Join(methods, ", "))
	}
	return Route{method, strings.TrimPrefix(strings.TrimSpace(path), "/")}, nil
}
