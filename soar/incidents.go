package soar

import (
	"context"
	"encoding/hex"
	"net/textproto"
)

// incidents links emails and files to incidents, and emails to triage events.
type incidents struct{ *caller }

// wireLink is the body of a link.
type wireLink struct {
	EmailID ID `json:"email_id"`
}

// AddToIncident links an email to an incident; added is false when it was there.
func (i incidents) AddToIncident(ctx context.Context, incident int64, id ID) (added bool, err error) {
	added, err = i.link(ctx, &request{doing: "add an email to an incident", route: routeLink, place: map[string]ID{incidentPlace: NumberID(incident)}}, id)
	return added, notFound(err, "incident", NumberID(incident))
}

// AddToTriage links an email to a triage event; added is false when it was there.
func (i incidents) AddToTriage(ctx context.Context, triage int64, id ID) (added bool, err error) {
	added, err = i.link(ctx, &request{doing: "add an email to a triage event", route: routeTriage, place: map[string]ID{triagePlace: NumberID(triage)}}, id)
	return added, notFound(err, "triage event", NumberID(triage))
}

func (i incidents) link(ctx context.Context, call *request, id ID) (added bool, err error) {
	call.body, call.limit = jsonBody(wireLink{id}), answerLimit
	call.accept = i.acceptLink(call, id, &added)
	b := startBudget(i.caller, 0)
	again := false
	err = i.persist(ctx, b, func() error {
		err := i.once(ctx, b, call)
		// When an answer was lost, the email that is there now is most likely there by this call.
		added = added || again
		again = again || unsure(err)
		return err
	})
	return added && err == nil, err
}

// RemoveFromIncident takes an email out of an incident; removed is false when it was not there.
func (i incidents) RemoveFromIncident(ctx context.Context, incident int64, id ID) (removed bool, err error) {
	call := &request{
		doing: "remove an email from an incident", route: routeUnlink, limit: answerLimit,
		place: map[string]ID{incidentPlace: NumberID(incident), mailPlace: id},
	}
	call.accept = i.acceptNothing(call)
	b := startBudget(i.caller, 0)
	again := false
	err = i.persist(ctx, b, func() error {
		err := i.once(ctx, b, call)
		again = again || unsure(err)
		return err
	})
	if is(err, missing) {
		return again, nil // gone after a lost answer: removed by this call
	}
	return err == nil, err
}

// IncidentEmails lists an incident's emails, newest id first.
func (i incidents) IncidentEmails(ctx context.Context, incident int64) ([]Record, error) {
	records, err := everything[Record](i.caller, i.sender(ctx), "list the emails of an incident", routeLinked, incident)
	return normalized(records), err
}

// IncidentFiles lists an incident's attachments, newest id first.
func (i incidents) IncidentFiles(ctx context.Context, incident int64) ([]IncidentFile, error) {
	return i.files(incident, i.sender(ctx))
}

func (i incidents) files(incident int64, send sender) ([]IncidentFile, error) {
	return everything[IncidentFile](i.caller, send, "list the attachments of an incident", routeFiles, incident)
}

// AddFile adds an attachment to an incident; existed is true when the incident had
// the same bytes from the same email and part before this call. A lost answer is
// looked up before the file is sent again.
func (i incidents) AddFile(ctx context.Context, incident int64, f File, content []byte) (id ID, existed bool, err error) {
	call := &request{
		doing: "add an attachment to an incident", route: routeFileAdd, limit: answerLimit,
		place: map[string]ID{incidentPlace: NumberID(incident)}, body: fileBody(f, content),
	}
	id, existed, err = i.post(ctx, call, func(send sender) (ID, error) { return i.findFile(incident, f, send) })
	return id, existed, notFound(err, "incident", NumberID(incident))
}

// findFile returns the id of the same bytes from the same email and part, 0 without one.
func (i incidents) findFile(incident int64, f File, send sender) (ID, error) {
	files, err := i.files(incident, send)
	for _, have := range files {
		if have.SHA256 == f.SHA256 && have.EmailID == f.EmailID && have.Part == f.Part {
			return have.ID, err
		}
	}
	return "", err
}

// fileBody is the body of incidents.attachments.add. The file's own name and type
// are data of the metadata; in a header they could break out of it.
func fileBody(f File, content []byte) *payload {
	name := "attachment"
	if _, err := hex.DecodeString(f.SHA256); err == nil && f.SHA256 != "" {
		name = f.SHA256
	}
	return form(f, "file", textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`},
		"Content-Type":        {"application/octet-stream"},
	}, content)
}
