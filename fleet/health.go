package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/quote"
)

const (
	stuckAfter    = 2 * time.Minute // without a beat of the node's main loop it is not alive
	overdueFactor = 3               // periods without a whole pass until a mailbox is overdue …
	overdueMargin = time.Minute     // … and this
	stateCache    = 2 * time.Second // how long an answer about all mailboxes is good for
	answerTime    = 10 * time.Second
)

// pulse is what a node knows of itself.
type pulse struct {
	mu       sync.Mutex
	last     time.Time // beat of the main loop
	noAnswer error     // of the database, last; nil: it answers

	// What was asked of the database last, under a lock of its own: the answer may be
	// long in coming, and whether the node is alive is said meanwhile.
	asking    sync.Mutex
	states    []ledger.State
	stateErr  error
	stateTime time.Time
}

func (p *pulse) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
}

func (p *pulse) database(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noAnswer = err
}

func (p *pulse) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.last) < stuckAfter
}

// monitor answers for a node.
type monitor struct{ *Node }

// states asks the ledger, at most every stateCache.
func (m *monitor) states(ctx context.Context) ([]ledger.State, error) {
	p := m.pulse
	p.asking.Lock()
	defer p.asking.Unlock()
	if time.Since(p.stateTime) > stateCache {
		limited, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		p.states, p.stateErr = m.book.States(limited)
		p.stateTime = time.Now()
	}
	return p.states, p.stateErr
}

// unready is a mailbox of this node that is not read as it should be.
type unready struct {
	Mailbox string `json:"mailbox"`
	Why     string `json:"why"`
}

// unready lists the mailboxes of this node's configuration that are overdue or held back.
func (m *monitor) unready(ctx context.Context) ([]unready, error) {
	states, err := m.states(ctx)
	if err != nil {
		return nil, err
	}
	list := []unready{}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range states {
		b := m.boxes[s.Name]
		if b == nil {
			continue
		}
		if s.Place != b.place {
			list = append(list, unready{s.Name, "another node's configuration has a different mailbox under this name; give it another name, or restart this node with that configuration"})
		} else if why := m.heldBack(b); why != "" {
			list = append(list, unready{s.Name, why})
		} else if why := overdue(s, b.every); why != "" {
			list = append(list, unready{s.Name, why})
		}
	}
	return list, nil
}

// overdue says why a mailbox has not been read whole for too long; "": it has.
func overdue(s ledger.State, every time.Duration) string {
	switch limit := overdueFactor*every + overdueMargin; {
	case s.Error != "":
		return s.Error
	case s.Polled == nil:
		return "not read yet"
	case s.Age > limit:
		return fmt.Sprintf("not read whole for %s", s.Age.Round(time.Second))
	}
	return ""
}

// listen opens the address of metrics and health; what it returns serves them.
func (m *monitor) listen() (serve func(context.Context), err error) {
	address := m.o.Metrics
	if address == "" {
		address = m.o.Config.Metrics
	}
	if address == "" {
		return func(context.Context) {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q for metrics (%w); give another address", address, err)
	}
	m.o.Log.Info("metrics and health are served", "address", listener.Addr().String())
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: answerTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	return func(ctx context.Context) {
		go func() {
			<-ctx.Done()
			_ = server.Close()
		}()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			m.o.Log.Error("metrics and health are not served any more", "error", err.Error())
		}
	}, nil
}

func (m *monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if !m.pulse.alive() {
			http.Error(w, "the main loop stands still", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /metrics", m.metrics)
	return mux
}

// readyz answers 200 where all mailboxes of this node are read as they should be,
// else 503, and in any case which are not and why.
func (m *monitor) readyz(w http.ResponseWriter, r *http.Request) {
	list, err := m.unready(r.Context())
	answer := map[string]any{"ready": err == nil && len(list) == 0, "mailboxes": list}
	if err != nil {
		answer["database"], answer["mailboxes"] = err.Error(), []unready{}
	}
	w.Header().Set("Content-Type", "application/json")
	if answer["ready"] == false {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// notify tells the service manager that the node is ready and alive, and how it
// is (sd_notify(3)), until ctx ends; from the end of running on it says that the
// node stops. Without a service manager it does nothing.
func (m *monitor) notify(ctx, running context.Context) {
	if sent, err := daemon.SdNotify(false, daemon.SdNotifyReady+"\n"+m.statusLine()); !sent || err != nil {
		return
	}
	defer context.AfterFunc(running, func() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) })()
	interval := 10 * time.Second
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err == nil && watchdog > 0 {
		interval = min(interval, watchdog/2)
	}
	for every(ctx, interval) {
		text := m.statusLine()
		if m.pulse.alive() {
			text = daemon.SdNotifyWatchdog + "\n" + text
		}
		_, _ = daemon.SdNotify(false, text)
	}
}

// unanswered is why the database did not answer last; nil: it did.
func (p *pulse) unanswered() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noAnswer
}

// statusLine is what systemctl status shows.
func (m *monitor) statusLine() string {
	if err := m.pulse.unanswered(); err != nil {
		return "STATUS=no mailbox is read: " + quote.Line(err.Error(), quote.Sentence)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("STATUS=%d of %d mailboxes are being read, %d sinks hold mailboxes back", len(m.running), len(m.order), held(m.over))
}

func held(over map[string]string) (n int) {
	for _, why := range over {
		if why != "" {
			n++
		}
	}
	return n
}
