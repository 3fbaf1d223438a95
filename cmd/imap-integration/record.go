package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar/recording"
)

// startRecord opens the file of --record. What fails later does not fail the run; end
// says so in one line, and in the log.
func startRecord(p *program, redact func(string) string) (end func(), err error) {
	if p.record == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(p.record, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("--record: there is a file %s already; name a new one", quote.Text(p.record, quote.Name))
	}
	if err != nil {
		return nil, fmt.Errorf("--record cannot be written (%w)", err)
	}
	recorder := recording.NewRecorder(f, version, redact)
	p.recorded = recorder.Around
	return func() {
		if err := errors.Join(recorder.Close(), f.Close()); err != nil {
			p.logs.logger().Warn("the recording is not complete", "error", err.Error())
			p.complain("the recording " + quote.Text(p.record, quote.Name) + " is not complete: " + err.Error() + "; the run itself is not affected")
		}
	}, nil
}

const replayHelp = `Serve a recording that --record made: a server that answers as the tenant did. Set
cloud_soar_api_url to the address that is printed and run the same action; credentials are
not looked at. Where the recording has placeholders, the requests that come say what they
stand for. Emails in it have the structure of the recorded ones and none of their words.`

// replayCommand serves a recording, on this machine only.
func replayCommand(p *program) *cobra.Command {
	listen := ""
	c := p.personCommand("replay FILE", "Serve a recording as the tenant that it was made of", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return replay(ctx, p, args[0], listen)
	})
	c.Long = replayHelp
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address and port of this machine; port 0 takes a free one")
	return c
}

func replay(ctx context.Context, p *program, name, listen string) error {
	if address, err := net.ResolveTCPAddr("tcp", listen); err != nil || !address.IP.IsLoopback() {
		return &manifest.ParameterError{Command: "api replay", Problems: []string{"--listen must be an address of this machine and a port such as 127.0.0.1:8080"}}
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("the recording cannot be opened (%w)", err)
	}
	defer f.Close()
	player, err := recording.NewPlayer(f)
	if err != nil {
		return fmt.Errorf("%s is no recording: %w", quote.Text(name, quote.Name), err)
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (%w); give another address with --listen", listen, err)
	}
	defer listener.Close()
	if _, err := fmt.Fprintf(p.stdout, "cloud_soar_api_url=http://%s\n", listener.Addr()); err != nil {
		return fmt.Errorf("cannot write the address to standard output (%w)", err)
	}
	return serveUntil(ctx, listener, http.Handler(player), slog.New(slog.DiscardHandler))
}
