package soar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Note is a note of an incident.
type Note struct {
	Title  string
	HTML   string // what it says
	Marker string // stands in the title, and in that of no other note
}

// Notes writes notes into incidents, by the public part of the API alone.
type Notes struct{ c *caller }

// NewNotes uses a client's connection and credentials.
func NewNotes(c *Client) Notes { return Notes{c.emails.caller} }

// wireNote is the body of incidents.notes.add.
type wireNote struct {
	Title          string `json:"title"`
	AdditionalInfo string `json:"additional_info"`
	CreatedOn      string `json:"created_on"`
}

// Add writes a note, unless the incident has one with its marker. Where the tenant
// does not list notes nobody can tell that; a lost answer is then an error that
// says so, because sending the note again might write it twice. errors.Is(err,
// ErrNotFound) when there is no such incident.
func (n Notes) Add(ctx context.Context, incident int64, note Note) (written bool, err error) {
	have, listed, err := n.has(ctx, incident, note.Marker)
	if err != nil || have {
		return false, notFound(err, "incident", NumberID(incident))
	}
	call := &request{
		doing: "write a note", route: routeNoteAdd, place: map[string]ID{incidentPlace: NumberID(incident)}, limit: answerLimit,
		body: jsonBody(wireNote{note.Title, note.HTML, n.c.now().UTC().Format(time.RFC3339)}),
	}
	call.accept = n.c.acceptNote(call)
	b := startBudget(n.c, call.body.size())
	own := false
	err = n.c.persist(ctx, b, func() error {
		if own {
			if have, _, err := n.has(ctx, incident, note.Marker); err != nil || have {
				return err
			}
		}
		err := n.c.once(ctx, b, call)
		if own = own || unsure(err); own && !listed && err != nil {
			return uncertain(err, incident)
		}
		return err
	})
	return err == nil, notFound(err, "incident", NumberID(incident))
}

// Check asks for the templates of incidents, which is public, and changes nothing.
func (n Notes) Check(ctx context.Context) (detail string, err error) {
	if !n.c.has(routeTemplates) {
		return fmt.Sprintf("Cloud SOAR at %s was not asked whether it takes the credentials, because its profile has no %s; incidents get notes about emails", n.c.host, routeTemplates), nil
	}
	call := &request{doing: "list the templates of incidents", route: routeTemplates, limit: pageLimit}
	call.accept = n.c.acceptNote(call)
	if err := n.c.send(ctx, call); err != nil {
		return "", err
	}
	return fmt.Sprintf("Cloud SOAR at %s took the credentials; incidents get notes about emails", n.c.host), nil
}

// uncertain ends the tries where another one might write the note twice.
func uncertain(err error, incident int64) error {
	f := *asFailure(err)
	f.kind = broken
	f.Cause += ", and this tenant does not list notes, so nobody knows whether the note was written"
	f.Advice = fmt.Sprintf("look at incident %d; if the note is not there, run it again", incident)
	return &f
}

// has looks for a marker among the notes of an incident. listed is false where the
// tenant has no such list. How it wraps the notes is not known and does not matter:
// the marker stands in a title, and nowhere else.
func (n Notes) has(ctx context.Context, incident int64, marker string) (have, listed bool, err error) {
	if !n.c.has(routeNotes) {
		return false, false, nil
	}
	call := &request{
		doing: "look at the notes of an incident", route: routeNotes, place: map[string]ID{incidentPlace: NumberID(incident)}, limit: pageLimit,
	}
	call.accept = func(resp *http.Response, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if isHTML(resp) || !json.Valid(text) {
			return nil
		}
		listed, have = true, bytes.Contains(text, []byte(marker))
		return nil
	}
	err = n.c.send(ctx, call)
	if f := asFailure(err); f != nil && (f.kind == missing || f.Status == http.StatusMethodNotAllowed || f.Status == http.StatusForbidden || f.kind == refused) {
		return false, false, nil // the write says whether there is such an incident
	}
	return have, listed, err
}
