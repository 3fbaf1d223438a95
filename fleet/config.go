package fleet

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar/postgres"
)

// Config is fleet.yaml. All nodes of a fleet have the same one, or each its own
// mailboxes of the same database.
type Config struct {
	Database             string         `yaml:"database"`
	DatabaseFile         string         `yaml:"database_file"`
	DatabasePasswordFile string         `yaml:"database_password_file"`
	DatabaseCAFile       string         `yaml:"database_ca_certificate_file"`
	Node                 string         `yaml:"node"`
	Every                string         `yaml:"every"`
	Lease                string         `yaml:"lease"`
	Concurrent           int            `yaml:"concurrent"`
	ConnectionsPerServer int            `yaml:"connections_per_server"`
	Servers              map[string]int `yaml:"servers"`
	Metrics              string         `yaml:"metrics"`
	Defaults             map[string]any `yaml:"defaults"`
	Mailboxes            []Mailbox      `yaml:"mailboxes"`
	Sinks                []Sink         `yaml:"sinks"`

	path         string // of the file
	every, lease time.Duration
	// Program is the version of this program, for the ledger.
	Program string `yaml:"-"`
}

// Mailbox is one mailbox: its own settings, and the parameters of
// incoming-mail-daemon over those of defaults.
type Mailbox struct {
	Name       string         `yaml:"name"`
	Every      string         `yaml:"every"`
	Sinks      []string       `yaml:"sinks"` // nil: all
	Parameters map[string]any `yaml:",inline"`

	line  int
	every time.Duration
}

// Sink is where emails are handed over.
type Sink struct {
	Name         string         `yaml:"name"`
	Type         string         `yaml:"type"` // stdout, webhook or cloud_soar
	URL          string         `yaml:"url"`
	SecretFile   string         `yaml:"secret_file"`
	CAFile       string         `yaml:"ca_certificate_file"`
	BacklogBytes string         `yaml:"backlog_bytes"`
	BacklogAge   string         `yaml:"backlog_age"`
	DeadAfter    string         `yaml:"dead_after"`
	Concurrent   int            `yaml:"concurrent"`
	Parameters   map[string]any `yaml:",inline"` // of cloud_soar: the resource fields of the API

	line                  int
	backlogBytes          int64
	backlogAge, deadAfter time.Duration
}

const (
	defaultEvery      = time.Minute
	leastEvery        = time.Second
	mostEvery         = 24 * time.Hour
	leastLease        = 3 * time.Second
	mostLease         = 10 * time.Minute
	defaultConcurrent = 16
	mostConcurrent    = 1000
	defaultPerServer  = 10
	defaultBacklog    = 256 << 20
	defaultAge        = time.Hour
	defaultDeadAfter  = 24 * time.Hour
	defaultSending    = 4
	mostSending       = 100
	mostAge           = 365 * 24 * time.Hour
)

// longestName is that of what stands in logs, metrics and the database, bytes.
const longestName = 100

// isName reports whether a text is such a name.
func isName(s string) bool {
	inside := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._@+-", c)
	}
	return s != "" && len(s) <= longestName && !strings.ContainsFunc(s, func(c rune) bool { return !inside(c) })
}

// Load reads fleet.yaml. The error names everything that is wrong with it, one to a
// line, and where it stands.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config cannot be read (%w)", err)
	}
	c := &Config{path: filepath.Base(path)}
	if err := manifest.DecodeYAML(c.path, data, c); err != nil {
		return nil, err
	}
	lines := manifest.Lines(data)
	var problems []error
	problem := func(at place, format string, args ...any) {
		problems = append(problems, c.at(lines(at...), fmt.Errorf(format, args...)))
	}
	c.check(problem)
	for i := range c.Mailboxes {
		c.Mailboxes[i].line = lines("mailboxes", i)
		c.Mailboxes[i].check(c, place{"mailboxes", i}, problem)
	}
	for i := range c.Sinks {
		c.Sinks[i].line = lines("sinks", i)
		c.Sinks[i].check(place{"sinks", i}, problem)
	}
	return c, errors.Join(problems...)
}

// at says where in the file a problem is.
func (c *Config) at(line int, err error) error {
	if line == 0 {
		return err
	}
	return fmt.Errorf("%s: line %d: %w", c.path, line, err)
}

// place is where something stands in the file; see [manifest.Lines].
type place []any

