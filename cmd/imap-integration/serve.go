package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/terminal"
)

const (
	serveHeaderLimit = 10 * time.Second // for the header of a request to come
	serveIdleLimit   = 2 * time.Minute  // a connection without requests
	serveHeaderBytes = 64 << 10
	serveStopLimit   = 8 * time.Second // requests that are at work at SIGTERM may end within this
)

const serveHelp = `Serve the mail API of Cloud SOAR over a local store, so that every action can be tried
without a tenant. The first start on a store prints access_id, access_key and jwt_token, one
name=value a line; only their digests are kept. Set cloud_soar_api_url to http://ADDRESS
(https:// with --tls-cert) and use either credentials. GET /healthz answers without any.

An address that is not a loopback address needs --tls-cert and --tls-key.`

// serveOptions are the flags of serve.
type serveOptions struct {
	store, listen, cert, key string
	newKeys                  bool
}

func serveCommand(p *program) *cobra.Command {
	var o serveOptions
	c := p.personCommand("serve", "Serve a local Cloud SOAR mail API over a local store", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		closeLog, err := p.logs.open(p.stderr)
		defer closeLog()
		if err != nil {
			return &manifest.ParameterError{Command: "serve", Problems: []string{err.Error()}}
		}
		p.hangUp.lasts(p.stdout, p.stderr)
		return serve(ctx, p, o)
	})
	c.Long = serveHelp
	c.Flags().StringVar(&o.store, "store", "", "file of the store; made where there is none (required)")
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address and port; port 0 takes a free one and prints it")
	c.Flags().StringVar(&o.cert, "tls-cert", "", "PEM file with the certificate and its chain")
	c.Flags().StringVar(&o.key, "tls-key", "", "PEM file with the key of the certificate")
	c.Flags().BoolVar(&o.newKeys, "new-keys", false, "make new credentials; the old ones end")
	p.logFlags(c)
	return c
}

// check returns the TLS configuration, nil for none, or everything that is wrong.
func (o serveOptions) check() (*tls.Config, error) {
	conf, problems := o.problems()
	if len(problems) > 0 {
		return nil, &manifest.ParameterError{Command: "serve", Problems: problems}
	}
	return conf, nil
}

func (o serveOptions) problems() (conf *tls.Config, problems []string) {
	if o.store == "" {
		problems = append(problems, "--store is missing: name the file of the store")
	}
	address, err := net.ResolveTCPAddr("tcp", o.listen)
	if err != nil {
		problems = append(problems, fmt.Sprintf("--listen must be an address and a port such as 127.0.0.1:8080 (%v)", err))
	}
	if conf, err = o.tls(); err != nil {
		problems = append(problems, err.Error())
	}
	if address != nil && !address.IP.IsLoopback() && o.cert == "" && o.key == "" {
		problems = append(problems, fmt.Sprintf("--listen %q can be reached from other machines: set --tls-cert and --tls-key, or listen on 127.0.0.1", o.listen))
	}
	return conf, problems
}

func (o serveOptions) tls() (*tls.Config, error) {
	switch {
	case o.cert == "" && o.key == "":
		return nil, nil
	case o.cert == "" || o.key == "":
		return nil, errors.New("--tls-cert and --tls-key belong together")
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key cannot be read (%w)", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// serve works until ctx ends.
func serve(ctx context.Context, p *program, o serveOptions) (err error) {
	conf, err := o.check()
	if err != nil {
		return err
	}
	log := p.logs.logger()
	store, err := local.Open(ctx, o.store, local.Options{Log: log, Program: version})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (%w); give another address with --listen", o.listen, err)
	}
	defer listener.Close()
	if err := announce(ctx, p, store, listener.Addr(), o); err != nil {
		return err
	}
	handler, err := local.NewHandler(ctx, store, local.HandlerOptions{Log: log})
	if err != nil {
		return err
	}
	if conf != nil {
		listener = tls.NewListener(listener, conf)
	}
	stop := settling(ctx, store, log)
	defer stop()
	log.Info("serving", "address", listener.Addr().String(), "tls", conf != nil, "store", o.store)
	return serveUntil(ctx, listener, handler, log)
}

// settleEvery is how often a server moves the log of its store into the file.
const settleEvery = time.Minute

// settling does so until it is stopped.
func settling(ctx context.Context, store *local.Store, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(settleEvery); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			if err := store.Settle(ctx); err != nil && ctx.Err() == nil {
				log.Warn("the store's log was not moved into its file", "error", err.Error())
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// announce prints the credentials where they are made now, and the address where nobody could know it.
func announce(ctx context.Context, p *program, store *local.Store, address net.Addr, o serveOptions) error {
	keys, made, err := store.Keys(ctx, o.newKeys)
	if err != nil {
		return err
	}
	text := ""
	if made {
		text = fmt.Sprintf("access_id=%s\naccess_key=%s\njwt_token=%s\n", keys.AccessID, keys.AccessKey, keys.JWT)
	}
	if _, port, err := net.SplitHostPort(o.listen); terminal.Is(p.stdout) || err == nil && port == "0" {
		text += fmt.Sprintf("listen=%s\n", address)
	}
	if _, err := p.stdout.Write([]byte(text)); err != nil {
		return fmt.Errorf("cannot write the credentials to standard output (%w); start again with --new-keys", err)
	}
	return nil
}

// serveUntil serves until ctx ends, and then lets the requests at work end.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: serveHeaderLimit, IdleTimeout: serveIdleLimit, MaxHeaderBytes: serveHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the server ended: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveStopLimit)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		log.Warn("requests were cut off", "error", err)
		_ = server.Close()
	}
	return nil
}
