package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAddressesOfStandards are the address lists of RFC 5322, appendix A, RFC 2047, section 8
// and RFC 6532, and neighbours of them, as Python 3.11 reads them (email.headerregistry).
func TestAddressesOfStandards(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want []Address
	}{
		{"John Doe <jdoe@machine.example>", []Address{{"John Doe", "jdoe@machine.example"}}},
		{"Mary Smith <mary@example.net>", []Address{{"Mary Smith", "mary@example.net"}}},
		{"\"Joe Q. Public\" <john.q.public@example.com>", []Address{{"Joe Q. Public", "john.q.public@example.com"}}},
		{"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>", []Address{{"Mary Smith", "mary@x.test"}, {"", "jdoe@example.org"}, {"Who?", "one@y.test"}}},
		{"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>", []Address{{"", "boss@nil.test"}, {"Giant; \"Big\" Box", "sysservices@example.net"}}},
		{"Pete <pete@silly.example>", []Address{{"Pete", "pete@silly.example"}}},
		{"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;", []Address{{"Ed Jones", "c@a.test"}, {"", "joe@where.test"}, {"John", "jdoe@one.test"}}},
		{"Undisclosed recipients:;", nil},
		{"\"Mary Smith: Personal Account\" <smith@home.example>", []Address{{"Mary Smith: Personal Account", "smith@home.example"}}},
		{"Michael Jones <mjones@machine.example>", []Address{{"Michael Jones", "mjones@machine.example"}}},
		{"Joe Q. Public <john.q.public@example.com>", []Address{{"Joe Q. Public", "john.q.public@example.com"}}},
		{"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example", []Address{{"Mary Smith", "mary@example.net"}, {"", "jdoe@test.example"}}},
		{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", []Address{{"Pete", "pete@silly.test"}}},
		{"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)", []Address{{"Chris Jones", "c@public.example"}, {"", "joe@example.org"}, {"John", "jdoe@one.test"}}},
		{"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", nil},
		{"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", []Address{{"Keith Moore", "moore@cs.utk.edu"}}},
		{"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", []Address{{"Keld Jørn Simonsen", "keld@dkuug.dk"}}},
		{"=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", []Address{{"André Pirard", "PIRARD@vm1.ulg.ac.be"}}},
		{"=?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>", []Address{{"Olle Järnefors", "ojarnef@admin.kth.se"}}},
		{"=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>", []Address{{"Patrik Fältström", "paf@nada.kth.se"}}},
		{"Nathaniel Borenstein <nsb@thumper.bellcore.com> (=?iso-8859-8?b?7eXs+SDv4SDs6Oj08A==?=)", []Address{{"Nathaniel Borenstein", "nsb@thumper.bellcore.com"}}},
		{"Dirk-Willem van Gulik <dirkx@x.example>", []Address{{"Dirk-Willem van Gulik", "dirkx@x.example"}}},
		{"pelé@exämple.example", []Address{{"", "pelé@exämple.example"}}},
		{"Pelé <pelé@example.com>", []Address{{"Pelé", "pelé@example.com"}}},
		{"用户 <用户@例子.example>", []Address{{"用户", "用户@例子.example"}}},
		{"δοκιμή@παράδειγμα.example", []Address{{"", "δοκιμή@παράδειγμα.example"}}},
		{"\"Joe & J. Harvey\" <ddd@Org.example>", []Address{{"Joe & J. Harvey", "ddd@Org.example"}}},
		{"\"Full.Name\" <a@b.example>", []Address{{"Full.Name", "a@b.example"}}},
		{"user+detail@example.com", []Address{{"", "user+detail@example.com"}}},
		{"user%host@relay.example", []Address{{"", "user%host@relay.example"}}},
		{"\"much.more unusual\"@example.com", []Address{{"", "\"much.more unusual\"@example.com"}}},
		{"\" \"@example.org", []Address{{"", "\" \"@example.org"}}},
		{"admin@mailserver1", []Address{{"", "admin@mailserver1"}}},
		{"A: a@x.example; , B: b@x.example;, c@x.example", []Address{{"", "a@x.example"}, {"", "b@x.example"}, {"", "c@x.example"}}},
		{"A: ; , c@x.example", []Address{{"", "c@x.example"}}},
		{"Jane <jane@x.example> (work), Joe <joe@x.example> (home)", []Address{{"Jane", "jane@x.example"}, {"Joe", "joe@x.example"}}},
		{"\"a\" \"b\" <ab@x.example>", []Address{{"a b", "ab@x.example"}}},
		{"\"a\"b\"c\" <abc@x.example>", []Address{{"abc", "abc@x.example"}}},
		{"\"\" <empty@x.example>", []Address{{"", "empty@x.example"}}},
		{"\"  spaced  \" <s@x.example>", []Address{{"spaced", "s@x.example"}}}, // Python keeps blanks that nobody sees
		{"\"back\\\\slash\" <b@x.example>", []Address{{"back\\slash", "b@x.example"}}},
		{"a@[IPv6:::1], b@[127.0.0.1]", []Address{{"", "a@[IPv6:::1]"}, {"", "b@[127.0.0.1]"}}},
		{"Jane<jane@x.example>,Joe<joe@x.example>", []Address{{"Jane", "jane@x.example"}, {"Joe", "joe@x.example"}}},
		{"\tJane\t<jane@x.example>\t", []Address{{"Jane", "jane@x.example"}}},
		{"\"=?utf-8?q?a=2Cb?=\" <c@x.example>", []Address{{"a,b", "c@x.example"}}},
		{"=?utf-8?q?=22Q=22?= <q@x.example>", []Address{{"\"Q\"", "q@x.example"}}},
		{"=?utf-8?b?8J+YgCBKb3k=?= <joy@x.example>", []Address{{"😀 Joy", "joy@x.example"}}},
		{"=?x@b.example", []Address{{"", "=?x@b.example"}}}, // what an atom may have is no encoded-word
		{"a=?b?=@c.example", []Address{{"", "a=?b?=@c.example"}}},
		{"x=?utf-8?@c.example", []Address{{"", "x=?utf-8?@c.example"}}},
		{"<=?x?=@b.example>", []Address{{"", "=?x?=@b.example"}}},
		{"A <a=?=b@c.example>", []Address{{"A", "a=?=b@c.example"}}},
		{"<\"<a>\"@c.example>", []Address{{"", "\"<a>\"@c.example"}}},
		{"X <\"a<b\"@c.example>", []Address{{"X", "\"a<b\"@c.example"}}},
		{"X <\"a>b\"@c.example>", []Address{{"X", "\"a>b\"@c.example"}}},
		{"\"[a]\"@c.example", []Address{{"", "\"[a]\"@c.example"}}},
		{"<\"a(b)c\"@c.example>", []Address{{"", "\"a(b)c\"@c.example"}}},
		{"'a'@c.example", []Address{{"", "'a'@c.example"}}},
		{"X <'a'@c.example>", []Address{{"X", "'a'@c.example"}}},
		{"a'@c.example", []Address{{"", "a'@c.example"}}},
		{"'@c.example", []Address{{"", "'@c.example"}}},
	} {
		got, flaws := parseAddresses(tt.raw, DefaultLimits())
		if diff := cmp.Diff(tt.want, got); diff != "" || flaws.bad {
			t.Errorf("%q: bad %v (-Python +got)\n%s", tt.raw, flaws.bad, diff)
		}
	}
}
