package console

import (
	"net/http"
	"strconv"

	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// caseScreen lists incidents and triage events.
type caseScreen struct{ *desk }

// maxCases bounds the lists of incidents and triage events: a local store is for trying things out.
const maxCases = 200

// casesPage lists what emails were added to.
type casesPage struct{ Incidents, Triage []local.Case }

func (s caseScreen) list(w http.ResponseWriter, r *http.Request) error {
	var p casesPage
	var err error
	if p.Incidents, err = s.Store.Incidents(r.Context(), maxCases, 1); err != nil {
		return err
	}
	if p.Triage, err = s.Store.TriageEvents(r.Context(), maxCases, 1); err != nil {
		return err
	}
	s.render(w, http.StatusOK, "cases", page{Title: "Incidents and triage", Section: "incidents"}, p)
	return nil
}

// casePage is one incident or triage event.
type casePage struct {
	ID     int64
	Triage bool
	Emails []emailLine
	Files  []soar.IncidentFile
}

func (s caseScreen) incident(w http.ResponseWriter, r *http.Request) error {
	p := casePage{ID: caseID(r)}
	records, err := s.Store.IncidentEmails(r.Context(), p.ID)
	if err != nil {
		return err
	}
	if p.Files, err = s.Store.IncidentFiles(r.Context(), p.ID); err != nil {
		return err
	}
	if len(records) == 0 && len(p.Files) == 0 {
		return &failure{http.StatusNotFound, "no email and no file was added to that incident"}
	}
	p.Emails = emailLines(records)
	s.render(w, http.StatusOK, "case", page{Title: "Incident " + r.PathValue("id"), Section: "incidents"}, p)
	return nil
}

func (s caseScreen) triage(w http.ResponseWriter, r *http.Request) error {
	p := casePage{ID: caseID(r), Triage: true}
	records, err := s.Store.TriageEmails(r.Context(), p.ID)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return &failure{http.StatusNotFound, "no email was added to that triage event"}
	}
	p.Emails = emailLines(records)
	s.render(w, http.StatusOK, "case", page{Title: "Triage event " + r.PathValue("id"), Section: "incidents"}, p)
	return nil
}

// caseID is the number of the path; 0, which is nothing's number, where it has none.
func caseID(r *http.Request) int64 {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id
}
