package fleet

import (
	"context"
	"log/slog"
	"sync"
)

// hush keeps the log of a pass short: what a pass that finds nothing has to say goes
// to DEBUG, or a thousand mailboxes would fill the log with it. Warnings and errors
// are never held, and nothing is lost of a pass that found something or failed.
type hush struct {
	slog.Handler
	state *pent
}

// pent is what the pass under way has said so far.
type pent struct {
	mu      sync.Mutex
	during  bool
	records []heldRecord
}

type heldRecord struct {
	to     slog.Handler
	record slog.Record
}

// mostHeld bounds the records that are held: two for each folder of a mailbox, and some.
const mostHeld = 100

// Handle holds a record of a pass, or passes it on.
func (h *hush) Handle(ctx context.Context, r slog.Record) error {
	h.state.mu.Lock()
	defer h.state.mu.Unlock()
	if h.state.during && r.Level <= slog.LevelInfo && len(h.state.records) < mostHeld {
		h.state.records = append(h.state.records, heldRecord{h.Handler, r.Clone()})
		return nil
	}
	if h.state.during {
		h.state.release(slog.LevelInfo)
	}
	return h.Handler.Handle(ctx, r)
}

// release passes on what is held; what is INFO gets this level.
func (s *pent) release(level slog.Level) {
	ctx := context.Background()
	for _, one := range s.records {
		one.record.Level = min(one.record.Level, level)
		if one.to.Enabled(ctx, one.record.Level) {
			_ = one.to.Handle(ctx, one.record)
		}
	}
	s.records, s.during = nil, false
}

// begin holds what the pass says from now on.
func (s *pent) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.during = true
}

// end says it: at DEBUG where there is nothing to tell.
func (s *pent) end(nothing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	level := slog.LevelInfo
	if nothing {
		level = slog.LevelDebug
	}
	s.release(level)
}

// WithAttrs adds to what is said.
func (h *hush) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &hush{h.Handler.WithAttrs(attrs), h.state}
}

// WithGroup passes it on.
func (h *hush) WithGroup(name string) slog.Handler { return &hush{h.Handler.WithGroup(name), h.state} }
