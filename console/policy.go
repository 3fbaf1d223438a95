package console

import (
	"net/http"
	"time"
)

// Limits of requests.
const (
	maxForm     = 24 << 20         // bytes of a form, kept in memory: an email of 16 MiB in base64
	readLimit   = time.Minute      // for a request's body to come
	writeLimit  = 2 * time.Minute  // for an answer to go
	streamLimit = 20 * time.Second // for one event of a stream to go
)

// pageCSP lets a page load what the console itself serves, and nothing else. That
// frames are from here only holds for the links in a frame, too: a click that
// would lead somewhere is refused by the policy of the page around it.
const pageCSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// emailCSP is for the HTML of an email: an origin of its own that nothing may
// run in, no form, no window, and nothing to load but pictures in the document.
const emailCSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

// pagePolicy sets the header fields that every answer has.
func pagePolicy(h http.Header) {
	h.Set("Content-Security-Policy", pageCSP)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("X-Robots-Tag", "noindex")
}

// limitRequest bounds what a request may cost in bytes and time.
func limitRequest(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(readLimit)) // where it is not supported, there is no peer
	_ = control.SetWriteDeadline(time.Now().Add(writeLimit))
}

// download makes an answer one that no browser shows and no double click opens.
func download(w http.ResponseWriter, name string, data []byte) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", disposition(name))
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	_, err := w.Write(data)
	return err
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
