package soar

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/textproto"

	"example.org/imap-integration/message"
)

// contentRefused is the problem of a mail whose content Cloud SOAR did not take
// (contract.md, section 3).
const contentRefused = "content_refused"

// Save stores drafts in this order, one after the other. It returns one Saved for
// each of a prefix of drafts; the error says why it is not all of them. A draft
// whose content is refused (400, 413, 422) gets the problem content_refused and is
// saved without its content; Saved.Refused says that this was refused too.
func (c *Client) Save(ctx context.Context, drafts []*Draft) ([]Saved, error) {
	saved := make([]Saved, 0, len(drafts))
	for _, d := range drafts {
		d.Normalize()
		s, err := c.save(ctx, d)
		if err != nil {
			return saved, err
		}
		saved = append(saved, s)
	}
	return saved, nil
}

// save stores one draft, without its content where that is refused.
func (c *Client) save(ctx context.Context, d *Draft) (Saved, error) {
	s, err := c.create(ctx, d.Metadata, d.Raw)
	if d.Raw == nil || !is(err, refused) {
		return refusal(s, err)
	}
	reduced := d.Metadata
	reduced.Problems = append(d.Problems[:len(d.Problems):len(d.Problems)], message.Problem{
		Code: contentRefused, Detail: "saved without content: " + err.Error(),
	})
	c.log.Warn("the content of a mail is refused; it is saved without", "uid", d.UID, "why", err)
	s, err = refusal(c.create(ctx, reduced, nil))
	if err == nil && s.Refused == "" {
		d.Problems = reduced.Problems
	}
	return s, err
}

// refusal makes a refusal a result: it concerns this mail alone.
func refusal(s Saved, err error) (Saved, error) {
	if is(err, refused) {
		return Saved{Refused: err.Error()}, nil
	}
	return s, err
}

// create posts one record. Whenever an answer was lost, it looks the record up
// before it posts again: a store need not know Idempotency-Key. What is there after
// an answer that may have been lost on its way was made by this call.
func (c *Client) create(ctx context.Context, m Metadata, raw []byte) (Saved, error) {
	var answer created
	call := &request{doing: "save a mail", route: routeCreate, key: m.SourceKey, limit: answerLimit, body: mailBody(m, raw)}
	call.accept = c.acceptCreated(call, &answer)
	b := c.newBudget(call.body.size())
	posted, own, found := false, false, Saved{}
	err := c.persist(ctx, b, func() (err error) {
		if posted {
			if found, err = c.lookUp(ctx, b, m.SourceKey); err != nil || found.ID != 0 {
				return err
			}
		}
		err = c.once(ctx, b, call)
		posted, own = posted || is(err, lost), own || unsure(err)
		return err
	})
	switch {
	case is(err, conflict):
		return c.existing(ctx, m.SourceKey, own, err)
	case err != nil:
		return Saved{}, err
	case found.ID != 0:
		return Saved{ID: found.ID, Existed: !own}, nil
	}
	return Saved{ID: *answer.ID, Existed: answer.Existed && !own}, nil
}

// lookUp asks once whether there is a record with this key.
func (c *Client) lookUp(ctx context.Context, b *budget, key string) (Saved, error) {
	r, ok, err := c.byKey(ctx, key, func(call *request) error { return c.once(ctx, b, call) })
	if err != nil || !ok {
		return Saved{}, err
	}
	return Saved{ID: r.ID}, nil
}

// existing settles a 409: with our key it is a success, with another's it is not.
func (c *Client) existing(ctx context.Context, key string, own bool, why error) (Saved, error) {
	r, ok, err := c.ByKey(ctx, key)
	if err != nil {
		return Saved{}, err
	}
	if !ok {
		return Saved{}, why
	}
	return Saved{ID: r.ID, Existed: !own}, nil
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

// form is multipart/form-data (RFC 7578) of the part metadata and, where it has a
// name, one more. The content is sent from where it is.
func form(metadata any, name string, header textproto.MIMEHeader, content []byte) *payload {
	text, err := json.Marshal(metadata)
	if err != nil {
		panic(err) // a wire struct of this package
	}
	var b bytes.Buffer // writing to it cannot fail
	w := multipart.NewWriter(&b)
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="metadata"`},
		"Content-Type":        {"application/json"},
	})
	_, _ = part.Write(text)
	if name != "" {
		_, _ = w.CreatePart(header)
	}
	head := b.Len()
	_ = w.Close()
	return &payload{w.FormDataContentType(), [][]byte{b.Bytes()[:head], content, b.Bytes()[head:]}}
}
