package recording

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// scrubber replaces every text that is not known to be structure.
type scrubber struct {
	known  map[string]bool
	values map[[sha256.Size]byte]int // of each text that was replaced, the number of its placeholder

	sought []string // texts of the request at hand that an answer may contain
	files  []File   // of the emails in the body at hand
}

func newScrubber() *scrubber {
	s := &scrubber{known: map[string]bool{}, values: map[[sha256.Size]byte]int{}}
	s.learn(mediaTypes)
	return s
}

// mediaTypes say what a body is; any other may be the choice of an email's sender.
var mediaTypes = []string{
	"application/json", "application/octet-stream", "application/pdf", "application/problem+json", "application/xml", "application/zip", "image/gif", "image/jpeg", "image/png",
	"message/rfc822", "multipart/form-data", "text/calendar", "text/csv", "text/html", "text/plain", "text/xml",
}

// fieldNames are what fields of documents, queries and headers are usually called.
var fieldNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_$@][A-Za-z0-9_.$-]{0,63}$`) })

// partNumbers are those of MIME parts, three deep.
var partNumbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,2}){0,2}$`) })

// digits reports whether a text is a number of at most this many digits, as sizes, pages
// and ids are.
func digits(text string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, "0123456789") == ""
}

const (
	smallNumber = 6
	idNumber    = 19
)

// dateForms are forms of texts that are kept as dates.
var dateForms = []string{time.RFC3339, time.DateOnly, time.DateTime, time.RFC1123, time.RFC1123Z, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"}

// learn takes texts, and the segments of those that are paths, for structure.
func (s *scrubber) learn(texts []string) {
	for _, text := range texts {
		s.known[text] = true
		for _, segment := range strings.Split(text, "/") {
			if !strings.ContainsAny(segment, "{}") {
				s.known[segment] = true
			}
		}
	}
}

// Words are all texts and names of fields in a JSON document such as a profile.
func Words(document string) []string {
	var all []string
	note := func(text string) string { all = append(all, text); return text }
	_, _ = rewriter{note, note}.document([]byte(document)) // what is no document has no words
	return all
}

// placeholder stands for a text, always the same one.
func (s *scrubber) placeholder(text string) string {
	key := sha256.Sum256([]byte(text))
	n, ok := s.values[key]
	if !ok {
		n = len(s.values) + 1
		s.values[key] = n
	}
	return "value-" + strconv.Itoa(n)
}

// text is what is kept of a text.
func (s *scrubber) text(text string) string {
	if text == "" || s.known[text] || partNumbers().MatchString(text) || isDate(text) {
		return text
	}
	if content, ok := encoded(text); ok {
		return base64.StdEncoding.EncodeToString(s.email(content))
	}
	return s.placeholder(text)
}

// asked is text for a text of a request.
func (s *scrubber) asked(text string) string {
	kept := s.text(text)
	if isPlaceholder(kept) && len(text) <= longestSought && len(s.sought) < mostSought {
		s.sought = append(s.sought, text)
	}
	return kept
}

const (
	longestSought  = 256 // bytes of a text that is looked for in an answer
	shortestSought = 3
	mostSought     = 20
	joined         = "~" // between a placeholder and those of texts that it contains
)

// told is text for a text of an answer. What a search looks for is found in the answer
// again: "value-8~value-2" contains what value-2 stands for.
func (s *scrubber) told(text string) string {
	kept := s.text(text)
	if !isPlaceholder(kept) || slices.Contains(s.sought, text) {
		return kept
	}
	for _, sought := range s.sought {
		if len(sought) >= shortestSought && strings.Contains(strings.ToLower(text), strings.ToLower(sought)) {
			kept += joined + s.placeholder(sought)
		}
	}
	return kept
}

func isDate(text string) bool {
	return len(text) <= 40 && slices.ContainsFunc(dateForms, func(form string) bool { _, err := time.Parse(form, text); return err == nil })
}

// encoded is an email that travels in base64 in a document: what begins with a header field.
func encoded(text string) ([]byte, bool) {
	if len(text) < 24 {
		return nil, false
	}
	content, err := base64.StdEncoding.DecodeString(text)
	first, _, found := bytes.Cut(content, []byte("\n"))
	name, _, isField := bytes.Cut(first, []byte(":"))
	return content, err == nil && found && isField && fieldNames().Match(name)
}

// field is the name of a field. Names that a person or a sender may have chosen begin with X-.
func (s *scrubber) field(name string) string {
	if s.known[name] || fieldNames().MatchString(name) && !strings.HasPrefix(strings.ToUpper(name), "X-") {
		return name
	}
	return s.placeholder(name)
}

// path keeps numbers, and what the API's paths are made of.
func (s *scrubber) path(path string) string {
	segments := strings.Split(below(path), "/")
	for i, segment := range segments {
		if segment != "" && !s.known[segment] && !digits(segment, idNumber) {
			segments[i] = s.placeholder(segment)
		}
	}
	return strings.Join(segments, "/")
}

func (s *scrubber) query(values url.Values) map[string][]string {
	kept := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) { // placeholders in a fixed order
		for _, value := range values[key] {
			if !digits(value, smallNumber) {
				value = s.asked(value)
			}
			kept[s.field(key)] = append(kept[s.field(key)], value)
		}
	}
	return kept
}

