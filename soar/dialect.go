package soar

import (
	"bytes"
	"io"
	"mime"
	"net/http"

	"example.org/imap-integration/soar/profile"
)

// dialect is how a tenant's API differs from openapi.yaml: its routes, and its profile
// where it has one.
type dialect struct {
	*explainer
	routes  Routes
	profile *profile.Profile // nil: nothing is translated
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

// has reports whether the tenant has an operation, as far as its profile says.
func (d *dialect) has(operation string) bool { return d.profile == nil || d.profile.Has(operation) }

// theirs is the request as the tenant's profile has it.
func (d *dialect) theirs(call *request) (*request, http.Header, error) {
	if !d.has(call.route) {
		return nil, nil, &Failure{
			Doing: call.doing, Host: d.host, kind: broken, unsent: true,
			Cause: "cloud_soar_routes says that it has no " + call.route, Advice: "do this by hand, or add the operation to the profile",
		}
	}
	wire, err := d.profile.Translate(d.routes[call.route].Method, call.ours())
	if err != nil {
		return nil, nil, &Failure{Doing: call.doing, Host: d.host, kind: broken, Cause: err.Error(), Advice: "check cloud_soar_routes"}
	}
	own := *call
	own.query, own.body = wire.Query, nil
	if wire.Body != nil {
		own.body = &payload{contentType: wire.ContentType, parts: wire.Body}
	}
	return &own, wire.Header, nil
}

// wireLimit is the most bytes of an answer: base64 in JSON takes a third more.
func (d *dialect) wireLimit(call *request) int64 {
	if d.profile != nil && call.bulk {
		return call.limit/3*4 + recordLimit
	}
	return call.limit
}

// understood makes an answer what openapi.yaml documents. It reads the whole of a
// success, within the limit of the call.
func (d *dialect) understood(call *request, resp *http.Response, body io.Reader) (*http.Response, io.Reader, error) {
	if isHTML(resp) {
		return nil, nil, d.unexpected(call, resp.StatusCode, "a web page")
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, nil, err
	}
	answer, err := d.profile.Read(call.ours(), resp.StatusCode, resp.Header, text)
	if err != nil {
		return nil, nil, d.unexpected(call, resp.StatusCode, err.Error())
	}
	if call.bulk && int64(len(answer.Body)) > call.limit {
		return nil, nil, d.tooLarge(call, resp.StatusCode)
	}
	ours := &http.Response{
		StatusCode: answer.Status, ContentLength: int64(len(answer.Body)),
		Header: http.Header{"Content-Type": {answer.ContentType}},
	}
	return ours, bytes.NewReader(answer.Body), nil
}

// counts reports whether emails.search tells how many records there are.
func (d *dialect) counts() bool { return d.profile == nil || d.profile.Counts(routeSearch) }

// placeText writes a placeholder's value: an id of an email as the profile has it.
func (d *dialect) placeText(name string, value ID) string {
	if d.profile != nil && name == mailPlace {
		return d.profile.ID(string(value))
	}
	return string(value)
}

// counted reports whether an id is one that this API may give: openapi.yaml has
// numbers, a profile may have texts.
func (d *dialect) counted(id ID) bool {
	_, isNumber := id.Number()
	return isNumber || d.profile != nil && id.Valid()
}

func (d *dialect) idWords() string {
	if d.profile != nil {
		return "an id"
	}
	return "a positive number as id"
}

// succeeded reports whether an answer means success, in the profile's terms.
func (d *dialect) succeeded(call *request, resp *http.Response) bool {
	status := resp.StatusCode
	if d.profile != nil {
		if status = d.profile.Status(call.route, status); status == http.StatusNotFound {
			resp.StatusCode = status
		}
	}
	return 200 <= status && status <= 299
}

func isHTML(resp *http.Response) bool {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && (media == "text/html" || media == "application/xhtml+xml")
}
