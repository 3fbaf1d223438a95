package soar_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/apispec"
	"example.org/imap-integration/soar/foreigntest"
)

// TestSpecMakesAProfile reaches each foreign API by what its own document says,
// without a line edited by hand, and prints the share of operations that work.
func TestSpecMakesAProfile(t *testing.T) {
	for _, api := range foreigntest.APIs() {
		t.Run(api.Name, func(t *testing.T) {
			report, err := apispec.Check(api.Document, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, p, err := soar.ParseProfile(api.Profile)
			if err != nil {
				t.Fatal(err)
			}
			there := 0
			for _, f := range report.Operations {
				if p.Has(f.Operation) {
					there++
				}
				if p.Has(f.Operation) == (f.Verdict == apispec.Missing) {
					t.Errorf("%s: %s %s, near %v", f.Operation, f.Verdict, f.Found, f.Near)
				}
			}
			written, err := json.MarshalIndent(report.Profile, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			works := tryProfile(t, api, string(written))
			t.Logf("%s: %d of %d operations work with the profile as it was written", api.Name, len(works), there)
			if len(works)*10 < 8*there {
				t.Errorf("%v work; with\n%s", works, written)
			}
		})
	}
}

// tryProfile calls every operation of a foreign API and names those that do what they should.
func tryProfile(t *testing.T, api foreigntest.API, text string) (works []string) {
	t.Helper()
	f := foreigntest.Start(t, api)
	c := foreignClient(t, f.URL, text)
	ctx := t.Context()
	file := soar.File{Filename: "a.pdf", ContentType: "application/pdf", SHA256: strings.Repeat("ab", 32), EmailID: "2", Part: "2"}
	saved, err := c.Save(ctx, []*soar.Draft{foreignDraft(1), foreignDraft(2), foreignDraft(2)})
	for _, try := range []struct {
		operation string
		ok        func() bool
	}{
		{"emails.create", func() bool {
			return err == nil && len(saved) == 3 && saved[1].ID == "2" && saved[2].Existed && saved[2].ID == "2"
		}},
		{"emails.search", func() bool {
			r, found, err := c.ByKey(ctx, foreignDraft(1).SourceKey)
			mark, errToo := c.Newest(ctx, "soc@example.com", "INBOX", 9)
			return err == nil && errToo == nil && found && r.ID == "1" && mark.UID == 2
		}},
		{"emails.get", func() bool {
			r, err := c.Get(ctx, "1")
			return err == nil && r.Subject == foreignDraft(1).Subject && r.ReceivedAt == foreignDraft(1).ReceivedAt && r.From == "a@example.com" && r.UID == 1
		}},
		{"emails.eml", func() bool {
			raw, err := c.EML(ctx, "1", 0)
			return err == nil && string(raw) == string(foreignDraft(1).Raw)
		}},
		{"emails.discard", func() bool { r, err := c.Discard(ctx, "1"); return err == nil && r.Discarded }},
		{"incidents.emails.add", func() bool {
			first, err := c.AddToIncident(ctx, 70, "2")
			again, errToo := c.AddToIncident(ctx, 70, "2")
			return err == nil && errToo == nil && first && !again
		}},
		{"incidents.emails.list", func() bool {
			list, err := c.IncidentEmails(ctx, 70)
			return err == nil && len(list) == 1 && list[0].ID == "2"
		}},
		{"incidents.emails.remove", func() bool {
			first, err := c.RemoveFromIncident(ctx, 70, "2")
			again, errToo := c.RemoveFromIncident(ctx, 70, "2")
			return err == nil && errToo == nil && first && !again
		}},
		{"incidents.attachments.add", func() bool { id, _, err := c.AddFile(ctx, 70, file, []byte("%PDF")); return err == nil && id != "" }},
		{"incidents.attachments.list", func() bool {
			list, err := c.IncidentFiles(ctx, 70)
			return err == nil && len(list) == 1 && list[0].File == file
		}},
		{"triage.emails.add", func() bool { added, err := c.AddToTriage(ctx, 5, "1"); return err == nil && added }},
	} {
		if try.ok() {
			works = append(works, try.operation)
		}
	}
	return append(works, tryNotes(t, f, c)...)
}

// tryNotes writes a note twice on an API without emails.
func tryNotes(t *testing.T, f *foreigntest.Server, c *soar.Client) (works []string) {
	t.Helper()
	if f.Emails {
		return nil
	}
	notes, ctx := soar.NewNotes(c), t.Context()
	if _, err := notes.Check(ctx); err == nil {
		works = append(works, "incidents.templates.list")
	}
	note := soar.Note{Title: "a note [0123]", HTML: "<p>text</p>", Marker: "[0123]"}
	if written, err := notes.Add(ctx, 7, note); err != nil || !written || len(f.Remarks("7")) != 1 {
		t.Logf("a note: %t, %v", written, err)
		return works
	}
	works = append(works, "incidents.notes.add")
	if written, err := notes.Add(ctx, 7, note); err == nil && !written && len(f.Remarks("7")) == 1 {
		works = append(works, "incidents.notes.list")
	}
	return works
}

// TestSpecOfOurOwn: what the integration assumes is found in its own document.
func TestSpecOfOurOwn(t *testing.T) {
	calls := map[string]string{}
	for name, route := range soar.DefaultRoutes() {
		calls[name] = route.String()
	}
	report, err := apispec.Check(soar.OpenAPI, calls)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Operations {
		if f.Verdict != apispec.Fits {
			t.Errorf("%+v", f)
		}
	}
}
