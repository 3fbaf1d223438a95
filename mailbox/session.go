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

// session is one connection, from the dial to its end.
type session struct {
	conf     *Config
	g        *imapwire.Guard
	n        *imapwire.Conn
	client   *imapclient.Client
	greeting string // proved by TLS, or in clear on request
	provider provider
	believed provider          // what an unproved greeting claims; only its cautions count
	opening  *imapwire.Command // the command that opens the folder, where it was sent behind the login
	opened   imapwire.Mailbox  // the folder, when it was opened
	early    *early            // the search that was sent behind the login, until it is used or dropped
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

// awaitUntil is await that gives up when ctx ends; the answer then comes to nobody.
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

// drain waits for the answers on their way, so that the connection can be used
// on; where they take too long, it ends the connection.
func (s *session) drain(limit time.Duration) {
	timer := time.AfterFunc(limit, func() { s.g.Abort(errInterrupted) })
	defer timer.Stop()
	for _, p := range s.n.Outstanding() {
		<-p.Done()
	}
}

// run runs a command of go-imap under the watch and the time-out.
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

// fault makes the error that callers see of one that a stage ended with.
func (c *Config) fault(stage string, s *session, err error) *Error {
	e := &Error{Stage: stage, Kind: kindOf(err), Host: c.Host, Port: c.Port, User: c.user(), Folder: c.Folder, Err: err}
	var refused imapwire.Refusal
	if errors.As(err, &refused) {
		e.Server, e.Err = refused.Said(), nil
		if _, slow := throttled(refused.StatusResponse); slow {
			e.Kind = Throttled
		} else if passing(refused.StatusResponse) || refused.Code == "SERVERBUG" {
			e.Kind = Unavailable
		}
	}
	if s != nil && e.Server == "" && e.Kind == Closed {
		e.Server = s.n.Goodbye()
		if _, slow := throttled(imapwire.StatusResponse{Text: e.Server}); slow {
			e.Kind = Throttled
		}
	}
	return e
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
	case errors.Is(err, ErrUIDValidity):
		return UIDValidity
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Closed
	}
	return Failed
}

// user is whom the login is for, as the sentence names it.
func (c *Config) user() string {
	if c.Login.Mailbox != "" && c.Login.Token != nil {
		return c.Login.Mailbox
	}
	return c.Login.Username
}

// stage times one stage and reports it.
func (c *Config) stage(name string, start time.Time, detail string, err error) {
	if c.Stage != nil {
		c.Stage(name, time.Since(start), detail, err)
	}
}

func (c *Config) address() string { return (&Error{Host: c.Host, Port: c.Port}).Address() }
