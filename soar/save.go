package soar

import (
	"context"
	"net/textproto"

	"example.org/imap-integration/message"
)

// message.CodeContentRefused is the problem of an email whose content Cloud SOAR did not take
// (contract.md, section 3).

// Save stores drafts in this order, one after the other. It returns one Saved for
// each of a prefix of drafts; the error says why it is not all of them. A draft
// whose content is refused (400, 413, 422) gets the problem content_refused and is
// saved without its content; Saved.Refused says that this was refused too.
func (e emails) Save(ctx context.Context, drafts []*Draft) ([]Saved, error) {
	saved := make([]Saved, 0, len(drafts))
	for _, d := range drafts {
		d.Normalize()
		s, err := e.save(ctx, d)
		if err != nil {
			return saved, err
		}
		saved = append(saved, s)
	}
	return saved, nil
}

// save stores one draft, without its content where that is refused.
func (e emails) save(ctx context.Context, d *Draft) (Saved, error) {
	s, err := e.create(ctx, d.Metadata, d.Raw)
	if d.Raw == nil || !is(err, refused) {
		return refusal(s, err)
	}
	reduced := d.Metadata
	reduced.Problems = append(d.Problems[:len(d.Problems):len(d.Problems)], message.Problem{
		Code: message.CodeContentRefused, Detail: "saved without content: " + err.Error(),
	})
	e.log.Warn("the content of an email is refused; it is saved without", "uid", d.UID, "why", err)
	s, err = refusal(e.create(ctx, reduced, nil))
	if err == nil && s.Refused == "" {
		d.Problems = reduced.Problems
	}
	return s, err
}

// refusal makes a refusal a result: it concerns this email alone.
func refusal(s Saved, err error) (Saved, error) {
	if is(err, refused) {
		return Saved{Refused: err.Error()}, nil
	}
	return s, err
}

// create posts one record.
func (e emails) create(ctx context.Context, m Metadata, raw []byte) (Saved, error) {
	call := &request{doing: "save an email", route: routeCreate, key: m.SourceKey, limit: answerLimit, body: mailBody(m, raw)}
	id, existed, err := e.post(ctx, call, func(send sender) (ID, error) {
		r, _, err := e.find.byKey(ctx, m.SourceKey, send)
		return r.ID, err
	})
	return Saved{ID: id, Existed: existed}, err
}

// mailBody is the body of emails.create.
func mailBody(m Metadata, raw []byte) *payload {
	if raw == nil {
		return form(m, "", nil, nil)
	}
	return form(m, "eml", textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="eml"; filename="mail.eml"`},
		"Content-Type":        {"message/rfc822"},
	}, raw)
}
