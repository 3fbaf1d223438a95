package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.org/imap-integration/soar"
)

// emailsScreen is the list of emails.
type emailsScreen struct{ *desk }

// pageSize is how many emails a page of the list has.
const pageSize = 50

// emailList is a page of the list.
type emailList struct {
	Emails  []emailLine
	Total   int
	Number  int
	Pages   int
	Search  search
	Empty   bool   // the store holds no email at all
	Problem string // of what was searched for
}

// emailLine is an email in a list.
type emailLine struct {
	soar.Record
	Codes []string // of its problems, each once
	More  int      // further ones
}

// shownCodes is how many problems a line of a list names.
const shownCodes = 2

func emailLines(records []soar.Record) []emailLine {
	out := make([]emailLine, 0, len(records))
	for _, r := range records {
		l := emailLine{Record: r}
		seen := map[string]bool{}
		for _, p := range r.Problems {
			if seen[p.Code] {
				continue
			}
			if seen[p.Code] = true; len(l.Codes) < shownCodes {
				l.Codes = append(l.Codes, p.Code)
			} else {
				l.More++
			}
		}
		out = append(out, l)
	}
	return out
}

// search is what a person looks for.
type search struct{ From, Subject, After, Before, Discarded string }

func searchOf(q url.Values) search {
	return search{q.Get("from"), q.Get("subject"), q.Get("after"), q.Get("before"), q.Get("discarded")}
}

// Any reports whether anything is looked for.
func (s search) Any() bool { return s != search{} }

// Page is the address of another page of the same search.
func (s search) Page(number int) string {
	q := url.Values{}
	for name, value := range map[string]string{"from": s.From, "subject": s.Subject, "after": s.After, "before": s.Before, "discarded": s.Discarded} {
		if value != "" {
			q.Set(name, value)
		}
	}
	q.Set("page", strconv.Itoa(number))
	return "/emails?" + q.Encode()
}

// query makes it a question for the store; problem says what cannot be asked.
func (s search) query() (q soar.Query, problem string) {
	q = soar.Query{From: s.From, Subject: s.Subject, PageSize: pageSize}
	const day = 24 * time.Hour
	for _, bound := range []struct {
		text string
		to   *time.Time
		add  time.Duration
	}{{s.After, &q.ReceivedAfter, 0}, {s.Before, &q.ReceivedBefore, day - time.Microsecond}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, bound.text)
		if err != nil {
			problem = "A date looks like 2026-11-24."
			continue
		}
		*bound.to = at.Add(bound.add)
	}
	switch s.Discarded {
	case "yes", "no":
		discarded := s.Discarded == "yes"
		q.Discarded = &discarded
	}
	return q, problem
}

func (s emailsScreen) list(w http.ResponseWriter, r *http.Request) error {
	l := emailList{Search: searchOf(r.URL.Query()), Number: 1}
	q, problem := l.Search.query()
	l.Problem = problem
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 0 {
		l.Number = n
	}
	q.PageNumber = l.Number
	found, err := s.Store.Search(r.Context(), q)
	if err != nil {
		return err
	}
	l.Emails, l.Total = emailLines(found.Records), found.Total
	l.Pages = max(1, (found.Total+pageSize-1)/pageSize)
	l.Empty = found.Total == 0 && !l.Search.Any()
	s.render(w, http.StatusOK, "emails", page{Title: "Emails", Section: "emails"}, l)
	return nil
}
