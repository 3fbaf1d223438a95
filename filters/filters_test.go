package filters

import (
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for _, pair := range [][2]string{
		{"GROSSE STRASSE", "große Straße"},
		{"Überweisung", "U\u0308BERWEISUNG"},
		{"kelvin", "\u212aelvin"},
		{"οδος", "ΟΔΟΣ"},
		{"official", "o\ufb03cial"},
		{"a b", "a \t\r\n b"},
		{"invoice overdue", "Invoice\u00a0overdue"},
	} {
		if a, b := Fold(pair[0]), Fold(pair[1]); a != b {
			t.Errorf("Fold(%q) = %q, Fold(%q) = %q: they must be equal", pair[0], a, pair[1], b)
		}
	}
}

func TestNeedlesManyAgreeWithFew(t *testing.T) {
	var many []string
	for i := range 50 {
		many = append(many, "value "+strings.Repeat("x", i))
	}
	many = append(many, "§", "ne", "needle")
	n := newNeedles(many)
	if n.byPair == nil {
		t.Fatal("many values must take the indexed way")
	}
	for _, text := range []string{"", "n", "a needle here", "nothing", "value", "xvalue x", "§", "e", "ne"} {
		folded := Fold(text)
		if got, want := n.in(folded), containsAny(folded, n.values); got != want {
			t.Errorf("in(%q) = %v, one by one it is %v", text, got, want)
		}
	}
}

func TestEmptyValueMatchesNothing(t *testing.T) {
	if n := newNeedles([]string{"", "  "}); n.in("anything") {
		t.Error("an empty value must not match")
	}
}

func TestClassify(t *testing.T) {
	for v, want := range map[string]valueKind{
		"alice@sumologic.com": isAddress, "sumologic.com": isDomain, "@sumologic.com": isDomain, "bücher.example": isDomain,
		"Jane": isText, "CEO": isText, "Doe, J. R": isText, "alice@": isText, "@": isText, "a@b": isText, "first@x": isText,
	} {
		if _, _, got := classify(v); got != want {
			t.Errorf("classify(%q) = %v, want %v", v, got, want)
		}
	}
}

func TestSureFragment(t *testing.T) {
	for v, want := range map[string]string{
		"CanarySub": "CanarySub", "canary@x.example": "canary@x.example", "invoice  overdue": "invoice",
		"pass": "pa", "Straße": "Stra", "stra": "ra", "official": "cial", "Überweisung": "berweisung", "ß": "", "ss": "", "sss": "",
		`say "hi"`: "say", "number 1777": "number",
	} {
		if v == "Straße" {
			want = "ra" // "st" may stand there as one character
		}
		if got := sureFragment(v); got != want {
			t.Errorf("sureFragment(%q) = %q, want %q", v, got, want)
		}
	}
}

func TestQueryLeavesOutWhatIsNotSure(t *testing.T) {
	f, err := Compile(Spec{
		Subject: []string{"invoice", "ß"}, From: []string{"bücher.example"}, To: []string{"@corp.example"},
		TextBody: []string{"body"}, NotSubject: []string{"never"}, HeaderField: []string{"X-Kit", "Reply-To"}, Header: []string{"phish kit"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Query{
		{{Key: "TO", Value: "corp.example"}},
		{{Key: "HEADER", Field: "X-Kit", Value: "phish"}, {Key: "HEADER", Field: "Reply-To", Value: "phish"}},
	}
	if got := f.Sure(); !equal(got, want) {
		t.Errorf("Sure() = %v, want %v", got, want)
	}
	if got := f.Everything(); len(got) != 5 {
		t.Errorf("Everything() has %d groups, want every positive filter and no Not: %v", len(got), got)
	}
}

func equal(a, b Query) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for j := range a[i] {
			if a[i][j] != b[i][j] {
				return false
			}
		}
	}
	return true
}

func TestCompileWantsTheHeadersName(t *testing.T) {
	for _, s := range []Spec{{Header: []string{"x"}}, {NotHeader: []string{"x"}, HeaderField: []string{"Subject"}}} {
		if _, err := Compile(s); err == nil {
			t.Errorf("Compile(%+v) must fail", s)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Große Straße")
	f.Add("\u212a \u00a0 x")
	f.Add("İI\u0307")
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold is not idempotent: %q → %q → %q", s, once, twice)
		}
	})
}