func (p place) of(key string) place { return append(p[:len(p):len(p)], key) }

// complain notes a problem.
type complain func(at place, format string, args ...any)

func (c *Config) check(problem complain) {
	if (c.Database == "") == (c.DatabaseFile == "") {
		problem(place{"database"}, "database or database_file must name the database, postgres://user@host/database (one of the two)")
	} else if c.Database != "" {
		if err := postgres.CheckURL(c.Database); err != nil {
			problem(place{"database"}, "database %w", err)
		}
	}
	if len(c.Mailboxes) == 0 {
		problem(place{"mailboxes"}, "mailboxes is empty")
	}
	if c.Node == "" {
		host, _ := os.Hostname()
		c.Node = host + "-" + strconv.Itoa(os.Getpid())
	}
	if _, _, err := net.SplitHostPort(c.Metrics); c.Metrics != "" && err != nil {
		problem(place{"metrics"}, "metrics must be an address and a port, such as 127.0.0.1:9464, not %q", c.Metrics)
	}
	c.every = duration(place{"every"}, "every", c.Every, defaultEvery, leastEvery, mostEvery, problem)
	c.lease = duration(place{"lease"}, "lease", c.Lease, ledger.DefaultLease, leastLease, mostLease, problem)
	c.Concurrent = number(place{"concurrent"}, "concurrent", c.Concurrent, defaultConcurrent, mostConcurrent, problem)
	c.ConnectionsPerServer = number(place{"connections_per_server"}, "connections_per_server", c.ConnectionsPerServer, defaultPerServer, mostConcurrent, problem)
	servers := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(c.Servers)) {
		if c.Servers[name] < 1 {
			problem(place{"servers", name}, "servers: %s must have at least 1 connection", quote.Line(name, quote.Name))
		}
		full := strings.ToLower(name)
		if !strings.Contains(full, ":") {
			full += ":993"
		}
		servers[full] = c.Servers[name]
	}
	c.Servers = servers
	forbidden(place{"defaults"}, "defaults", c.Defaults, problem)
	twice(problem, "mailboxes", c.Mailboxes, func(m Mailbox) string { return m.Name })
	twice(problem, "sinks", c.Sinks, func(s Sink) string { return s.Name })
}

// twice finds names that stand more than once, and those that are none.
func twice[T any](problem complain, list string, all []T, name func(T) string) {
	seen := map[string]bool{}
	for i, one := range all {
		switch n := name(one); {
		case !isName(n):
			problem(place{list, i, "name"}, "%s: the name of number %d must be letters, digits and . _ @ + -, at most %d", list, i+1, longestName)
		case seen[n]:
			problem(place{list, i, "name"}, "%s: %s stands twice", list, n)
		default:
			seen[n] = true
		}
	}
}

// forbidden finds parameters of the daemon that a fleet sets by itself.
func forbidden(at place, where string, parameters map[string]any, problem complain) {
	for _, id := range []string{"checkpoint", "uids", "dry_run", "cloud_soar_api_url"} {
		if _, set := parameters[id]; set {
			problem(at.of(id), "%s: %s is the fleet's business and must not be set", where, id)
		}
	}
}

func (m *Mailbox) check(c *Config, at place, problem complain) {
	name := quote.Line(m.Name, quote.Name)
	m.every = duration(at.of("every"), name+": every", m.Every, c.every, leastEvery, mostEvery, problem)
	forbidden(at, name, m.Parameters, problem)
	all := make([]string, len(c.Sinks))
	for i, s := range c.Sinks {
		all[i] = s.Name
	}
	if m.Sinks == nil {
		m.Sinks = all
	}
	seen := map[string]bool{}
	for _, s := range m.Sinks {
		switch {
		case !slices.Contains(all, s):
			problem(at.of("sinks"), "%s: there is no sink %s", name, quote.Line(s, quote.Name))
		case seen[s]:
			problem(at.of("sinks"), "%s: the sink %s stands twice", name, s)
		}
		seen[s] = true
	}
}

