package soar

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
)

const (
	answerLimit = 1 << 20  // bytes of an answer
	recordLimit = 4 << 20  // bytes of a record: two bodies of 64 KiB, 1 MiB of headers, and room for escapes
	pageLimit   = 32 << 20 // bytes of a list page; a larger one is asked again at half the size
)

// request is what is asked of Cloud SOAR, once or several times.
type request struct {
	doing string // for the sentence: "save an email"
	route string
	place map[string]ID // placeholders of the path
	query url.Values
	body  *payload // nil: none
	key   string   // header Idempotency-Key; "" for none
	limit int64    // bytes of the answer
	bulk  bool     // the answer is a raw email: it may take longer, as long as it flows
	// accept reads a 2xx answer. An error that is no *Failure means a broken connection.
	accept func(resp *http.Response, body io.Reader) error
}

// payload is a body that can be sent again.
type payload struct {
	contentType string
	parts       [][]byte // sent one after the other, never copied
	document    []byte   // the JSON among them
	content     []byte   // the email or file among them; nil without one
}

func (p *payload) size() int64 {
	if p == nil {
		return 0
	}
	n := int64(0)
	for _, part := range p.parts {
		n += int64(len(part))
	}
	return n
}

func (p *payload) reader() io.Reader {
	readers := make([]io.Reader, len(p.parts))
	for i, part := range p.parts {
		readers[i] = bytes.NewReader(part)
	}
	return io.MultiReader(readers...)
}

// jsonBody marshals a value that cannot fail to marshal.
func jsonBody(v any) *payload {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a wire struct of this package
	}
	return &payload{contentType: "application/json", parts: [][]byte{text}, document: text}
}

// form is multipart/form-data (RFC 7578) of the part metadata and, where it has a
// name, one more. The content is sent from where it is.
func form(metadata any, name string, header textproto.MIMEHeader, content []byte) *payload {
	text, err := json.Marshal(metadata)
	if err != nil {
		panic(err) // a wire struct of this package
	}
	var b bytes.Buffer // writing to it cannot fail
	w := multipart.NewWriter(&b)
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="metadata"`},
		"Content-Type":        {"application/json"},
	})
	_, _ = part.Write(text)
	if name != "" {
		_, _ = w.CreatePart(header)
	}
	head := b.Len()
	_ = w.Close()
	return &payload{
		contentType: w.FormDataContentType(), parts: [][]byte{b.Bytes()[:head], content, b.Bytes()[head:]},
		document: text, content: content,
	}
}
