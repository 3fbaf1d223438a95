package mailbox

import (
	"context"
	"errors"
	"slices"
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

// mechanism is a way to prove who we are.
type mechanism int

const (
	plain        mechanism = iota // AUTHENTICATE PLAIN (RFC 4616)
	loginCommand                  // LOGIN (RFC 9051, section 6.2.3)
	saslLogin                     // AUTHENTICATE LOGIN, which no RFC describes
	external                      // AUTHENTICATE EXTERNAL (RFC 4422, appendix A): the client certificate says who it is
	oauthbearer                   // RFC 7628
	xoauth2                       // Google's and Microsoft's
)

// authentication is one login on a session: the mechanisms that both sides have,
// in the order in which they are tried.
type authentication struct {
	*session
	left []mechanism
}

// mechanisms are those to be tried on this server. PLAIN comes first where it
// costs one round trip, as LOGIN does.
func (s *session) mechanisms() []mechanism {
	has := s.n.Has
	var list []mechanism
	add := func(m mechanism, offered bool) {
		if offered && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	switch l := &s.conf.Login; {
	case l.Token != nil:
		add(oauthbearer, has("AUTH=OAUTHBEARER"))
		add(xoauth2, has("AUTH=XOAUTH2"))
	case l.External:
		add(external, has("AUTH=EXTERNAL"))
	default:
		add(plain, has("AUTH=PLAIN") && (has("SASL-IR") || has("LOGINDISABLED")))
		add(loginCommand, !has("LOGINDISABLED")) // RFC 9051, section 6.2.3
		add(plain, has("AUTH=PLAIN"))
		add(saslLogin, has("AUTH=LOGIN"))
	}
	return list
}

// signIn logs in and, where the server takes it, has the folder opened in the
// same round trip.
func (s *session) signIn(ctx context.Context, renew bool) error {
	if err := s.learnCapabilities(ctx); err != nil {
		return s.conf.fault(StageLogin, s, err)
	}
	a := &authentication{s, s.mechanisms()}
	switch {
	case len(a.left) == 0:
		return a.noLogin()
	case s.conf.Login.Token != nil:
		return a.oauth(ctx, renew)
	default:
		return a.password(ctx)
	}
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
func (a *authentication) noLogin() error {
	e := a.conf.fault(StageLogin, a.session, errors.New("the server offers "+a.offered()))
	e.Kind = AuthDisabled
	switch l := &a.conf.Login; {
	case l.External:
		e.Next = "no credentials were sent; let the server offer AUTH=EXTERNAL for client certificates, or choose another auth_method"
	case a.onlyKerberos():
		e.Next = "no credentials were sent; Kerberos and NTLM are not supported: let the server offer AUTH=PLAIN under TLS, or set auth_method"
	case l.Token == nil && a.conf.Security == Clear:
		e.Next = "no credentials were sent; set connection_security to starttls or ssl_tls, without which many servers disable the login"
	}
	return e
}

// onlyKerberos reports whether the server names mechanisms, and all of them want a domain's ticket.
func (a *authentication) onlyKerberos() bool {
	named := false
	for c := range a.n.Capabilities() {
		switch name, is := strings.CutPrefix(c, "AUTH="); {
		case !is:
		case name == "GSSAPI", name == "GSS-SPNEGO", name == "NTLM":
			named = true
		default:
			return false
		}
	}
	return named
}

// offered lists the ways to log in that the server names.
func (a *authentication) offered() string {
	var ways []string
	for _, c := range a.capabilities() {
		if name, ok := strings.CutPrefix(c, "AUTH="); ok {
			ways = append(ways, quote.Line(name, imapwire.MaxQuote))
		}
	}
	text := "no way to log in"
	if len(ways) > 0 {
		text = "only " + strings.Join(ways[:min(len(ways), 10)], ", ")
	}
	if a.n.Has("LOGINDISABLED") {
		text += " (LOGINDISABLED)"
	}
	return text
}

// each tries the mechanisms that are left until the server understands one. A
// refusal by NO is final: the next mechanism would send the same wrong password again.
func (a *authentication) each(ctx context.Context, try func(mechanism) error) error {
	for {
		err := try(a.left[0])
		var refused imapwire.Refusal
		if !errors.As(err, &refused) || !notUnderstood(refused.StatusResponse) || len(a.left) == 1 || !a.alive() {
			return err
		}
		a.left = a.left[1:]
		a.conf.Log.Info("the mail server does not understand this way to log in, trying the next", "answer", refused.Said())
		if err := a.dropBehind(ctx); err != nil {
			return err
		}
	}
}

// notUnderstood reports whether a server refused the command, and not who we are.
func notUnderstood(r imapwire.StatusResponse) bool {
	if r.Status != "BAD" || temporary(r) || r.Code != "" && r.Code != "CLIENTBUG" {
		return false
	}
	text := strings.ToLower(r.Text)
	return !slices.ContainsFunc([]string{"credential", "password", "invalid login", "login failed", "authentication failed", "denied"},
		func(words string) bool { return strings.Contains(text, words) }) // QUIRK: BAD to a wrong password
}

// dropBehind waits for the refusal of what was sent behind a login that failed.
func (a *authentication) dropBehind(ctx context.Context) error {
	if a.opening != nil {
		if _, err := a.awaitUntil(ctx, a.opening); err != nil && kindOf(err) != ServerRefused {
			return err
		}
		a.opening = nil
	}
	return a.early.drop(ctx)
}

// password logs in with the password, or with the client certificate.
func (a *authentication) password(ctx context.Context) error {
	user, pass := a.conf.Login.Username, a.conf.Login.Password.Reveal()
	if strings.Contains(user, "\x00") || strings.Contains(pass, "\x00") {
		e := a.conf.fault(StageLogin, a.session, errNUL)
		e.Next = "correct username and password"
		return e
	}
	err := a.each(ctx, func(m mechanism) error {
		return a.run(ctx, func() error { return a.prove(m, user, pass) })
	})
	if err != nil {
		return a.loginFault(err, "")
	}
	return nil
}

// prove sends one login.
func (a *authentication) prove(m mechanism, user, pass string) error {
	switch m {
	case loginCommand:
		return a.client.Login(user, pass).Wait()
	case saslLogin:
		a.n.HideChallenges(true)
		defer a.n.HideChallenges(false)
		return a.client.Authenticate(&loginClient{answers: []string{user, pass}})
	case external:
		a.n.SendEmptyResponse(true)
		return a.client.Authenticate(sasl.NewExternalClient(a.conf.Login.Mailbox))
	}
	if a.n.Has("SASL-IR") && a.provider.pipeline && len(user)+len(pass) < maxPipelined {
		if err := a.openBehind(); err != nil {
			return err
		}
	}
	return a.client.Authenticate(sasl.NewPlainClient("", user, pass))
}

// oauth logs in with a token, and once more with a new one where the first is refused.
func (a *authentication) oauth(ctx context.Context, renew bool) error {
	err := a.token(ctx, renew)
	var e *Error
	if renew || !errors.As(err, &e) || e.Kind != AuthFailed || !a.alive() {
		return err
	}
	a.renewed = true
	err = a.token(ctx, true)
	var again *Error
	if errors.As(err, &again) && again.Kind == TokenUnavailable {
		again.Server = e.Server // why another one was asked for
	}
	return err
}

// token logs in with one access token.
func (a *authentication) token(ctx context.Context, renew bool) error {
	var e *Error
	token, err := a.conf.Login.Token(ctx, renew)
	if err != nil {
		e = a.conf.fault(StageLogin, nil, err)
		e.Kind = TokenUnavailable
		return e
	}
	problem := ""
	err = a.each(ctx, func(m mechanism) error {
		client := a.bearer(m, token)
		a.n.SendEmptyResponse(m == xoauth2)
		err := a.run(ctx, func() error { return a.client.Authenticate(client) })
		problem = client.problem
		return err
	})
	if err != nil {
		err = a.loginFault(err, problem)
		if errors.As(err, &e) { // the token is no parameter, so nobody else knows that it is secret
			e.Server = secret.Scrub(e.Server, token)
		}
		return err
	}
	return nil
}

func (a *authentication) bearer(m mechanism, token secret.String) *bearer {
	user := a.conf.user()
	if m == oauthbearer {
		return newOAuthBearer(user, token.Reveal(), a.conf.Host, a.conf.Port)
	}
	return newXOAuth2(user, token.Reveal())
}

// loginFault is the error of a login that failed; document is what a token's refusal said.
func (a *authentication) loginFault(err error, document string) error {
	e := a.conf.fault(StageLogin, a.session, err)
	if document != "" {
		e.Server = strings.TrimSpace(e.Server + " (" + document + ")")
	}
	text := strings.ToLower(e.Server)
	if strings.Contains(text, "connections") && a.provider.connections != "" {
		e.Next = a.provider.connections + "; close others, or run again later"
	}
	if e.Kind != ServerRefused {
		return e
	}
	e.Kind = AuthFailed
	var refused imapwire.Refusal
	switch {
	case errors.As(err, &refused) && notUnderstood(refused.StatusResponse):
		e.Next = "the server did not understand the login, which says nothing about username and password; check the server's log"
	case strings.Contains(text, "privacyrequired"):
		e.Kind, e.Next = AuthDisabled, codeAdvice["PRIVACYREQUIRED"]
	case strings.Contains(text, "imap") && (strings.Contains(text, "disabled") || strings.Contains(text, "not enabled")):
		e.Next = "enable IMAP for this mailbox"
	case e.Next != "": // the response code says it
	case a.conf.Login.Token != nil:
		e.Next = "check the token's rights and audience, and that the mailbox may be read with it"
	case a.conf.Login.External:
		e.Next = "check that the server knows the authority of client_certificate, and takes the certificate's name for this user"
	case a.provider.refused != "":
		e.Next = a.provider.refused
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
