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

// decode reads a 2xx answer as one JSON document into v, which has the documented
// keys; whether they were there is for the caller to see.
func (c *Client) decode(call *request, resp *http.Response, body io.Reader, v any) error {
	if isHTML(resp) {
		return c.unexpected(call, resp.StatusCode, "a web page")
	}
	d := json.NewDecoder(body)
	if err := d.Decode(v); err != nil {
		if resp.ContentLength < 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return err // no length was given: a broken connection looks like an end
		}
		return c.notJSON(call, resp.StatusCode, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c.unexpected(call, resp.StatusCode, "more than one JSON document")
	}
	return nil
}

// notJSON explains a decoder's error. One that comes from the connection is told by bounded.
func (c *Client) notJSON(call *request, status int, err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return c.unexpected(call, status, "a JSON document whose "+quoted(wrong.Field)+" is of the wrong type")
	case errors.As(err, &wrong):
		return c.unexpected(call, status, "JSON of another form")
	case errors.Is(err, io.EOF):
		return c.unexpected(call, status, "nothing")
	}
	return c.unexpected(call, status, "something that is not the documented JSON")
}

func isHTML(resp *http.Response) bool {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && (media == "text/html" || media == "application/xhtml+xml")
}

// created is the answer of emails.create and incidents.attachments.add.
type created struct {
	ID      ID   `json:"id"`
	Existed bool `json:"existed"`
}

// acceptCreated takes an answer with an id.
func (c *Client) acceptCreated(call *request, into *created) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		*into = created{}
		if err := c.decode(call, resp, body, into); err != nil {
			return err
		}
		if !c.counted(into.ID) {
			return c.unexpected(call, resp.StatusCode, "a JSON document without "+c.idWords())
		}
		return nil
	}
}

// counted reports whether an id is one that this API may give: openapi.yaml has
// numbers, a profile may have texts.
func (c *Client) counted(id ID) bool {
	_, isNumber := id.Number()
	return isNumber || c.profile != nil && id.Valid()
}

func (c *Client) idWords() string {
	if c.profile != nil {
		return "an id"
	}
	return "a positive number as id"
}

// acceptRecord takes the record that was asked for and no other.
func (c *Client) acceptRecord(call *request, id ID, into *Record) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		*into = Record{}
		if err := c.decode(call, resp, body, into); err != nil {
			return err
		}
		if into.ID != id {
			return c.unexpected(call, resp.StatusCode, "a record that is not the one asked for")
		}
		into.Normalize()
		return nil
	}
}

// acceptLink takes the answer of a link: 201 when it was made, 200 when it was there.
func (c *Client) acceptLink(call *request, id ID, added *bool) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		var answer struct {
			EmailID ID `json:"email_id"`
		}
		if err := c.decode(call, resp, body, &answer); err != nil {
			return err
		}
		if answer.EmailID != id {
			return c.unexpected(call, resp.StatusCode, "a JSON document without the email_id that was sent")
		}
		*added = resp.StatusCode == http.StatusCreated
		return nil
	}
}

// acceptNothing takes 204, or an empty 200.
func (c *Client) acceptNothing(call *request) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusNoContent || len(bytes.TrimSpace(text)) > 0 {
			return c.unexpected(call, resp.StatusCode, "something else than 204 and no content")
		}
		return nil
	}
}

// acceptRaw takes the raw email, all of it.
func (c *Client) acceptRaw(call *request, into *[]byte) func(*http.Response, io.Reader) error {
	return func(resp *http.Response, body io.Reader) error {
		media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if media != "message/rfc822" && media != "application/octet-stream" {
			return c.unexpected(call, resp.StatusCode, "the content type "+quoted(strings.TrimSpace(media))+" instead of a raw email")
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
