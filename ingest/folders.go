package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"example.org/imap-integration/mailbox"
)

// Opener opens a folder of a run when its turn comes, also a second time: after
// another folder was open on the same connection.
type Opener func(ctx context.Context, folder string) (Folder, error)

// Results are those of the folders of a run, in their order, as one.
type Results struct {
	parts   []*Result
	open    Opener
	several bool
	halfWay error // why it ended before the last folder
}

// RunFolders is [Run] for each of these folders in turn, at most [MaxFolders] of
// them, into one result. An email that is in two of them is handed over once. A
// folder that cannot be read (it is not there, or its UIDs do not last) is named in
// the log and the others are taken; that is an error only where no folder can be
// read. Where the connection or the store fails, the folders behind are left to the next run.
func RunFolders(ctx context.Context, o Options, folders []string, open Opener, store Store) (*Results, error) {
	if len(folders) == 1 {
		o.Folder = folders[0]
		folder, err := open(ctx, o.Folder)
		if err != nil {
			return nil, err
		}
		o.Log = o.Log.With("folder", o.Folder)
		one, err := Run(ctx, o, folder, store)
		if err != nil {
			return nil, err
		}
		return &Results{parts: []*Result{one}, open: open}, nil
	}
	t := turns{o: o, open: open, store: store, seen: map[string]place{}, out: &Results{open: open, several: true}}
	t.siblings = givenSiblings(o, folders)
	var unread []error
	for _, name := range folders {
		if o.MaxMessages > 0 && t.out.Len() >= o.MaxMessages || ctx.Err() != nil {
			break
		}
		err := t.take(ctx, name)
		if err == nil {
			continue
		}
		if !ofFolder(err) {
			return t.end(err)
		}
		o.Log.Error("this folder cannot be read; the others are", "folder", name, "error", err.Error())
		unread = append(unread, err)
	}
	if len(unread) == len(folders) {
		return t.end(errors.Join(unread...))
	}
	return t.end(nil)
}

// turns is a run over several folders under way.
type turns struct {
	o        Options
	open     Opener
	store    Store
	seen     map[string]place // source key → object, of all folders
	siblings several
	out      *Results
}

// take is one folder's turn.
func (t *turns) take(ctx context.Context, name string) error {
	folder, err := t.open(ctx, name)
	if err != nil {
		return err
	}
	o := t.o
	o.Folder, o.Log = name, t.o.Log.With("folder", name)
	if o.MaxMessages > 0 {
		o.MaxMessages -= t.out.Len()
	}
	r := newRun(o, folder, t.store)
	r.seen, r.siblings = t.seen, t.siblings
	if n := len(t.out.parts); n > 0 {
		r.sink.before = t.out.parts[n-1]
	}
	err = r.finish(ctx)
	if err != nil {
		return err
	}
	t.siblings = r.allCheckpoints()
	t.out.parts = append(t.out.parts, r.sink)
	return nil
}

// end returns what came so far; where nothing did, the error.
func (t *turns) end(err error) (*Results, error) {
	switch {
	case err == nil:
		return t.out, nil
	case t.out.Len() == 0:
		t.out.Close()
		return nil, err
	}
	t.o.Log.Error("the run ended half-way; what was saved is handed over, the next run takes the rest", "error", err.Error())
	t.out.halfWay = err
	return t.out, nil
}

// ofFolder reports whether an error concerns one folder and not the run.
func ofFolder(err error) bool {
	e, ok := errors.AsType[*mailbox.Error](err)
	return errors.Is(err, errNoUIDValidity) || ok && e.Kind == mailbox.NoFolder
}

// givenSiblings orders the checkpoints that the run was given: those of its folders,
// then those of folders that it does not name (one that is gone may come back).
func givenSiblings(o Options, folders []string) several {
	given, err := parseAny(o.Checkpoint)
	if o.Checkpoint != "" && err != nil {
		return several{} // each folder says so
	}
	out := several{}
	for _, name := range folders {
		if c := given.of(scopeOf(o.Account, name)); c != nil && out.of(c.scope) == nil {
			out = append(out, c)
		}
	}
	room := MaxFolders - len(folders)
	for _, c := range given {
		if room > 0 && out.of(c.scope) == nil {
			out = append(out, c)
			room--
		}
	}
	return out
}

// Len is how many objects there are.
func (s *Results) Len() int {
	n := 0
	for _, p := range s.parts {
		n += p.Len()
	}
	return n
}

// Write writes the JSON array and a newline.
func (s *Results) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	b.WriteByte('[')
	first := true
	for _, p := range s.parts {
		if p.Len() == 0 {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := p.writeObjects(b); err != nil {
			return err
		}
	}
	b.WriteString("]\n")
	return b.Flush()
}

// Written acknowledges: the result stands on standard output. An error concerns
// the acknowledgement only; what is not acknowledged comes again as existed.
func (s *Results) Written(ctx context.Context) error {
	var failed []error
	for _, p := range s.parts {
		if err := s.acknowledge(ctx, p); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s *Results) acknowledge(ctx context.Context, p *Result) error {
	if s.several && (p.marks() || p.files()) {
		folder, err := s.open(ctx, p.r.o.Folder)
		if err == nil && folder.Status().UIDValidity != p.r.state.uidValidity {
			err = fmt.Errorf("the UIDVALIDITY of folder %q changed", p.r.o.Folder)
		}
		if err != nil {
			return errors.Join(p.handedOver(ctx), unmarked(err))
		}
		p.r.folder = folder
	}
	return p.Written(ctx)
}

// Checkpoint is that of the last object; "" when there is none.
func (s *Results) Checkpoint() string {
	if s.Len() == 0 {
		return ""
	}
	return s.parts[len(s.parts)-1].r.checkpoint()
}

// Close frees what the results hold.
func (s *Results) Close() error {
	var failed []error
	for _, p := range s.parts {
		failed = append(failed, p.Close())
	}
	return errors.Join(failed...)
}
