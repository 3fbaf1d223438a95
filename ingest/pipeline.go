package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// A round is a pipeline: the folder brings mails in UID order, workers parse
// them, the collector puts them together in the same order, the run saves and
// hands over. What is acknowledged is always a prefix.

const (
	queueLength = 512                   // mails between the wire and the store
	roomBytes   = 12 << 20              // bytes of them, raw; one may be larger
	batchBytes  = 4 << 20               // raw bytes of one Save
	batchWait   = 20 * time.Millisecond // how long a batch waits for the next mail while the wire is slow
	saveGrace   = 5 * time.Second       // what a save in hand may still take after an interruption (contract.md: 10 s in all)
)

// job is one mail on its way. Its owner releases raw.
type job struct {
	raw   *mailbox.Raw
	draft *soar.Draft
	left  string // field of the filter on content that leaves it out
	ready chan struct{}
	room  *semaphore.Weighted
	cost  int64 // of room, given back with the raw mail
}

// round fetches these mails and saves them. It returns how many were accounted for.
func (r *run) round(ctx context.Context, uids []mailbox.UID) (done int, err error) {
	save, endSave := graceful(ctx)
	defer endSave()
	fetch, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batches, fetched := r.produce(fetch, uids)
	for batch := range batches {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx) // interrupted: what is not being saved yet is dropped whole
		}
		if err == nil {
			var n int
			n, err = r.saveBatch(save, batch)
			done += n
			if err != nil {
				stop(err)
			}
		}
		release(batch...)
		r.o.Progress(r.tally.looked(), r.tally.candidates)
	}
	if errors.Is(err, errStopped) {
		<-fetched
		return done, nil
	}
	if fetchErr := <-fetched; err == nil {
		err = fetchErr
	}
	return done, err
}

// graceful is a context that outlives the end of ctx by saveGrace.
func graceful(ctx context.Context) (context.Context, func()) {
	g, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(saveGrace, func() { cancel(context.Cause(ctx)) })
	})
	return g, func() { stop(); cancel(nil) }
}

// produce starts the pipeline. batches is closed when nothing more comes; then
// fetched tells how the fetch ended.
func (r *run) produce(ctx context.Context, uids []mailbox.UID) (batches chan []*job, fetched chan error) {
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
func (r *run) fetch(ctx context.Context, uids []mailbox.UID, yield func(*mailbox.Raw) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program itself failed while it fetched mails (%v); please report this", p)
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
func (r *run) collect(queue <-chan *job, batches chan<- []*job) {
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
			if len(batch) >= r.batchMails() || size >= batchBytes {
				flush()
			}
		case <-timer.C:
			flush()
		}
	}
}

func (r *run) batchMails() int {
	if r.o.BatchMails > 0 {
		return r.o.BatchMails
	}
	return DefaultBatch
}

func release(jobs ...*job) {
	for _, j := range jobs {
		j.raw.Release()
		j.room.Release(j.cost)
	}
}

// read parses one mail, on a worker. A panic costs the mail its content, not the run.
func (r *run) read(j *job) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("a mail could not be parsed", "uid", j.raw.UID, "panic", fmt.Sprint(p))
			j.left = ""
			j.draft = r.place(j.raw, soar.Mail{})
			j.draft.Problems = append(j.draft.Problems, message.Problem{Code: message.CodeParsePanic, Detail: "the content could not be read; the raw mail is whole"})
			r.whole(j)
		}
	}()
	switch j.raw.Outcome {
	case mailbox.Whole:
		m := message.Parse(j.raw.Body, r.o.Limits)
		if j.left = r.o.Filter.MatchHeader(m); j.left == "" {
			j.left = r.o.Filter.MatchBody(m)
		}
		if j.left == "" {
			j.draft = r.place(j.raw, describeWhole(m, r.o.Limits))
			r.whole(j)
		}
	case mailbox.TooLarge:
		r.readTooLarge(j)
	case mailbox.Empty:
		j.draft = r.place(j.raw, soar.Mail{})
	case mailbox.Missing:
		r.readMissing(j)
	}
}

// prepare has the store do what it can ahead. Where the raw mail is not needed
// any more, its memory goes back to the wire at once.
func (r *run) prepare(j *job) {
	if j.draft != nil && r.o.Prepare != nil {
		r.prepareDraft(j.draft)
	}
	if j.draft == nil || j.draft.Raw == nil {
		j.raw.Release()
	}
}

// prepareDraft leaves a draft as it is where the preparation panics: it is ahead of time only.
func (r *run) prepareDraft(d *soar.Draft) {
	raw := d.Raw
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("a mail could not be prepared for the store; it is saved without", "uid", d.UID, "panic", fmt.Sprint(p))
			d.Raw, d.Prepared = raw, nil
		}
	}()
	r.o.Prepare(d)
}

// whole fills what depends on all bytes of the mail.
func (r *run) whole(j *job) {
	sum := sha256.Sum256(j.raw.Body)
	j.draft.SHA256, j.draft.Size = hex.EncodeToString(sum[:]), int64(len(j.raw.Body))
	j.draft.SourceKey = sourceKey(r.o.Account, j.raw.Body)
	j.draft.Raw = j.raw.Body
	if j.draft.Raw == nil {
		j.draft.Raw = []byte{} // an empty mail has content, of no bytes
	}
}

// readTooLarge makes a record without content (contract.md, section 3). A filter
// on the content cannot be decided: the mail comes rather than being missed.
func (r *run) readTooLarge(j *job) {
	m := message.ParseHeader(j.raw.Body, r.o.Limits)
	if j.left = r.o.Filter.MatchHeader(m); j.left != "" {
		return
	}
	j.draft = r.place(j.raw, soar.DescribeHeader(m))
	j.draft.Size = j.raw.Size
	j.draft.SourceKey = sourceKey(r.o.Account, j.raw.Body)
	if len(j.raw.Body) == 0 { // not even a header block came: only its place tells this mail from others
		j.draft.SourceKey = sourceKey(r.o.Account, fmt.Appendf(nil, "%s\x00%d\x00%d", r.o.Folder, r.folder.Status().UIDValidity, j.raw.UID))
	}
	detail := fmt.Sprintf("larger than max_message_size (%d bytes): only its header fields were fetched", r.o.MaxSize)
	if r.o.Filter.NeedsBody() {
		detail += "; the filters on the text could not be decided"
	}
	j.draft.Problems = append(j.draft.Problems, message.Problem{Code: message.CodeTooLarge, Detail: detail})
}

// place makes a draft of a mail: where it was found, and what was odd in the fetch.
func (r *run) place(raw *mailbox.Raw, m soar.Mail) *soar.Draft {
	m.MailboxAccount, m.Folder = r.o.Account, r.o.Folder
	m.UIDValidity, m.UID = r.folder.Status().UIDValidity, uint32(raw.UID)
	m.ReceivedAt = soar.Timestamp(raw.InternalDate)
	m.Flags = strings.Join(raw.Flags, " ")
	m.Size = raw.Size
	m.Normalize()
	if m.Headers == nil {
		m.Headers = soar.Headers{}
	}
	if m.ReceivedAt == "" {
		m.Problems = append(m.Problems, message.Problem{Code: message.CodeBadInternalDate, Detail: "the server's date of arrival cannot be read"})
	}
	for _, n := range raw.Problems {
		m.Problems = append(m.Problems, message.Problem{Code: n.Code, Detail: n.Detail})
	}
	return &soar.Draft{Metadata: soar.Metadata{Mail: m}}
}
