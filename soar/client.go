package soar

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar/profile"
	"example.org/imap-integration/transport"
)

const (
	basicBase      = "api/csoar/v3/"           // for access_id and access_key
	bearerBase     = "incmansuite_ng/api/v3/"  // for jwt_token
	maxJWT         = 16 << 10                  // bytes: proxies and servers refuse header lines above 8 to 16 KiB
	spare          = 1.05                      // requests are this much further apart than the limit asks, so that no second sees one too many when the first request waited for its connection
	defaultTimeout = 180 * time.Second         // the default of the setting
	defaultEML     = int64(50<<20) + emlMargin // the default of max_message_size and its margin
	emlMargin      = 1 << 10                   // the setting judges the email; a line end or two may have been added to it
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
	base     *url.URL
	auth     string // value of the header Authorization; "" for none
	secrets  []string
	basic    bool
	jwt      secret.String
	routes   Routes
	profile  *profile.Profile // nil: nothing is translated
	http     *http.Client
	limiter  *rate.Limiter
	slots    chan struct{} // nil: no limit
	timeout  time.Duration
	maxEML   int64
	log      *slog.Logger
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	jitter   func(time.Duration) time.Duration
	warnings sync.Map // what has been said already
}

// Setting is a part of [Config] that an error can be about.
type Setting string

// The settings, by the names of their fields.
const (
	AccessID Setting = "access_id"
	Token    Setting = "jwt_token"
)

// SettingError says what is wrong with one setting.
type SettingError struct {
	Setting Setting
	Problem string
}

func (e *SettingError) Error() string { return string(e.Setting) + " " + e.Problem }

// New makes a client; it contacts nobody. Errors name the setting that is wrong.
func New(cfg Config) (*Client, error) {
	base, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, jwt: secret.New(strings.TrimSpace(cfg.JWT.Reveal())),
		routes: DefaultRoutes(), profile: cfg.Profile, http: ownClient(cfg.HTTP), timeout: cfg.Timeout, maxEML: cfg.MaxMessageSize + emlMargin,
		log: cfg.Log, now: cfg.Now, sleep: cfg.Sleep, jitter: cfg.Jitter,
	}
	maps.Copy(c.routes, noteRoutes())
	for name, route := range cfg.Routes {
		c.routes[name] = route
	}
	c.limit(cfg)
	c.defaults()
	return c, c.authenticate(cfg)
}

func (c *Client) limit(cfg Config) {
	c.limiter = rate.NewLimiter(rate.Inf, 1)
	if cfg.RequestsPerSecond > 0 {
		// A burst of one: the first second may not burst above the limit either.
		c.limiter = rate.NewLimiter(rate.Limit(cfg.RequestsPerSecond/spare), 1)
	}
	if cfg.Concurrent > 0 {
		c.slots = make(chan struct{}, cfg.Concurrent)
	}
}

func (c *Client) defaults() {
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.maxEML <= emlMargin {
		c.maxEML = defaultEML
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = pause
	}
	if c.jitter == nil {
		c.jitter = func(limit time.Duration) time.Duration { return rand.N(max(limit, 1)) }
	}
}

// authenticate fills in the base path and the header that belong to the credentials.
func (c *Client) authenticate(cfg Config) error {
	id, key := strings.TrimSpace(cfg.AccessID), strings.TrimSpace(cfg.AccessKey.Reveal())
	token := c.jwt.Reveal()
	switch {
	case id != "" && key != "":
		if strings.Contains(id, ":") {
			return &SettingError{AccessID, "must not hold a colon (RFC 7617, section 2)"}
		}
		pair := base64.StdEncoding.EncodeToString([]byte(id + ":" + key))
		c.basic, c.auth, c.secrets = true, "Basic "+pair, []string{key, pair}
	case token != "":
		if err := checkToken(token); err != nil {
			return err
		}
		c.auth, c.secrets = "Bearer "+token, []string{token}
	case c.base.Scheme == "https":
		return errors.New("the credentials for Cloud SOAR are missing; set access_id and access_key, or jwt_token")
	}
	if c.basic || token == "" {
		c.base = c.base.JoinPath(basicBase)
	} else {
		c.base = c.base.JoinPath(bearerBase)
	}
	return nil
}

// checkToken refuses what cannot be sent as one header line; it never shows it.
func checkToken(token string) error {
	if len(token) > maxJWT {
		return &SettingError{Token, fmt.Sprintf("has %d bytes, more than the %d that servers take in a header; copy it again", len(token), maxJWT)}
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return &SettingError{Token, "holds a space, a line break or another character that no token has; copy it again"}
		}
	}
	return nil
}

// ownClient copies a client, so that its caller's keeps its own ways. A redirect
// is never followed: Go's client would send the credentials along to the same
// host name, and turn a POST into a GET.
func ownClient(given *http.Client) *http.Client {
	var own http.Client
	if given == nil {
		direct := http.DefaultTransport.(*http.Transport).Clone()
		direct.Proxy = nil // the variables of the environment are not ours: proxy_url is the setting
		given = &http.Client{Transport: direct}
	}
	own = *given
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar, own.Timeout = nil, 0
	return &own
}

// apiPaths are taken off the end of the address, longest first.
var apiPaths = []string{"/api/csoar/v3", "/api/csoar", "/incmansuite_ng/api/v3", "/incmansuite_ng/api", "/incmansuite_ng", "/api"}

// ParseURL checks an address of the API and takes off the paths that people
// copy along with it. https only, and http for loopback addresses.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%s is not the address of an API; it should look like https://api.us2.sumologic.com", quotedAddress(text))
	case u.User != nil:
		return nil, errors.New("the address of the API holds a user name before an @; credentials go into fields of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("the address of the API at %s has more after its path; leave that off", quoted(u.Host))
	case u.Scheme == "http" && !transport.Loopback(u.Hostname()):
		return nil, fmt.Errorf("the address of the API at %s must begin with https://; http is for this machine alone", quoted(u.Host))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the address of the API at %s must begin with https://, not with %s", quoted(u.Host), quoted(u.Scheme+"://"))
	}
	path := strings.TrimRight(u.Path, "/")
	for _, known := range apiPaths {
		if cut, ok := strings.CutSuffix(path, known); ok {
			path = strings.TrimRight(cut, "/")
			break
		}
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path + "/"}, nil
}

// quotedAddress shows a text that is no address, but nothing that may be a password in one.
func quotedAddress(text string) string {
	if strings.Contains(text, "@") {
		return "what is set"
	}
	return quoted(text)
}

// pause is the default of Config.Sleep.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Close lets go of idle connections. It never fails.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// HandedOver does nothing: Cloud SOAR does not remember what was handed over.
func (c *Client) HandedOver(context.Context, []ID) error { return nil }

// Pending returns nothing, for the same reason.
func (c *Client) Pending(context.Context, string, string) ([]Record, error) { return nil, nil }

// warn says something once a run.
func (c *Client) warn(message string, args ...any) {
	if _, said := c.warnings.LoadOrStore(message, true); !said {
		c.log.Warn(message, args...)
	}
}
