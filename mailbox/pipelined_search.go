package mailbox

import (
	"context"
	"fmt"
	"sync/atomic"

	"example.org/imap-integration/mailbox/imapwire"
)

// early is a search that is sent before it is asked for, in the segment that
// logs in and opens the folder (Config.First). Its answers are collected from
// the moment the folder is open until the search's own tagged end, both of which
// the reading goroutine sees, so that no other answer can be taken for one of them.
type early struct {
	s        *session
	criteria Criteria
	sent     *imapwire.Command
	found    imapwire.SearchResponse
	ended    atomic.Bool
}

// searchBehind sends the first search behind the command that opens the folder.
func searchBehind(s *session) *early {
	if s.conf.First == nil {
		return nil
	}
	keys, ok := s.conf.First.line()
	if !ok {
		return nil
	}
	if s.n.Has("ESEARCH") || s.provider.extended { // 100,000 unread emails are a range, not half a megabyte
		keys = "RETURN (ALL) " + keys
	}
	e := &early{s: s, criteria: *s.conf.First}
	e.sent = s.n.SendBehind("UID SEARCH "+keys, func(imapwire.StatusResponse, bool) {
		e.ended.Store(true)
		s.n.Collected(&e.found)
	})
	return e
}

// line writes simple criteria as SEARCH keys; false: they are not simple.
func (c Criteria) line() (string, bool) {
	switch {
	case c.To != 0 || !c.Since.IsZero() || len(c.Query) > 0 || c.Seen || c.Lacks != "" || c.Size != 0:
		return "", false
	case c.From > 1 && c.Unseen:
		return fmt.Sprintf("UID %d:* UNSEEN", c.From), true
	case c.From > 1:
		return fmt.Sprintf("UID %d:*", c.From), true
	case c.Unseen:
		return "UNSEEN", true
	default:
		return "ALL", true
	}
}

// equals reports whether simple criteria ask for the same.
func (c Criteria) equals(d Criteria) bool {
	mine, simple := c.line()
	other, alike := d.line()
	return simple && alike && mine == other
}

// result returns what the early search found, where it was for the same; done
// is false where it has to be asked for. Either way there is no early search any more.
func (e *early) result(ctx context.Context, c Criteria) (uids []UID, done bool, err error) {
	if e == nil || !e.criteria.equals(c) {
		return nil, false, nil // the search that is sent instead drops it
	}
	answer, err := e.end(ctx)
	switch {
	case err == nil && e.found.Usable():
		return c.within(e.found.UIDs), true, nil
	case err == nil, declined(err):
		// QUIRK: a server that does not take a search behind the login, or got the response
		// wrong: it is asked again, in the usual order.
		e.s.conf.Log.Info("the search sent with the login brought nothing that can be used, searching again", "answer", answer.Said())
		return nil, false, nil
	default:
		return nil, false, err
	}
}

// drop waits until the early search can no longer be taken for another one.
func (e *early) drop(ctx context.Context) error {
	if e == nil {
		return nil
	}
	if _, err := e.end(ctx); err != nil && !declined(err) {
		return err
	}
	return nil
}

// end waits for the end of the early search.
func (e *early) end(ctx context.Context) (imapwire.StatusResponse, error) {
	if err := ctx.Err(); err != nil {
		return imapwire.StatusResponse{}, context.Cause(ctx)
	}
	stop := e.s.watch(ctx)
	defer stop()
	defer func() { e.s.early = nil }()
	return e.s.await(e.sent)
}
