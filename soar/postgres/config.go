package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
)

// Config says which database it is, and how it is reached.
type Config struct {
	URL      secret.String // postgres://user@host/database; see CheckURL
	Password secret.String // in place of one in the URL; "": that one, else PGPASSFILE
	// Renewed is asked for the password before each connection, so that one that changes
	// while the program runs is used from then on. "": the one above; nil: it does not change.
	Renewed func() (secret.String, error)

	Dial   transport.Dial                                                           // nil: direct connections
	Secure func(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) // nil: the system's authorities

	ReadOnly    bool          // nothing is changed; tables that are not there are not made, and read as empty
	Timeout     time.Duration // longest wait for the database to do one thing; 0: a minute
	Connections int           // at once; 0: 4
	// Abandoned is how long a transaction may stand idle before the database ends it: a
	// stopped process must not hold the keys of a batch that another one saves. 0: 15 s
	Abandoned time.Duration
	Log       *slog.Logger // nil: none
	Now       func() time.Time
	Program   string // version of the program, for the ledger
}

const (
	defaultTimeout     = time.Minute
	defaultConnections = 4
	defaultAbandoned   = 15 * time.Second
)

// Is reports whether an address names a PostgreSQL database.
func Is(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// CheckURL says what is wrong with an address. It never shows the password.
func CheckURL(address string) error {
	_, _, err := parse(secret.New(address))
	return err
}

// parameters are what may stand behind the ? of an address. Others are refused:
// those of libpq that weaken TLS or name files of its own would be a trap.
var parameters = []string{"sslmode", "connect_timeout", "application_name", "target_session_attrs"}

// parse reads an address. secured says which of its hosts are reached with TLS.
func parse(address secret.String) (conf *pgxpool.Config, secured map[string]bool, err error) {
	text := address.Reveal()
	if !Is(text) {
		return nil, nil, errors.New("must begin with postgres://")
	}
	_, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, errors.New("has parameters behind its ? that cannot be read")
	}
	for name := range values {
		if !slices.Contains(parameters, name) {
			return nil, nil, fmt.Errorf("must not have the parameter %s; it may have %s", quote.Text(name, quote.Name), strings.Join(parameters, ", "))
		}
	}
	mode := values.Get("sslmode")
	if mode != "" && mode != "verify-full" && mode != "disable" {
		return nil, nil, fmt.Errorf("must not have sslmode=%s, which does not verify the server; leave it off, or use verify-full", quote.Line(mode, quote.Name))
	}
	if conf, err = pgxpool.ParseConfig(text); err != nil { // its text may show parts of the address
		return nil, nil, errors.New("cannot be read; it should look like postgres://user@db.example.com:5432/database, with special characters of the password written as %XX")
	}
	if secured, err = oneTryEach(&conf.ConnConfig.Config, mode); err != nil {
		return nil, nil, err
	}
	return conf, secured, nil
}

// oneTryEach leaves each host of a configuration once. TLS is ours to speak, see dialer.
func oneTryEach(c *pgconn.Config, mode string) (secured map[string]bool, err error) {
	secured = map[string]bool{}
	hosts := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port}}, c.Fallbacks...)
	var once []*pgconn.FallbackConfig
	for _, h := range hosts {
		if slices.ContainsFunc(once, func(o *pgconn.FallbackConfig) bool { return o.Host == h.Host && o.Port == h.Port }) {
			continue
		}
		once = append(once, &pgconn.FallbackConfig{Host: h.Host, Port: h.Port})
		here := strings.HasPrefix(h.Host, "/") || transport.Loopback(h.Host)
		if mode == "disable" && !here {
			return nil, fmt.Errorf("must not have sslmode=disable for %s, which is not this machine: the emails would go there in clear", quote.Text(h.Host, quote.Name))
		}
		secured[h.Host] = !strings.HasPrefix(h.Host, "/") && (mode == "verify-full" || !here)
	}
	c.TLSConfig, c.Fallbacks = nil, once[1:]
	return secured, nil
}

// pool is the configuration of the connections.
func (c Config) pool() (*pgxpool.Config, error) {
	conf, secured, err := parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: its address %w", err)
	}
	conf.MaxConns = int32(c.Connections)
	cc := conf.ConnConfig
	if !c.Password.Empty() {
		cc.Password = c.Password.Reveal()
	}
	if c.Renewed != nil {
		conf.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) error {
			now, err := c.Renewed()
			if err == nil && !now.Empty() {
				cc.Password = now.Reveal()
			}
			return err
		}
	}
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = c.Timeout
	}
	cc.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // the certificate is for the name
	cc.DialFunc = c.dialer(secured)
	cc.RuntimeParams["search_path"] = Schema
	cc.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.FormatInt(c.Abandoned.Milliseconds(), 10)
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "imap-integration"
	}
	return conf, nil
}

// dialer connects, and secures the connection with this program's own TLS rules.
func (c Config) dialer(secured map[string]bool) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network == "unix" {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
		conn, err := c.Dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(addr)
		if err != nil || !secured[host] {
			return conn, err
		}
		encrypted, err := c.startTLS(ctx, conn, host)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		return encrypted, nil
	}
}

// errNoTLS is what a server without TLS says.
var errNoTLS = errors.New("the server does not speak TLS; set ssl = on in its postgresql.conf")

// startTLS asks for TLS (PostgreSQL documentation, section 55.2.11) and does the handshake.
func (c Config) startTLS(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil { // SSLRequest
		return nil, err
	}
	var answer [1]byte // exactly one byte: what comes behind it before TLS would be injected (CVE-2021-23222)
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, err
	}
	if answer[0] != 'S' {
		return nil, errNoTLS
	}
	return c.Secure(ctx, conn, host)
}

func (c Config) withDefaults() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Abandoned <= 0 {
		c.Abandoned = defaultAbandoned
	}
	if c.Connections <= 0 {
		c.Connections = defaultConnections
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	trust, err := transport.NewTrust("")
	if err != nil {
		return c, err
	}
	if c.Secure == nil {
		c.Secure = trust.Secure
	}
	if c.Dial == nil {
		c.Dial, err = transport.Dialer(secret.String{}, trust)
	}
	return c, err
}
