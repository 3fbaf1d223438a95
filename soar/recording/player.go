package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// lineLimit is the most bytes of one exchange: two bodies and what JSON makes of them.
const lineLimit = 4 * bodyLimit

// Player answers as a recorded server did. It may be used by several goroutines.
type Player struct {
	Program string // version of the program that recorded

	mu        sync.Mutex
	exchanges []*Exchange
	played    map[*Exchange]bool
	meaning   map[string]string // placeholder → what it stands for in the requests that came
}

// NewPlayer reads a recording.
func NewPlayer(r io.Reader) (*Player, error) {
	p := &Player{played: map[*Exchange]bool{}, meaning: map[string]string{}}
	lines := bufio.NewScanner(io.LimitReader(r, fileLimit+lineLimit))
	lines.Buffer(nil, lineLimit)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			var first header
			if err := json.Unmarshal(lines.Bytes(), &first); err != nil || first.Recording != version {
				return nil, fmt.Errorf("its first line is not that of a recording of version %d", version)
			}
			p.Program = first.Program
			continue
		}
		x := &Exchange{}
		if err := json.Unmarshal(lines.Bytes(), x); err != nil || x.Request.Method == "" || x.Response == nil && x.Lost == "" || x.Response != nil && (x.Response.Status < 200 || x.Response.Status > 599) {
			return nil, fmt.Errorf("line %d is not an exchange", n)
		}
		p.exchanges = append(p.exchanges, x)
		if x.Response != nil {
			p.digest(x.Response.Body)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("it cannot be read (%w)", err)
	}
	if p.exchanges == nil {
		return nil, fmt.Errorf("it holds no exchange")
	}
	slices.SortStableFunc(p.exchanges, func(a, b *Exchange) int { return a.Number - b.Number })
	return p, nil
}

// digest learns the digests of the files in the masked emails.
func (p *Player) digest(b *Body) {
	if b == nil || b.Files == nil {
		return
	}
	var kept []File
	if b.Content != nil {
		kept = filesOf([]byte(*b.Content))
	}
	look := func(text string) string {
		if content, ok := encoded(text); ok {
			kept = append(kept, filesOf(content)...)
		}
		return text
	}
	_, _ = rewriter{look, look}.document(b.Document)
	if len(kept) != len(b.Files) {
		return
	}
	for i, f := range b.Files {
		p.meaning[f.MD5], p.meaning[f.SHA1], p.meaning[f.SHA256] = kept[i].MD5, kept[i].SHA1, kept[i].SHA256
	}
}

// meant is what a text of an answer stands for.
func (p *Player) meant(text string) string {
	parts := strings.Split(text, joined)
	if !isPlaceholder(parts[0]) {
		return text
	}
	for i, part := range parts {
		if m, known := p.meaning[part]; known {
			parts[i] = m
		}
	}
	return strings.Join(parts, joined)
}

// Exchanges is how many there are.
func (p *Player) Exchanges() int { return len(p.exchanges) }

// ServeHTTP answers with what was answered to the request that is most like this one:
// of the same method and path, in the recorded order.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, bodyLimit)) // what came is compared
	_, _ = io.Copy(io.Discard, r.Body)
	x := p.find(r, body)
	switch {
	case x == nil: // a status that ends the run
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
			"code": "not_recorded", "message": "the recording holds no " + r.Method + " " + below(r.URL.Path),
		}}})
	case x.Response == nil:
		panic(http.ErrAbortHandler) // the connection breaks, as it did
	default:
		p.answer(w, x.Response)
	}
}

// find takes the exchange that fits best, and what it teaches.
func (p *Player) find(r *http.Request, body []byte) *Exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *likeness
	for _, again := range []bool{false, true} { // one that was played already is better than none
		for _, x := range p.exchanges {
			if p.played[x] != again {
				continue
			}
			l := &likeness{meaning: p.meaning, learned: map[string]string{}, exchange: x}
			if l.sameCall(x.Request, r); l.other {
				continue
			}
			if l.compare(x.Request, r, body); best == nil || l.differs < best.differs {
				best = l
			}
		}
		if best != nil {
			p.played[best.exchange] = true
			maps.Copy(p.meaning, best.learned)
			return best.exchange
		}
	}
	return nil
}

