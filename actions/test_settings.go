package actions

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/token/jwt"
	"example.org/imap-integration/transport"
)

// stepLimit ends a step of test-settings, also where timeout is longer: a
// person waits in front of it.
const stepLimit = 30 * time.Second

// settings are what test-settings tries.
type settings struct {
	env     *Env
	mailbox Mailbox
	store   openStore
	jwt     secret.String
	ca      string // ca_certificate
	trusted bool   // allow_untrusted_certificates is not set
	options ingest.Options
	spec    filters.Spec // of options.Filter
	proxied bool

	report *settingsReport
	tls    *tls.ConnectionState // of the last handshake that succeeded; nil before it
	token  secret.String        // the last one that was used
}

// testSettings tries every setting, step by step, and reports what was found
// and what to do. Nothing is changed on either side.
func testSettings(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	s, err := settingsParameters(env, v)
	if err != nil {
		s.report.end(stepParameters, 0, problemsOf(err), err)
	} else {
		s.report.end(stepParameters, 0, "all of them are right", nil)
		s.try(ctx)
	}
	s.report.finish(v.Redact)
	if err == nil {
		err = s.report.failure(ctx)
	}
	if env.Show != nil {
		return nil, errors.Join(err, env.Show(s.report.table))
	}
	return s.report, err
}

// CheckSettings returns what test-settings would find wrong with the parameters themselves. Nothing is contacted.
func CheckSettings(env *Env, v *manifest.Values) error {
	_, err := settingsParameters(env, v)
	return err
}

// watcher tells env.Step of steps without secrets: a server may answer with what it was sent.
func (env *Env) watcher(redact func(string) string) func(Step) {
	return func(s Step) {
		if env.Step != nil {
			s.Detail = redact(s.Detail)
			env.Step(s)
		}
	}
}

// problemsOf is what is wrong, without the words that introduce it on standard error.
func problemsOf(err error) string {
	var p *manifest.ParameterError
	if errors.As(err, &p) {
		return strings.Join(p.Problems, "; ")
	}
	return err.Error()
}

func settingsParameters(env *Env, v *manifest.Values) (*settings, error) {
	s := &settings{env: env, report: newSettingsReport(env.watcher(v.Redact))}
	r := resource(env, v)
	r.once = true
	run := r.run()
	s.mailbox, s.store, s.jwt = r.mailbox(), r.storeToRead(), v.Secret("jwt_token")
	s.ca, s.trusted, s.proxied = v.Text("ca_certificate"), !v.Bool("allow_untrusted_certificates"), r.proxied(s.mailbox.Config.Host, s.mailbox.Config.Port)
	s.options = ingest.Options{
		Account: s.mailbox.Account, Folder: s.mailbox.Config.Folder, MarkAsSeen: run.MarkAsSeen, After: run.After,
		MaxSize: run.MaxSize, Limits: message.DefaultLimits(), Log: env.Log, Progress: func(int, int) {}, Now: env.Now,
	}
	if run.FromLatest {
		s.options.FetchType = ingest.FromLatest
	}
	spec := r.filters()
	if err := v.Err(); err != nil {
		return s, err
	}
	var err error
	s.spec = spec
	s.options.Filter, err = filters.Compile(spec)
	s.prepare()
	return s, err
}

// prepare makes the connection one that looks and does not touch, and that
// tells what it meets.
func (s *settings) prepare() {
	c := &s.mailbox.Config
	c.ReadOnly, c.Timeout = true, min(c.Timeout, stepLimit)
	secure := c.Secure
	c.Secure = func(ctx context.Context, socket net.Conn, host string) (*tls.Conn, error) {
		conn, err := secure(ctx, socket, host)
		if err == nil {
			state := conn.ConnectionState()
			s.tls = &state
		}
		return conn, err
	}
	if fetch := c.Login.Token; fetch != nil {
		c.Login.Token = func(ctx context.Context, renew bool) (secret.String, error) {
			t, err := fetch(ctx, renew)
			if err == nil {
				s.token = t
			}
			return t, err
		}
	}
}

// try runs the steps. The store comes first, because from_latest asks it what
// is new; its step is the last of the report all the same.
func (s *settings) try(ctx context.Context) {
	store := s.tryStore(ctx)
	if store != nil {
		defer store.Close()
	}
	limited, clock := newStepClock(ctx)
	defer clock.stop()
	f := s.tryMailbox(limited, clock)
	if f == nil {
		return
	}
	defer f.Close()
	clock.next()
	if (s.mailbox.Folders.single() || s.tryFolders(limited, f)) && s.tryAfter(limited, f) {
		s.tryFilters(limited, f, store)
	}
}

// tryStore asks Cloud SOAR whether it would take emails; nil where it would not.
func (s *settings) tryStore(ctx context.Context) *store {
	limited, clock := newStepClock(ctx)
	defer clock.stop()
	start := s.env.Now()
	opened, err := s.store(limited)
	detail := ""
	if err == nil {
		if detail, err = opened.Check(limited); err != nil {
			_ = opened.Close() // what failed is the check
		}
	}
	if err == nil {
		var outlook string
		if outlook, err = tryActions(limited, opened); err != nil {
			_ = opened.Close() // what failed is what it lacks
		}
		detail = joinSentences(detail, outlook)
	}
	took := s.env.Now().Sub(start)
	if err != nil {
		s.report.end(stepCloudSOAR, took, s.storeSentence(limited, err), err)
		return nil
	}
	s.report.end(stepCloudSOAR, took, joinSentences(detail, s.jwtAdvice()), nil)
	return opened
}

