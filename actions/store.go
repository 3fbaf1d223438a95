package actions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/soar/profile"
	"example.org/imap-integration/soar/recording"
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
	IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error)
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

// emails is the store that keeps the emails, also where incidents are elsewhere.
func (s *store) emails() Store {
	if split, ok := s.Store.(*splitStore); ok {
		return split.Store
	}
	return s.Store
}

// ledger is the store's ledger; nil where it keeps none.
func (s *store) ledger() evidence.Source {
	if kept, ok := s.emails().(interface{ Ledger() evidence.Source }); ok {
		return kept.Ledger()
	}
	return nil
}

// Record tells the ledger, where the store keeps one, what was done at the mail server.
func (s *store) Record(ctx context.Context, entries []evidence.Entry) error {
	if kept, ok := s.emails().(ingest.Recorder); ok {
		return kept.Record(ctx, entries)
	}
	return nil
}

// settle has a local store move its log into the file; the others need nothing.
func (s *store) settle(ctx context.Context) error {
	if kept, ok := s.emails().(interface{ Settle(context.Context) error }); ok {
		return kept.Settle(ctx)
	}
	return nil
}

// PrunedKeys are the emails that the retention of a local store removed.
func (s *store) PrunedKeys(ctx context.Context, account string) ([]string, error) {
	if kept, ok := s.emails().(ingest.Pruned); ok {
		return kept.PrunedKeys(ctx, account)
	}
	return nil, nil
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
	own := r.v.Line(emailStoreField)
	if store, is := r.ownStore("cloud_soar_api_url", address, readOnly); is {
		if own != "" {
			r.v.Problem(emailStoreField, "is for a Cloud SOAR that keeps no emails; the store of cloud_soar_api_url keeps them")
		}
		return store
	}
	if address == "" {
		return nil
	}
	cloud := r.client(tenant, address)
	if own == "" || cloud == nil {
		return openClient(cloud)
	}
	emails, is := r.ownStore(emailStoreField, own, readOnly)
	if !is {
		emails = openClient(r.client(emailStore, own))
	}
	return splitStores(cloud, emails)
}

// ownStore is a store that is no API: a file or a database.
func (r Resource) ownStore(field, address string, readOnly bool) (open openStore, is bool) {
	if path, ok := strings.CutPrefix(address, localScheme); ok {
		return r.localStore(field, path, readOnly), true
	}
	if postgres.Is(address) {
		return r.database(field, address, readOnly), true
	}
	return nil, false
}

// database is the store in PostgreSQL.
func (r Resource) database(field, address string, readOnly bool) openStore {
	err := postgres.CheckURL(address)
	r.problem(field, err)
	dial, trust := r.dial()
	if err != nil || dial == nil {
		return nil
	}
	c := postgres.Config{URL: secret.New(address), Dial: dial, Secure: trust.Secure, ReadOnly: readOnly, Timeout: r.timeout(), Log: r.log, Program: r.program}
	return func(ctx context.Context) (*store, error) {
		opened, err := postgres.Open(ctx, c)
		if err != nil {
			return nil, err
		}
		return &store{Store: opened, prepare: opened.Prepare}, nil
	}
}

// openClient is a client as a store of its own.
func openClient(c *soar.Client) openStore {
	if c == nil {
		return nil
	}
	return func(context.Context) (*store, error) { return &store{Store: c, batch: 1}, nil }
}

// place are the fields that belong to one address of an API.
type place struct{ url, accessID, accessKey, jwt string }

var tenant = place{"cloud_soar_api_url", "access_id", "access_key", "jwt_token"}

// client is the REST client for an address; nil where something is wrong.
func (r Resource) client(at place, address string) *soar.Client {
	base, err := soar.ParseURL(address)
	r.problem(at.url, err)
	if err == nil && base.Scheme == "http" && !r.staysHere(base.Hostname(), portOf(base)) {
		r.v.Problem(at.url, "with http:// would send the credentials to the proxy of proxy_url in clear; use https://")
	}
	routes, differs := r.profile(at)
	dial, trust := r.dial()
	c := soar.Config{
		URL:               address,
		Routes:            routes,
		Profile:           differs,
		RequestsPerSecond: float64(r.v.Int("cloud_soar_requests_per_second", 0, maxRate)),
		Concurrent:        r.v.Int("cloud_soar_concurrent_requests", 0, maxConcurrent),
		Timeout:           r.timeout(),
		MaxMessageSize:    r.maxSize(),
		Log:               r.log,
	}
	if r.once {
		c.Sleep = func(context.Context, time.Duration) error { return errOnce }
	}
	if complete := r.credentials(at, &c, base != nil && base.Scheme == "https"); !complete || dial == nil || base == nil {
		return nil
	}
	c.HTTP = transport.HTTPClient(dial, trust)
	if r.record != nil {
		c.HTTP.Transport = r.record(c.HTTP.Transport, r.wordsOf(at))
	}
	client, err := soar.New(c)
	if err != nil {
		r.problem(at.fieldOf(err), err)
		return nil
	}
	return client
}

