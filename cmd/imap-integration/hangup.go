package main

import (
	"io"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"

	"gopkg.in/natefinch/lumberjack.v2"

	"example.org/imap-integration/terminal"
)

// hangUp is what SIGHUP does. A terminal that goes away ends the run in good order; one
// that goes on without a terminal opens its log anew, which was moved away (logrotate).
type hangUp struct {
	service atomic.Bool // the run goes on until it is asked to end, without a terminal
	log     atomic.Pointer[lumberjack.Logger]
}

// hear listens to SIGHUP until stop; nohup says that it does not matter.
func (h *hangUp) hear(end func()) (stop func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return func() {}
	}
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	go func() {
		for range heard {
			if !h.service.Load() {
				end()
				return
			}
			if f := h.log.Load(); f != nil {
				_ = f.Close() // the next line opens it
			}
		}
	}()
	return func() { signal.Stop(heard); close(heard) }
}

// lasts notes that this run goes on until it is asked to end; out are its outputs.
func (h *hangUp) lasts(out ...io.Writer) {
	if h != nil {
		h.service.Store(!slices.ContainsFunc(out, func(w io.Writer) bool { return terminal.Is(w) }))
	}
}
