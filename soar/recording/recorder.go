// Package recording writes down what was said to a Cloud SOAR API and what it answered,
// so that a user can send it with a bug report, and plays it as a server.
//
// What passes is the most private that there is: credentials, addresses, subjects, whole
// emails, and a server that quotes all of them in its errors. So nothing is kept because
// it looks harmless; a text is kept only if it is known to be structure: a name of a
// field, a word of the profile, a date, a media type, a number in a document. Every other
// text becomes a placeholder, the same one for the same text wherever it stands (a path, a
// query, a header, a document, a file name), and a raw email keeps its MIME structure and
// not one of its words. The sizes are those of what was sent.
//
// A [Player] answers as the recorded server did. It learns from the requests that it gets
// what the placeholders of the recorded ones stand for, and answers in those words: an
// action that asks for its own emails so gets its own emails.
//
// A recording must not cost an email: what fails is remembered ([Recorder.Close]), and the
// exchange goes on. It is bounded in bytes, in values and in the size of each body.
package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/transport"
)

const (
	fileLimit   = 32 << 20 // bytes of a recording
	bodyLimit   = 4 << 20  // bytes of a body that are looked at; of a larger one only the size is kept
	valuesLimit = 200_000  // different values that have placeholders
	version     = 1
)

// ErrFull is why a recording ends before its run.
var ErrFull = errors.New("it reached its limit of 32 MiB")

// Exchange is one request and what came of it: a line of a recording.
type Exchange struct {
	Number   int       `json:"n"` // in the order in which the requests began
	Request  Request   `json:"request"`
	Response *Response `json:"response,omitempty"`
	Lost     string    `json:"lost,omitempty"` // why there is no answer; a kind of transport
}

// Request is a request without its host and the path in front of the API's.
type Request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   map[string][]string `json:"query,omitempty"`
	Headers map[string]string   `json:"headers,omitempty"`
	Body    *Body               `json:"body,omitempty"`
}

// Response is an answer.
type Response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    *Body             `json:"body,omitempty"`
	Cut     bool              `json:"cut,omitempty"` // the connection broke before its end
}

// Body is what a message carried. One of Document, Parts and Content is there, or
// none where it is empty, too large or of another kind.
type Body struct {
	Size     int64           `json:"size"` // bytes as they were sent
	Document json.RawMessage `json:"document,omitempty"`
	Parts    []Part          `json:"parts,omitempty"`
	Content  *string         `json:"content,omitempty"` // an email or a text, its words masked
	Omitted  string          `json:"omitted,omitempty"` // why nothing is kept
	Files    []File          `json:"files,omitempty"`   // of the emails in it, in their order
}

// File is what stands elsewhere for the digests of a part of an email. The part that is
// kept has others.
type File struct {
	Part   string `json:"part"`
	MD5    string `json:"md5"`
	SHA1   string `json:"sha1"`
	SHA256 string `json:"sha256"`
}

// Part is a part of multipart/form-data.
type Part struct {
	Name        string `json:"name"`
	Filename    string `json:"filename,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Body
}

// header is the first line of a recording.
type header struct {
	Recording int    `json:"recording"` // version of the format
	Program   string `json:"program"`
}

// Recorder writes exchanges. It may be used by several goroutines.
type Recorder struct {
	mu     sync.Mutex
	w      io.Writer
	scrub  *scrubber
	redact func(string) string
	count  int
	wrote  int64
	err    error
}

// NewRecorder writes to w. redact takes the secrets of the run out of each line, the last
// line of defence: a password may be a word of the API.
func NewRecorder(w io.Writer, program string, redact func(string) string) *Recorder {
	r := &Recorder{w: w, scrub: newScrubber(), redact: redact}
	r.write(header{version, program})
	return r
}

// Close returns why the recording is not complete; nil where it is.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Around records what goes over a transport. known are texts that are structure: paths of
// the API, and the profile's own words.
func (r *Recorder) Around(base http.RoundTripper, known []string) http.RoundTripper {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrub.learn(known)
	return &recorded{base, r}
}

// recorded is a transport that is recorded.
type recorded struct {
	base http.RoundTripper
	r    *Recorder
}

// CloseIdleConnections closes those of the transport.
func (t *recorded) CloseIdleConnections() {
	(&http.Client{Transport: t.base}).CloseIdleConnections()
}

// RoundTrip sends the request as it is, and notes what passes by.
func (t *recorded) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent capture
	number := t.r.next()
	if r.Body != nil {
		own := *r
		own.Body = teed{io.TeeReader(r.Body, &sent), r.Body}
		r = &own
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		kind := transport.Explain(err, time.Time{}).Kind
		t.r.note(number, r, &sent, func(x *Exchange) { x.Lost = string(kind) + orUnknown(kind) })
		return resp, err
	}
	came := &capture{}
	resp.Body = &answer{ReadCloser: resp.Body, came: came, done: func(cut bool) {
		t.r.note(number, r, &sent, func(x *Exchange) { x.Response = t.r.scrub.response(resp, came, cut) })
	}}
	return resp, nil
}

func orUnknown(k transport.Kind) string {
	if k == transport.Unknown {
		return "unknown"
	}
	return ""
}

func (r *Recorder) next() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	return r.count
}

// note writes an exchange; fill adds what came of it.
func (r *Recorder) note(number int, req *http.Request, sent *capture, fill func(*Exchange)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	x := Exchange{Number: number, Request: r.scrub.request(req, sent)}
	fill(&x)
	if len(r.scrub.values) > valuesLimit {
		r.err = ErrFull
		return
	}
	r.write(x)
}

func (r *Recorder) write(v any) {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	text := line.String()
	if r.redact != nil {
		text = r.redact(text)
	}
	switch {
	case err != nil:
		r.err = err
	case !json.Valid([]byte(text)):
		r.err = errors.New("a secret stood where it broke a line")
	case r.wrote+int64(len(text)) > fileLimit:
		r.err = ErrFull
	default:
		var n int
		n, r.err = io.WriteString(r.w, text)
		r.wrote += int64(n)
	}
}

// capture keeps the beginning of what passes, and how much it was.
type capture struct {
	mu   sync.Mutex
	data []byte
	size int64
}

// Write never fails.
func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += int64(len(p))
	c.data = append(c.data, p[:min(len(p), max(bodyLimit-len(c.data), 0))]...)
	return len(p), nil
}

func (c *capture) whole() (data []byte, size int64, complete bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.data, c.size, c.size == int64(len(c.data))
}

// teed is a body whose reader is another one.
type teed struct {
	io.Reader
	io.Closer
}

// answer is the body of an answer that is noted once it has been read or given up.
type answer struct {
	io.ReadCloser
	came *capture
	done func(cut bool)
	once sync.Once
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	_, _ = a.came.Write(p[:n])
	if err != nil {
		a.once.Do(func() { a.done(!errors.Is(err, io.EOF)) })
	}
	return n, err
}

func (a *answer) Close() error {
	a.once.Do(func() { a.done(false) })
	return a.ReadCloser.Close()
}

// below cuts what stands in front of the API's own path: a prefix may name a tenant.
func below(path string) string {
	for _, base := range []string{"incmansuite_ng/api/v3/", "api/csoar/v3/"} {
		if _, after, found := strings.Cut(path, base); found {
			return after
		}
	}
	return strings.TrimPrefix(path, "/")
}
