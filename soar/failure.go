package soar

import (
	"errors"
	"fmt"
	"time"
)

// Failure is why Cloud SOAR did not do what it was asked, in one sentence.
type Failure struct {
	Doing  string // "save an email"
	Host   string
	Status int    // HTTP status; 0 without an answer
	Cause  string // foreign text in it is quoted and cut
	Advice string // the next step

	kind       kind
	unsent     bool          // the request never left
	retryAfter time.Duration // what the server asks to wait; 0: nothing
	said       string        // the server's own words, quoted; "" without any
	err        error
}

// kind is what may be done about a failure.
type kind int

const (
	broken   kind = iota // the settings or the server are wrong: the run stops
	lost                 // no answer, or one that asks to come back: tried again
	refused              // this content is refused for good
	conflict             // something with this key exists
	missing              // 404: the thing, or the route
	oversize             // the answer is larger than what we take
)

// Error returns the sentence.
func (f *Failure) Error() string {
	text := fmt.Sprintf("cannot %s in Cloud SOAR at %s: %s", f.Doing, f.Host, f.Cause)
	if f.Advice != "" {
		text += "; " + f.Advice
	}
	return text
}

// Unwrap returns the cause, where it is an error of another package.
func (f *Failure) Unwrap() error { return f.err }

// unsure reports whether the request may have been carried out although its answer
// was lost. A store that answers 429 and the like says that it did nothing.
func unsure(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.kind == lost && !f.unsent && (f.Status == 0 || f.Status >= 500)
}

// asFailure finds the failure in an error; nil where there is none.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// is reports whether err is a failure of this kind.
func is(err error, k kind) bool {
	var f *Failure
	return errors.As(err, &f) && f.kind == k
}

// notFound makes a 404 an ErrNotFound that names what was asked for.
func notFound(err error, what string, id ID) error {
	var f *Failure
	if !errors.As(err, &f) || f.kind != missing {
		return err
	}
	cause := fmt.Sprintf("there is no %s %s", what, id)
	if f.said != "" {
		cause += " (" + f.said + ")"
	}
	return &Failure{
		Doing: f.Doing, Host: f.Host, Status: f.Status, Cause: cause, kind: missing, err: ErrNotFound,
		Advice: "check its number, and the routes in cloud_soar_routes",
	}
}
