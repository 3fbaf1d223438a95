package ingest

import (
	"errors"
	"slices"
	"testing"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func TestFateOf(t *testing.T) {
	draft := func(key string) *soar.Draft { return &soar.Draft{Metadata: soar.Metadata{SourceKey: key}} }
	raw := func(o mailbox.Outcome) *mailbox.Raw { return &mailbox.Raw{Outcome: o} }
	broken := errors.New("broken")
	for _, row := range []struct {
		name string
		j    job
		want Fate
		err  error
	}{
		{"gone", job{raw: raw(mailbox.Vanished)}, Gone, nil},
		{"left out", job{raw: raw(mailbox.Whole), left: "subject"}, LeftOut, nil},
		{"left out by the header of a large one", job{raw: raw(mailbox.TooLarge), left: "from"}, LeftOut, nil},
		{"withheld", job{raw: raw(mailbox.Missing)}, Withheld, nil},
		{"withheld too often", job{raw: raw(mailbox.Missing), draft: draft("")}, NoContent, nil},
		{"empty", job{raw: raw(mailbox.Empty), draft: draft("")}, NoContent, nil},
		{"came before, and held", job{raw: raw(mailbox.Whole), draft: draft("came")}, Repeated, nil},
		{"held", job{raw: raw(mailbox.Whole), draft: draft("held")}, Known, nil},
		{"new", job{raw: raw(mailbox.Whole), draft: draft("other")}, New, nil},
		{"new and large", job{raw: raw(mailbox.TooLarge), draft: draft("other")}, New, nil},
		{"cannot be asked", job{raw: raw(mailbox.Whole), draft: draft("broken")}, New, broken},
	} {
		came := func(key string) bool { return key == "came" }
		held := func(key string) (bool, error) {
			if key == "broken" {
				return false, broken
			}
			return key == "held" || key == "came", nil
		}
		if got, err := fateOf(&row.j, came, held); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s: %d, %v; want %d, %v", row.name, got, err, row.want, row.err)
		}
	}
}

// TestDecide: what is not at hand keeps an email, and nothing else does.
func TestDecide(t *testing.T) {
	f, err := filters.Compile(filters.Spec{From: []string{"news.example"}, NotSubject: []string{"spam"}, TextBody: []string{"urgent"}})
	if err != nil {
		t.Fatal(err)
	}
	whole := func(from, subject, text string) *mailbox.Raw {
		return &mailbox.Raw{Outcome: mailbox.Whole, Body: []byte("From: a@" + from + "\r\nSubject: " + subject + "\r\n\r\n" + text + "\r\n")}
	}
	part := func(from, subject string) *mailbox.Raw {
		return &mailbox.Raw{Outcome: mailbox.TooLarge, Body: []byte("From: a@" + from + "\r\nSubject: " + subject + "\r\n\r\n")}
	}
	for _, row := range []struct {
		name  string
		raw   *mailbox.Raw
		left  string
		came  bool
		keeps []bool // each filter alone, in the order in which they are applied
	}{
		{"comes", whole("news.example", "x", "urgent"), "", true, []bool{true, true, true}},
		{"another sender, and spam", whole("x.example", "spam", "urgent"), "from", true, []bool{false, false, true}},
		{"spam", whole("news.example", "spam", "-"), "not_subject", true, []bool{true, false, false}},
		{"without the word", whole("news.example", "x", "later"), "text_body", true, []bool{true, true, false}},
		{"too large to know its text", part("news.example", "x"), "", true, []bool{true, true, true}},
		{"too large, another sender", part("x.example", "x"), "from", true, []bool{false, true, true}},
		{"empty", &mailbox.Raw{Outcome: mailbox.Empty}, "", true, []bool{true, true, true}},
		{"withheld", &mailbox.Raw{Outcome: mailbox.Missing}, "", false, nil},
		{"gone", &mailbox.Raw{Outcome: mailbox.Vanished}, "", false, nil},
	} {
		d, came := Decide(f, row.raw, message.DefaultLimits())
		if came != row.came || d.LeftOut != row.left {
			t.Errorf("%s: left out by %q, came %t", row.name, d.LeftOut, came)
		}
		var keeps []bool
		for _, c := range f.Conditions() {
			keeps = append(keeps, d.Keeps(c))
		}
		if came && !slices.Equal(keeps, row.keeps) {
			t.Errorf("%s: the filters alone keep it: %v, want %v", row.name, keeps, row.keeps)
		}
	}
}

func TestDecideHead(t *testing.T) {
	f, err := filters.Compile(filters.Spec{Subject: []string{"wanted"}, TextBody: []string{"never there"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name  string
		head  mailbox.Head
		left  string
		there bool
	}{
		{"comes", mailbox.Head{Header: []byte("Subject: wanted\r\n\r\n")}, "", true},
		{"another subject", mailbox.Head{Header: []byte("Subject: x\r\n\r\n")}, "subject", true},
		{"none of the fields", mailbox.Head{Header: []byte("\r\n")}, "subject", true},
		{"did not come", mailbox.Head{Missing: true}, "", true},
		{"gone", mailbox.Head{}, "", false},
	} {
		if d, there := DecideHead(f, row.head, message.DefaultLimits()); there != row.there || d.LeftOut != row.left {
			t.Errorf("%s: left out by %q, there %t", row.name, d.LeftOut, there)
		}
	}
}
