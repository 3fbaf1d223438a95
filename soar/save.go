package soar

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/textproto"

	"example.org/imap-integration/message"
)

// message.CodeContentRefused is the problem of an email whose content Cloud SOAR did not take
// (contract.md, section 3).

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
		Code: message.CodeContentRefused, Detail: "saved without content: " + err.Error(),
	})
	c.log.Warn("the content of an email is refused; it is saved without", "uid", d.UID, "why", err)
	s, err = refusal(c.create(ctx, reduced, nil))
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
func (c *Client) create(ctx context.Context, m Metadata, raw []byte) (Saved, error) {
	call := &request{doing: "save an email", route: routeCreate, key: m.SourceKey, limit: answerLimit, body: mailBody(m, raw)}
	id, existed, err := c.post(ctx, call, func(send sender) (ID, error) {
		r, _, err := c.byKey(ctx, m.SourceKey, send)
		return r.ID, err
	})
	return Saved{ID: id, Existed: existed}, err
}

// post sends what makes an object. Whenever an answer was lost, look asks for the
// object's id ("": there is none) before it is posted again: a store need not know
// that it is the same. What is there after an answer that may have been lost on
// its way was made by this call; existed is true for what was there before.
func (c *Client) post(ctx context.Context, call *request, look func(sender) (ID, error)) (id ID, existed bool, err error) {
	var answer created
	call.accept = c.acceptCreated(call, &answer)
	b := c.newBudget(call.body.size())
	posted, own, found := false, false, ID("")
	err = c.persist(ctx, b, func() (err error) {
		if posted {
			found, err = look(func(call *request) error { return c.once(ctx, b, call) })
			if err != nil || found != "" {
				return err
			}
		}
		err = c.once(ctx, b, call)
		posted, own = posted || is(err, lost), own || unsure(err)
		return err
	})
	if is(err, conflict) { // a success when it is ours, and not when it is another's
		if found, lookErr := look(c.sender(ctx)); lookErr != nil || found != "" {
			return found, !own, lookErr
		}
	}
	switch {
	case err != nil:
		return "", false, err
	case found != "":
		return found, !own, nil
	}
	return answer.ID, answer.Existed && !own, nil
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
	return &payload{
		contentType: w.FormDataContentType(), parts: [][]byte{b.Bytes()[:head], content, b.Bytes()[head:]},
		document: text, content: content,
	}
}
