package main

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"

	"example.org/imap-integration/quote"
	"gopkg.in/natefinch/lumberjack.v2"
)

// attributeLimit cuts foreign text in the log, in bytes.
const attributeLimit = 4 << 10

// keptLogs is how many full logs are kept beside the one that is written, the oldest go first.
const keptLogs = 5

// open starts the log. Without --log-file it goes nowhere. What fails later,
// when a line is written, is ignored: a log must not cost an email.
func (o *logOptions) open(stderr io.Writer) (closeLog func(), err error) {
	closeLog = func() {}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return closeLog, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", o.level)
	}
	w := stderr
	switch o.file {
	case "":
		return closeLog, nil
	case "-":
	default:
		f, err := o.openFile()
		if err != nil {
			return closeLog, fmt.Errorf("--log-file cannot be opened (%w)", err)
		}
		w, closeLog = f, func() { _ = f.Close() }
	}
	o.log = slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: o.tame}))
	return closeLog, nil
}

// openFile opens the file of the log. A plain file is put aside when it is full, under a
// name with the time in it; a device or a pipe never.
func (o *logOptions) openFile() (io.WriteCloser, error) {
	f, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, err
	}
	most := o.maxSize
	if most <= 0 {
		most = math.MaxInt32 // MiB
	}
	full := &lumberjack.Logger{Filename: o.file, MaxSize: most, MaxBackups: keptLogs}
	if o.hangUp != nil {
		o.hangUp.log.Store(full)
	}
	return full, f.Close()
}

// logger returns the log, or one that goes nowhere.
func (o *logOptions) logger() *slog.Logger {
	if o.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.log
}

// tame makes every text of the log one bounded line without a secret in it,
// whoever wrote it: a server's response may hold what was sent to it.
func (o *logOptions) tame(_ []string, a slog.Attr) slog.Attr {
	if k := a.Value.Kind(); k != slog.KindString && k != slog.KindAny {
		return a
	}
	text := a.Value.String()
	if o.redact != nil {
		text = o.redact(text)
	}
	return slog.String(a.Key, quote.Line(text, attributeLimit))
}
