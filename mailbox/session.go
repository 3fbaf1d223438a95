package mailbox

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// marksAtOnce bounds one STORE; the length of its set bounds it too.
	marksAtOnce = 1000
	// longestIdle is below the 29 minutes of RFC 2177 and go-imap's restart at 28.
	longestIdle = 25 * time.Minute
	// pollEvery is how often a server without IDLE is asked.
	pollEvery = 30 * time.Second
	// drainGrace is how long responses on the way are waited for when the caller
	// gives up, so that the connection can still be used to mark emails.
	drainGrace = 2 * time.Second
)

// session is one connection, from the dial to its end.
type session struct {
	conf     *Config
	g        *imapwire.Guard
	n        *imapwire.Conn
	client   *imapclient.Client
	peer     peer
	greeting string // proved by TLS, or in clear on request
	provider provider
	believed provider          // what an unproved greeting claims; only its cautions count
	opening  *imapwire.Command // the command that opens the folder, where it was sent behind the login
	opened   imapwire.Mailbox  // the folder, when it was opened
	early    *early            // the search that was sent behind the login, until it is used or dropped
	notified bool              // the server tells of other folders too (NOTIFY)
	noNotify bool              // it refused to
	renewed  bool              // a second access token was tried
}

// watch ends the connection when ctx ends; stop ends the watch.
func (s *session) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { s.g.Abort(context.Cause(ctx)) })
}

// await waits for a command that was sent past go-imap.
func (s *session) await(p *imapwire.Command) (imapwire.StatusResponse, error) {
	return s.awaitUntil(context.Background(), p)
}

// awaitUntil is await that gives up when ctx ends; the response then comes to nobody.
func (s *session) awaitUntil(ctx context.Context, p *imapwire.Command) (imapwire.StatusResponse, error) {
	select {
	case <-ctx.Done():
		return imapwire.StatusResponse{}, context.Cause(ctx)
	case r, ok := <-p.Done():
		if !ok {
			return imapwire.StatusResponse{}, s.broken()
		}
		if r.Status != "OK" {
			return r, imapwire.Refusal{StatusResponse: r}
		}
		return r, nil
	}
}

// drain waits for the responses on their way, so that the connection can be used
// on; where they take too long, it ends the connection.
func (s *session) drain(limit time.Duration) {
	timer := time.AfterFunc(limit, func() { s.g.Abort(errInterrupted) })
	defer timer.Stop()
	for _, p := range s.n.Outstanding() {
		<-p.Done()
	}
}

// run runs a command of go-imap under the watch and the timeout.
func (s *session) run(ctx context.Context, command func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	stop := s.watch(ctx)
	defer stop()
	s.n.Hush()
	s.g.Begin()
	defer s.g.End()
	return s.told(command())
}

// told turns an error of go-imap into ours: its texts for a dead connection say
// nothing that the guard does not know better.
func (s *session) told(err error) error {
	var refused *imap.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return imapwire.Refusal{StatusResponse: imapwire.StatusResponse{Status: string(refused.Type), Code: strings.ToUpper(string(refused.Code)), Text: strings.TrimPrefix(refused.Text, "- ")}}
	case s.g.Why() != nil:
		return s.g.Why()
	}
	return err
}

// broken is why the connection ended.
func (s *session) broken() error {
	if why := s.g.Why(); why != nil {
		return why
	}
	return io.ErrUnexpectedEOF
}

// alive reports whether the connection can still be used.
func (s *session) alive() bool {
	return s != nil && s.g.Why() == nil && s.n.Goodbye() == ""
}

// end closes the connection without ceremony.
func (s *session) end(cause error) {
	s.g.Abort(cause)
	_ = s.client.Close()
}

// kindOf tells kinds of failing connections apart.
func kindOf(err error) Kind {
	var stalled imapwire.StalledError
	var protocol imapwire.ProtocolError
	var refused imapwire.Refusal
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return ServerRefused
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return Interrupted
	case errors.As(err, &stalled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	case errors.As(err, &protocol):
		return Protocol
	case errors.Is(err, imapwire.ErrUIDValidity):
		return UIDValidity
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Closed
	}
	return Failed
}

// start hands the connection to go-imap, beginning with a greeting.
func (s *session) start(greeting imapwire.StatusResponse) {
	s.client = imapclient.New(s.n.ClientConn(greeting), nil)
	go func() {
		// Where go-imap gives the connection up, nobody reads any more.
		<-s.client.Closed()
		s.n.Fail(errAbandoned)
	}()
}

// returnAll asks for a search result in few bytes, where the server knows how (RFC 4731).
func (s *session) returnAll() *imap.SearchOptions {
	if s.n.Has("ESEARCH") || s.n.Has("IMAP4REV2") {
		return &imap.SearchOptions{ReturnAll: true}
	}
	return nil
}

func (s *session) mark(ctx context.Context, uids []UID, flag string) error {
	add := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.Flag(flag)}}
	return s.run(ctx, func() error { return s.client.Store(imapSet(uids), add, nil).Close() })
}

// idle uses IDLE (RFC 2177). It ends it also when ctx ends, so that the
// connection can be used on.
func (s *session) idle(ctx context.Context, end <-chan time.Time) error {
	var ask interface {
		Close() error
		Wait() error
	}
	err := s.run(ctx, func() (err error) {
		ask, err = s.client.Idle()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-s.n.News():
	case <-s.n.OtherNews():
	case <-end:
	case <-ctx.Done():
	case <-s.client.Closed():
		return s.broken()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(s.conf.Timeout, drainGrace))
	if ctx.Err() != nil {
		cancel()
		last, cancel = context.WithTimeout(context.WithoutCancel(ctx), drainGrace)
	}
	defer cancel()
	err = s.run(last, func() error {
		if err := ask.Close(); err != nil {
			return err
		}
		return ask.Wait()
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// poll asks with NOOP where there is no IDLE.
func (s *session) poll(ctx context.Context, end <-chan time.Time) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.n.News():
			return nil
		case <-s.n.OtherNews():
			return nil
		case <-end:
			return s.run(ctx, func() error { return s.client.Noop().Wait() })
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.client.Closed():
			return s.broken()
		case <-tick.C:
			if err := s.run(ctx, func() error { return s.client.Noop().Wait() }); err != nil {
				return err
			}
		}
	}
}

// imapSet is compactSet for go-imap.
func imapSet(uids []UID) imap.UIDSet {
	var set imap.UIDSet
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		set = append(set, imap.UIDRange{Start: imap.UID(uids[i]), Stop: imap.UID(uids[j])})
		i = j + 1
	}
	return set
}

// declined reports whether a question about one email was refused for good.
func declined(err error) bool {
	var refused imapwire.Refusal
	return errors.As(err, &refused) && !temporary(refused.StatusResponse)
}

var errAbandoned = imapwire.Protocolf("a response that cannot be understood")
