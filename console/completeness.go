package console

import (
	"net/http"

	"example.org/imap-integration/actions"
)

// completenessScreen holds a folder against the store.
type completenessScreen struct{ *desk }

// completenessPage is the last comparison of the folder with the store.
type completenessPage struct {
	Last  *runLine
	Audit []*auditReport
}

func (s completenessScreen) show(w http.ResponseWriter, _ *http.Request) error {
	var p completenessPage
	if all := s.runs.latest(actions.Audit.Name); len(all) > 0 {
		p.Last = &lines(all[:1])[0]
		if p.Last.Ended {
			p.Audit = newAuditReports(all[0].result.whole())
		}
	}
	s.render(w, http.StatusOK, "completeness", page{Title: "Completeness", Section: "completeness"}, p)
	return nil
}

func (s completenessScreen) run(w http.ResponseWriter, r *http.Request) error {
	return s.start(w, r, actions.Audit.Name, "Completeness", nil, nil)
}
