package actions

import (
	"slices"
	"testing"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// TestAttachmentNamesFitFilenames: what the daemon puts out as attachment_names is
// taken by filenames as it is, whatever the files are called.
func TestAttachmentNamesFitFilenames(t *testing.T) {
	for _, names := range [][]string{
		{"invoice.pdf"},
		{"Invoice, overdue.pdf", "b.docm"},
		{`say "hi".txt`, `"quoted".txt`, `"all, of it"`},
		{"Büro, STRASSE.pdf"},
		{"50% *off*, now.pdf"},
	} {
		var files []message.Attachment
		for _, n := range names {
			files = append(files, message.Attachment{Filename: n})
		}
		var m soar.Mail
		m.SetAttachments(files)
		v := parameters(t, "add-email-attachments-to-incident", `{"cloud_soar_mail_id":"1","incident_id":"7","filenames":`+asJSON(t, m.AttachmentNames)+`}`)
		c := readFileChoice(v)
		if err := v.Err(); err != nil {
			t.Fatalf("%s: %v", m.AttachmentNames, err)
		}
		for _, f := range files {
			if !c.wants(f) {
				t.Errorf("%s does not name %q", m.AttachmentNames, f.Filename)
			}
		}
		if un := c.unmatched([]soar.Record{{Metadata: soar.Metadata{Mail: m}}}); len(un) > 0 {
			t.Errorf("%s: %q has no file", m.AttachmentNames, un)
		}
		if c.wants(message.Attachment{Filename: "other.exe"}) {
			t.Errorf("%s names other.exe", m.AttachmentNames)
		}
	}
}

func TestFileChoice(t *testing.T) {
	file := message.Attachment{Filename: "Quarterly Report.DOCM", ContentType: "application/vnd.ms-word", Size: 3 << 20}
	for _, row := range []struct {
		params    string
		wants     bool
		unmatched []string
	}{
		{`{}`, true, nil},
		{`{"filenames":"*.docm"}`, true, nil},
		{`{"filenames":"*.doc"}`, false, []string{"*.doc"}},
		{`{"filenames":"*report*, *.xls"}`, true, []string{"*.xls"}},
		{`{"filenames":"quarterly report.docm"}`, true, nil},
		{`{"content_types":"application/*"}`, true, nil},
		{`{"content_types":"*/vnd.ms-word, image/*"}`, true, []string{"image/*"}},
		{`{"filenames":"*.docm","content_types":"text/plain"}`, false, []string{"text/plain"}},
		{`{"max_attachment_size":2}`, false, nil},
		{`{"filenames":"*.docm","max_attachment_size":3}`, true, nil},
	} {
		v := parameters(t, "add-email-attachments-to-incident", row.params)
		c := readFileChoice(v)
		got := c.unmatched([]soar.Record{{}, {Metadata: soar.Metadata{Mail: soar.Mail{Attachments: []message.Attachment{file}}}}})
		if c.wants(file) != row.wants || !slices.Equal(got, row.unmatched) {
			t.Errorf("%s: wants it %t, unmatched %q", row.params, c.wants(file), got)
		}
	}
}
