package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/secret"
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

	backlogBytes          int64
	backlogAge, deadAfter time.Duration
}

const (
	defaultEvery      = time.Minute
	leastEvery        = time.Second
	mostEvery         = 24 * time.Hour
	defaultConcurrent = 16
	mostConcurrent    = 1000
	defaultPerServer  = 10
	defaultBacklog    = 256 << 20
	defaultAge        = time.Hour
	defaultDeadAfter  = 24 * time.Hour
	defaultSending    = 4
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

// Load reads fleet.yaml. The error names everything that is wrong with it.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config cannot be read (%w)", err)
	}
	c := &Config{}
	if err := manifest.DecodeYAML(path, data, c); err != nil {
		return nil, err
	}
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	c.check(problem)
	for i := range c.Mailboxes {
		c.Mailboxes[i].check(c, problem)
	}
	for i := range c.Sinks {
		c.Sinks[i].check(problem)
	}
	return c, errors.Join(problems...)
}

// complain notes a problem.
type complain func(format string, args ...any)

func (c *Config) check(problem complain) {
	if (c.Database == "") == (c.DatabaseFile == "") {
		problem("database or database_file must name the database, postgres://user@host/database (one of the two)")
	}
	if len(c.Mailboxes) == 0 {
		problem("mailboxes is empty")
	}
	if c.Node == "" {
		host, _ := os.Hostname()
		c.Node = host + "-" + strconv.Itoa(os.Getpid())
	}
	c.every = duration("every", c.Every, defaultEvery, leastEvery, mostEvery, problem)
	c.lease = duration("lease", c.Lease, ledger.DefaultLease, 3*time.Second, 10*time.Minute, problem)
	c.Concurrent = number("concurrent", c.Concurrent, defaultConcurrent, mostConcurrent, problem)
	c.ConnectionsPerServer = number("connections_per_server", c.ConnectionsPerServer, defaultPerServer, mostConcurrent, problem)
	servers := map[string]int{}
	for name, most := range c.Servers {
		if most < 1 {
			problem("servers: %s must have at least 1 connection", name)
		}
		if !strings.Contains(name, ":") {
			name += ":993"
		}
		servers[strings.ToLower(name)] = most
	}
	c.Servers = servers
	twice(problem, "mailboxes", c.Mailboxes, func(m Mailbox) string { return m.Name })
	twice(problem, "sinks", c.Sinks, func(s Sink) string { return s.Name })
}

// twice finds names that stand more than once, and those that are none.
func twice[T any](problem complain, list string, all []T, name func(T) string) {
	seen := map[string]bool{}
	for i, one := range all {
		switch n := name(one); {
		case !isName(n):
			problem("%s: the name of number %d must be letters, digits and . _ @ + -, at most %d", list, i+1, longestName)
		case seen[n]:
			problem("%s: %s stands twice", list, n)
		default:
			seen[n] = true
		}
	}
}

func (m *Mailbox) check(c *Config, problem complain) {
	m.every = duration(m.Name+": every", m.Every, c.every, leastEvery, mostEvery, problem)
	for _, id := range []string{"checkpoint", "uids", "dry_run", "cloud_soar_api_url"} {
		if _, set := m.Parameters[id]; set || c.Defaults[id] != nil {
			problem("%s: %s is the fleet's business and must not be set", m.Name, id)
		}
	}
	all := slices.Collect(func(yield func(string) bool) {
		for _, s := range c.Sinks {
			if !yield(s.Name) {
				return
			}
		}
	})
	if m.Sinks == nil {
		m.Sinks = all
	}
	for _, s := range m.Sinks {
		if !slices.Contains(all, s) {
			problem("%s: there is no sink %s", m.Name, s)
		}
	}
}

func (s *Sink) check(problem complain) {
	s.Concurrent = number(s.Name+": concurrent", s.Concurrent, defaultSending, 100, problem)
	s.backlogAge = duration(s.Name+": backlog_age", s.BacklogAge, defaultAge, time.Second, 365*24*time.Hour, problem)
	s.deadAfter = duration(s.Name+": dead_after", s.DeadAfter, defaultDeadAfter, time.Second, 365*24*time.Hour, problem)
	s.backlogBytes = size(s.Name+": backlog_bytes", s.BacklogBytes, problem)
	switch s.Type {
	case "stdout":
	case "webhook":
		if s.URL == "" || s.SecretFile == "" {
			problem("%s: a webhook needs url and secret_file", s.Name)
		}
	case "cloud_soar":
	default:
		problem("%s: type must be stdout, webhook or cloud_soar", s.Name)
	}
	if s.Type != "cloud_soar" && len(s.Parameters) > 0 {
		problem("%s: %s is not a setting of a %s", s.Name, slices.Min(slices.Collect(maps.Keys(s.Parameters))), s.Type)
	}
}

func number(name string, n, otherwise, most int, problem complain) int {
	if n == 0 {
		return otherwise
	}
	if n < 0 || n > most {
		problem("%s must be a number from 1 to %d", name, most)
	}
	return n
}

func duration(name, text string, otherwise, least, most time.Duration, problem complain) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		problem("%s must be a time from %s to %s, such as 30s or 5m, not %q", name, least, most, text)
		return otherwise
	}
	return d
}

// size reads bytes: 1048576, 512KiB, 256MiB, 1GiB.
func size(name, text string, problem complain) int64 {
	if text == "" {
		return defaultBacklog
	}
	for shift, unit := range []string{"", "KiB", "MiB", "GiB"} {
		digits, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32); ok && err == nil && n > 0 {
			return n << (10 * shift)
		}
	}
	problem("%s must be a number of bytes, such as 256MiB, not %q", name, text)
	return defaultBacklog
}

// address is the database's address and password. The files are read anew each time.
func (c *Config) address() (url, password secret.String, ca string, err error) {
	url = secret.New(c.Database)
	if c.DatabaseFile != "" {
		if url, err = readSecret(c.DatabaseFile); err != nil {
			return url, password, "", fmt.Errorf("database_file cannot be read (%w)", err)
		}
	}
	if c.DatabasePasswordFile != "" {
		if password, err = readSecret(c.DatabasePasswordFile); err != nil {
			return url, password, "", fmt.Errorf("database_password_file cannot be read (%w)", err)
		}
	}
	if c.DatabaseCAFile != "" {
		text, err := os.ReadFile(c.DatabaseCAFile)
		if err != nil {
			return url, password, "", fmt.Errorf("database_ca_certificate_file cannot be read (%w)", err)
		}
		ca = string(text)
	}
	return url, password, ca, nil
}

func readSecret(path string) (secret.String, error) {
	text, err := os.ReadFile(path)
	return secret.New(strings.TrimRight(string(text), "\r\n")), err
}

// parameters are a mailbox's, over those of defaults, as an action gets them.
func (c *Config) parameters(m Mailbox, database string) ([]byte, error) {
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
	return json.Marshal(all)
}
