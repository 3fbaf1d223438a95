package mailbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/emersion/go-sasl"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
)

// maxPipelined is what user and password may have together for commands to be
// sent behind AUTHENTICATE: the line must leave go-imap's buffer of 4 KiB in one piece.
const maxPipelined = 2000

var errNUL = errors.New("a username or password with a NUL character cannot be sent (RFC 4616)")

// method is how to prove who we are to this server.
type method int

const (
	noMethod method = iota
	plain           // AUTHENTICATE PLAIN
	login           // LOGIN
	oauthbearer
	xoauth2
)

// choose picks the method; noMethod where there is none in common.
func (s *session) choose() method {
	has := s.n.Has
	switch {
	case s.conf.Login.Token != nil && has("AUTH=OAUTHBEARER"):
		return oauthbearer
	case s.conf.Login.Token != nil && has("AUTH=XOAUTH2"):
		return xoauth2
	case s.conf.Login.Token != nil:
		return noMethod
	case has("AUTH=PLAIN") && (has("SASL-IR") || has("LOGINDISABLED")):
		return plain
	case has("LOGINDISABLED"): // RFC 9051, section 6.2.3
		return noMethod
	default:
		return login
	}
}

// signIn logs in and, where the server takes it, has the folder opened in the
// same round trip.
func (s *session) signIn(ctx context.Context, renew bool) error {
	if err := s.learnCapabilities(ctx); err != nil {
		return s.conf.fault(StageLogin, s, err)
	}
	how := s.choose()
	if how == noMethod {
		return s.noLogin()
	}
	if how == plain || how == login {
		return s.password(ctx, how)
	}
	return s.oauth(ctx, how, renew)
}

// learnCapabilities asks for them where the greeting did not say.
func (s *session) learnCapabilities(ctx context.Context) error {
	if !s.n.Has("IMAP4REV1") && !s.n.Has("IMAP4REV2") && !s.n.Has("IMAP4") {
		ask := func() error {
			if s.client.Caps() == nil {
				return s.broken()
			}
			return nil
		}
		if err := s.run(ctx, ask); err != nil {
			return err
		}
	}
	s.recognise()
	return nil
}

func (s *session) recognise() {
	s.provider = recognise(s.conf.Host, s.n.Capabilities(), s.greeting)
}

// noLogin says why there is no way to log in; nothing was sent.
func (s *session) noLogin() error {
	e := s.conf.fault(StageLogin, s, errors.New("the server offers "+s.offered()))
	e.Kind = AuthDisabled
	if s.conf.Login.Token == nil && s.conf.Security == Clear {
		e.Next = "no credentials were sent; set connection_security to starttls or ssl_tls, without which many servers disable the login"
	}
	return e
}

// offered lists the ways to log in that the server names.
func (s *session) offered() string {
	var ways []string
	for _, c := range s.capabilities() {
		if name, ok := strings.CutPrefix(c, "AUTH="); ok {
			ways = append(ways, quote.Line(name, imapwire.MaxQuote))
		}
	}
	text := "no way to log in"
	if len(ways) > 0 {
		text = "only " + strings.Join(ways[:min(len(ways), 10)], ", ")
	}
	if s.n.Has("LOGINDISABLED") {
		text += " (LOGINDISABLED)"
	}
	return text
}

func (s *session) password(ctx context.Context, how method) error {
	user, pass := s.conf.Login.Username, s.conf.Login.Password.Reveal()
	if strings.Contains(user, "\x00") || strings.Contains(pass, "\x00") {
		e := s.conf.fault(StageLogin, s, errNUL)
		e.Next = "correct username and password"
		return e
	}
	err := s.run(ctx, func() error {
		if how == login {
			return s.client.Login(user, pass).Wait()
		}
		if s.n.Has("SASL-IR") && s.provider.pipeline && len(user)+len(pass) < maxPipelined {
			if err := s.openBehind(); err != nil {
				return err
			}
		}
		return s.client.Authenticate(sasl.NewPlainClient("", user, pass))
	})
	if err != nil {
		return s.loginFault(err, "")
	}
	return nil
}

