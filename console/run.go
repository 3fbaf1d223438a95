package console

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"example.org/imap-integration/actions"
)

// runScreen shows runs.
type runScreen struct{ *desk }

// eventPause is the time between two events of a stream: as fast as an eye follows.
const eventPause = 150 * time.Millisecond

// beat keeps a quiet stream alive, and finds out that nobody listens any more.
const beat = 15 * time.Second

// runPage shows a run.
type runPage struct {
	*run
	state
	Again    string // where the form is
	Shown    *presented
	Test     *testReport // of test-settings
	Audit    []*auditReport
	View     bool // the action has a table view
	Tables   []*table
	TooLong  bool // the result is larger than what is read for tables
	OpenJSON bool // nothing else shows the result
	IsAudit  bool
}

func (s runScreen) show(w http.ResponseWriter, r *http.Request) error {
	found, err := s.runs.find(r)
	if err != nil {
		return err
	}
	p := runPage{run: found, Again: "/actions/" + found.Command + found.again}
	p.state, _ = found.now()
	section := "actions"
	switch found.Command {
	case settingsCommand:
		section, p.Again = "settings", "/settings"
		p.Test = newTestReport(p.state, found.bytes(p.state))
	case actions.Audit.Name:
		section, p.Again, p.IsAudit = "completeness", "/completeness", true
	}
	if p.Ended {
		found.mu.Lock()
		p.Shown = found.shown
		found.mu.Unlock()
		if found.Command == actions.Audit.Name {
			p.Audit = newAuditReports(found.result.whole())
		}
		if m, err := s.Manifest.Action(found.Command); err == nil {
			p.View = true
			p.Tables, p.TooLong = newTables(m, found.result.whole())
		}
	}
	p.OpenJSON = !p.View && p.Test == nil && p.Audit == nil
	s.render(w, http.StatusOK, "run", page{Title: found.Title, Section: section, Refresh: !p.Ended}, p)
	return nil
}

// watch streams how far a run is (server-sent events) until it ends.
func (s runScreen) watch(w http.ResponseWriter, r *http.Request) error {
	found, err := s.runs.find(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for {
		now, changed := found.now()
		text, err := json.Marshal(now)
		if err != nil {
			return err
		}
		_ = control.SetWriteDeadline(time.Now().Add(streamLimit)) // where it is not supported, there is no peer
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return nil // nobody listens any more
		}
		if control.Flush() != nil || now.Ended {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(beat):
		case <-r.Context().Done():
			return nil
		case <-s.ctx.Done():
			return nil
		}
		select {
		case <-time.After(eventPause):
		case <-s.ctx.Done():
			return nil
		}
	}
}

func (s runScreen) stop(w http.ResponseWriter, r *http.Request) error {
	found, err := s.runs.find(r)
	if err != nil {
		return err
	}
	if s, _ := found.now(); !s.Ended {
		found.change(func(s *state) { s.Stopped = true })
		found.cancel()
	}
	http.Redirect(w, r, fmt.Sprintf("/runs/%d", found.ID), http.StatusSeeOther)
	return nil
}

func (s runScreen) download(w http.ResponseWriter, r *http.Request) error {
	found, err := s.runs.find(r)
	if err != nil {
		return err
	}
	if s, _ := found.now(); !s.Ended {
		return &failure{http.StatusNotFound, "the run is not done yet"}
	}
	return download(w, fmt.Sprintf("%s-%d.json", found.Command, found.ID), found.result.whole())
}

// upload returns a file of the form in base64, as the fields eml and msg take it; "" where there is none.
func upload(r *http.Request, name string) (string, error) {
	if r.MultipartForm == nil {
		return "", nil
	}
	file, _, err := r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return encoded(file)
}

func encoded(file multipart.File) (string, error) {
	defer file.Close()
	data, err := io.ReadAll(file) // the request is bounded
	return base64.StdEncoding.EncodeToString(data), err
}

// bytes is the result of a run that is done; while it is at work there is none.
func (r *run) bytes(s state) []byte {
	if !s.Ended {
		return nil
	}
	return r.result.whole()
}
