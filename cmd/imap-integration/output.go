package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.org/imap-integration/actions"
)

// deliverLimit is how long a reader of standard output may take to read on
// after the run was interrupted.
const deliverLimit = 5 * time.Second

// deliver writes one document to standard output and returns once all of it is written.
func (p *program) deliver(ctx context.Context, write func(io.Writer) error) error {
	_, err := within(ctx, deliverLimit, func() (struct{}, error) {
		w := bufio.NewWriterSize(p.stdout, 64<<10)
		err := write(w)
		if err == nil {
			err = w.Flush()
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("%w (%w); nothing was acknowledged, so the next run hands it over again", actions.ErrNotWritten, err)
	}
	return nil
}

// progress returns what tells a watcher, or else shows a bar on standard error while that is a terminal.
func (p *program) progress() func(done, total int) {
	if p.told != nil {
		return p.told
	}
	if !terminal(p.stderr) || p.logs.file == "-" {
		return func(int, int) {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(p.stderr), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
				progressbar.OptionThrottle(100*time.Millisecond)) // ten times a second is as often as an eye follows
		}
		bar.ChangeMax(total)
		_ = bar.Set(done)
	}
}