// oauth logs in with a token, and once more with a new one where the first is refused.
func (s *session) oauth(ctx context.Context, how method, renew bool) error {
	err := s.tokenLogin(ctx, how, renew)
	var e *Error
	if renew || !errors.As(err, &e) || e.Kind != AuthFailed || !s.alive() {
		return err
	}
	s.renewed = true
	err = s.tokenLogin(ctx, how, true)
	var again *Error
	if errors.As(err, &again) && again.Kind == TokenUnavailable {
		again.Server = e.Server // why another one was asked for
	}
	return err
}

func (s *session) tokenLogin(ctx context.Context, how method, renew bool) error {
	token, err := s.conf.Login.Token(ctx, renew)
	if err != nil {
		e := s.conf.fault(StageLogin, nil, err)
		e.Kind = TokenUnavailable
		return e
	}
	client := s.bearer(how, token)
	s.n.SendEmptyResponse(how == xoauth2)
	if err := s.run(ctx, func() error { return s.client.Authenticate(client) }); err != nil {
		return s.loginFault(err, client.problem)
	}
	return nil
}

func (s *session) bearer(how method, token secret.String) *bearer {
	user := s.conf.user()
	if how == oauthbearer {
		return newOAuthBearer(user, token.Reveal(), s.conf.Host, s.conf.Port)
	}
	return newXOAuth2(user, token.Reveal())
}

// loginFault is the error of a login that failed; document is what a token's refusal said.
func (s *session) loginFault(err error, document string) error {
	e := s.conf.fault(StageLogin, s, err)
	if document != "" {
		e.Server = strings.TrimSpace(e.Server + " (" + document + ")")
	}
	text := strings.ToLower(e.Server)
	if strings.Contains(text, "connections") && s.provider.connections != "" {
		e.Next = s.provider.connections + "; close others, or run again later"
	}
	if e.Kind != ServerRefused {
		return e
	}
	e.Kind = AuthFailed
	switch {
	case strings.Contains(text, "privacyrequired"):
		e.Kind, e.Next = AuthDisabled, "set connection_security to starttls or ssl_tls"
	case strings.Contains(text, "imap") && (strings.Contains(text, "disabled") || strings.Contains(text, "not enabled")):
		e.Next = "enable IMAP for this mailbox"
	case s.conf.Login.Token != nil:
		e.Next = "check the token's rights and audience, and that the mailbox may be read with it"
	case s.provider.refused != "":
		e.Next = s.provider.refused
	}
	return e
}

// dialAndLogin makes a session that is logged in and has the folder open.
func dialAndLogin(ctx context.Context, c *Config, renew bool) (*session, error) {
	s, err := connect(ctx, c)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Stage == StageLogin {
			c.stage(StageLogin, time.Now(), "", e)
		}
		return nil, err
	}
	start := time.Now()
	if err := s.signIn(ctx, renew); err != nil {
		c.stage(StageLogin, start, "", err)
		s.end(errSignInFailed)
		if !renew && !s.renewed && closedAfterRefusal(err, c) {
			return dialAndLogin(ctx, c, true)
		}
		return nil, err
	}
	s.recognise()
	s.logAlert()
	c.stage(StageLogin, start, "logged in as "+c.user(), nil)
	start = time.Now()
	if err := s.openFolder(ctx); err != nil {
		c.stage(StageFolder, start, "", err)
		s.end(errSignInFailed)
		return nil, err
	}
	c.stage(StageFolder, start, s.holds(), nil)
	return s, nil
}

// logAlert passes on what the server wants a person to read (RFC 9051, section 7.1).
func (s *session) logAlert() {
	if alert := s.n.Alert(); alert != "" {
		s.conf.Log.Warn("the mail server says", "alert", alert)
	}
}

var errSignInFailed = errors.New("the login failed")

// closedAfterRefusal reports a token's refusal after which the server hung up,
// so that the new token needs a new connection.
func closedAfterRefusal(err error, c *Config) bool {
	var e *Error
	return c.Login.Token != nil && errors.As(err, &e) && e.Stage == StageLogin &&
		(e.Kind == AuthFailed || strings.Contains(e.Server, "AccessTokenExpired"))
}
