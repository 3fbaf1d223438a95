package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.org/imap-integration/actions"
)

// Limits of runs.
const (
	maxAtWork  = 3                // runs at the same time
	maxKept    = 20               // runs whose results are kept
	maxResult  = 64 << 20         // bytes of one result
	maxResults = 128 << 20        // bytes of all that are kept
	runLimit   = 30 * time.Minute // of one run; the platform ends an action sooner
)

// run is one run of an action, at work or done.
type run struct {
	ID      int
	Command string
	Title   string
	Given   []givenField // the action's own fields, without secrets
	Began   time.Time
	again   string // the query that fills in its form

	cancel context.CancelFunc
	result limitedBuffer // written by the action

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	state   state
	shown   *presented // of the result, once it is done
}

// givenField is a field as it was filled in for a run.
type givenField struct{ Label, Value string }

// state is how far a run is. A copy of it goes to who watches.
type state struct {
	Steps    []actions.Step `json:"steps"`
	Done     int            `json:"done"`
	Total    int            `json:"total"`
	Ended    bool           `json:"ended"`
	Stopped  bool           `json:"-"`
	Status   int            `json:"-"`
	Sentence string         `json:"-"`
	Took     time.Duration  `json:"-"`
}

// now returns the state and what is closed when it changes.
func (r *run) now() (state, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Steps = slices.Clone(s.Steps)
	return s, r.changed
}

func (r *run) change(edit func(*state)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit(&r.state)
	close(r.changed)
	r.changed = make(chan struct{})
}

// step notes how a step ended; one that is done again counts as it ended last.
func (r *run) step(step actions.Step) {
	r.change(func(s *state) {
		if i := slices.IndexFunc(s.Steps, func(o actions.Step) bool { return o.Name == step.Name }); i >= 0 {
			s.Steps[i] = step
			return
		}
		s.Steps = append(s.Steps, step)
	})
}

// runs are those of this console, newest last.
type runs struct {
	ctx context.Context
	run Runner
	now func() time.Time

	mu   sync.Mutex
	list []*run
	last int
}

func newRuns(ctx context.Context, runner Runner, now func() time.Time) *runs {
	return &runs{ctx: ctx, run: runner, now: now}
}

// start begins a run. At most a few are at work: each holds a connection to the mail server or the store.
func (rs *runs) start(r *run, params []byte) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	atWork := 0
	for _, other := range rs.list {
		if s, _ := other.now(); !s.Ended {
			atWork++
		}
	}
	if atWork >= maxAtWork {
		return &failure{http.StatusServiceUnavailable, fmt.Sprintf("%d runs are at work; wait until one is done, or stop one", atWork)}
	}
	rs.last++
	r.ID, r.Began, r.changed = rs.last, rs.now(), make(chan struct{})
	r.result.limit = maxResult
	var ctx context.Context
	ctx, r.cancel = context.WithTimeout(rs.ctx, runLimit)
	rs.list = append(rs.list, r)
	rs.forget()
	go rs.work(ctx, r, params)
	return nil
}

// forget drops the oldest results; what is at work stays.
func (rs *runs) forget() {
	kept, size := 0, 0
	for i := len(rs.list) - 1; i >= 0; i-- {
		s, _ := rs.list[i].now()
		if !s.Ended {
			continue
		}
		kept++
		if size += len(rs.list[i].result.whole()); kept > maxKept || size > maxResults {
			rs.list = slices.Delete(rs.list, i, i+1)
		}
	}
}

func (rs *runs) work(ctx context.Context, r *run, params []byte) {
	defer r.cancel()
	status, sentence := rs.run(ctx, Call{
		Command: r.Command, Params: bytes.NewReader(params), Result: &r.result, Step: r.step,
		Progress: func(done, total int) { r.change(func(s *state) { s.Done, s.Total = done, total }) },
	})
	shown := present(r.result.whole())
	r.change(func(s *state) {
		r.shown = shown
		s.Ended, s.Status, s.Sentence, s.Took = true, status, sentence, rs.now().Sub(r.Began)
	})
}

// find returns the run with the number of the path.
func (rs *runs) find(r *http.Request) (*run, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if i := slices.IndexFunc(rs.list, func(o *run) bool { return o.ID == id }); err == nil && i >= 0 {
		return rs.list[i], nil
	}
	return nil, &failure{http.StatusNotFound, "there is no such run; a console keeps its last runs until it ends"}
}

// latest returns runs, newest first; of one command only where it is not "".
func (rs *runs) latest(command string) (found []*run) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range slices.Backward(rs.list) {
		if command == "" || r.Command == command {
			found = append(found, r)
		}
	}
	return found
}

// limitedBuffer refuses what is more than it may hold, and what comes when nobody
// waits any more. The action then fails as it does where standard output cannot be
// written to, and acknowledges nothing.
type limitedBuffer struct {
	limit int

	mu     sync.Mutex
	held   bytes.Buffer
	closed bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, errors.New("the run was stopped")
	case b.held.Len()+len(p) > b.limit:
		return 0, fmt.Errorf("the result is larger than the %d MiB that a console keeps; run the action on the command line", b.limit>>20)
	}
	return b.held.Write(p)
}

// whole ends the writing and returns what was written.
func (b *limitedBuffer) whole() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.held.Bytes()
}
