package actions

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/token"
	"example.org/imap-integration/webhook"
)

// acknowledgeTime bounds what may follow an interruption once the result is
// written: the contract gives 10 s from the signal, and a save in hand takes up to 5 of them.
const acknowledgeTime = 4 * time.Second

// daemon is the parameters of incoming-mail-daemon.
type daemon struct {
	mailbox mailbox.Config
	command string // the subcommand, for a parameter error that only the server brings to light
	folders folderSet
	token   *token.Source // nil: a password
	store   openStore
	options ingest.Options
	witness *witness
	hook    *webhook.Hook // nil: none
}

// incomingMailDaemon takes the emails that are due, saves them in Cloud SOAR and
// hands them over.
func incomingMailDaemon(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	checkpoint, named := v.Text("checkpoint"), namedUIDs(v)
	if env.Watch && len(named) > 0 {
		v.Problem("uids", "does not go together with --watch, which would take these emails again and again")
	}
	dry := v.Bool("dry_run")
	if env.Watch && dry {
		v.Problem("dry_run", "does not go together with --watch, which would show the same emails again and again")
	}
	d, err := daemonParameters(env, v)
	if err != nil {
		return nil, err
	}
	if dry {
		d.options.DryRun, d.mailbox.ReadOnly, d.store = true, true, resource(env, v).storeToRead()
		env.Log.Info("a dry run: nothing is saved, marked or acknowledged")
	}
	if len(named) > 0 && !d.folders.single() {
		v.Problem("uids", "goes together with one folder only: another folder has other emails under these UIDs")
		return nil, v.Err()
	}
	if d.hook, err = watchHook(env, resource(env, v)); err != nil {
		return nil, err
	}
	d.options.Checkpoint, d.options.UIDs = checkpoint, named
	limitHeap()
	store, err := d.store(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	d.options.BatchMails, d.options.Prepare = store.batch, store.prepare
	if env.Watch {
		return nil, d.watch(ctx, env, store)
	}
	folder, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	_, err = d.pass(ctx, env, folder, store)
	return nil, err
}

func daemonParameters(env *Env, v *manifest.Values) (*daemon, error) {
	r := resource(env, v)
	run := r.run()
	m := r.mailbox()
	d := &daemon{command: v.Command(), mailbox: m.Config, folders: m.Folders, token: m.Token, store: r.store()}
	spec := r.filters()
	d.options = ingest.Options{
		Account: r.account(), Folder: d.mailbox.Folder,
		MarkAsSeen: run.MarkAsSeen, After: run.After, SearchMode: searchModes[run.SearchMode],
		MaxMessages: run.MaxMessages, MaxSize: run.MaxSize,
		Limits: message.DefaultLimits(), Log: env.Log, Progress: env.Progress, Now: env.Now,
	}
	if run.FromLatest {
		d.options.FetchType = ingest.FromLatest
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	d.mailbox.ReadOnly, d.mailbox.Log = run.ReadOnly(), env.Log
	d.witness = newWitness(&d.mailbox, v.Shown())
	var err error
	d.options.Filter, err = filters.Compile(spec)
	return d, err
}

// namedUIDs reads the field uids: numbers and ranges.
func namedUIDs(v *manifest.Values) (ranges []ingest.UIDRange) {
	for _, text := range v.List("uids") {
		first, last, isRange := strings.Cut(text, ":")
		if !isRange {
			last = first
		}
		low, err := strconv.ParseUint(strings.TrimSpace(first), 10, 32)
		high, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 32)
		if err != nil || err2 != nil || low == 0 || high < low {
			v.Problem("uids", "must be UIDs and ranges of them, such as 5, 20:25, not %s", quote.Text(text, quote.Name))
			continue
		}
		ranges = append(ranges, ingest.UIDRange{First: mailbox.UID(low), Last: mailbox.UID(high)})
	}
	return ranges
}

var searchModes = map[string]ingest.SearchMode{"auto": ingest.Auto, "server": ingest.Server, "local": ingest.Local}

// dial opens the first folder for a pass that begins at once.
func (d *daemon) dial(ctx context.Context) (*folders, error) {
	c := d.mailbox
	c.First = ingest.FirstSearch(d.options)
	f, err := d.folders.dial(ctx, c)
	if err == nil && len(f.unknown) > 0 {
		d.options.Log.Error("no folder of the mailbox is meant by these names; the others are read", "names", f.unknown)
	}
	if err != nil || d.options.DryRun {
		return f, err
	}
	if err := checkAfter(ctx, d.command, f.Folder, d.options.After); err != nil {
		_ = f.Close() // nothing was changed
		return nil, err
	}
	return f, nil
}

// pass is one run over the folders: take, hand over, acknowledge. It returns
// the checkpoint of the last object, "" when there was none.
func (d *daemon) pass(ctx context.Context, env *Env, f *folders, store *store) (string, error) {
	d.witness.tell(store.emails())
	result, err := ingest.RunFolders(ctx, d.options, f.names, f.opener(), store)
	if err != nil {
		return "", err
	}
	defer result.Close()
	if !env.Watch || result.Len() > 0 {
		if err := d.post(ctx, result); err != nil {
			return "", err
		}
		if err := env.Deliver(result.Write); err != nil {
			return "", err
		}
	}
	ack, cancel := ingest.Outlive(ctx, acknowledgeTime)
	defer cancel()
	err = result.Written(ack)
	if err != nil {
		// The result is out: saying "failed" now would make the platform throw it away.
		env.Log.Error("the result was handed over but not acknowledged", "error", err.Error())
	} else {
		d.options.NoLeftovers = true
	}
	if env.Show != nil {
		d.close(env, result, err)
	}
	return result.Checkpoint(), nil
}

// heapTarget is where the garbage collector begins to work harder, bytes. A run
// holds a few batches of emails; without a target it would collect only at twice that.
const heapTarget = 62 << 20

// heapGrowth lets a short run end before there is anything to collect, percent.
const heapGrowth = 400

// limitHeap sets the target, unless the environment has one (GOMEMLIMIT, GOGC).
func limitHeap() {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 || os.Getenv("GOGC") != "" {
		return
	}
	debug.SetMemoryLimit(heapTarget)
	debug.SetGCPercent(heapGrowth)
}

const (
	// idleTime is how long a watch waits for the server to speak up before it
	// looks by itself: IDLE is a promise that not every server keeps.
	idleTime = 2 * time.Minute
	// turnTime is how long the folders that are not listened to wait for their next turn.
	turnTime = 20 * time.Second
	// retryFirst and retryMost bound the waits between attempts to reconnect.
	retryFirst = time.Second
	retryMost  = 5 * time.Minute
)

// watch goes on until ctx ends: one JSON array a line for each batch (--watch).
func (d *daemon) watch(ctx context.Context, env *Env, store *store) error {
	retry := retryFirst
	for began := false; ; began = true {
		err := d.watchFolder(ctx, env, store, func() { retry = retryFirst })
		if ctx.Err() != nil {
			return nil // asked to end: that is how a watch ends well
		}
		if errors.Is(err, ErrNotWritten) || !began && !errors.Is(err, errWatching) {
			return err // nobody reads, or the settings never worked
		}
		env.Log.Error("the watch lost its folder and opens it again", "in", retry.String(), "error", err.Error())
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return nil
		}
		retry = min(2*retry, retryMost)
	}
}

// errWatching marks a failure after the folder was once open.
var errWatching = errors.New("while watching")

func (d *daemon) watchFolder(ctx context.Context, env *Env, store *store, opened func()) error {
	folder, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer folder.Close()
	opened()
	for {
		checkpoint, err := d.pass(ctx, env, folder, store)
		if err != nil {
			return errors.Join(errWatching, err)
		}
		if checkpoint != "" {
			d.options.Checkpoint = checkpoint
		}
		if err := d.wait(ctx, folder); err != nil {
			return errors.Join(errWatching, err)
		}
	}
}

// wait returns when there may be something new. Where the server does not tell of
// several folders at once, the first is listened to, and all are looked at in turns.
func (d *daemon) wait(ctx context.Context, f *folders) error {
	if len(f.names) == 1 {
		return f.Wait(ctx, idleTime)
	}
	if err := f.Open(ctx, f.names[0]); err != nil {
		return err
	}
	told, begun, err := f.Listen(ctx, f.names)
	switch {
	case err != nil || begun: // what came before it began is looked for at once
		return err
	case told:
		return f.Wait(ctx, idleTime)
	default:
		return f.Wait(ctx, turnTime)
	}
}
