// Package actions holds what the platform can start: each action has a .yaml file
// that the platform reads and, beside it, a .go file with its parameters, its result
// and its run function.
//
// The platform hands over every field of the resource and of the action as a text,
// typed by somebody, and reads one JSON document and an exit status. So an action
// first reads all of its parameters by the getters of manifest.Values and asks
// Values.Err, which names everything that is wrong at once; until then nothing is
// contacted. It reads only the fields that it uses: a wrong filter must not stop an
// action on saved emails. An unknown id fails before anything is changed. What goes
// wrong is one sentence for a person, without a secret, and the status that
// explain.go gives it.
package actions

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

// Action is one subcommand of the contract, section 1.
type Action struct {
	Name  string // the subcommand
	Title string // the name in Cloud SOAR
	Does  string // what it does, in half a sentence, for the list of commands
	// Run does the work. The result, where it is not nil, is printed as one JSON
	// document, also beside an error. A Run that must know whether its result has
	// been written calls env.Deliver itself and returns nil.
	Run func(ctx context.Context, env *Env, v *manifest.Values) (result any, err error)
}

// All are the actions in the order of the contract.
var All = []Action{
	{"test-settings", "TEST SAVED SETTINGS", "Test the settings step by step; nothing is changed", testSettings},
	{"incoming-mail-daemon", "Incoming Mail Daemon", "Save new emails in Cloud SOAR and return one object for each", incomingMailDaemon},
	{"email-body-regex", "Email Body Regex", "Find a pattern in the body of emails", emailBodyRegex},
	{"email-header-regex", "Email Header Regex", "Find a pattern in the headers of emails", emailHeaderRegex},
	{"email-subject-regex", "Email Subject Regex", "Find a pattern in the subject of emails", emailSubjectRegex},
	{"analyze-eml-msg", "Analyze EML MSG", "Analyze emails and the EML, MSG and TNEF files in them", analyzeEMLMSG},
	{"list-cloud-soar-emails", "List Cloud SOAR Emails", "List the emails that Cloud SOAR holds", listCloudSOAREmails},
	{"get-email", "Get Email from Cloud SOAR", "Get emails that Cloud SOAR holds", getEmail},
	{"list-email-attachments", "List Email Attachments", "List the attachments of emails", listEmailAttachments},
	{"list-incident-emails", "List Incident Emails", "List the emails of an incident", listIncidentEmails},
	{"add-email-to-incident", "Add Email To Incident", "Add emails to an incident", addEmailToIncident},
	{"add-email-attachments-to-incident", "Add Email Attachments To Incident", "Add the attachments of emails to an incident", addEmailAttachmentsToIncident},
	{"add-email-to-triage", "Add Email To Triage", "Add emails to a triage event", addEmailToTriage},
	{"remove-email-from-incident", "Remove Email From Incident", "Remove emails from an incident", removeEmailFromIncident},
	{"discard-email", "Discard Email", "Mark emails as discarded", discardEmail},
	ExportEvidence,
}

// Env is what a run has beside its parameters. No field is nil unless it says so.
type Env struct {
	Log *slog.Logger // structured, never a secret or a body; goes nowhere unless a person asks for it
	Now func() time.Time
	// Progress is told how far a long run is; it shows a bar only where standard error is a terminal.
	Progress func(done, total int)
	// Step is told how each step of test-settings ended, as it ends, for who watches them; nil: nobody does.
	Step func(Step)
	// Deliver writes one document to standard output, whole, and returns once it is
	// written. After an error of it nothing may be acknowledged. It may be called
	// more than once by a run that a person asked to go on (--watch).
	Deliver func(write func(w io.Writer) error) error
	// Show writes for a person who reads standard output; nil: a program reads it.
	Show func(write func(*terminal.Page) error) error
	// Person is told in one line what a person at a terminal should know of a run that
	// succeeds all the same; nil: nobody sits there.
	Person func(line string)
	// Notice is told in one line of the outages of a watch, which goes on; nil: nobody is.
	Notice func(line string)
	// StatusFile is where the daemon keeps how it is doing (--status-file); "" = nowhere.
	StatusFile string
	// Record makes a transport to Cloud SOAR one that is recorded (--record); known are texts
	// of the API's own. nil: nothing is recorded.
	Record func(base http.RoundTripper, known []string) http.RoundTripper
	// Program is the version of the program, for the ledger and for bundles.
	Program  string
	Evidence Evidence
	Strict   bool // audit fails for emails that are only not taken yet (--strict)
	Watch    bool // incoming-mail-daemon goes on until it is interrupted (--watch)
	// WebhookURL is where a watch also posts each email (--webhook), signed with the secret
	// in WebhookSecretFile; "" = nowhere.
	WebhookURL, WebhookSecretFile string
	// RefreshTokenFile keeps the newest refresh token where a provider replaces it
	// (--refresh-token-file); "" = none.
	RefreshTokenFile string
}

// JSON returns a writer of v as one document and a newline, for Env.Deliver.
// Strings come out as valid UTF-8, with < and > as they are.
func JSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
}