func (s *Sink) check(at place, problem complain) {
	name := quote.Line(s.Name, quote.Name)
	s.Concurrent = number(at.of("concurrent"), name+": concurrent", s.Concurrent, defaultSending, mostSending, problem)
	s.backlogAge = duration(at.of("backlog_age"), name+": backlog_age", s.BacklogAge, defaultAge, time.Second, mostAge, problem)
	s.deadAfter = duration(at.of("dead_after"), name+": dead_after", s.DeadAfter, defaultDeadAfter, time.Second, mostAge, problem)
	s.backlogBytes = size(at.of("backlog_bytes"), name+": backlog_bytes", s.BacklogBytes, problem)
	switch s.Type {
	case "stdout", "cloud_soar":
		for key, value := range map[string]string{"url": s.URL, "secret_file": s.SecretFile, "ca_certificate_file": s.CAFile} {
			if value != "" && (s.Type == "stdout" || key != "ca_certificate_file") {
				problem(at.of(key), "%s: %s is a setting of a webhook, not of a %s", name, key, s.Type)
			}
		}
	case "webhook":
		if s.URL == "" || s.SecretFile == "" {
			problem(at, "%s: a webhook needs url and secret_file", name)
		}
	default:
		problem(at.of("type"), "%s: type must be stdout, webhook or cloud_soar", name)
		return
	}
	if s.Type == "cloud_soar" {
		return // the action that takes its parameters says what is wrong with them
	}
	for _, key := range slices.Sorted(maps.Keys(s.Parameters)) {
		problem(at.of(key), "%s: %s is not a setting of a %s", name, quote.Line(key, quote.Name), s.Type)
	}
}

func number(at place, name string, n, otherwise, most int, problem complain) int {
	if n == 0 {
		return otherwise
	}
	if n < 0 || n > most {
		problem(at, "%s must be a number from 1 to %d", name, most)
	}
	return n
}

func duration(at place, name, text string, otherwise, least, most time.Duration, problem complain) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		problem(at, "%s must be a time from %s to %s, such as 30s or 5m, not %q", name, least, most, text)
		return otherwise
	}
	return d
}

// size reads bytes: 1048576, 512KiB, 256MiB, 1GiB.
func size(at place, name, text string, problem complain) int64 {
	if text == "" {
		return defaultBacklog
	}
	for shift, unit := range []string{"", "KiB", "MiB", "GiB"} {
		digits, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32); ok && err == nil && n > 0 {
			return n << (10 * shift)
		}
	}
	problem(at, "%s must be a number of bytes, such as 256MiB, not %q", name, text)
	return defaultBacklog
}

// address is the database's address, password and authorities. The files are read anew each time.
func (c *Config) address() (address, password secret.String, ca string, err error) {
	address = secret.New(c.Database)
	if c.DatabaseFile != "" {
		if address, err = readSecret(c.DatabaseFile); err != nil {
			return address, password, "", fmt.Errorf("database_file cannot be read (%w)", err)
		}
	}
	if c.DatabasePasswordFile != "" {
		if password, err = readSecret(c.DatabasePasswordFile); err != nil {
			return address, password, "", fmt.Errorf("database_password_file cannot be read (%w)", err)
		}
	}
	if c.DatabaseCAFile != "" {
		text, err := os.ReadFile(c.DatabaseCAFile)
		if err != nil {
			return address, password, "", fmt.Errorf("database_ca_certificate_file cannot be read (%w)", err)
		}
		ca = string(text)
	}
	return address, password, ca, nil
}

// password is that of the next connection to the database, as the files have it now.
func (c *Config) password() (secret.String, error) {
	address, password, _, err := c.address()
	if err != nil || !password.Empty() {
		return password, err
	}
	parsed, err := url.Parse(address.Reveal())
	if err != nil {
		return secret.String{}, nil // it was read when the program started; that one goes on
	}
	own, _ := parsed.User.Password()
	return secret.New(own), nil
}

func readSecret(path string) (secret.String, error) {
	text, err := os.ReadFile(path)
	return secret.New(strings.TrimRight(string(text), "\r\n")), err
}

// parameters are a mailbox's, over those of defaults, as an action gets them.
func (c *Config) parameters(m Mailbox, database string) map[string]any {
	all := maps.Clone(c.Defaults)
	if all == nil {
		all = map[string]any{}
	}
	for id, value := range m.Parameters {
		delete(all, strings.TrimSuffix(id, "_file")) // a mailbox's own secret counts, in whichever of the two forms
		delete(all, id+"_file")
		all[id] = value
	}
	all["cloud_soar_api_url"] = database
	return all
}
