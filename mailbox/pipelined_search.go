package mailbox

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"example.org/imap-integration/mailbox/imapwire"
	"github.com/emersion/go-imap/v2"
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

// within keeps the UIDs that were asked for: a server's "101:*" is its last email
// where there is none from 101 on (RFC 9051, section 9).
func (c Criteria) within(uids []UID) []UID {
	return slices.DeleteFunc(uids, func(u UID) bool { return u < c.From || c.To != 0 && u > c.To })
}

// search runs a UID SEARCH, behind the early one.
func search(ctx context.Context, s *session, keys *imap.SearchCriteria, options *imap.SearchOptions) (*imapwire.SearchResponse, error) {
	if err := s.early.drop(ctx); err != nil {
		return &imapwire.SearchResponse{}, err
	}
	result := &imapwire.SearchResponse{}
	s.n.Forget() // the result will hold them
	s.n.Collect(result)
	err := s.run(ctx, func() error {
		_, err := s.client.UIDSearch(keys, options).Wait()
		return err
	})
	s.n.Collect(nil)
	if err == nil {
		err = result.Complete() // never a part of the result
	}
	return result, err
}

// exists asks whether an email is still there.
func exists(ctx context.Context, s *session, uid UID) (bool, error) {
	result, err := search(ctx, s, &imap.SearchCriteria{UID: []imap.UIDSet{imapSet([]UID{uid})}}, nil)
	if err != nil {
		return false, err
	}
	for _, u := range result.UIDs {
		if u == uid {
			return true, nil
		}
	}
	return false, nil
}
