// Package local is Cloud SOAR in one SQLite file, and an HTTP server over it.
//
// What arrives are emails of any size and content, in batches, from one process
// at a time, and requests from whoever reaches the server. What can go wrong: the
// process is killed, the disk is full, another process holds the file, a client
// breaks off. What is promised: a batch is on the disk as a whole before it is
// confirmed, or nothing of it is there; a source_key is stored once; a file is
// never half a store; and every failure is a sentence that says whose turn it is.
//
// To be read in this order: open, file (the place on the disk) with errors,
// schema, database (the connections), then the Store's save, read and links; what looks
// after a store (backup, check, prune) stands on these; the server is handler, routes
// and upload.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"example.org/imap-integration/evidence"
)

// DefaultBusy is how long a writer waits for another process. One save holds
// the file for well under a second; longer is another program's doing.
const DefaultBusy = 10 * time.Second

// Options say how a store is opened. The zero value opens it for work.
type Options struct {
	// ReadOnly changes nothing: a store that does not exist is not made, reads
	// as empty, and Check says that it will be made.
	ReadOnly bool
	Busy     time.Duration    // wait for another process; 0: DefaultBusy
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: none
	Program  string           // version of the program, for the ledger
}

// Store is a Cloud SOAR in a file. Its methods may be called at the same time.
type Store struct {
	*database

	session    func() *evidence.Session // of the emails that Save gets; nil: unknown
	prepare    sync.Mutex               // guards statements
	statements statements
}

// Open opens the store at path, and makes it where there is none. Its folder must exist.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the store %q: %w", path, err)
	}
	// The commit waits for the data, not for the file's times.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, fmt.Errorf("cannot open the store %q: %w", path, err)
	}
	d := &database{file: file{absolute, o.withDefaults()}}
	if d.missing, err = d.examine(ctx); err != nil {
		return nil, err
	}
	if err := d.connect(); err != nil {
		return nil, d.explain("open", err)
	}
	if err := d.checkHeader(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &Store{database: d}, nil
}

func (o Options) withDefaults() Options {
	if o.Busy == 0 {
		o.Busy = DefaultBusy
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
