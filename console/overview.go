package console

import (
	"net/http"
	"path/filepath"
	"strings"

	"example.org/imap-integration/soar"
)

// overviewScreen is the first one.
type overviewScreen struct{ *desk }

// overviewPage is the first page.
type overviewPage struct {
	Latest    []emailLine
	Total     int
	Incidents int
	Triage    int
	Set       bool // there are settings
	Wrong     int  // problems of them
	Elsewhere bool // the actions save in another store than the one that is shown
	Runs      []runLine
	Test      *state // of the last TEST SAVED SETTINGS
}

// shownLatest is how many emails and runs the first page has.
const shownLatest = 6

func (s overviewScreen) show(w http.ResponseWriter, r *http.Request) error {
	var p overviewPage
	found, err := s.Store.Search(r.Context(), soar.Query{PageSize: shownLatest, PageNumber: 1})
	if err != nil {
		return err
	}
	p.Latest, p.Total = emailLines(found.Records), found.Total
	incidents, err := s.Store.Incidents(r.Context(), maxCases, 1)
	if err != nil {
		return err
	}
	triage, err := s.Store.TriageEvents(r.Context(), maxCases, 1)
	if err != nil {
		return err
	}
	p.Incidents, p.Triage = len(incidents), len(triage)
	members, err := s.settings.read()
	if err != nil {
		return err
	}
	if p.Set = len(members) > 0; p.Set {
		problems, err := s.problemsOf(members)
		if err != nil {
			return err
		}
		p.Wrong = len(problems)
		p.Elsewhere = !s.sameStore(shown(members["cloud_soar_api_url"]))
	}
	all := s.runs.latest("")
	p.Runs = lines(all[:min(len(all), shownLatest)])
	if tests := s.runs.latest(settingsCommand); len(tests) > 0 {
		s, _ := tests[0].now()
		p.Test = &s
	}
	s.render(w, http.StatusOK, "overview", page{Title: "Overview", Section: "overview"}, p)
	return nil
}

// sameStore reports whether an address is that of the store that the screens show.
func (s overviewScreen) sameStore(address string) bool {
	path, isLocal := strings.CutPrefix(address, "local:")
	one, err := filepath.Abs(strings.TrimSpace(path))
	other, err2 := filepath.Abs(s.StorePath)
	return isLocal && err == nil && err2 == nil && one == other
}