// likeness is how a request differs from a recorded one.
type likeness struct {
	exchange *Exchange
	meaning  map[string]string // what is known already
	learned  map[string]string
	differs  int
	other    bool // another method or path
}

func (l *likeness) sameCall(recorded Request, r *http.Request) {
	want, have := strings.Split(recorded.Path, "/"), strings.Split(below(r.URL.Path), "/")
	if l.other = recorded.Method != r.Method || len(want) != len(have); l.other {
		return
	}
	for i := range want {
		if !isPlaceholder(want[i]) && want[i] != have[i] {
			l.other = true
			return
		}
		l.text(want[i], have[i])
	}
}

// text compares two texts; a placeholder fits what it stands for, and at first anything.
func (l *likeness) text(recorded, text string) {
	if !isPlaceholder(recorded) {
		if recorded != text {
			l.differs++
		}
		return
	}
	if known, ok := l.meaning[recorded]; ok && known != text {
		l.differs++
		return
	}
	l.learned[recorded] = text
}

func isPlaceholder(text string) bool {
	number, found := strings.CutPrefix(text, "value-")
	_, err := strconv.Atoi(number)
	return found && err == nil
}

func (l *likeness) compare(recorded Request, r *http.Request, body []byte) {
	l.queries(recorded.Query, r.URL.Query())
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		l.text(recorded.Headers["Idempotency-Key"], key)
	}
	if recorded.Body == nil {
		return
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		l.document(recorded.Body.Document, body)
		return
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for _, want := range recorded.Body.Parts {
		part, err := parts.NextPart()
		if err != nil {
			l.differs++
			break
		}
		content, _ := io.ReadAll(part) // it is in memory
		l.document(want.Document, content)
	}
}

func (l *likeness) queries(recorded map[string][]string, have url.Values) {
	for key, want := range recorded {
		for i, v := range want {
			if i >= len(have[key]) {
				l.differs++
				continue
			}
			l.text(v, have[key][i])
		}
	}
}

func (l *likeness) document(recorded json.RawMessage, text []byte) {
	if recorded == nil {
		return
	}
	var want, have any
	if decodeNumbers(recorded, &want) != nil || decodeNumbers(text, &have) != nil {
		l.differs++
		return
	}
	l.value(want, have)
}

func decodeNumbers(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}

// value compares two documents place by place.
func (l *likeness) value(want, have any) {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			l.differs++
			return
		}
		for _, key := range slices.Sorted(maps.Keys(w)) {
			if v, there := h[key]; there {
				l.value(w[key], v)
			} else if !isPlaceholder(key) {
				l.differs++
			}
		}
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			l.differs++
			return
		}
		for i := range w {
			l.value(w[i], h[i])
		}
	case string:
		if h, ok := have.(string); ok {
			l.text(w, h)
			return
		}
		l.differs++
	default:
		if want != have {
			l.differs++
		}
	}
}

// answer writes a recorded answer, in the words of the requests that came.
func (p *Player) answer(w http.ResponseWriter, r *Response) {
	p.mu.Lock()
	body := p.bytes(r.Body)
	for name, value := range r.Headers {
		w.Header().Set(name, p.meant(value))
	}
	p.mu.Unlock()
	if w.Header().Get("Content-Type") == "" {
		w.Header()["Content-Type"] = nil // none was there: nothing is guessed
	}
	w.Header().Del("Transfer-Encoding")
	if r.Cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(body)
	if r.Cut {
		panic(http.ErrAbortHandler)
	}
}

func (p *Player) bytes(b *Body) []byte {
	switch {
	case b == nil:
		return nil
	case b.Content != nil:
		return []byte(*b.Content)
	case b.Document != nil:
		text, _ := rewriter{p.meant, p.meant}.document(b.Document) // it is JSON: it was read as such
		return text
	}
	return []byte("Subject: omitted from the recording\r\n\r\n")
}
