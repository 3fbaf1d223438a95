package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	type list = []Address
	tests := []struct {
		raw  string
		want list
		bad  bool
	}{
		{"", nil, false},
		{" a@b.example", list{{"", "a@b.example"}}, false},
		{`"Doe, Jane" <jane@x.example>, b@c.example`, list{{"Doe, Jane", "jane@x.example"}, {"", "b@c.example"}}, false},
		{`Jane  "the \"boss\"" Doe <j@x.example>`, list{{`Jane the "boss" Doe`, "j@x.example"}}, false},
		{"=?utf-8?Q?J=C3=B6rg=2C_X?= <j@x.example>", list{{"Jörg, X", "j@x.example"}}, false},
		{`"=?utf-8?Q?J=C3=B6rg?=" <j@x.example>`, list{{"Jörg", "j@x.example"}}, false},
		{"j@x.example (Jörg (the first))", list{{"Jörg (the first)", "j@x.example"}}, false},
		{"(c) j (c) @ (c) x . example", list{{"c", "j@x.example"}}, false},
		{"Team: a@b.example, C <c@d.example>;, e@f.example", list{{"", "a@b.example"}, {"C", "c@d.example"}, {"", "e@f.example"}}, false},
		{"undisclosed-recipients:;", nil, false},
		{"<@relay.example,@b.example:r@x.example>", list{{"", "r@x.example"}}, false},
		{`"quoted local"@x.example, ip@[IPv6:2001:db8::1]`, list{{"", `"quoted local"@x.example`}, {"", "ip@[IPv6:2001:db8::1]"}}, false},
		{"a@b.example; c@d.example;", list{{"", "a@b.example"}, {"", "c@d.example"}}, false},
		{",, a@b.example ,,", list{{"", "a@b.example"}}, false},
		{"<>", nil, false},
		{"root", list{{"", "root"}}, false},
		{"jörg@bücher.example", list{{"", "jörg@bücher.example"}}, false},
		{"j\xf6rg <j@x.example>", list{{"jörg", "j@x.example"}}, false},

		{"Doe, Jane <jane@x.example>", list{{"Doe, Jane", "jane@x.example"}}, true},
		{`"unclosed <s@x.example>, b@c.example`, list{{"unclosed", "s@x.example"}, {"", "b@c.example"}}, true},
		{"unclosed <s@x.example, b@c.example", list{{"unclosed", "s@x.example"}, {"", "b@c.example"}}, true},
		{"a (unclosed <s@x.example>", list{{"a (unclosed", "s@x.example"}}, true},
		{"<a@b.example> <c@d.example>", list{{"", "a@b.example"}, {"", "c@d.example"}}, true},
		{"<a@b.example, c@d.example>", list{{"", "a@b.example"}, {"", "c@d.example"}}, true},
		{"Jane Doe jane@x.example", list{{"Jane Doe", "jane@x.example"}}, true},
		{"<mailto:a@b.example>", list{{"", "a@b.example"}}, true},
		{"CEO <>", list{{"CEO", ""}}, true},
		{"The CEO", list{{"The CEO", ""}}, true},
		{"<[id]>", list{{"", "[id]"}}, true},
		{"=?utf-8?Q?CEO_=3Cceo=40corp.example=3E?=", list{{"CEO", "ceo@corp.example"}}, true},
		{`"ceo@corp.example"`, list{{"", "ceo@corp.example"}}, true},
		{"=?utf-8?Q?ceo=40corp.example=00?=@evil.example", list{{"", "=?utf-8?Q?ceo=40corp.example=00?=@evil.example"}}, true},
		{`"ceo@corp.example" <x@evil.example>`, list{{"ceo@corp.example", "x@evil.example"}}, false},
	}
	for _, tt := range tests {
		got, flaws := parseAddresses(tt.raw, DefaultLimits())
		if diff := cmp.Diff(tt.want, got); diff != "" || flaws.bad != tt.bad {
			t.Errorf("%q: bad %v, want %v, %s", tt.raw, flaws.bad, tt.bad, diff)
		}
	}
}

func TestAddressesOfAllFields(t *testing.T) {
	m := ParseHeader([]byte("To: a@b.example\r\nFrom: x@y.example\r\ntO: C <c@d.example>,\r\n e@f.example\r\n\r\n"), DefaultLimits())
	want := []Address{{"", "a@b.example"}, {"C", "c@d.example"}, {"", "e@f.example"}}
	if diff := cmp.Diff(want, m.Addresses("to")); diff != "" {
		t.Error(diff)
	}
}

func TestIDs(t *testing.T) {
	tests := map[string][]string{
		"<a@b>":                     {"a@b"},
		" < a@b > \r\n <c@d>":       {"a@b", "c@d"},
		"a@b c@d":                   {"a@b", "c@d"},
		"<[id]>":                    {"[id]"},
		"<unclosed@x":               {"unclosed@x"},
		"text <a@b> text":           {"a@b"},
		"<>":                        nil,
		"":                          nil,
		"=?utf-8?Q?=3Ca=40b=3E?=":   {"a@b"},
		"<a@b>\r\n\t(comment)<c@d>": {"a@b", "c@d"},
	}
	for raw, want := range tests {
		m := ParseHeader([]byte("Message-ID: "+raw+"\r\n\r\n"), DefaultLimits())
		if diff := cmp.Diff(want, m.Header.IDs("message-id")); diff != "" {
			t.Errorf("%q: %s", raw, diff)
		}
	}
}
