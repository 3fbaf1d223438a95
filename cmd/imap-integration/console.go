package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/console"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar/local"
)

const (
	consoleConnections = 64        // at the same time; a browser opens six
	consoleHeap        = 512 << 20 // where the garbage collector works harder, bytes: large PDFs are analyzed
	consoleTokenBytes  = 1 << 10   // of --token-file
	consoleTokenLeast  = 20        // characters of a token: nobody guesses that many
)

const consoleHelp = `Show the integration in a browser: the resource form, TEST SAVED SETTINGS, TEST ACTION of every
action, the emails of a local store with their HTML made inert, completeness, incidents and triage.

The start URL that it prints lets one browser in, once. The settings file is the one that the
actions take on standard input; secrets in it can be set and replaced, and are never shown.

An address that is not a loopback address needs --tls-cert, --tls-key and --token-file: a file
with the token that a person types to get in.`

// consoleOptions are the flags of console.
type consoleOptions struct {
	serveOptions
	settings, tokenFile string
}

func consoleCommand(p *program) *cobra.Command {
	var o consoleOptions
	c := p.personCommand("console", "Show the resource form, every action and the emails of a local store in a browser", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		closeLog, err := p.logs.open(p.stderr)
		defer closeLog()
		if err != nil {
			return &manifest.ParameterError{Command: "console", Problems: []string{err.Error()}}
		}
		p.hangUp.lasts(p.stdout, p.stderr)
		return showConsole(ctx, p, o)
	})
	c.Long = consoleHelp
	c.Flags().StringVar(&o.store, "store", "", "file of the store; made where there is none (required)")
	c.Flags().StringVar(&o.settings, "settings", "settings.json", "file of the settings, a JSON object; made when they are saved")
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8081", "address and port; port 0 takes a free one")
	c.Flags().StringVar(&o.cert, "tls-cert", "", "PEM file with the certificate and its chain")
	c.Flags().StringVar(&o.key, "tls-key", "", "PEM file with the key of the certificate")
	c.Flags().StringVar(&o.tokenFile, "token-file", "", "file with a token of 20 characters or more, which then lets in as often as it is typed")
	p.logFlags(c)
	return c
}

// check returns the TLS configuration, nil for none, and the token, or everything that is wrong.
func (o consoleOptions) check() (*tls.Config, secret.String, error) {
	conf, problems := o.problems()
	token, err := o.token()
	if err != nil {
		problems = append(problems, err.Error())
	}
	if o.cert != "" && o.tokenFile == "" {
		if address, err := net.ResolveTCPAddr("tcp", o.listen); err == nil && !address.IP.IsLoopback() {
			problems = append(problems, fmt.Sprintf("--listen %q can be reached from other machines: set --token-file, too", o.listen))
		}
	}
	if len(problems) > 0 {
		return nil, token, &manifest.ParameterError{Command: "console", Problems: problems}
	}
	return conf, token, nil
}

func (o consoleOptions) token() (secret.String, error) {
	if o.tokenFile == "" {
		return secret.String{}, nil
	}
	data, err := os.ReadFile(o.tokenFile)
	token := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return secret.String{}, fmt.Errorf("--token-file cannot be read (%w)", err)
	case len(token) < consoleTokenLeast || len(token) > consoleTokenBytes:
		return secret.String{}, fmt.Errorf("--token-file must hold from %d to %d characters; openssl rand -hex 20 makes a token", consoleTokenLeast, consoleTokenBytes)
	}
	return secret.New(token), nil
}

// showConsole works until ctx ends.
func showConsole(ctx context.Context, p *program, o consoleOptions) (err error) {
	conf, token, err := o.check()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (%w); give another address with --listen", o.listen, err)
	}
	defer listener.Close()
	store, err := local.Open(ctx, o.store, local.Options{Log: p.logs.logger(), Program: version})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	debug.SetMemoryLimit(consoleHeap)
	handler, err := newConsole(ctx, p, store, o, console.Entry{Host: hostOf(listener.Addr(), conf), Secure: conf != nil, Token: token})
	if err != nil {
		return err
	}
	scheme := "http"
	if conf != nil {
		scheme = "https"
	}
	start := "/"
	if token.Empty() {
		start = handler.Start()
	}
	if _, err := fmt.Fprintf(p.stdout, "%s://%s%s\n", scheme, listener.Addr(), start); err != nil {
		return fmt.Errorf("cannot write the start URL to standard output (%w)", err)
	}
	return serveConsole(ctx, listener, conf, handler, p)
}

// serveConsole serves with few connections: they are one person's.
func serveConsole(ctx context.Context, listener net.Listener, conf *tls.Config, handler http.Handler, p *program) error {
	listener = netutil.LimitListener(listener, consoleConnections)
	if conf != nil {
		listener = tls.NewListener(listener, conf)
	}
	return serveUntil(ctx, listener, handler, p.logs.logger())
}

func newConsole(ctx context.Context, p *program, store *local.Store, o consoleOptions, entry console.Entry) (*console.Console, error) {
	return console.New(ctx, console.Config{
		Manifest: p.manifest, Version: version, Store: store, StorePath: o.store, Settings: o.settings,
		Run: runner(p), Entry: entry, Log: p.logs.logger(), Now: time.Now,
	})
}

// runner runs actions for the console as run does for a command line: the same
// decoding, the same sentences, the same exit status.
func runner(p *program) console.Runner {
	all := append(slices.Clone(actions.All), actions.Audit)
	return func(ctx context.Context, c console.Call) (status int, sentence string) {
		i := slices.IndexFunc(all, func(a actions.Action) bool { return a.Name == c.Command })
		if i < 0 {
			return actions.ExitParameters, fmt.Sprintf("there is no action %q", c.Command)
		}
		var said bytes.Buffer
		one := &program{
			stdin: c.Params, stdout: c.Result, stderr: &said, getenv: func(string) string { return "" }, manifest: p.manifest,
			logs: logOptions{file: p.logs.file, level: p.logs.level}, logTo: p.stderr, step: c.Step, told: c.Progress,
		}
		one.action(ctx, all[i])
		return one.status, strings.TrimSpace(said.String())
	}
}

// hostOf tells the Host headers that name the console: the address that it listens
// on, or with TLS any name of its certificate, with its port.
func hostOf(address net.Addr, conf *tls.Config) func(string) bool {
	if conf == nil {
		return func(host string) bool { return host == address.String() }
	}
	_, port, _ := net.SplitHostPort(address.String())
	return func(host string) bool {
		name, given, err := net.SplitHostPort(host)
		if err != nil { // the port of the scheme
			name, given = strings.Trim(host, "[]"), "443"
		}
		leaf := conf.Certificates[0].Leaf
		return given == port && leaf != nil && leaf.VerifyHostname(name) == nil
	}
}
