package actions

import (
	"context"
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
	r := resource(env, v)
	if dry {
		d.options.DryRun, d.mailbox.ReadOnly, d.store = true, true, r.storeToRead()
		env.Log.Info("a dry run: nothing is saved, marked or acknowledged")
	}
	if len(named) > 0 && !d.folders.single() {
		v.Problem("uids", "goes together with one folder only: another folder has other emails under these UIDs")
		return nil, v.Err()
	}
	if d.hook, err = watchHook(env, r); err != nil {
		return nil, err
	}
	d.options.Checkpoint, d.options.UIDs = checkpoint, named
	limitHeap()
	store, err := d.storeBeforeLogin(ctx, r)
	if err != nil {
		return nil, err
	}
	report := newRunReport(env, d.options.Account, d.folders.wanted)
	if env.Watch {
		return nil, (&watcher{d: d, env: env, store: store, report: report}).run(ctx)
	}
	err = d.once(ctx, env, store, report)
	return nil, report.end(ctx, err)
}

// storeBeforeLogin opens the store, so that one that cannot be used costs no login. It is
// nil where it is a file that is not there yet: the run makes it once the mail server has
// let us in, so that a slip in the settings leaves no empty one behind.
func (d *daemon) storeBeforeLogin(ctx context.Context, r Resource) (*store, error) {
	if d.options.DryRun { // it makes none
		return d.openStore(ctx)
	}
	if later, err := r.notYet(ctx); later || err != nil {
		return nil, err
	}
	return d.openStore(ctx)
}

func (d *daemon) openStore(ctx context.Context) (*store, error) {
	opened, err := d.store(ctx)
	if err != nil {
		return nil, err
	}
	d.options.BatchEmails, d.options.Prepare = opened.batch, opened.prepare
	return opened, nil
}

// once is a run that ends: one pass over the folders. It closes the store.
func (d *daemon) once(ctx context.Context, env *Env, store *store, report *runReport) error {
	defer func() {
		if store != nil {
			_ = store.Close() // the pass has closed its account
		}
	}()
	folder, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer folder.Close()
	if store == nil {
		if store, err = d.openStore(ctx); err != nil {
			return err
		}
	}
	_, err = d.pass(ctx, env, folder, store, report)
	return err
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
	named := env.Log.With("mailbox", d.options.Account)
	d.mailbox.ReadOnly, d.mailbox.Log, d.options.Log = run.ReadOnly(), named, named
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
func (d *daemon) pass(ctx context.Context, env *Env, f *folders, store *store, report *runReport) (string, error) {
	d.witness.tell(store.emails())
	report.begin()
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
	summary := result.Summary()
	report.passed(summary, result.Len(), err)
	switch {
	case env.Show != nil:
		d.close(env, result, err)
	case summary.HalfWay != nil && env.Person != nil:
		env.Person(halfWay(summary.HalfWay))
	}
	return result.Checkpoint(), nil
}

// heapTarget is where the garbage collector begins to work harder, bytes. A run
// holds a few batches of emails; without a target it would collect only at twice that.
const heapTarget = 70 << 20

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
