package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/token/jwt"
	"example.org/imap-integration/transport"
)

// The steps of test-settings that are not stages of mailbox.
const (
	stepParameters = "parameters"
	stepFilters    = "filters"
	stepCloudSOAR  = "cloud_soar"
)

// The states of a step.
const (
	stepOK      = "ok"
	stepFailed  = "failed"
	stepSkipped = "skipped"
)

// settingsReport is the result of test-settings (contract.md, section 3). All keys are always there.
type settingsReport struct {
	Status     string        `json:"status"` // ok or failed
	Steps      []Step        `json:"steps"`
	Server     serverFound   `json:"server"`
	Mailbox    mailboxCounts `json:"mailbox"`
	Candidates int           `json:"candidates"`
	Counted    int           `json:"counted"`
	Matching   int           `json:"matching"`
	Filters    []filterCount `json:"filters"`
	Samples    []string      `json:"samples"`

	causes map[string]error // of the failed steps
	tried  int              // emails that the filters were tried on because none is due
	misses string           // values of filters that fit nothing, with the spelling that would
	told   func(Step)       // of each step as it ends
}

// Step is one step of test-settings.
type Step struct {
	Name         string `json:"name"`
	Status       string `json:"status"` // ok, failed or skipped
	Detail       string `json:"detail"`
	Milliseconds int64  `json:"milliseconds"`
}

// serverFound is what the mail server showed of itself.
type serverFound struct {
	Greeting     string            `json:"greeting"`     // "" under STARTTLS: unproved
	Capabilities []string          `json:"capabilities"` // after the login, sorted
	Provider     string            `json:"provider"`     // "" unknown
	TLS          transport.Session `json:"tls"`
	Token        tokenShown        `json:"token"`
}

// tokenShown is what an access token says of itself; never the token.
type tokenShown struct {
	Endpoint            string   `json:"endpoint"` // where it came from
	Audience            []string `json:"audience"`
	Scopes              []string `json:"scopes"`
	Roles               []string `json:"roles"`
	Tenant              string   `json:"tenant"`
	User                string   `json:"user"`
	Expires             string   `json:"expires"` // RFC 3339, UTC; "" where it does not say
	RefreshTokenRotated bool     `json:"refresh_token_rotated"`
	RefreshTokenExpires string   `json:"refresh_token_expires"`
}

type mailboxCounts struct {
	Messages    uint32 `json:"messages"`
	Unseen      uint32 `json:"unseen"`
	UIDValidity uint32 `json:"uid_validity"`
	UIDNext     uint32 `json:"uid_next"`
}

// filterCount is how many emails a filter keeps alone, and how many are left after it and all before it.
type filterCount struct {
	Field    string `json:"field"`
	Matching int    `json:"matching"`
	Kept     int    `json:"kept"`
}

func newSettingsReport(told func(Step)) *settingsReport {
	r := &settingsReport{
		Filters: []filterCount{}, Samples: []string{}, causes: map[string]error{}, told: told,
		Server: serverFound{
			Capabilities: []string{}, TLS: transport.Session{Chain: []transport.Certificate{}},
			Token: tokenShown{Audience: []string{}, Scopes: []string{}, Roles: []string{}},
		},
	}
	for _, name := range []string{
		stepParameters, mailbox.StageDNS, mailbox.StageConnect, mailbox.StageTLS, mailbox.StageLogin, mailbox.StageFolder,
		stepFilters, stepCloudSOAR,
	} {
		r.Steps = append(r.Steps, Step{Name: name})
	}
	return r
}

func (r *settingsReport) step(name string) *Step {
	for i := range r.Steps {
		if r.Steps[i].Name == name {
			return &r.Steps[i]
		}
	}
	return &r.Steps[0]
}

// end notes how a step ended. A step that is done again, with a new token, say, counts as it ended last.
func (r *settingsReport) end(name string, took time.Duration, detail string, err error) {
	s := r.step(name)
	s.Status, s.Detail, s.Milliseconds = stepOK, quote.Line(detail, sentenceLimit), max(0, took.Milliseconds())
	delete(r.causes, name)
	if err != nil {
		s.Status = stepFailed
		r.causes[name] = err
	}
	r.told(*s)
}

// spent is the time of the stages that are done.
func (r *settingsReport) spent() time.Duration {
	var ms int64
	for _, s := range r.Steps[1:] {
		if s.Name != stepCloudSOAR {
			ms += s.Milliseconds
		}
	}
	return time.Duration(ms) * time.Millisecond
}

// stageOf is the step that an error of mailbox.Dial belongs to.
func (r *settingsReport) stageOf(err error) string {
	var e *mailbox.Error
	if errors.As(err, &e) && r.step(e.Stage).Name == e.Stage {
		return e.Stage
	}
	if _, ok := errors.AsType[folderError](err); ok {
		return mailbox.StageFolder
	}
	for _, s := range r.Steps[1:] {
		if s.Status == "" {
			return s.Name
		}
	}
	return mailbox.StageFolder
}

// finish marks what was not tried, sums up, and takes the secrets out of
// foreign text: a server may answer with what it was sent.
func (r *settingsReport) finish(redact func(string) string) {
	r.Status = stepOK
	r.Server.Greeting = redact(r.Server.Greeting)
	for i, c := range r.Server.Capabilities {
		r.Server.Capabilities[i] = redact(c)
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		s.Detail = redact(s.Detail)
		if s.Status == stepFailed {
			r.Status = stepFailed
		}
		if s.Status != "" {
			continue
		}
		s.Status, s.Detail = stepSkipped, "not tried, because an earlier step failed"
		if s.Name == mailbox.StageTLS && r.step(mailbox.StageLogin).Status != "" {
			s.Detail = "connection_security is none"
		}
	}
}

// failure is the one sentence of all failed steps; nil where none failed.
func (r *settingsReport) failure(ctx context.Context) error {
	var says []string
	for _, s := range r.Steps {
		if s.Status == stepFailed {
			says = append(says, s.Detail)
		}
	}
	switch {
	case len(says) == 0:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return errors.New(strings.Join(says, "; and "))
	}
}

// describe fills in what connection and login showed, also where they failed.
func (f *serverFound) describe(s *settings) {
	now := s.env.Now()
	if s.tls != nil {
		f.TLS = transport.Describe(s.tls, s.trusted, now)
	}
	source := s.mailbox.Token
	if source == nil {
		return
	}
	f.Token.Endpoint = source.Endpoint()
	if _, rotated := source.Rotated(); rotated {
		f.Token.RefreshTokenRotated = true
	}
	if ends, known := source.RefreshExpires(); known {
		f.Token.RefreshTokenExpires = stamp(ends)
	}
	claims, ok := jwt.Parse(s.token)
	if !ok {
		return
	}
	f.Token.Audience, f.Token.Scopes, f.Token.Roles = claims.Audience, claims.Scopes, claims.Roles
	f.Token.Tenant, f.Token.User, f.Token.Expires = claims.Tenant, claims.User, stamp(claims.Expires)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// joinSentences joins what is not empty.
func joinSentences(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "; ")
}

// number writes 1240 as 1,240.
func number(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
}
