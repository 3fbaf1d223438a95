package fleet

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime/metrics"
	"strconv"
	"time"

	"example.org/imap-integration/fleet/ledger"
)

// prefix of all metrics.
const prefix = "imap_integration_"

// family is a metric of each mailbox; help says what it means and its unit.
type family struct {
	name, kind, help string
	value            func(s ledger.State, every time.Duration) (value float64, known bool)
}

func always(f func(s ledger.State) int64) func(ledger.State, time.Duration) (float64, bool) {
	return func(s ledger.State, _ time.Duration) (float64, bool) { return float64(f(s)), true }
}

func until(f func(s ledger.State) *time.Time) func(ledger.State, time.Duration) (float64, bool) {
	return func(s ledger.State, _ time.Duration) (float64, bool) {
		if at := f(s); at != nil {
			return float64(at.Unix()), true
		}
		return 0, false
	}
}

// families are the metrics that have the label mailbox. docs/fleet.md lists them.
func families() []family {
	return []family{
		{"mailbox_last_poll_timestamp_seconds", "gauge", "End of the last pass that saw all of the mailbox, Unix time; absent before the first.", until(func(s ledger.State) *time.Time { return s.Polled })},
		{"mailbox_unsaved_age_seconds", "gauge", "Upper bound of how long the oldest email that is not saved has waited: the time since the last whole pass began to look; absent before the first.", func(s ledger.State, _ time.Duration) (float64, bool) {
			return s.Age.Seconds(), s.Age >= 0
		}},
		{"mailbox_overdue", "gauge", "1 where the mailbox fails or was not read whole for too long.", func(s ledger.State, every time.Duration) (float64, bool) {
			if overdue(s, every) != "" {
				return 1, true
			}
			return 0, true
		}},
		{"mailbox_failed_passes", "gauge", "Passes that failed one after the other.", always(func(s ledger.State) int64 { return int64(s.Failures) })},
		{"mailbox_saved_total", "counter", "Emails saved.", always(func(s ledger.State) int64 { return s.Saved })},
		{"mailbox_existed_total", "counter", "Emails that were there already.", always(func(s ledger.State) int64 { return s.Existed })},
		{"mailbox_failed_total", "counter", "Emails that failed for good.", always(func(s ledger.State) int64 { return s.Failed })},
		{"mailbox_left_out_total", "counter", "Times that a filter left an email out.", always(func(s ledger.State) int64 { return s.LeftOut })},
		{"mailbox_reconnects_total", "counter", "Connections that broke and were made again within a pass.", always(func(s ledger.State) int64 { return s.Reconnects })},
		{"mailbox_throttled_total", "counter", "Passes that the server put off.", always(func(s ledger.State) int64 { return s.Throttled })},
		{"mailbox_certificate_expiry_timestamp_seconds", "gauge", "End of the mail server's certificate, Unix time; absent where none was seen.", until(func(s ledger.State) *time.Time { return s.CertificateUntil })},
		{"mailbox_token_expiry_timestamp_seconds", "gauge", "End of the refresh token, Unix time; absent where the provider does not say.", until(func(s ledger.State) *time.Time { return s.TokenUntil })},
	}
}

// metrics answers for the mailboxes of this node's configuration, whoever reads
// them, and for all sinks. Labels are names of the configuration, which are few
// and of harmless characters.
func (m *monitor) metrics(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	states, err := m.states(r.Context())
	head(&b, "build_info", "gauge", "1; the version of this node.")
	sample(&b, "build_info", "version", m.o.Version, 1)
	head(&b, "database_up", "gauge", "1 where the database answers.")
	up := 1.0
	if err != nil {
		up = 0
	}
	sample(&b, "database_up", "", "", up)
	m.mu.Lock()
	head(&b, "passes_running", "gauge", "Mailboxes that this node works on now.")
	sample(&b, "passes_running", "", "", float64(len(m.running)))
	m.mu.Unlock()
	if err == nil {
		m.writeMailboxes(&b, states)
		m.writeSinks(r, &b)
	}
	writeProcess(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func head(b *bytes.Buffer, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name, kind)
}

func (m *monitor) writeMailboxes(b *bytes.Buffer, states []ledger.State) {
	for _, f := range families() {
		head(b, f.name, f.kind, f.help)
		for _, s := range states {
			own := m.boxes[s.Name]
			if own == nil {
				continue
			}
			if value, known := f.value(s, own.every); known {
				sample(b, f.name, "mailbox", s.Name, value)
			}
		}
	}
}

// sample writes a value; a label "" is none.
func sample(b *bytes.Buffer, name, label, of string, value float64) {
	if label != "" {
		name += fmt.Sprintf("{%s=%q}", label, of)
	}
	fmt.Fprintf(b, "%s%s %s\n", prefix, name, strconv.FormatFloat(value, 'f', -1, 64))
}

// writeProcess writes what the process itself uses.
func writeProcess(b *bytes.Buffer) {
	for _, f := range []struct{ name, kind, help, of string }{
		{"process_goroutines", "gauge", "Goroutines.", "/sched/goroutines:goroutines"},
		{"process_memory_bytes", "gauge", "Memory that the runtime has from the system, bytes.", "/memory/classes/total:bytes"},
		{"process_heap_bytes", "gauge", "Memory of objects, bytes.", "/memory/classes/heap/objects:bytes"},
		{"process_cpu_seconds_total", "counter", "Processor time that the program and its garbage collector used, as far as the runtime knows.", "/cpu/classes/user:cpu-seconds"},
	} {
		one := []metrics.Sample{{Name: f.of}}
		metrics.Read(one)
		head(b, f.name, f.kind, f.help)
		if one[0].Value.Kind() == metrics.KindFloat64 {
			sample(b, f.name, "", "", one[0].Value.Float64())
		} else {
			sample(b, f.name, "", "", float64(one[0].Value.Uint64()))
		}
	}
}

func (m *monitor) writeSinks(r *http.Request, b *bytes.Buffer) {
	backlogs, err := m.book.Backlogs(r.Context())
	if err != nil {
		return
	}
	of := map[string]ledger.Backlog{}
	for _, one := range backlogs {
		of[one.Sink] = one
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range []struct {
		name, help string
		value      func(s ledger.Backlog) float64
	}{
		{"sink_backlog_messages", "Emails that wait for the sink.", func(s ledger.Backlog) float64 { return float64(s.Messages) }},
		{"sink_backlog_bytes", "Bytes of them, as stored.", func(s ledger.Backlog) float64 { return float64(s.Bytes) }},
		{"sink_backlog_age_seconds", "How long the oldest of them has waited.", func(s ledger.Backlog) float64 { return s.Oldest.Seconds() }},
		{"sink_dead_messages", "Emails that the sink refused for good; see fleet replay.", func(s ledger.Backlog) float64 { return float64(s.Dead) }},
		{"sink_holds_back", "1 where the backlog holds back the mailboxes that feed the sink.", func(s ledger.Backlog) float64 {
			if m.over[s.Sink] != "" {
				return 1
			}
			return 0
		}},
	} {
		head(b, f.name, "gauge", f.help)
		for _, s := range m.sinks {
			one := of[s.Name]
			one.Sink = s.Name
			sample(b, f.name, "sink", s.Name, f.value(one))
		}
	}
}
