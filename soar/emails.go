package soar

import (
	"context"
	"errors"
	"fmt"
)

// emails saves emails, and reads and discards what is saved.
type emails struct {
	*caller
	find   finder
	maxEML int64 // bytes of a raw email, where its reader names no limit
}

// Get returns a record; errors.Is(err, ErrNotFound) when there is none.
func (e emails) Get(ctx context.Context, id ID) (Record, error) {
	var r Record
	call := &request{doing: "get an email", route: routeGet, place: map[string]ID{mailPlace: id}, limit: recordLimit}
	call.accept = e.acceptRecord(call, id, &r)
	if err := e.send(ctx, call); err != nil {
		return Record{}, notFound(err, "email", id)
	}
	return r, nil
}

// EML returns the raw email, of at most limit bytes (0: Config.MaxMessageSize).
// errors.Is(err, ErrNoContent) when the record has none.
func (e emails) EML(ctx context.Context, id ID, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = e.maxEML
	}
	var raw []byte
	call := &request{
		doing: fmt.Sprintf("get the content of email %s", id), route: routeEML,
		place: map[string]ID{mailPlace: id}, limit: limit, bulk: true,
	}
	call.accept = e.acceptRaw(call, &raw)
	err := e.send(ctx, call)
	if is(err, missing) {
		return nil, fmt.Errorf("email %s: %w", id, ErrNoContent)
	}
	if f := (*Failure)(nil); errors.As(err, &f) && f.kind == oversize {
		f.Advice = "raise max_message_size"
	}
	return raw, err
}

// Discard marks a record as discarded and returns it; ErrNotFound as for Get.
func (e emails) Discard(ctx context.Context, id ID) (Record, error) {
	var r Record
	call := &request{doing: "discard an email", route: routeDiscard, place: map[string]ID{mailPlace: id}, limit: recordLimit}
	call.accept = e.acceptRecord(call, id, &r)
	if err := e.send(ctx, call); err != nil {
		return Record{}, notFound(err, "email", id)
	}
	if !r.Discarded {
		return Record{}, e.unexpected(call, 200, "a record that is not discarded")
	}
	return r, nil
}
