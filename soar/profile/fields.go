package profile

import (
	"slices"
	"strings"
)

// Fields of a record that the integration sends (contract.md, section 3).
var metadataFields = strings.Fields(`message_id in_reply_to references mailbox_account folder uid_validity uid received_at date
	from from_name sender reply_to return_path to cc bcc subject body_text body_html body_truncated headers attachments
	attachment_names size sha256 flags problems source_key`)

// recordFields are those of a record as Cloud SOAR answers it.
var recordFields = append([]string{"id", "created_at", "discarded"}, metadataFields...)

// fileFields are those of an incident's attachment.
var fileFields = strings.Fields(`id filename content_type sha256 email_id part size`)

var (
	pageFields   = strings.Fields(`page_size page_number page_index offset`)
	searchFields = strings.Fields(`filter.mailbox_account filter.folder filter.source_key filter.message_id filter.from filter.subject
	filter.received_after filter.received_before filter.discarded sort`)
)

// onDemand are fields that are sent only where a profile names them.
var onDemand = strings.Fields(`id incident_id triage_id page_index offset`)

// timeFields hold an instant, "" where there is none.
var timeFields = strings.Fields(`received_at date created_at created_on filter.received_after filter.received_before`)

// kind is what an operation's answer becomes.
type kind int

const (
	makes    kind = iota // {"id", "existed"}
	lists                // {"results", "total"}
	record               // a record
	links                // {"email_id"}
	removes              // nothing
	raw                  // the email itself
	anything             // any JSON, as it came
)

// shape is what is known of an operation before any profile.
type shape struct {
	kind    kind
	request []string // fields that can be sent
	content string   // default name of the field or part that holds bytes; "" for none
	files   bool     // about attachments, not emails
}

var shapes = map[string]shape{
	"emails.create":              {kind: makes, request: metadataFields, content: "eml"},
	"emails.search":              {kind: lists, request: slices.Concat(searchFields, pageFields)},
	"emails.get":                 {kind: record, request: []string{"id"}},
	"emails.eml":                 {kind: raw, request: []string{"id"}},
	"emails.discard":             {kind: record, request: []string{"id"}},
	"incidents.emails.add":       {kind: links, request: []string{"incident_id", "email_id"}},
	"incidents.emails.list":      {kind: lists, request: slices.Concat([]string{"incident_id"}, pageFields)},
	"incidents.emails.remove":    {kind: removes, request: []string{"incident_id", "id"}},
	"incidents.attachments.add":  {kind: makes, request: strings.Fields("incident_id filename content_type sha256 email_id part"), content: "file", files: true},
	"incidents.attachments.list": {kind: lists, request: slices.Concat([]string{"incident_id"}, pageFields), files: true},
	"incidents.notes.add":        {kind: anything, request: strings.Fields("incident_id title additional_info created_on")},
	"incidents.templates.list":   {kind: anything},
	"incidents.notes.list":       {kind: anything, request: []string{"incident_id"}},
	"triage.emails.add":          {kind: links, request: []string{"triage_id", "email_id"}},
}

// answerFields are the places that an answer of each kind can name.
var answerFields = map[kind][]string{
	makes:    {"id", "existed", "error"},
	lists:    {"results", "total", "error"},
	record:   {"record", "error"},
	links:    {"existed", "error"},
	removes:  {"error"},
	raw:      {"content", "error"},
	anything: {"error"},
}

// Emails lists the operations on emails, in the order in which a person reads them.
func Emails() []string {
	return strings.Fields(`emails.create emails.search emails.get emails.eml emails.discard incidents.emails.add incidents.emails.list
		incidents.emails.remove incidents.attachments.add incidents.attachments.list triage.emails.add`)
}

// Notes lists the operations on an incident's notes, which serve where there are none on emails.
func Notes() []string {
	return strings.Fields(`incidents.notes.add incidents.notes.list incidents.templates.list`)
}

// RecordFields are the fields of a record, as Cloud SOAR answers it.
func RecordFields() []string { return slices.Clone(recordFields) }

// FileFields are those of an incident's attachment.
func FileFields() []string { return slices.Clone(fileFields) }
