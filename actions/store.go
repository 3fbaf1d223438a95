package actions

import (
	"context"
	"errors"
	"strings"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/transport"
)

// Store is Cloud SOAR: over REST (*soar.Client), in a file (*local.Store) or in a
// database (*postgres.Store).
// soar/types.go says what each method does. An action that needs a part of it
// says which.
type Store interface {
	Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error)
	Known(ctx context.Context, c soar.Candidates) (map[string]soar.ID, error)
	Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error)
	ByKey(ctx context.Context, key string) (soar.Record, bool, error)
	Search(ctx context.Context, q soar.Query) (soar.Page, error)
	Get(ctx context.Context, id soar.ID) (soar.Record, error)
	EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error)
	Discard(ctx context.Context, id soar.ID) (soar.Record, error)
	AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error)
	IncidentMails(ctx context.Context, incident int64) ([]soar.Record, error)
	RemoveFromIncident(ctx context.Context, incident int64, id soar.ID) (removed bool, err error)
	AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error)
	IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error)
	AddToTriage(ctx context.Context, triage int64, id soar.ID) (added bool, err error)
	HandedOver(ctx context.Context, ids []soar.ID) error
	Pending(ctx context.Context, account, folder string) ([]soar.Record, error)
	Check(ctx context.Context) (detail string, err error)
	Close() error
}

// store is an open store.
type store struct {
	Store
	batch   int               // emails of one Save: 1 where each is a request, 0 = as many as the daemon likes
	prepare func(*soar.Draft) // what a save can do ahead; nil: nothing
}

// openStore opens the store of the settings. Nothing is contacted or made before it is called.
type openStore func(ctx context.Context) (*store, error)

// localScheme marks a cloud_soar_api_url that is a file on this machine.
const localScheme = "local:"

// store demands and reads the settings of Cloud SOAR. The function is nil where
// something is wrong in them.
func (r Resource) store() openStore { return r.anyStore(false) }

// storeToRead is store for what changes nothing: a local store that does not exist is not made, and reads as empty.
func (r Resource) storeToRead() openStore { return r.anyStore(true) }

func (r Resource) anyStore(readOnly bool) openStore {
	r.v.Require("cloud_soar_api_url")
	address := r.v.Line("cloud_soar_api_url")
	if path, ok := strings.CutPrefix(address, localScheme); ok {
		return r.localStore(path, readOnly)
	}
	if postgres.Is(address) {
		return r.database(address, readOnly)
	}
	if address == "" {
		return nil
	}
	return r.client(address)
}

// database is the store in PostgreSQL.
func (r Resource) database(address string, readOnly bool) openStore {
	err := postgres.CheckURL(address)
	r.problem("cloud_soar_api_url", err)
	dial, trust := r.dial()
	if err != nil || dial == nil {
		return nil
	}
	c := postgres.Config{URL: secret.New(address), Dial: dial, Secure: trust.Secure, ReadOnly: readOnly, Timeout: r.timeout(), Log: r.log}
	return func(ctx context.Context) (*store, error) {
		opened, err := postgres.Open(ctx, c)
		if err != nil {
			return nil, err
		}
		return &store{Store: opened, prepare: opened.Prepare}, nil
	}
}

// client is the REST client.
func (r Resource) client(address string) openStore {
	base, err := soar.ParseURL(address)
	r.problem("cloud_soar_api_url", err)
	if err == nil && base.Scheme == "http" && !r.staysHere(base.Hostname(), portOf(base)) {
		r.v.Problem("cloud_soar_api_url", "with http:// would send the credentials to the proxy of proxy_url in clear; use https://")
	}
	routes, profile, err := soar.ParseProfile(r.v.Text("cloud_soar_routes"))
	r.problem("cloud_soar_routes", err)
	dial, trust := r.dial()
	c := soar.Config{
		URL:               address,
		Routes:            routes,
		Profile:           profile,
		RequestsPerSecond: float64(r.v.Int("cloud_soar_requests_per_second", 0, maxRate)),
		Concurrent:        r.v.Int("cloud_soar_concurrent_requests", 0, maxConcurrent),
		Timeout:           r.timeout(),
		MaxMessageSize:    r.maxSize(),
		Log:               r.log,
	}
	if r.once {
		c.Sleep = func(context.Context, time.Duration) error { return errOnce }
	}
	if complete := r.credentials(&c, base != nil && base.Scheme == "https"); !complete || dial == nil || base == nil {
		return nil
	}
	c.HTTP = transport.HTTPClient(dial, trust)
	client, err := soar.New(c)
	if err != nil {
		r.problem(credentialOf(err), err)
		return nil
	}
	return func(context.Context) (*store, error) { return &store{Store: client, batch: 1}, nil }
}

// errOnce is why there is no second try.
var errOnce = errors.New("asked once only")

// credentials reads the access key or the token, and reports whether they are
// complete. An address on this machine may do without.
func (r Resource) credentials(c *soar.Config, required bool) bool {
	c.AccessID, c.AccessKey, c.JWT = r.v.Line("access_id"), r.v.Secret("access_key"), r.v.Secret("jwt_token")
	if hasControl(c.AccessKey) {
		r.v.Problem("access_key", "must not hold a line break; copy it again")
	}
	switch id, key := c.AccessID != "", !c.AccessKey.Empty(); {
	case id && !key:
		r.v.Problem("access_key", "is missing: access_id needs it")
	case key && !id:
		r.v.Problem("access_id", "is missing: access_key needs it")
	case !id && c.JWT.Empty() && required:
		r.v.Problem("access_id", "is missing: set access_id and access_key, or jwt_token")
	default:
		return true
	}
	return false
}

func hasControl(s secret.String) bool { return strings.ContainsAny(s.Reveal(), "\r\n\x00") }

// credentialOf is the field that an error of soar.New is about.
func credentialOf(err error) string {
	for _, id := range []string{"access_id", "access_key", "jwt_token"} {
		if strings.HasPrefix(err.Error(), id) {
			return id
		}
	}
	return "cloud_soar_api_url"
}

// localStore is the store in one file.
func (r Resource) localStore(path string, readOnly bool) openStore {
	if path = strings.TrimSpace(path); path == "" {
		r.v.Problem("cloud_soar_api_url", "must name a file after local:, such as local:/var/lib/imap-integration/soar.db")
		return nil
	}
	return func(ctx context.Context) (*store, error) {
		opened, err := local.Open(ctx, path, local.Options{ReadOnly: readOnly, Log: r.log})
		if err != nil {
			return nil, err
		}
		return &store{Store: opened, prepare: opened.Prepare}, nil
	}
}
