package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

// deliverLimit is how long a reader of standard output may take to read on
// after the run was interrupted.
const deliverLimit = 5 * time.Second

// deliver writes one document to standard output and returns once all of it is written.
func (p *program) deliver(ctx context.Context, write func(io.Writer) error) error {
	return p.deliverOr(ctx, "run it again", write)
}

// deliverOr is deliver that says what to do where nobody reads.
func (p *program) deliverOr(ctx context.Context, next string, write func(io.Writer) error) error {
	_, err := within(ctx, deliverLimit, func() (struct{}, error) {
		w := bufio.NewWriterSize(p.stdout, 64<<10)
		err := write(w)
		if err == nil {
			err = w.Flush()
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("%w (%w); %s", actions.ErrNotWritten, err, next)
	}
	return nil
}

// report writes what a command did: a sentence for a person, else JSON.
func (p *program) report(ctx context.Context, result any, sentence string) error {
	write := actions.JSON(result)
	if p.forPerson() {
		write = func(w io.Writer) error {
			_, err := fmt.Fprintln(w, sentence)
			return err
		}
	}
	return p.deliver(ctx, write)
}

// forPerson reports whether a person reads standard output and wants to see a table.
func (p *program) forPerson() bool { return terminal.Is(p.stdout) && !p.json }

// page is standard output as a person reads it; what is written to it goes to w.
func (p *program) page(w io.Writer) *terminal.Page {
	page := terminal.PageOf(p.stdout, p.colour, p.getenv)
	page.Writer = w
	return page
}

// laidOut is how the JSON that write writes stands on standard output: as the table
// view of the action's manifest for a person, indented where a person wants JSON, and
// as it is for a program.
func (p *program) laidOut(action string, write func(io.Writer) error) func(io.Writer) error {
	if !terminal.Is(p.stdout) {
		return write
	}
	if cells := p.tableView(action); len(cells) > 0 && !p.json {
		return func(w io.Writer) error { return newView(cells).show(p.page(w), write) }
	}
	return func(w io.Writer) error { return indented(w, write) }
}

// tableView is how an action's result is laid out; nil: it is shown as JSON.
func (p *program) tableView(action string) []manifest.Cell {
	if action == actions.Audit.Name && !p.evidence.Ledger {
		return auditView
	}
	a, err := p.manifest.Action(action)
	if err != nil {
		return nil
	}
	return a.TableView
}

// auditView is the table view of audit, which the platform does not know: of one folder, and of several.
var auditView = []manifest.Cell{
	{DisplayName: "Folder", Value: "folder"},
	{DisplayName: "Emails", Value: "messages"},
	{DisplayName: "In the store", Value: "in_store"},
	{DisplayName: "Pruned", Value: "pruned"},
	{DisplayName: "Not taken yet", Value: "not_taken_yet"},
	{DisplayName: "Missing UID", Value: "missing.[].uid"},
	{DisplayName: "Subject", Value: "missing.[].subject"},
	{DisplayName: "Why", Value: "missing.[].reason"},
	{DisplayName: "Stored twice as", Value: "doubled.[].ids"},
	{DisplayName: "Left out UID", Value: "left_out.[].uid"},
	{DisplayName: "By the filter", Value: "left_out.[].filter"},
	{DisplayName: "Second copy UID", Value: "second_copies.[].uid"},
	{DisplayName: "Of UID", Value: "second_copies.[].first_uid"},
	{DisplayName: "Folder", Value: "folders.[].folder"},
	{DisplayName: "Emails", Value: "folders.[].messages"},
	{DisplayName: "In the store", Value: "folders.[].in_store"},
	{DisplayName: "Not taken yet", Value: "folders.[].not_taken_yet"},
}

// indented writes a document as a person reads JSON.
func indented(w io.Writer, write func(io.Writer) error) error {
	var document, pretty bytes.Buffer
	if err := write(&document); err != nil {
		return err
	}
	if err := json.Indent(&pretty, document.Bytes(), "", "  "); err != nil {
		return err
	}
	_, err := pretty.WriteTo(w)
	return err
}

// barDelay is how long a run may take before it is worth a bar.
const barDelay = 300 * time.Millisecond

// progressBar is the bar on standard error while that is a terminal; elsewhere it shows nothing.
type progressBar struct {
	w     io.Writer // nil: nowhere
	began time.Time // when it was told first
	bar   *progressbar.ProgressBar
	told  func(done, total int) // is told instead; nil: nobody is
}

func (p *program) progress() *progressBar {
	b := &progressBar{told: p.told}
	if terminal.Is(p.stderr) && p.logs.file != "-" && p.told == nil {
		b.w = p.stderr
	}
	return b
}

// show tells how many emails are done.
func (b *progressBar) show(done, total int) {
	if b.told != nil {
		b.told(done, total)
	}
	if b.began.IsZero() {
		b.began = time.Now()
	}
	if b.w == nil || b.bar == nil && time.Since(b.began) < barDelay {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("emails"), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond)) // ten times a second is as often as an eye follows
	}
	b.bar.ChangeMax(total)
	_ = b.bar.Set(done)
}

// end takes the bar away, so that what comes next starts on a line of its own.
func (b *progressBar) end() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