// tryMailbox connects, logs in and opens the first folder; nil where one of these failed.
func (s *settings) tryMailbox(ctx context.Context, clock *stepClock) *folders {
	c := s.mailbox.Config
	c.Stage = func(name string, took time.Duration, detail string, err error) {
		clock.next()
		if err == nil {
			s.report.end(name, took, s.found(name, detail), nil)
		}
	}
	start := s.env.Now()
	folder, err := s.mailbox.Folders.dial(ctx, c)
	s.report.Server.describe(s)
	if err != nil {
		s.report.end(s.report.stageOf(err), s.env.Now().Sub(start)-s.report.spent(), s.diagnose(err), err)
		return nil
	}
	status := folder.Status()
	s.report.Server.Greeting, s.report.Server.Provider = status.Greeting, status.Provider
	s.report.Server.Capabilities = append(s.report.Server.Capabilities, status.Capabilities...)
	s.report.Mailbox = mailboxCounts{Messages: status.Messages, UIDValidity: status.UIDValidity, UIDNext: uint32(status.UIDNext)}
	return folder
}

// tryAfter asks whether the server can do what after_import asks for.
func (s *settings) tryAfter(ctx context.Context, f *folders) bool {
	start := s.env.Now()
	err := checkAfter(ctx, "test-settings", f.Folder, s.options.After)
	if err == nil {
		return true
	}
	detail := problemsOf(err)
	if _, known := errors.AsType[*manifest.ParameterError](err); !known {
		detail = s.diagnose(err)
	}
	s.report.end(mailbox.StageFolder, s.env.Now().Sub(start), detail, err)
	return false
}

// tryFolders opens each of several folders; false where one cannot be opened, which a
// run names in its log and a test of the settings must not pass over.
func (s *settings) tryFolders(ctx context.Context, f *folders) bool {
	start := s.env.Now()
	var held []string
	var messages uint32
	err := error(nil)
	if len(f.unknown) > 0 {
		err = notMeant(f.unknown)
	}
	for _, name := range f.names {
		if err == nil {
			err = f.Open(ctx, name)
		}
		n := f.Status().Messages
		messages += n
		held = append(held, fmt.Sprintf("%s %d", quote.Text(name, quote.Name), n))
	}
	if err != nil {
		s.report.end(mailbox.StageFolder, s.env.Now().Sub(start), s.diagnose(err), err)
		return false
	}
	s.report.Mailbox.Messages = messages
	s.report.end(mailbox.StageFolder, s.env.Now().Sub(start), fmt.Sprintf("%d folders, emails in each: %s", len(f.names), strings.Join(held, ", ")), nil)
	return true
}

// found says what a step that succeeded found, as far as mailbox cannot know it.
func (s *settings) found(stage, detail string) string {
	switch stage {
	case mailbox.StageDNS:
		if s.proxied {
			return "the proxy looks the name up"
		}
	case mailbox.StageConnect:
		if s.proxied {
			return detail + ", by way of the proxy"
		}
	case mailbox.StageTLS:
		if s.tls != nil {
			return joinSentences(transport.Chain(s.tls, s.trusted, s.env.Now()), s.caAdvice())
		}
	case mailbox.StageLogin:
		return joinSentences(detail, s.tokenFound())
	}
	return detail
}

// stepClock ends a context when one step takes longer than stepLimit.
type stepClock struct {
	timer *time.Timer
	stop  func()
}

func newStepClock(ctx context.Context) (context.Context, *stepClock) {
	limited, cancel := context.WithCancelCause(ctx)
	c := &stepClock{timer: time.AfterFunc(stepLimit, func() { cancel(stepTimeout{}) })}
	c.stop = func() { c.timer.Stop(); cancel(nil) }
	return limited, c
}

// next starts the time of the next step.
func (c *stepClock) next() { c.timer.Reset(stepLimit) }

// stepTimeout is the cause of a step that ended by its limit.
type stepTimeout struct{}

func (stepTimeout) Error() string {
	return fmt.Sprintf("the step was not done after %d s", stepLimit/time.Second)
}

// Timeout makes it a [net.Error].
func (stepTimeout) Timeout() bool { return true }

// Temporary is of no use, but [net.Error] has it.
func (stepTimeout) Temporary() bool { return true }

// tokenFound describes the access token that the login was made with.
func (s *settings) tokenFound() string {
	source := s.mailbox.Token
	if source == nil || s.token.Empty() {
		return ""
	}
	claims, ok := jwt.Parse(s.token)
	if !ok {
		return joinSentences("the access token does not say what it holds", s.refreshAdvice())
	}
	unrenewed := ""
	if source.Endpoint() == "" { // the token of the settings
		unrenewed = expiresSoon("oauth2_access_token", claims.Expires, s.env.Now())
	}
	return joinSentences(claims.Words(s.env.Now()), unrenewed, s.refreshAdvice())
}
