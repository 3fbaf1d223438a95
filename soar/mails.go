package soar

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/textproto"
)

// Get returns a record; errors.Is(err, ErrNotFound) when there is none.
func (c *Client) Get(ctx context.Context, id ID) (Record, error) {
	var r Record
	call := &request{doing: "get an email", route: routeGet, place: map[string]ID{mailPlace: id}, limit: recordLimit}
	call.accept = c.acceptRecord(call, id, &r)
	if err := c.send(ctx, call); err != nil {
		return Record{}, notFound(err, "email", id)
	}
	return r, nil
}

// EML returns the raw email, of at most limit bytes (0: Config.MaxMessageSize).
// errors.Is(err, ErrNoContent) when the record has none.
func (c *Client) EML(ctx context.Context, id ID, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = c.maxEML
	}
	var raw []byte
	call := &request{
		doing: fmt.Sprintf("get the content of email %s", id), route: routeEML,
		place: map[string]ID{mailPlace: id}, limit: limit, bulk: true,
	}
	call.accept = c.acceptRaw(call, &raw)
	err := c.send(ctx, call)
	if is(err, missing) {
		return nil, fmt.Errorf("email %s: %w", id, ErrNoContent)
	}
	if f := (*Failure)(nil); errors.As(err, &f) && f.kind == oversize {
		f.Advice = "raise max_message_size"
	}
	return raw, err
}

// Discard marks a record as discarded and returns it; ErrNotFound as for Get.
func (c *Client) Discard(ctx context.Context, id ID) (Record, error) {
	var r Record
	call := &request{doing: "discard an email", route: routeDiscard, place: map[string]ID{mailPlace: id}, limit: recordLimit}
	call.accept = c.acceptRecord(call, id, &r)
	if err := c.send(ctx, call); err != nil {
		return Record{}, notFound(err, "email", id)
	}
	if !r.Discarded {
		return Record{}, c.unexpected(call, 200, "a record that is not discarded")
	}
	return r, nil
}

// AddToIncident links an email to an incident; added is false when it was there.
func (c *Client) AddToIncident(ctx context.Context, incident int64, id ID) (added bool, err error) {
	added, err = c.link(ctx, &request{doing: "add an email to an incident", route: routeLink, place: map[string]ID{incidentPlace: NumberID(incident)}}, id)
	return added, notFound(err, "incident", NumberID(incident))
}

// AddToTriage links an email to a triage event; added is false when it was there.
func (c *Client) AddToTriage(ctx context.Context, triage int64, id ID) (added bool, err error) {
	added, err = c.link(ctx, &request{doing: "add an email to a triage event", route: routeTriage, place: map[string]ID{triagePlace: NumberID(triage)}}, id)
	return added, notFound(err, "triage event", NumberID(triage))
}

// wireLink is the body of a link.
type wireLink struct {
	EmailID ID `json:"email_id"`
}

func (c *Client) link(ctx context.Context, call *request, id ID) (added bool, err error) {
	call.body, call.limit = jsonBody(wireLink{id}), answerLimit
	call.accept = c.acceptLink(call, id, &added)
	b := c.newBudget(0)
	again := false
	err = c.persist(ctx, b, func() error {
		err := c.once(ctx, b, call)
		// When an answer was lost, the email that is there now is most likely there by this call.
		added = added || again
		again = again || unsure(err)
		return err
	})
	return added && err == nil, err
}

// RemoveFromIncident takes an email out of an incident; removed is false when it was not there.
func (c *Client) RemoveFromIncident(ctx context.Context, incident int64, id ID) (removed bool, err error) {
	call := &request{
		doing: "remove an email from an incident", route: routeUnlink, limit: answerLimit,
		place: map[string]ID{incidentPlace: NumberID(incident), mailPlace: id},
	}
	call.accept = c.acceptNothing(call)
	b := c.newBudget(0)
	again := false
	err = c.persist(ctx, b, func() error {
		err := c.once(ctx, b, call)
		again = again || unsure(err)
		return err
	})
	if is(err, missing) {
		return again, nil // gone after a lost answer: removed by this call
	}
	return err == nil, err
}

// IncidentMails lists an incident's emails, newest id first.
func (c *Client) IncidentMails(ctx context.Context, incident int64) ([]Record, error) {
	records, err := everything[Record](c, c.sender(ctx), "list the emails of an incident", routeLinked, incident)
	return normalized(records), err
}

// IncidentFiles lists an incident's attachments, newest id first.
func (c *Client) IncidentFiles(ctx context.Context, incident int64) ([]IncidentFile, error) {
	return c.files(incident, c.sender(ctx))
}

func (c *Client) files(incident int64, send sender) ([]IncidentFile, error) {
	return everything[IncidentFile](c, send, "list the attachments of an incident", routeFiles, incident)
}

// AddFile adds an attachment to an incident; existed is true when the incident had
// the same bytes from the same email and part before this call. A lost answer is
// looked up before the file is sent again.
func (c *Client) AddFile(ctx context.Context, incident int64, f File, content []byte) (id ID, existed bool, err error) {
	call := &request{
		doing: "add an attachment to an incident", route: routeFileAdd, limit: answerLimit,
		place: map[string]ID{incidentPlace: NumberID(incident)}, body: fileBody(f, content),
	}
	id, existed, err = c.post(ctx, call, func(send sender) (ID, error) { return c.findFile(incident, f, send) })
	return id, existed, notFound(err, "incident", NumberID(incident))
}

// findFile returns the id of the same bytes from the same email and part, 0 without one.
func (c *Client) findFile(incident int64, f File, send sender) (ID, error) {
	files, err := c.files(incident, send)
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
