package apispec

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// TestNotesAlone reads descriptions in which no email can be saved: what is left are
// notes, whatever they are called and whatever they hold.
func TestNotesAlone(t *testing.T) {
	const head = `{"openapi":"3.1.0","info":{"title":"t","version":"5"},"paths":`
	body := func(fields string) string {
		return `{"requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":` + fields + `}}}},"responses":{"201":{"description":"d"}}}`
	}
	for name, row := range map[string]struct {
		paths   string
		call    string
		request map[string]string
		dates   string
	}{
		"a comment without a title": {
			`{"/api/v1/case/{caseId}/comment":{"post":` + body(`{"message":{"type":"string"}}`) + `},"/api/v1/comment/{id}":{"patch":` + body(`{"message":{"type":"string"}}`) + `},
			  "/api/v1/case/{caseId}/task":{"post":` + body(`{"title":{"type":"string"}}`) + `},"/api/v1/alert/{alertId}/comment":{"post":` + body(`{"message":{"type":"string"}}`) + `}}`,
			"POST api/v1/case/{incident_id}/comment",
			map[string]string{"title": "", "additional_info": "message", "created_on": ""},
			"",
		},
		"a remark in milliseconds": {
			`{"/tickets/{no}/remarks":{"post":` + body(`{"remark":{"type":"object","properties":{"subject":{"type":"string"},"text":{"type":"string"},"created":{"type":"integer","description":"milliseconds"}}}}`) + `}}`,
			"POST tickets/{incident_id}/remarks",
			map[string]string{"title": "remark.subject", "additional_info": "remark.text", "created_on": "remark.created"},
			"unix_ms",
		},
		"an issue with times that were worked beside its comments": {
			`{"/rest/api/2/issue/{issueIdOrKey}/comment":{"post":` + body(`{"body":{"type":"string"},"visibility":{"type":"object","properties":{"type":{"type":"string"},"value":{"type":"string"}}}}`) + `},
			  "/rest/api/2/issue/{issueIdOrKey}/worklog":{"post":` + body(`{"comment":{"type":"string"},"timeSpent":{"type":"string"}}`) + `},"/rest/api/2/issue/{issueIdOrKey}/notify":{"post":` + body(`{"subject":{"type":"string"},"htmlBody":{"type":"string"}}`) + `}}`,
			"POST rest/api/2/issue/{incident_id}/comment",
			map[string]string{"title": "", "additional_info": "body", "created_on": ""},
			"",
		},
		"as it is assumed": {
			`{"/incidents/{id}/notes/":{"post":` + body(`{"title":{"type":"string"},"additional_info":{"type":"string"},"created_on":{"type":"string","format":"date-time"}}`) + `}}`,
			"POST incidents/{incident_id}/notes/",
			map[string]string{},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := Check([]byte(head+row.paths+"}"), nil)
			if err != nil {
				t.Fatal(err)
			}
			op := report.Profile.Operations["incidents.notes.add"]
			if op == nil || op.Call != row.call || !maps.Equal(op.Request, row.request) || report.Profile.Dates != row.dates || report.Saves {
				text, _ := json.MarshalIndent(report, "", " ")
				t.Errorf("%+v, dates %q; %s", op, report.Profile.Dates, text)
			}
			if listed := slices.ContainsFunc(report.Operations, func(f Finding) bool { return f.Operation == "incidents.notes.add" && f.Verdict == Differs }); !listed {
				t.Errorf("the report does not name it: %+v", report.Operations)
			}
		})
	}
}
