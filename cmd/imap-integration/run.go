package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/terminal"
)

// interruptedLimit is how long a run may go on after SIGTERM or SIGINT. The
// contract allows 10 s; a run that needs longer (a reader of standard output
// that reads nothing, say) is left as it is, which the next run mends.
const interruptedLimit = 9 * time.Second

// program is one call of the binary.
type program struct {
	stdin            io.Reader
	stdout, stderr   io.Writer
	getenv           func(string) string
	manifest         manifest.Manifest
	logs             logOptions
	watch            bool   // incoming-mail-daemon --watch
	webhook          string // incoming-mail-daemon --watch --webhook
	webhookSecret    string // --webhook-secret-file
	statusFile       string // incoming-mail-daemon --status-file
	strict           bool   // audit --strict
	evidence         actions.Evidence
	helpAll          bool    // ACTION --help-all
	json             bool    // ACTION --json
	colour           string  // --color
	refreshTokenFile string  // --refresh-token-file
	record           string  // --record
	status           int     // exit status of the command that ran
	hangUp           *hangUp // nil: SIGHUP is not heard

	// recorded makes a transport one that is recorded; nil: --record is not set.
	recorded func(http.RoundTripper, []string) http.RoundTripper

	// For who watches the run in another way than on a terminal; nil: nobody does.
	step  func(actions.Step)
	told  func(done, total int)
	logTo io.Writer // what --log-file - stands for; nil: stderr
}

// run is the program with all of its inputs. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	// A write into a broken pipe then is an error like any other, and not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, manifest: manifest.New(integration.Files).WithDecoded(integration.Decoded)}
	p.hangUp = new(hangUp)
	p.logs.hangUp = p.hangUp
	defer p.hangUp.hear(stop)()
	root := p.root()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		p.complain(misuse(root, args, err))
		return actions.ExitParameters
	}
	return p.status
}

// misuse is the line about a command or a flag that is not known.
func misuse(root *cobra.Command, args []string, err error) string {
	line := err.Error()
	if found, _, _ := root.Find(args); found == root && len(args) > 0 {
		if near := root.SuggestionsFor(args[0]); len(near) > 0 {
			line += "; did you mean " + strings.Join(near, " or ") + "?"
		}
	}
	return line + "; see imap-integration help"
}

// complain writes the one line of a failure. Nothing can be done about a standard error that is closed.
func (p *program) complain(sentence string) {
	_, _ = fmt.Fprintln(p.stderr, quote.Line(sentence, len(sentence)))
}

// guarded makes the body of a command for people: its error is a sentence and an exit status, and so is its panic.
func (p *program) guarded(body func(ctx context.Context) error) func(context.Context) {
	return func(ctx context.Context) { p.finish(ctx, p.caught(func() error { return body(ctx) }), nil) }
}

// finish tells of the error and sets the exit status.
func (p *program) finish(ctx context.Context, err error, redact func(string) string) {
	interrupted := ctx.Err() != nil
	p.status = actions.ExitStatus(err, interrupted)
	if err == nil {
		return
	}
	p.logs.logger().Error("failed", "error", err.Error(), "interrupted", interrupted, "exit_status", p.status)
	sentence := actions.Sentence(err)
	if p.status == actions.ExitInterrupted {
		sentence = actions.Interrupted
	}
	if redact != nil {
		sentence = redact(sentence)
	}
	p.complain(sentence)
}

// caught turns a panic into an error.
func (p *program) caught(body func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			p.logs.logger().Error("panic", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			err = fmt.Errorf("the program itself failed (%s); nothing was acknowledged, so the next run does the work again; please report this with the output of --log-file", quote.Line(fmt.Sprint(fault), 200))
		}
	}()
	return body()
}