// wordsOf are texts of the API that a recording keeps: paths, and what the profile spells.
func (r Resource) wordsOf(at place) []string {
	words := soar.Paths()
	if at == tenant {
		words = append(words, recording.Words(r.v.Text("cloud_soar_routes"))...)
	}
	return words
}

// profile is how the tenant's API differs. What serve answers is ours.
func (r Resource) profile(at place) (soar.Routes, *profile.Profile) {
	if at != tenant {
		return nil, nil
	}
	routes, p, err := soar.ParseProfile(r.v.Text("cloud_soar_routes"))
	r.problem("cloud_soar_routes", err)
	return routes, p
}

// errOnce is why there is no second try.
var errOnce = errors.New("asked once only")

// credentials reads the access key or the token, and reports whether they are
// complete. An address on this machine may do without.
func (r Resource) credentials(at place, c *soar.Config, required bool) bool {
	c.AccessID, c.AccessKey = r.v.Line(at.accessID), r.v.Secret(at.accessKey)
	other := ""
	if at.jwt != "" {
		c.JWT, other = r.v.Secret(at.jwt), ", or "+at.jwt
	}
	if hasControl(c.AccessKey) {
		r.v.Problem(at.accessKey, "must not hold a line break; copy it again")
	}
	switch id, key := c.AccessID != "", !c.AccessKey.Empty(); {
	case id && !key:
		r.v.Problem(at.accessKey, "is missing: %s needs it", at.accessID)
	case key && !id:
		r.v.Problem(at.accessID, "is missing: %s needs it", at.accessKey)
	case !id && c.JWT.Empty() && required:
		r.v.Problem(at.accessID, "is missing: set %s and %s%s", at.accessID, at.accessKey, other)
	default:
		return true
	}
	return false
}

func hasControl(s secret.String) bool { return strings.ContainsAny(s.Reveal(), "\r\n\x00") }

// fieldOf is the field that an error of soar.New is about.
func (at place) fieldOf(err error) string {
	var wrong *soar.SettingError
	if !errors.As(err, &wrong) {
		return at.url
	}
	return map[soar.Setting]string{soar.AccessID: at.accessID, soar.Token: at.jwt}[wrong.Setting]
}

// localStore is the store in one file.
func (r Resource) localStore(field, path string, readOnly bool) openStore {
	if path = strings.TrimSpace(path); path == "" {
		r.v.Problem(field, "must name a file after local:, such as local:/var/lib/imap-integration/soar.db")
		return nil
	}
	return func(ctx context.Context) (*store, error) {
		if readOnly && absent(path) {
			r.hint(fmt.Sprintf("the store %s does not exist and reads as empty; check the path in %s, or let the daemon make it", quote.Text(path, quote.Sentence), field))
		}
		opened, err := local.Open(ctx, path, local.Options{ReadOnly: readOnly, Log: r.log, Program: r.program})
		if err != nil {
			return nil, err
		}
		return &store{Store: opened, prepare: opened.Prepare}, nil
	}
}

// absent reports whether there is nothing at a path yet.
func absent(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// notYet looks at a local store that does not exist: whether it can be made, without
// making it. later is false where the store is there, or is none in a file.
func (r Resource) notYet(ctx context.Context) (later bool, err error) {
	for _, field := range []string{emailStoreField, "cloud_soar_api_url"} {
		path, ok := strings.CutPrefix(r.v.Line(field), localScheme)
		if path = strings.TrimSpace(path); !ok || !absent(path) {
			continue
		}
		quiet := r
		quiet.log, quiet.person = slog.New(slog.DiscardHandler), nil
		look, err := quiet.localStore(field, path, true)(ctx)
		if err == nil {
			_, err = look.Check(ctx)
			err = errors.Join(err, look.Close())
		}
		if err == nil {
			err = takesFiles(path)
		}
		return true, err
	}
	return false, nil
}

// takesFiles makes a file beside a store to come and takes it away again: what the rights
// of a folder say is not all (a full disk, a file system that takes no files).
func takesFiles(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".imap-integration-*")
	if err != nil {
		return fmt.Errorf("cannot make the store %s: %w; check its folder", quote.Text(path, quote.Sentence), err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
