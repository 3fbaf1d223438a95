package filters_test

import (
	"errors"
	"testing"

	"example.org/imap-integration/filters"
)

// TestAddressAsTyped: what people paste for one address means that address.
func TestAddressAsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"jane@corp.example":                       "jane@corp.example",
		"<jane@corp.example>":                     "jane@corp.example",
		"Jane Doe <jane@corp.example>":            "jane@corp.example",
		`"Doe, Jane" <jane@corp.example>`:         "jane@corp.example",
		`"ceo@bank.example" <jane@corp.example>`:  "jane@corp.example",
		"jane@corp.example <jane@corp.example>":   "jane@corp.example",
		"Jane <mailto:jane@corp.example>":         "jane@corp.example",
		"mailto:jane@corp.example":                "jane@corp.example",
		"MAILTO:jane%2Bx@corp.example?subject=hi": "jane+x@corp.example",
		"\ufeffjane@corp.example\u200b":           "jane@corp.example",
		"\u00a0corp.example\u00a0":                "corp.example",
		"jane@corp.example;":                      "jane@corp.example",
		"*@corp.example":                          "@corp.example",
		"<*@corp.example>":                        "@corp.example",
		"*.corp.example":                          "*.corp.example",
		"jane.*@corp.example":                     "jane.*@corp.example",
		"Jane Doe":                                "Jane Doe",
		"Doe; Jane":                               "Doe; Jane",
		"Support of corp.example":                 "Support of corp.example",
		"Jane <jane>":                             "Jane <jane>",
		"<":                                       "<",
		"mailto:":                                 "mailto:",
		"":                                        "",
	} {
		if got, err := filters.Address(typed); err != nil || got != want {
			t.Errorf("Address(%q) = %q, %v; want %q", typed, got, err, want)
		}
	}
}

func TestTwoAddressesAreRefused(t *testing.T) {
	for _, typed := range []string{
		"a@corp.example; b@corp.example", "a@corp.example b@corp.example", "a@corp.example;b@corp.example;",
		"A <a@corp.example>; B <b@corp.example>", "A <a@corp.example> B <b@corp.example>", "a@corp.example <b@corp.example>",
		"a@corp.example; B <b@corp.example>", "@corp.example; @other.example", "corp.example; other.example",
		"a@corp.example\u00a0b@corp.example", "*@corp.example *@other.example",
	} {
		if got, err := filters.Address(typed); !errors.Is(err, filters.ErrTwoAddresses) {
			t.Errorf("Address(%q) = %q, %v; want ErrTwoAddresses", typed, got, err)
		}
		if _, err := filters.Compile(filters.Spec{NotTo: []string{typed}}); !errors.Is(err, filters.ErrTwoAddresses) {
			t.Errorf("Compile with not_to %q: %v; want ErrTwoAddresses", typed, err)
		}
	}
}

// TestWildcards: * is any run of characters of the whole address, and of nothing that only looks like one.
func TestWildcards(t *testing.T) {
	for _, c := range []struct {
		value, from string
		want        bool
	}{
		{"*@corp.example", "a@corp.example", true},
		{"*@corp.example", "a@mail.corp.example", true},
		{"*@corp.example", "a@corp.example.evil.io", false},
		{"*@corp.example", `"a@corp.example" <x@evil.io>`, false},
		{"*.corp.example", "a@mail.corp.example", true},
		{"*.corp.example", "a@corp.example.evil.io", false},
		{"jane.*@corp.example", "Jane.Doe@Corp.Example", true},
		{"jane.*@corp.example", "jane@corp.example", false},
		{"jane.*@corp.example", "x.jane.doe@corp.example", false},
		{"jane.*@corp.example", `"jane.doe@corp.example" <x@evil.io>`, false},
		{"jane.*@corp.example", `"jane.doe@corp.example"@evil.io`, false},
		{"*@*.corp.example", "a@b.corp.example", true},
		{"*@corp.*", "a@corp.example", true},
		{"a*a@corp.example", "a@corp.example", false}, // the two ends may not share a character
		{"*@bücher.*", "a@xn--bcher-kva.example", true},
		{"*@xn--bcher-kva.*", "a@bücher.example", true},
		{"*spam*", "***SPAM*** <x@evil.io>", true},
		{"jane*", "jane.doe@corp.example", true},
		{"jane*", "mary.jane@corp.example", false},
		{"*", "x@evil.io", true},
		{"*@corp.example", "undisclosed", false},
	} {
		mail := "From: " + c.from + "\r\nSubject: x\r\n\r\ny\r\n"
		if got := keeps(t, filters.Spec{From: []string{c.value}}, mail); got != c.want {
			t.Errorf("from %q, email from %s: %v", c.value, c.from, got)
		}
		if got := keeps(t, filters.Spec{NotFrom: []string{c.value}}, mail); got == c.want {
			t.Errorf("not_from %q, email from %s: %v", c.value, c.from, got)
		}
	}
}

// TestWildcardsAtTheServer: auto sends nothing that could lose an email, server sends what can be found.
func TestWildcardsAtTheServer(t *testing.T) {
	f, err := filters.Compile(filters.Spec{From: []string{"Jane <jane@corp.example>", "jo*@corp.example"}, To: []string{"*@corp.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Sure(); len(got) != 1 || got[0][0] != (filters.Term{Key: "TO", Value: "corp.example"}) {
		t.Errorf("Sure() = %v, want the domain of to alone", got)
	}
	if got := f.Everything(); len(got) != 2 || got[0][0].Value != "jane@corp.example" || got[0][1].Value != "@corp.example" && got[0][1].Value != "corp.example" {
		t.Errorf("Everything() = %v", got)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"Jane <jane@corp.example>", "mailto:%3Ca@b.example%3E", "*@*", "a@b.c; d@e.f", "<<>>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := filters.Address(s)
		if err != nil {
			return
		}
		if twice, err := filters.Address(once); err != nil || twice != once {
			t.Errorf("Address(%q) = %q, and of that %q, %v", s, once, twice, err)
		}
	})
}
