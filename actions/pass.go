package actions

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// Pass is the daemon's work on one mailbox for a caller that keeps emails, objects
// and checkpoint itself: the fleet. It may be run again and again, not twice at once.
type Pass struct {
	d      *daemon
	mu     sync.Mutex
	expiry time.Time // of the certificate that was seen last
}

// NewPass reads the parameters of incoming-mail-daemon. The store that they name is not opened.
func NewPass(env *Env, v *manifest.Values) (*Pass, error) {
	d, err := daemonParameters(env, v)
	if err != nil {
		return nil, err
	}
	p := &Pass{d: d}
	secure := d.mailbox.Secure
	if secure == nil {
		return p, nil
	}
	d.mailbox.Secure = func(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
		secured, err := secure(ctx, conn, host)
		if err == nil {
			p.saw(secured.ConnectionState())
		}
		return secured, err
	}
	return p, nil
}

func (p *Pass) saw(state tls.ConnectionState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(state.PeerCertificates) > 0 {
		p.expiry = state.PeerCertificates[0].NotAfter
	}
}

// Server is the host and port of the mail server, in lower case.
func (p *Pass) Server() string {
	return strings.ToLower(net.JoinHostPort(p.d.mailbox.Host, strconv.Itoa(p.d.mailbox.Port)))
}

// Place says which mailbox it is, for those who must not read one twice: server,
// user and folders.
func (p *Pass) Place() string {
	return strings.Join(append([]string{p.Server(), strings.ToLower(p.d.mailbox.Login.Username)}, p.d.folders.wanted...), "\x00")
}

// PassStore is where a pass keeps what it took; see [ingest.Options].
type PassStore interface {
	ingest.Store
	Prepare(d *soar.Draft)
	Commit(ctx context.Context, b ingest.Batch) error
}

// PassReport is what came of a pass.
type PassReport struct {
	ingest.Summary
	Objects          int
	Full             bool // max_messages were taken: there may be more
	Reconnects       int
	Throttled        bool
	CertificateUntil time.Time // zero: not known
	TokenUntil       time.Time // zero: not known
}

// Run takes what is due, once: it logs in, has the store take each batch, and
// marks the emails when the store has them. An email that the store took and that
// could not be marked comes again, and the store knows it.
func (p *Pass) Run(ctx context.Context, checkpoint string, store PassStore) (report PassReport, err error) {
	defer func() {
		report.CertificateUntil, report.TokenUntil = p.expiries()
		failed, ok := errors.AsType[*mailbox.Error](err)
		report.Throttled = ok && failed.Kind == mailbox.Throttled
	}()
	d := *p.d
	d.options.Checkpoint, d.options.Prepare, d.options.Commit = checkpoint, store.Prepare, store.Commit
	f, err := d.dial(ctx)
	if err != nil {
		return report, err
	}
	defer f.Close()
	d.witness.tell(store)
	result, err := ingest.RunFolders(ctx, d.options, f.names, f.opener(), store)
	report.Reconnects = f.Reconnects()
	if err != nil {
		return report, err
	}
	defer result.Close()
	ack, cancel := ingest.Outlive(ctx, acknowledgeTime)
	defer cancel()
	if err := result.Written(ack); err != nil {
		d.options.Log.Error("the emails were saved but not marked", "error", err.Error())
	}
	report.Summary, report.Objects, report.Reconnects = result.Summary(), result.Len(), f.Reconnects()
	report.Full = d.options.MaxMessages > 0 && report.Objects >= d.options.MaxMessages
	return report, report.HalfWay
}

func (p *Pass) expiries() (certificate, token time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.d.token != nil {
		token, _ = p.d.token.RefreshExpires()
	}
	return p.expiry, token
}

// Audit holds all folders of the mailbox against the store.
func (p *Pass) Audit(ctx context.Context, store ingest.Searcher) ([]*ingest.Audit, error) {
	d := *p.d
	d.mailbox.ReadOnly = true
	f, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return auditFolders(ctx, &d, f, store)
}

// Client is Cloud SOAR over REST, for a caller that hands emails over to it.
type Client interface {
	Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error)
	ByKey(ctx context.Context, key string) (soar.Record, bool, error)
}

// NewClient reads the resource fields of the API. Nothing is contacted.
func NewClient(ctx context.Context, env *Env, v *manifest.Values) (Client, error) {
	open := resource(env, v).store()
	if err := v.Err(); err != nil {
		return nil, err
	}
	opened, err := open(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := opened.Store.(*soar.Client); !ok {
		return nil, errors.Join(errors.New("cloud_soar_api_url must be the address of Cloud SOAR"), opened.Close())
	}
	return opened, nil
}
