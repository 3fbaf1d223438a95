package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/transport"
)

// nameOf names a database in a sentence, without its user and password.
func nameOf(c *pgx.ConnConfig) string {
	where := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if strings.HasPrefix(c.Host, "/") {
		where = c.Host
	}
	return fmt.Sprintf("the database %s at %s", quote.Text(c.Database, quote.Name), quote.Line(where, quote.Name))
}

// Explain makes a sentence of an error of the database or of the way there. verb
// says what was attempted: open, save in, read, change. Every other error comes
// back as it is.
func (d *Database) Explain(verb string, err error) error {
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &refused):
		return d.sentence(verb, err, d.advice(refused))
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return d.sentence(verb, err, fmt.Sprintf("it did not answer within %s; look at its load and the network", d.config.Timeout))
	case errors.Is(err, context.Canceled):
		return err
	}
	if why := transport.Explain(err, d.config.Now()); why.Kind != transport.Unknown {
		return d.sentence(verb, err, why.String())
	}
	switch {
	case errors.Is(err, errNoTLS):
		return d.sentence(verb, err, errNoTLS.Error())
	case errors.As(err, &connect):
		return d.sentence(verb, err, "no connection could be made")
	case pgconn.SafeToRetry(err), strings.Contains(err.Error(), "conn closed"):
		return d.sentence(verb, err, "the connection broke")
	}
	return err
}

// failure is an error whose text is for a person.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

func (d *Database) sentence(verb string, err error, why string) error {
	return &failure{fmt.Sprintf("cannot %s %s: %s", verb, d.name, why), err}
}

// advice is what the database said, in plain words, and what to do next
// (PostgreSQL documentation, appendix A: error codes).
func (d *Database) advice(e *pgconn.PgError) string {
	user := quote.Text(d.user, quote.Name)
	switch e.Code {
	case "28P01", "28000":
		return fmt.Sprintf("it refuses the user %s; check user and password, and pg_hba.conf", user)
	case "3D000":
		return "there is no such database; make it with CREATE DATABASE … ENCODING 'UTF8'"
	case "42501":
		return fmt.Sprintf("the user %s may not do that; make it the owner of the database, or of the schema %s", user, Schema)
	case "53100":
		return "the disk that holds it is full; free space there; nothing was marked or lost"
	case "53200":
		return "it is out of memory; look at its log"
	case "53300":
		return "it has too many connections; raise max_connections there, or allow this program fewer"
	case "57P01", "57P02", "57P03":
		return "it is starting or shutting down; nothing was lost, the next try goes on"
	case "25006":
		return "it is a standby and cannot be written to; name the primary, or all hosts with target_session_attrs=read-write"
	case "25P03":
		return "it ended a transaction that had stood still; the next try goes on"
	}
	return fmt.Sprintf("it says %s (SQLSTATE %s)", quote.Text(e.Message, quote.Sentence), quote.Line(e.Code, quote.Name))
}
