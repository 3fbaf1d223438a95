package ingest

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// A round is a pipeline: the folder brings emails in UID order, workers parse
// them, the collector puts them together in the same order, the run saves and
// hands over. What is acknowledged is always a prefix.

const (
	queueLength = 512                   // emails between the wire and the store
	roomBytes   = 12 << 20              // bytes of them, raw; one may be larger
	batchBytes  = 4 << 20               // raw bytes of one Save
	batchWait   = 20 * time.Millisecond // how long a batch waits for the next email while the wire is slow
)

// job is one email on its way. Its owner releases raw.
type job struct {
	raw   *mailbox.Raw
	draft *soar.Draft
	left  string // field of the filter on content that leaves it out
	ready chan struct{}
	room  *semaphore.Weighted
	cost  int64 // of room, given back with the raw email
}

// reader fetches emails and makes of each what the store needs: [run] saves it,
// [RunAudit] compares it.
type reader struct {
	o      Options
	folder Folder
	due    map[mailbox.UID][]byte // those that fail if they do not come this time either, with their header fields; nil: none
}

// produce starts the pipeline. batches is closed when nothing more comes; then
// fetched tells how the fetch ended.
func (r *reader) produce(ctx context.Context, uids []mailbox.UID) (batches chan []*job, fetched chan error) {
	room := semaphore.NewWeighted(roomBytes)
	work, queue := make(chan *job), make(chan *job, queueLength)
	batches, fetched = make(chan []*job, 1), make(chan error, 1)
	for range max(1, runtime.GOMAXPROCS(0)) {
		go func() {
			for j := range work {
				r.read(j)
				r.prepare(j)
				close(j.ready)
			}
		}()
	}
	go func() {
		err := r.fetch(ctx, uids, func(raw *mailbox.Raw) error {
			j := &job{raw: raw, ready: make(chan struct{}), room: room, cost: min(int64(len(raw.Body)), roomBytes)}
			if err := room.Acquire(ctx, j.cost); err != nil {
				raw.Release()
				return context.Cause(ctx)
			}
			if err := send(ctx, work, j); err != nil {
				release(j)
				return err
			}
			queue <- j // the collector takes everything that was sent, also after the end of ctx
			return nil
		})
		close(work)
		close(queue)
		fetched <- err
	}()
	go r.collect(queue, batches)
	return batches, fetched
}

// fetch is the folder's Fetch, with a panic made an error: what came before it is kept.
func (r *reader) fetch(ctx context.Context, uids []mailbox.UID, yield func(*mailbox.Raw) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program itself failed while it fetched emails (%v); please report this", p)
		}
	}()
	return r.folder.Fetch(ctx, uids, yield)
}

func send(ctx context.Context, to chan<- *job, j *job) error {
	select {
	case to <- j:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// collect makes batches of the jobs, in order. A batch goes as soon as it is
// large enough or the wire lets it wait.
func (r *reader) collect(queue <-chan *job, batches chan<- []*job) {
	defer close(batches)
	var batch []*job
	var size int64
	flush := func() {
		if len(batch) > 0 {
			batches <- batch
		}
		batch, size = nil, 0
	}
	timer := time.NewTimer(batchWait)
	for {
		timer.Reset(batchWait)
		select {
		case j, ok := <-queue:
			if !ok {
				flush()
				return
			}
			<-j.ready
			batch = append(batch, j)
			size += j.cost
			if len(batch) >= r.batchEmails() || size >= batchBytes {
				flush()
			}
		case <-timer.C:
			flush()
		}
	}
}

func (r *reader) batchEmails() int {
	if r.o.BatchEmails > 0 {
		return r.o.BatchEmails
	}
	return DefaultBatch
}

func release(jobs ...*job) {
	for _, j := range jobs {
		j.raw.Release()
		j.room.Release(j.cost)
	}
}
