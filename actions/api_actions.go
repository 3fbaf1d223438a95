package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/imap-integration/soar"
)

// apiNeeds is an action and the operations of the API that it calls.
type apiNeeds struct{ action, title, operations string }

// needed are the operations of the API without which an action on Cloud SOAR cannot
// work. What an action calls only when it is asked for is not among them.
var needed = []apiNeeds{
	{"incoming-mail-daemon", "Incoming Mail Daemon", "emails.search emails.create"},
	{"list-cloud-soar-emails", "List Cloud SOAR Emails", "emails.search"},
	{"get-email", "Get Email from Cloud SOAR", "emails.get"},
	{"list-email-attachments", "List Email Attachments", "emails.get"},
	{"email-body-regex", "Email Body Regex", "emails.get emails.eml"},
	{"email-header-regex", "Email Header Regex", "emails.get"},
	{"email-subject-regex", "Email Subject Regex", "emails.get"},
	{"analyze-eml-msg", "Analyze EML MSG", "emails.get emails.eml"},
	{"export-email-evidence", "Export Email Evidence", "emails.get emails.eml"},
	{"discard-email", "Discard Email", "emails.get emails.discard"},
	{"add-email-to-incident", "Add Email To Incident", "emails.get incidents.emails.add"},
	{"list-incident-emails", "List Incident Emails", "incidents.emails.list"},
	{"remove-email-from-incident", "Remove Email From Incident", "emails.get incidents.emails.remove"},
	{"add-email-attachments-to-incident", "Add Email Attachments To Incident", "emails.get emails.eml incidents.attachments.list incidents.attachments.add"},
	{"add-email-to-triage", "Add Email To Triage", "emails.get triage.emails.add"},
}

// neededForNotes are those where the emails are in a store of one's own; the other
// actions ask that store alone.
var neededForNotes = []apiNeeds{
	{"add-email-to-incident", "Add Email To Incident", "incidents.notes.add"},
	{"add-email-attachments-to-incident", "Add Email Attachments To Incident", "incidents.notes.add"},
	{"add-email-to-triage", "Add Email To Triage", "triage.emails.add"}, // casenote refuses it: there is no public endpoint
}

// prospect is whether an action will work on a tenant.
type prospect string

const (
	willWork    prospect = "will work"
	willNot     prospect = "will not work"
	mayNot      prospect = "may not work" // what it calls differs, or was refused or not answered when it was asked for
	wasNotAsked prospect = "not known"    // what it calls cannot be asked for without changing something
)

// actionProspect is an action and the operations that decide.
type actionProspect struct {
	Action     string   `json:"action"`
	Prospect   prospect `json:"prospect"`
	Operations []string `json:"operations"` // that are in the way; [] where it will work

	title string
}

// prospects tells of each action, from what a tenant said of the operations.
func prospects(findings []soar.Finding) []actionProspect {
	said := map[string]prospect{}
	for _, f := range findings {
		said[f.Operation] = prospectOf(f.Verdict)
	}
	table := needed
	if _, emails := said["emails.search"]; !emails {
		table = neededForNotes
	}
	var all []actionProspect
	for _, n := range table {
		p := actionProspect{n.action, willWork, []string{}, n.title}
		for _, operation := range strings.Fields(n.operations) {
			of, asked := said[operation]
			if !asked {
				of = willNot
			}
			if of != willWork {
				p.Operations = append(p.Operations, operation)
				p.Prospect = worse(p.Prospect, of)
			}
		}
		all = append(all, p)
	}
	return all
}

func prospectOf(v soar.Verdict) prospect {
	switch v {
	case soar.Fits, soar.Known:
		return willWork
	case soar.Missing, soar.Declared:
		return willNot
	case soar.Unclear:
		return wasNotAsked
	}
	return mayNot
}

// worse is the one that decides.
func worse(a, b prospect) prospect {
	order := []prospect{willWork, wasNotAsked, mayNot, willNot}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// outlookOf says which actions will work and which not, in a sentence for a person.
func outlookOf(all []actionProspect) string {
	var says []string
	for _, p := range []prospect{willNot, mayNot, wasNotAsked} {
		var names []string
		for _, a := range all {
			if a.Prospect == p {
				names = append(names, a.title+" ("+strings.Join(a.Operations, ", ")+")")
			}
		}
		if len(names) > 0 {
			says = append(says, string(p)+": "+strings.Join(names, ", "))
		}
	}
	var works []string
	for _, a := range all {
		if a.Prospect == willWork {
			works = append(works, a.title)
		}
	}
	switch len(works) {
	case len(all):
		return "every action will work"
	case 0:
		return strings.Join(says, "; ")
	}
	return strings.Join(append([]string{"will work: " + strings.Join(works, ", ")}, says...), "; ")
}

// prober is a store that can be asked what it has.
type prober interface {
	Probe(ctx context.Context) []soar.Finding
}

// tryActions asks the tenant what test-settings says of each action; "" for a store
// that has every operation. It is an error if no email can be saved there.
func tryActions(ctx context.Context, s *store) (outlook string, err error) {
	p, ok := s.Store.(prober)
	if !ok {
		return "", nil
	}
	all := prospects(p.Probe(ctx))
	outlook = outlookOf(all)
	if first := all[0]; first.Action == needed[0].action && first.Prospect == willNot {
		return "", fmt.Errorf("this tenant has no %s, so no email can be saved in it; describe its API in cloud_soar_routes, or keep the emails in cloud_soar_email_store; %s", strings.Join(first.Operations, " and no "), outlook)
	}
	return outlook, nil
}
