package soar

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar/profile"
)

const (
	defaultEML = int64(50<<20) + emlMargin // the default of max_message_size and its margin
	emlMargin  = 1 << 10                   // the setting judges the email; a line end or two may have been added to it
)

// Config is what a client needs. URL is required, and AccessID with AccessKey, or
// JWT, for an https URL; where all are there, the access key counts.
type Config struct {
	URL       string // cloud_soar_api_url; a path of the API at its end is taken off
	AccessID  string
	AccessKey secret.String
	JWT       secret.String
	Routes    Routes           // replace routes of the same name; from ParseProfile
	Profile   *profile.Profile // how the tenant's API differs from openapi.yaml; nil: only in Routes

	// HTTP makes the connections: proxy and certificate authorities are set there.
	// Its redirects and cookies are not used. nil: direct connections.
	HTTP *http.Client

	RequestsPerSecond float64       // 0: no limit
	Concurrent        int           // requests at once; 0: no limit
	Timeout           time.Duration // longest wait for one answer; all tries of one request end after twice this. 0: 180 s
	MaxMessageSize    int64         // bytes of a raw email that EML takes when its caller names no limit; 0: 50 MiB

	Log    *slog.Logger                                // nil: no log
	Now    func() time.Time                            // nil: time.Now
	Sleep  func(context.Context, time.Duration) error  // nil: a timer
	Jitter func(limit time.Duration) (d time.Duration) // nil: uniform in [0, limit)
}

// Client is Cloud SOAR over REST. It may be used by several goroutines.
type Client struct {
	emails
	finder
	incidents
}

// New makes a client; it contacts nobody. Errors name the setting that is wrong.
func New(cfg Config) (*Client, error) {
	base, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	own, err := newCredentials(cfg, base.Scheme)
	if err != nil {
		return nil, err
	}
	e := &explainer{credentials: own, host: base.Host, now: cfg.Now}
	if e.now == nil {
		e.now = time.Now
	}
	d := &dialect{explainer: e, routes: knownRoutes(), profile: cfg.Profile}
	maps.Copy(d.routes, cfg.Routes)
	c := newCaller(cfg, base, d)
	maxEML := cfg.MaxMessageSize + emlMargin
	if maxEML <= emlMargin {
		maxEML = defaultEML
	}
	return &Client{emails{c, finder{c}, maxEML}, finder{c}, incidents{c}}, nil
}

// Close lets go of idle connections. It never fails.
func (c *Client) Close() error {
	c.emails.http.CloseIdleConnections()
	return nil
}

// HandedOver does nothing: Cloud SOAR does not remember what was handed over.
func (c *Client) HandedOver(context.Context, []ID) error { return nil }

// Pending returns nothing, for the same reason.
func (c *Client) Pending(context.Context, string, string) ([]Record, error) { return nil, nil }