// headers keeps the names, and the values of those that say how to read a message.
func (s *scrubber) headers(h http.Header) map[string]string {
	kept := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		switch name {
		case "Content-Type", "Accept":
			value = s.mediaType(value)
		case "Authorization":
			value, _, _ = strings.Cut(value, " ")
			if value != "Basic" && value != "Bearer" {
				value = s.placeholder(value)
			}
		case "Allow":
			value = allowed(value)
		case "User-Agent", "Content-Length": // ours, and the size of the body
			continue
		default:
			if !digits(value, smallNumber) {
				value = s.text(value)
			}
		}
		kept[s.headerName(name)] = value
	}
	return kept
}

// allowed keeps the methods of a list of methods.
func allowed(value string) string {
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	kept := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	return strings.Join(slices.DeleteFunc(kept, func(m string) bool { return !slices.Contains(methods, m) }), ", ")
}

func (s *scrubber) headerName(name string) string {
	if fieldNames().MatchString(name) {
		return name
	}
	return s.placeholder(name)
}

func (s *scrubber) mediaType(value string) string {
	media, _, err := mime.ParseMediaType(value)
	if err != nil {
		return s.placeholder(value)
	}
	return s.text(media)
}

func (s *scrubber) request(r *http.Request, sent *capture) Request {
	s.sought = nil
	return Request{
		Method: r.Method, Path: s.path(r.URL.Path), Query: s.query(r.URL.Query()), Headers: s.headers(r.Header),
		Body: s.body(r.Header.Get("Content-Type"), sent, s.asked),
	}
}

func (s *scrubber) response(r *http.Response, came *capture, cut bool) *Response {
	one := s.told
	if r.StatusCode >= 400 {
		one = s.errorText
	}
	return &Response{Status: r.StatusCode, Headers: s.headers(r.Header), Body: s.body(r.Header.Get("Content-Type"), came, one), Cut: cut}
}

// body is what is kept of a body; one is what is kept of a text in it. Of the texts of an
// error that are the words that APIs use.
func (s *scrubber) body(contentType string, c *capture, one func(string) string) *Body {
	data, size, complete := c.whole()
	if size == 0 {
		return nil
	}
	b := s.content(contentType, data, complete, one)
	b.Size = size
	return &b
}

func (s *scrubber) content(contentType string, data []byte, complete bool, one func(string) string) Body {
	media, params, _ := mime.ParseMediaType(contentType)
	switch {
	case !complete:
		return Body{Omitted: fmt.Sprintf("larger than %d MiB", bodyLimit>>20)}
	case media == "multipart/form-data":
		return Body{Parts: s.parts(data, params["boundary"])}
	}
	s.files = nil
	if document, ok := (rewriter{one, s.field}).document(data); ok {
		return Body{Document: document, Files: s.files}
	}
	if media != "message/rfc822" && media != "application/octet-stream" {
		words := s.errorText(string(data))
		return Body{Content: &words}
	}
	masked := string(s.email(data))
	return Body{Content: &masked, Files: s.files}
}

func (s *scrubber) parts(data []byte, boundary string) []Part {
	var parts []Part
	r := multipart.NewReader(bytes.NewReader(data), boundary)
	for {
		p, err := r.NextPart()
		if err != nil {
			return parts
		}
		content, _ := io.ReadAll(p) // it is in memory
		kept := Part{Name: s.field(p.FormName()), ContentType: s.mediaType(p.Header.Get("Content-Type")), Body: s.content(p.Header.Get("Content-Type"), content, true, s.asked)}
		if p.FileName() != "" {
			kept.Filename = s.text(p.FileName())
		}
		kept.Size = int64(len(content))
		parts = append(parts, kept)
	}
}

// rewriter replaces texts and names of fields in a JSON document, whose fields keep their order.
type rewriter struct{ text, field func(string) string }

func (w rewriter) document(data []byte) (json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out bytes.Buffer
	if err := w.value(d, &out, 0); err != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return out.Bytes(), true
}

// deepest is the nesting of a document that is followed.
const deepest = 200

func (w rewriter) value(d *json.Decoder, out *bytes.Buffer, depth int) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		if depth > deepest {
			return io.ErrShortBuffer
		}
		return w.nested(d, out, v, depth)
	case string:
		token = w.text(v)
	}
	return appendJSON(out, token)
}

func (w rewriter) nested(d *json.Decoder, out *bytes.Buffer, open json.Delim, depth int) error {
	out.WriteByte(byte(open))
	for first := true; d.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			if err := appendJSON(out, w.field(key.(string))); err != nil {
				return err
			}
			out.WriteByte(':')
		}
		if err := w.value(d, out, depth+1); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err != nil {
		return err
	}
	out.WriteByte(byte(end.(json.Delim)))
	return nil
}

func appendJSON(out *bytes.Buffer, v any) error {
	text, err := json.Marshal(v)
	out.Write(text)
	return err
}

// errorText keeps the words with which APIs say what is wrong; every other one may be
// quoted from what was sent.
func (s *scrubber) errorText(text string) string {
	const most = 2 << 10 // bytes of a text that is looked at
	common := errorWords()
	var kept strings.Builder
	isWord := func(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for text = text[:min(len(text), most)]; text != ""; {
		n := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) })
		if n < 0 {
			n = len(text)
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(text)
			if strings.ContainsAny(text[:n], " \t\r\n.,:;!()'\"<>/[]{}=") {
				kept.WriteString(text[:n])
			}
			text = text[n:]
			continue
		}
		if word := text[:n]; common[strings.ToLower(word)] || s.known[word] || digits(word, 3) {
			kept.WriteString(word)
		} else {
			kept.WriteString("…")
		}
		text = text[n:]
	}
	return kept.String()
}
