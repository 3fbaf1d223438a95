package actions

import (
	"fmt"
	"strings"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/terminal"
)

// close shows the closing sentence. The result is out, so nothing depends on it.
func (d *daemon) close(env *Env, result *ingest.Results, unmarked error) {
	closing := d.closing(result.Summary(), unmarked, env.Watch)
	_ = env.Show(func(p *terminal.Page) error {
		if result.Len() > 0 {
			fmt.Fprintln(p)
		}
		return p.Paragraph(0, closing)
	})
}

// closing tells a person what a run came to and what to do next. unmarked is why
// what was handed over could not be acknowledged; nil: it was.
func (d *daemon) closing(s ingest.Summary, unmarked error, watch bool) string {
	if s.Found == 0 && s.HalfWay == nil {
		return d.nothing()
	}
	text := counted(s.Found, "email", "emails") + " found"
	if parts := closingCounts(s); len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text + ". " + d.next(s, unmarked, watch)
}

// nothing says why no email was there to take, as far as the settings tell.
func (d *daemon) nothing() string {
	switch {
	case len(d.options.UIDs) > 0:
		return "No email of the folder has a UID that uids names."
	case d.options.FetchType == ingest.FromLatest:
		return "Nothing new since the last email that was handed over."
	default:
		return "No unread email is waiting. Mark one as unread, or set email_fetch_type to from_latest, to see it come."
	}
}

func closingCounts(s ingest.Summary) []string {
	var parts []string
	add := func(n int, words string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+words)
		}
	}
	add(s.Saved, "saved")
	add(s.Existed, "handed over again")
	add(s.Failed, "refused by Cloud SOAR for good")
	for _, f := range s.Filters {
		add(f.Count, "left out by "+f.Field)
	}
	add(s.Settled, "settled already (copies, or held by Cloud SOAR)")
	add(s.Withheld, "not given by the server")
	add(s.NotReached, "left to the next run")
	return parts
}

// next is what to do now: the most urgent thing only.
func (d *daemon) next(s ingest.Summary, unmarked error, watch bool) string {
	switch {
	case s.HalfWay != nil:
		return halfWay(s.HalfWay)
	case unmarked != nil:
		return fmt.Sprintf("What was handed over could not be acknowledged (%s); the next run hands it over again.", quote.Line(unmarked.Error(), quote.Sentence))
	case d.options.DryRun:
		return "This was a dry run: nothing was saved or marked. Without dry_run they are taken."
	case s.Failed > 0:
		return "The problems of the refused ones say why (--json shows them); they stay in the mailbox."
	case s.NotReached > 0:
		return "Run it again for the rest."
	case s.Withheld > 0:
		return "The next run asks again for what the server did not give."
	case watch:
		return "Waiting for new emails; Ctrl-C ends it."
	case s.Saved+s.Existed == 0:
		return "None comes through the filters; test-settings shows what each of them keeps."
	default:
		return "get-email shows one by its id; --json shows all that the rules get."
	}
}

// halfWay says that a run ended before it was through.
func halfWay(err error) string {
	return fmt.Sprintf("The run ended half-way (%s); run it again for the rest.", quote.Line(explained(err), quote.Sentence))
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}