// action runs one action from parameters to result.
func (p *program) action(ctx context.Context, a actions.Action) {
	logTo := p.logTo
	if logTo == nil {
		logTo = p.stderr
	}
	closeLog, err := p.logs.open(logTo)
	defer closeLog()
	if err != nil {
		p.finish(ctx, &manifest.ParameterError{Command: a.Name, Problems: []string{err.Error()}}, nil)
		return
	}
	v, err := within(ctx, 0, func() (v *manifest.Values, err error) {
		err = p.caught(func() error { v, err = p.decode(a.Name); return err })
		return v, err
	})
	if err != nil { // interrupted while it waited for standard input, or a broken manifest
		p.finish(ctx, err, nil)
		return
	}
	p.logs.redact = v.Redact
	endRecord, err := startRecord(p, v.Redact)
	if err != nil {
		p.finish(ctx, &manifest.ParameterError{Command: a.Name, Problems: []string{err.Error()}}, nil)
		return
	}
	defer endRecord()
	began := time.Now()
	p.logs.logger().Info("started", "action", a.Name, "version", version)
	_, err = within(ctx, interruptedLimit, func() (struct{}, error) {
		return struct{}{}, p.caught(func() error { return p.runAction(ctx, a, v) })
	})
	if errors.Is(err, errOverdue) {
		err = fmt.Errorf("%w (%w); the next run does what is left", actions.ErrNotWritten, err)
	}
	p.finish(ctx, err, v.Redact)
	p.logs.logger().Info("ended", "action", a.Name, "exit_status", p.status, "took", time.Since(began).Round(time.Millisecond).String())
}

func (p *program) decode(command string) (*manifest.Values, error) {
	fields, err := p.manifest.Parameters(command)
	if err != nil {
		return nil, err
	}
	return manifest.Decode(command, fields, manifest.Input{Stdin: p.stdin, Terminal: terminal.Is(p.stdin), Getenv: p.getenv}), nil
}

// runAction runs the action and prints its result, also beside an error.
func (p *program) runAction(ctx context.Context, a actions.Action, v *manifest.Values) error {
	if p.watch {
		p.hangUp.lasts(p.stdout, p.stderr)
	}
	bar := p.progress()
	defer bar.end()
	env := p.env(ctx, a.Name, bar)
	result, err := a.Run(ctx, env, v)
	if result != nil {
		if writeErr := env.Deliver(actions.JSON(result)); writeErr != nil && err == nil {
			err = writeErr
		}
	}
	return err
}

func (p *program) env(ctx context.Context, action string, bar *progressBar) *actions.Env {
	env := &actions.Env{
		Log:      p.logs.logger(),
		Now:      time.Now,
		Progress: bar.show,
		Step:     p.step,
		Deliver: func(write func(io.Writer) error) error {
			bar.end()
			return p.deliverOr(ctx, unread(action), p.laidOut(action, write))
		},
		StatusFile: p.statusFile,
		Program:    version, Evidence: p.evidence,
		Strict: p.strict,
		Watch:  p.watch,

		WebhookURL: p.webhook, WebhookSecretFile: p.webhookSecret,

		RefreshTokenFile: p.refreshTokenFile,

		Record: p.recorded,
	}
	line := func(text string) {
		bar.end()
		if p.logs.redact != nil {
			text = p.logs.redact(text)
		}
		p.complain(text)
	}
	if terminal.Is(p.stderr) {
		env.Person = line
	}
	if p.logs.file != "-" { // the log says it there
		env.Notice = line
	}
	if p.forPerson() {
		env.Show = func(write func(*terminal.Page) error) error {
			bar.end()
			return p.deliver(ctx, func(w io.Writer) error { return write(p.page(w)) })
		}
	}
	return env
}

// unread is what to do where the result of an action could not be written.
func unread(action string) string {
	if action == "incoming-mail-daemon" {
		return "nothing was acknowledged, so the next run hands it over again"
	}
	return "run it again"
}

// errOverdue is returned by within for what did not end in time.
var errOverdue = errors.New("interrupted, and it did not end in time")

// within runs f and waits for it; once ctx has ended it waits for as long as grace and no longer.
func within[T any](ctx context.Context, grace time.Duration, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	overdue := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.Sleep(grace); close(overdue) })
	defer stop()
	select {
	case o := <-done:
		return o.value, o.err
	case <-overdue:
		var none T
		return none, errOverdue
	}
}

// logOptions are --log-file, --log-level and --log-max-size.
type logOptions struct {
	file    string
	level   string
	maxSize int     // MiB; 0: no limit
	hangUp  *hangUp // is told of the file; nil: nobody is
	log     *slog.Logger
	// redact, once the parameters are known, takes the secrets out of foreign text.
	redact func(string) string
}
