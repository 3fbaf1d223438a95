package console

import (
	"encoding/json"
	"slices"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/ingest"
)

// testReport is the result of test-settings, or as much of it as there is.
type testReport struct {
	Status     string         `json:"status"`
	Steps      []actions.Step `json:"steps"`
	Candidates int            `json:"candidates"`
	Counted    int            `json:"counted"`
	Matching   int            `json:"matching"`
	Filters    []filterLine   `json:"filters"`
	Samples    []string       `json:"samples"`
	Server     struct {
		Greeting     string   `json:"greeting"`
		Provider     string   `json:"provider"`
		Capabilities []string `json:"capabilities"`
		TLS          struct {
			Version string `json:"version"`
			Cipher  string `json:"cipher"`
		} `json:"tls"`
	} `json:"server"`
	Mailbox struct {
		Messages    int `json:"messages"`
		Unseen      int `json:"unseen"`
		UIDValidity int `json:"uid_validity"`
	} `json:"mailbox"`
	Bars []bar `json:"-"`
}

type filterLine struct {
	Field    string `json:"field"`
	Matching int    `json:"matching"`
	Kept     int    `json:"kept"`
}

// bar is one line of the bar chart: how many emails are left behind a filter.
type bar struct {
	Label string
	Count int
	Alone int     // what the filter keeps by itself; -1 where there is none
	Width float64 // percent of the first bar
}

// stepNames are the steps in their order, so that all of them are on the page before they are done.
var stepNames = []string{"parameters", "dns", "connect", "tls", "login", "folder", "filters", "cloud_soar"}

// newTestReport reads the report; while the run goes on it shows the steps that are done.
func newTestReport(s state, result []byte) *testReport {
	t := &testReport{}
	if !s.Ended || json.Unmarshal(result, t) != nil || len(t.Steps) == 0 {
		t.Steps = nil
		for _, name := range stepNames {
			step := actions.Step{Name: name, Status: "pending"}
			if i := slices.IndexFunc(s.Steps, func(o actions.Step) bool { return o.Name == name }); i >= 0 {
				step = s.Steps[i]
			}
			t.Steps = append(t.Steps, step)
		}
		return t
	}
	t.Bars = []bar{{"unread or new", t.Counted, -1, 100}}
	for _, f := range t.Filters {
		t.Bars = append(t.Bars, bar{f.Field, f.Kept, f.Matching, percent(f.Kept, t.Counted)})
	}
	return t
}

// auditReport is the result of audit and its sum.
type auditReport struct {
	ingest.Audit
	Parts []part
	Sum   int
	Lost  []ingest.Finding // what no run takes by itself
	Wait  []ingest.Finding // what the next run takes
}

// Sound reports whether every email is accounted for, once.
func (a *auditReport) Sound() bool {
	return len(a.Lost) == 0 && len(a.Doubled) == 0 && a.Sum == a.Messages
}

// part is one share of the emails of a folder.
type part struct {
	Label, Says, Tone string
	Count             int
	At, Width         float64 // percent of the folder
}

// newAuditReports reads the reports, one for each folder; none where the run made none.
func newAuditReports(result []byte) (all []*auditReport) {
	var several struct {
		Folders []ingest.Audit `json:"folders"`
	}
	var one ingest.Audit
	if json.Unmarshal(result, &several) == nil && len(several.Folders) == 0 && json.Unmarshal(result, &one) == nil && one.Folder != "" {
		several.Folders = append(several.Folders, one)
	}
	for _, folder := range several.Folders {
		all = append(all, newAuditReport(folder))
	}
	return all
}

func newAuditReport(folder ingest.Audit) *auditReport {
	a := &auditReport{Audit: folder}
	for _, f := range a.Missing {
		if f.Waiting() {
			a.Wait = append(a.Wait, f)
		} else {
			a.Lost = append(a.Lost, f)
		}
	}
	a.Parts = []part{
		{Label: "In the store", Says: "saved, once", Tone: "good", Count: a.InStore},
		{Label: "Pruned", Says: "saved, and removed from the store by its retention", Tone: "calm", Count: a.Pruned},
		{Label: "Left out", Says: "by a filter", Tone: "calm", Count: len(a.LeftOut)},
		{Label: "Second copies", Says: "the same bytes stand in the folder more than once", Tone: "calm", Count: len(a.SecondCopies)},
		{Label: "Not taken yet", Says: "the next run takes them", Tone: "warn", Count: len(a.Wait)},
		{Label: "Vanished", Says: "gone from the folder while it was looked at", Tone: "calm", Count: len(a.Vanished)},
		{Label: "Unexplained", Says: "not in the store, and no run will take them", Tone: "bad", Count: len(a.Lost)},
	}
	at := 0.0
	for i := range a.Parts {
		p := &a.Parts[i]
		p.At, p.Width = at, percent(p.Count, a.Messages)
		at += p.Width
		a.Sum += p.Count
	}
	return a
}
