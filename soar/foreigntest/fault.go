package foreigntest

import (
	"net/http"
	"strconv"
	"strings"
)

// Fault stands in for the answer to a request; work does what was asked for, and
// its answer goes nowhere.
type Fault func(w http.ResponseWriter, work func())

// LoseAnswer does the work and cuts the connection.
func LoseAnswer(w http.ResponseWriter, work func()) {
	work()
	cut(w)
}

// Cut ends the connection before anything is done.
func Cut(w http.ResponseWriter, _ func()) { cut(w) }

func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// Status answers with a status and does nothing; retryAfter is for the header of that name.
func Status(status int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ func()) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
	}
}

// Answer answers 200 with a text and does nothing.
func Answer(media, text string) Fault {
	return func(w http.ResponseWriter, _ func()) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write([]byte(text))
	}
}

// Fail gives each request to choose, which gets the number of the request from
// now on, from 1; nil lets it through.
func (s *Server) Fail(choose func(n int, r *http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.requests = choose, 0
}

// FailWrites lets the next requests that keep an email or a note fail, each with
// one of these; nil lets one through.
func (s *Server) FailWrites(faults ...Fault) {
	s.Fail(func(_ int, r *http.Request) Fault {
		if len(faults) == 0 || !s.writes(r) {
			return nil
		}
		next := faults[0]
		faults = faults[1:]
		return next
	})
}

// FailAllWrites lets every one of them fail.
func (s *Server) FailAllWrites(fault Fault) {
	s.Fail(func(_ int, r *http.Request) Fault {
		if s.writes(r) {
			return fault
		}
		return nil
	})
}

// Behave ends all faults.
func (s *Server) Behave() { s.Fail(nil) }

func (s *Server) writes(r *http.Request) bool {
	method, end, _ := strings.Cut(s.write, " ")
	return r.Method == method && strings.HasSuffix(r.URL.Path, "/"+end)
}
