package soar

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// reader takes answers as openapi.yaml has them, and nothing that only looks like one.
type reader struct{ *dialect }

// decode reads a 2xx answer as one JSON document into v, which has the documented
// keys; whether they were there is for the caller to see.
func (r reader) decode(call *request, resp *http.Response, body io.Reader, v any) error {
	if isHTML(resp) {
		return r.unexpected(call, resp.StatusCode, "a web page")
	}
	d := json.NewDecoder(body)
	if err := d.Decode(v); err != nil {
		if resp.ContentLength < 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return err // no length was given: a broken connection looks like an end
		}
		return r.notJSON(call, resp.StatusCode, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r.unexpected(call, resp.StatusCode, "more than one JSON document")
	}
	return nil
}

// created is the answer of emails.create and incidents.attachments.add.
type created struct {
	ID      ID   `json:"id"`
	Existed bool `json:"existed"`
}

// acceptCreated takes an answer with an id.
func (r reader) acceptCreated(call *request, into *created) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		*into = created{}
		if err := r.decode(call, resp, body, into); err != nil {
			return err
		}
		if !r.counted(into.ID) {
			return r.unexpected(call, resp.StatusCode, "a JSON document without "+r.idWords())
		}
		return nil
	}
}

// acceptRecord takes the record that was asked for and no other.
func (r reader) acceptRecord(call *request, id ID, into *Record) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		*into = Record{}
		if err := r.decode(call, resp, body, into); err != nil {
			return err
		}
		if into.ID != id {
			return r.unexpected(call, resp.StatusCode, "a record that is not the one asked for")
		}
		into.Normalize()
		return nil
	}
}

// acceptLink takes the answer of a link: 201 when it was made, 200 when it was there.
func (r reader) acceptLink(call *request, id ID, added *bool) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		var answer struct {
			EmailID ID `json:"email_id"`
		}
		if err := r.decode(call, resp, body, &answer); err != nil {
			return err
		}
		if answer.EmailID != id {
			return r.unexpected(call, resp.StatusCode, "a JSON document without the email_id that was sent")
		}
		*added = resp.StatusCode == http.StatusCreated
		return nil
	}
}

// acceptNothing takes 204, or an empty 200.
func (r reader) acceptNothing(call *request) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusNoContent || len(bytes.TrimSpace(text)) > 0 {
			return r.unexpected(call, resp.StatusCode, "something else than 204 and no content")
		}
		return nil
	}
}

// acceptRaw takes the raw email, all of it.
func (r reader) acceptRaw(call *request, into *[]byte) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if media != "message/rfc822" && media != "application/octet-stream" {
			return r.unexpected(call, resp.StatusCode, "the content type "+quoted(strings.TrimSpace(media))+" instead of a raw email")
		}
		// The length is a hint that spares the copies of a growing buffer.
		buf := bytes.NewBuffer(make([]byte, 0, min(max(resp.ContentLength, 0), call.limit)+bytes.MinRead))
		if _, err := buf.ReadFrom(body); err != nil {
			return err
		}
		*into = buf.Bytes()
		return nil
	}
}

// acceptNote takes any JSON: what the answer holds besides an id is not public.
func (r reader) acceptNote(call *request) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		var answer any
		return r.decode(call, resp, body, &answer)
	}
}
