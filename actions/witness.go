package actions

import (
	"net"
	"strconv"
	"sync"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/mailbox"
)

// witness keeps over which connection a run's emails come, for the ledger of the
// store. A run that had to connect again has a new one from then on.
type witness struct {
	server   string
	settings map[string]string

	mu      sync.Mutex
	session *evidence.Session // the latest; nil: none yet
}

// newWitness listens to the connections that c makes.
func newWitness(c *mailbox.Config, settings map[string]string) *witness {
	w := &witness{server: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), settings: settings}
	c.Connected = w.saw
	return w
}

func (w *witness) saw(greeting, tls, certificate string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session = &evidence.Session{Server: w.server, Greeting: greeting, TLS: tls, Certificate: certificate, Settings: w.settings}
}

// now is the connection of the moment.
func (w *witness) now() *evidence.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session
}

// tell has a store whose ledger says so ask for the connection at each save.
func (w *witness) tell(store any) {
	if s, ok := store.(evidence.Witness); ok {
		s.Witness(w.now)
	}
}
