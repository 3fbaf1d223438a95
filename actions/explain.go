package actions

import (
	"errors"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

// Exit statuses of contract section 3.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitParameters  = 2
	ExitInterrupted = 130
)

// ErrNotWritten is wrapped by what Env.Deliver returns for a result that could
// not be written: something was done, and nothing of it was acknowledged.
var ErrNotWritten = errors.New("cannot write the result to standard output")

// ExitStatus returns the exit status that an error of a Run stands for.
// interrupted says that a signal asked the run to end: it then returns an error
// only where it did nothing, whatever the connection that was cut says.
func ExitStatus(err error, interrupted bool) int {
	var parameters *manifest.ParameterError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &parameters):
		return ExitParameters
	case interrupted && !errors.Is(err, ErrNotWritten):
		return ExitInterrupted
	default:
		return ExitFailed
	}
}

// sentenceLimit bounds what goes to standard error, in bytes: room for a
// problem with each field, and no room for a server's essay.
const sentenceLimit = 16 << 10

// Interrupted is the sentence of ExitInterrupted.
const Interrupted = "interrupted before anything was done; run it again"

// Sentence makes an error the one line that goes to standard error.
func Sentence(err error) string {
	return quote.Line(explained(err), sentenceLimit)
}
