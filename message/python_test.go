package message

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The values in this file are those of Python 3.11: email.headerregistry for addresses,
// email.utils for dates, email.message for parameters and contents, email.header for encoded-words.
// Where it reads against the RFC the value is the RFC's, and the comment behind the line says so.

func TestAddressesOfPython(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want []Address
	}{
		{"jane@x.example", []Address{{"", "jane@x.example"}}},
		{"j@[IPv6:2001:db8::1]", []Address{{"", "j@[IPv6:2001:db8::1]"}}},
		{"J@X.EXAMPLE", []Address{{"", "J@X.EXAMPLE"}}},
		{"Jane <j.d+tag@sub.x.example>", []Address{{"Jane", "j.d+tag@sub.x.example"}}},
		{"Jane <j_o-e@x-y.example>", []Address{{"Jane", "j_o-e@x-y.example"}}},
		{"Jane Doe <\"j d\"@x.example>", []Address{{"Jane Doe", "\"j d\"@x.example"}}},
		{"Jane Doe <o'b@x.example>", []Address{{"Jane Doe", "o'b@x.example"}}},
		{"\"Doe, Jane\" <j@[192.0.2.1]>", []Address{{"Doe, Jane", "j@[192.0.2.1]"}}},
		{"\"Doe, Jane\" <j/d=e!f@x.example>", []Address{{"Doe, Jane", "j/d=e!f@x.example"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <jane@x.example>", []Address{{"Jane \"the boss\" Doe", "jane@x.example"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <j@[IPv6:2001:db8::1]>", []Address{{"Jane \"the boss\" Doe", "j@[IPv6:2001:db8::1]"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <J@X.EXAMPLE>", []Address{{"Jane \"the boss\" Doe", "J@X.EXAMPLE"}}},
		{"Jane D. Doe <j.d+tag@sub.x.example>", []Address{{"Jane D. Doe", "j.d+tag@sub.x.example"}}},
		{"Jane D. Doe <j_o-e@x-y.example>", []Address{{"Jane D. Doe", "j_o-e@x-y.example"}}},
		{"=?utf-8?q?J=C3=B6rg?= <\"j d\"@x.example>", []Address{{"Jörg", "\"j d\"@x.example"}}},
		{"=?utf-8?q?J=C3=B6rg?= <o'b@x.example>", []Address{{"Jörg", "o'b@x.example"}}},
		{"=?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j@[192.0.2.1]>", []Address{{"Jörg Müller", "j@[192.0.2.1]"}}},
		{"=?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j/d=e!f@x.example>", []Address{{"Jörg Müller", "j/d=e!f@x.example"}}},
		{"=?iso-8859-1?q?J=F6rg?= Doe <jane@x.example>", []Address{{"Jörg Doe", "jane@x.example"}}},
		{"=?iso-8859-1?q?J=F6rg?= Doe <j@[IPv6:2001:db8::1]>", []Address{{"Jörg Doe", "j@[IPv6:2001:db8::1]"}}},
		{"=?iso-8859-1?q?J=F6rg?= Doe <J@X.EXAMPLE>", []Address{{"Jörg Doe", "J@X.EXAMPLE"}}},
		{"\"=?utf-8?q?x?= y\" <j.d+tag@sub.x.example>", []Address{{"x y", "j.d+tag@sub.x.example"}}},
		{"\"=?utf-8?q?x?= y\" <j_o-e@x-y.example>", []Address{{"x y", "j_o-e@x-y.example"}}},
		{"\"O'Brien, Pat\" <\"j d\"@x.example>", []Address{{"O'Brien, Pat", "\"j d\"@x.example"}}},
		{"\"O'Brien, Pat\" <o'b@x.example>", []Address{{"O'Brien, Pat", "o'b@x.example"}}},
		{"Jane (HR) Doe <j@[192.0.2.1]>", []Address{{"Jane Doe", "j@[192.0.2.1]"}}},
		{"Jane (HR) Doe <j/d=e!f@x.example>", []Address{{"Jane Doe", "j/d=e!f@x.example"}}},
		{"\"a@b.example\" <jane@x.example>", []Address{{"a@b.example", "jane@x.example"}}},
		{"\"a@b.example\" <j@[IPv6:2001:db8::1]>", []Address{{"a@b.example", "j@[IPv6:2001:db8::1]"}}},
		{"\"a@b.example\" <J@X.EXAMPLE>", []Address{{"a@b.example", "J@X.EXAMPLE"}}},
		{"Dr. J.R.R. T <j.d+tag@sub.x.example>", []Address{{"Dr. J.R.R. T", "j.d+tag@sub.x.example"}}},
		{"Dr. J.R.R. T <j_o-e@x-y.example>", []Address{{"Dr. J.R.R. T", "j_o-e@x-y.example"}}},
		{"=?utf-8?q?A?= =?utf-8?q?B?= <\"j d\"@x.example>", []Address{{"AB", "\"j d\"@x.example"}}}, // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"=?utf-8?q?A?= =?utf-8?q?B?= <o'b@x.example>", []Address{{"AB", "o'b@x.example"}}},         // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"J\tD <j@[192.0.2.1]>", []Address{{"J D", "j@[192.0.2.1]"}}},
		{"J\tD <j/d=e!f@x.example>", []Address{{"J D", "j/d=e!f@x.example"}}},
		{"\"Ann; Bob\" <jane@x.example>", []Address{{"Ann; Bob", "jane@x.example"}}},
		{"\"Ann; Bob\" <j@[IPv6:2001:db8::1]>", []Address{{"Ann; Bob", "j@[IPv6:2001:db8::1]"}}},
		{"\"Ann; Bob\" <J@X.EXAMPLE>", []Address{{"Ann; Bob", "J@X.EXAMPLE"}}},
		{"\"Group: x\" <j.d+tag@sub.x.example>", []Address{{"Group: x", "j.d+tag@sub.x.example"}}},
		{"\"Group: x\" <j_o-e@x-y.example>", []Address{{"Group: x", "j_o-e@x-y.example"}}},
		{"\"(c)\" <\"j d\"@x.example>", []Address{{"(c)", "\"j d\"@x.example"}}},
		{"\"(c)\" <o'b@x.example>", []Address{{"(c)", "o'b@x.example"}}},
		{"\"<x>\" <j@[192.0.2.1]>", []Address{{"<x>", "j@[192.0.2.1]"}}},
		{"\"<x>\" <j/d=e!f@x.example>", []Address{{"<x>", "j/d=e!f@x.example"}}},
		{"\"<x>\" <j/d=e!f@x.example> , \"(c)\" <\"j d\"@x.example> , =?utf-8?q?A?= =?utf-8?q?B?= <o'b@x.example>", []Address{{"<x>", "j/d=e!f@x.example"}, {"(c)", "\"j d\"@x.example"}, {"AB", "o'b@x.example"}}}, // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"=?utf-8?q?J=C3=B6rg?= <o'b@x.example>, \"(c)\" <\"j d\"@x.example>, Jane <j.d+tag@sub.x.example>", []Address{{"Jörg", "o'b@x.example"}, {"(c)", "\"j d\"@x.example"}, {"Jane", "j.d+tag@sub.x.example"}}},
		{"\"O'Brien, Pat\" <\"j d\"@x.example>,Dr. J.R.R. T <j.d+tag@sub.x.example>", []Address{{"O'Brien, Pat", "\"j d\"@x.example"}, {"Dr. J.R.R. T", "j.d+tag@sub.x.example"}}},
		{"J\tD <j@[192.0.2.1]>,Jane Doe <o'b@x.example>,\"Ann; Bob\" <jane@x.example>", []Address{{"J D", "j@[192.0.2.1]"}, {"Jane Doe", "o'b@x.example"}, {"Ann; Bob", "jane@x.example"}}},
		{"Jane D. Doe <j_o-e@x-y.example>,Jane (HR) Doe <j/d=e!f@x.example>", []Address{{"Jane D. Doe", "j_o-e@x-y.example"}, {"Jane Doe", "j/d=e!f@x.example"}}},
		{"\"O'Brien, Pat\" <o'b@x.example> , \"Jane \\\"the boss\\\" Doe\" <j@[IPv6:2001:db8::1]>", []Address{{"O'Brien, Pat", "o'b@x.example"}, {"Jane \"the boss\" Doe", "j@[IPv6:2001:db8::1]"}}},
		{"\"Group: x\" <j.d+tag@sub.x.example>, \"a@b.example\" <j@[IPv6:2001:db8::1]>", []Address{{"Group: x", "j.d+tag@sub.x.example"}, {"a@b.example", "j@[IPv6:2001:db8::1]"}}},
		{"jane@x.example,Jane D. Doe <j_o-e@x-y.example>", []Address{{"", "jane@x.example"}, {"Jane D. Doe", "j_o-e@x-y.example"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <j@[IPv6:2001:db8::1]>,=?iso-8859-1?q?J=F6rg?= Doe <jane@x.example>", []Address{{"Jane \"the boss\" Doe", "j@[IPv6:2001:db8::1]"}, {"Jörg Doe", "jane@x.example"}}},
		{"J\tD <j@[192.0.2.1]> , \"<x>\" <j@[192.0.2.1]>", []Address{{"J D", "j@[192.0.2.1]"}, {"<x>", "j@[192.0.2.1]"}}},
		{"\"<x>\" <j/d=e!f@x.example>,Jane D. Doe <j.d+tag@sub.x.example>", []Address{{"<x>", "j/d=e!f@x.example"}, {"Jane D. Doe", "j.d+tag@sub.x.example"}}},
		{"j@[IPv6:2001:db8::1],\r\n \"O'Brien, Pat\" <\"j d\"@x.example>,\r\n Jane (HR) Doe <j/d=e!f@x.example>", []Address{{"", "j@[IPv6:2001:db8::1]"}, {"O'Brien, Pat", "\"j d\"@x.example"}, {"Jane Doe", "j/d=e!f@x.example"}}},
		{"=?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j@[192.0.2.1]>,Jane <j_o-e@x-y.example>", []Address{{"Jörg Müller", "j@[192.0.2.1]"}, {"Jane", "j_o-e@x-y.example"}}},
		{"\"Ann; Bob\" <J@X.EXAMPLE> , \"Ann; Bob\" <j@[IPv6:2001:db8::1]> , jane@x.example", []Address{{"Ann; Bob", "J@X.EXAMPLE"}, {"Ann; Bob", "j@[IPv6:2001:db8::1]"}, {"", "jane@x.example"}}},
		{"=?iso-8859-1?q?J=F6rg?= Doe <j@[IPv6:2001:db8::1]> , \"=?utf-8?q?x?= y\" <j_o-e@x-y.example>", []Address{{"Jörg Doe", "j@[IPv6:2001:db8::1]"}, {"x y", "j_o-e@x-y.example"}}},
		{"\"<x>\" <j/d=e!f@x.example> , =?iso-8859-1?q?J=F6rg?= Doe <J@X.EXAMPLE> , \"Jane \\\"the boss\\\" Doe\" <J@X.EXAMPLE>", []Address{{"<x>", "j/d=e!f@x.example"}, {"Jörg Doe", "J@X.EXAMPLE"}, {"Jane \"the boss\" Doe", "J@X.EXAMPLE"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <J@X.EXAMPLE>,\r\n Jane <j.d+tag@sub.x.example>,\r\n =?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j@[192.0.2.1]>", []Address{{"Jane \"the boss\" Doe", "J@X.EXAMPLE"}, {"Jane", "j.d+tag@sub.x.example"}, {"Jörg Müller", "j@[192.0.2.1]"}}},
		{"Jane (HR) Doe <j@[192.0.2.1]>, j@[IPv6:2001:db8::1], J\tD <j/d=e!f@x.example>", []Address{{"Jane Doe", "j@[192.0.2.1]"}, {"", "j@[IPv6:2001:db8::1]"}, {"J D", "j/d=e!f@x.example"}}},
		{"\"O'Brien, Pat\" <o'b@x.example>,\r\n \"Ann; Bob\" <j@[IPv6:2001:db8::1]>,\r\n jane@x.example", []Address{{"O'Brien, Pat", "o'b@x.example"}, {"Ann; Bob", "j@[IPv6:2001:db8::1]"}, {"", "jane@x.example"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <J@X.EXAMPLE>,\r\n \"Group: x\" <j.d+tag@sub.x.example>", []Address{{"Jane \"the boss\" Doe", "J@X.EXAMPLE"}, {"Group: x", "j.d+tag@sub.x.example"}}},
		{"=?utf-8?q?J=C3=B6rg?= <o'b@x.example>,\"a@b.example\" <J@X.EXAMPLE>", []Address{{"Jörg", "o'b@x.example"}, {"a@b.example", "J@X.EXAMPLE"}}},
		{"=?utf-8?q?A?= =?utf-8?q?B?= <o'b@x.example> , =?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j@[192.0.2.1]> , \"a@b.example\" <J@X.EXAMPLE>", []Address{{"AB", "o'b@x.example"}, {"Jörg Müller", "j@[192.0.2.1]"}, {"a@b.example", "J@X.EXAMPLE"}}}, // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"=?iso-8859-1?q?J=F6rg?= Doe <jane@x.example>, J@X.EXAMPLE, \"a@b.example\" <jane@x.example>", []Address{{"Jörg Doe", "jane@x.example"}, {"", "J@X.EXAMPLE"}, {"a@b.example", "jane@x.example"}}},
		{"\"=?utf-8?q?x?= y\" <j.d+tag@sub.x.example>, =?utf-8?q?A?= =?utf-8?q?B?= <\"j d\"@x.example>", []Address{{"x y", "j.d+tag@sub.x.example"}, {"AB", "\"j d\"@x.example"}}}, // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"\"=?utf-8?q?x?= y\" <j.d+tag@sub.x.example> , =?utf-8?B?SsO2cmcgTcO8bGxlcg==?= <j/d=e!f@x.example>", []Address{{"x y", "j.d+tag@sub.x.example"}, {"Jörg Müller", "j/d=e!f@x.example"}}},
		{"\"<x>\" <j@[192.0.2.1]>, =?iso-8859-1?q?J=F6rg?= Doe <J@X.EXAMPLE>, =?iso-8859-1?q?J=F6rg?= Doe <j@[IPv6:2001:db8::1]>", []Address{{"<x>", "j@[192.0.2.1]"}, {"Jörg Doe", "J@X.EXAMPLE"}, {"Jörg Doe", "j@[IPv6:2001:db8::1]"}}},
		{"\"Group: x\" <j_o-e@x-y.example>,\"Jane \\\"the boss\\\" Doe\" <jane@x.example>", []Address{{"Group: x", "j_o-e@x-y.example"}, {"Jane \"the boss\" Doe", "jane@x.example"}}},
		{"\"Jane \\\"the boss\\\" Doe\" <j@[IPv6:2001:db8::1]> , Jane <j.d+tag@sub.x.example> , Jane Doe <\"j d\"@x.example>", []Address{{"Jane \"the boss\" Doe", "j@[IPv6:2001:db8::1]"}, {"Jane", "j.d+tag@sub.x.example"}, {"Jane Doe", "\"j d\"@x.example"}}},
		{"=?utf-8?q?J=C3=B6rg?= <o'b@x.example>,\r\n \"Ann; Bob\" <J@X.EXAMPLE>", []Address{{"Jörg", "o'b@x.example"}, {"Ann; Bob", "J@X.EXAMPLE"}}},
		{"\"a@b.example\" <J@X.EXAMPLE> , \"(c)\" <\"j d\"@x.example> , Jane (HR) Doe <j/d=e!f@x.example>", []Address{{"a@b.example", "J@X.EXAMPLE"}, {"(c)", "\"j d\"@x.example"}, {"Jane Doe", "j/d=e!f@x.example"}}},
		{"\"Group: x\" <j_o-e@x-y.example>,J@X.EXAMPLE", []Address{{"Group: x", "j_o-e@x-y.example"}, {"", "J@X.EXAMPLE"}}},
		{"Jane D. Doe <j_o-e@x-y.example>,\r\n \"Doe, Jane\" <j/d=e!f@x.example>,\r\n \"Ann; Bob\" <jane@x.example>", []Address{{"Jane D. Doe", "j_o-e@x-y.example"}, {"Doe, Jane", "j/d=e!f@x.example"}, {"Ann; Bob", "jane@x.example"}}},
		{"Jane Doe <o'b@x.example>,\"Jane \\\"the boss\\\" Doe\" <j@[IPv6:2001:db8::1]>,\"a@b.example\" <jane@x.example>", []Address{{"Jane Doe", "o'b@x.example"}, {"Jane \"the boss\" Doe", "j@[IPv6:2001:db8::1]"}, {"a@b.example", "jane@x.example"}}},
		{"Jane <j.d+tag@sub.x.example> , Jane (HR) Doe <j/d=e!f@x.example>", []Address{{"Jane", "j.d+tag@sub.x.example"}, {"Jane Doe", "j/d=e!f@x.example"}}},
		{"\"a@b.example\" <J@X.EXAMPLE> , \"Group: x\" <j.d+tag@sub.x.example>", []Address{{"a@b.example", "J@X.EXAMPLE"}, {"Group: x", "j.d+tag@sub.x.example"}}},
		{"Dr. J.R.R. T <j_o-e@x-y.example>,\"<x>\" <j/d=e!f@x.example>,=?iso-8859-1?q?J=F6rg?= Doe <J@X.EXAMPLE>", []Address{{"Dr. J.R.R. T", "j_o-e@x-y.example"}, {"<x>", "j/d=e!f@x.example"}, {"Jörg Doe", "J@X.EXAMPLE"}}},
		{"=?iso-8859-1?q?J=F6rg?= Doe <jane@x.example>,\r\n Dr. J.R.R. T <j.d+tag@sub.x.example>,\r\n Jane (HR) Doe <j@[192.0.2.1]>", []Address{{"Jörg Doe", "jane@x.example"}, {"Dr. J.R.R. T", "j.d+tag@sub.x.example"}, {"Jane Doe", "j@[192.0.2.1]"}}},
		{"\"O'Brien, Pat\" <o'b@x.example>,J\tD <j@[192.0.2.1]>", []Address{{"O'Brien, Pat", "o'b@x.example"}, {"J D", "j@[192.0.2.1]"}}},
		{"\"=?utf-8?q?x?= y\" <j.d+tag@sub.x.example>,\"Jane \\\"the boss\\\" Doe\" <J@X.EXAMPLE>,Jane Doe <\"j d\"@x.example>", []Address{{"x y", "j.d+tag@sub.x.example"}, {"Jane \"the boss\" Doe", "J@X.EXAMPLE"}, {"Jane Doe", "\"j d\"@x.example"}}},
		{"=?utf-8?q?A?= =?utf-8?q?B?= <\"j d\"@x.example>,\r\n J\tD <j/d=e!f@x.example>,\r\n \"O'Brien, Pat\" <\"j d\"@x.example>", []Address{{"AB", "\"j d\"@x.example"}, {"J D", "j/d=e!f@x.example"}, {"O'Brien, Pat", "\"j d\"@x.example"}}}, // adjacent encoded-words are joined (RFC 2047, section 6.2)
		{"Friends: a@x.example, b@x.example;", []Address{{"", "a@x.example"}, {"", "b@x.example"}}},
		{"Empty:;", nil},
		{"A: a@x.example;, B: b@x.example, c@x.example;", []Address{{"", "a@x.example"}, {"", "b@x.example"}, {"", "c@x.example"}}},
		{"a@x.example, Group: Jane <b@x.example>, c@x.example;, d@x.example", []Address{{"", "a@x.example"}, {"Jane", "b@x.example"}, {"", "c@x.example"}, {"", "d@x.example"}}},
		{"a@x.example (Jane Doe)", []Address{{"Jane Doe", "a@x.example"}}},   // the comment is the name (RFC 5322, section 3.4)
		{"(first) a@x.example", []Address{{"first", "a@x.example"}}},         // the comment is the name (RFC 5322, section 3.4)
		{"a (c) @ (c) x.example (Jane)", []Address{{"Jane", "a@x.example"}}}, // the comment is the name (RFC 5322, section 3.4)
		{"<a@x.example> (Jane)", []Address{{"Jane", "a@x.example"}}},         // the comment is the name (RFC 5322, section 3.4)
		{"Jane\r\n Doe\r\n <a@x.example>", []Address{{"Jane Doe", "a@x.example"}}},
		{"<@r.example:a@x.example>", []Address{{"", "a@x.example"}}},
		{"<@r.example,@s.example:a@x.example>", []Address{{"", "a@x.example"}}},
		{"\"quoted\".\"dot\"@x.example", []Address{{"", "\"quoted\".\"dot\"@x.example"}}}, // quotes are kept as written
		{"a@x.example,", []Address{{"", "a@x.example"}}},
		{"a@x.example,,b@x.example", []Address{{"", "a@x.example"}, {"", "b@x.example"}}},
		{" a@x.example ", []Address{{"", "a@x.example"}}},
		{"Jane<a@x.example>", []Address{{"Jane", "a@x.example"}}},
		{"\"Jane\"<a@x.example>", []Address{{"Jane", "a@x.example"}}},
		{"\"Jane\" \"Doe\" <a@x.example>", []Address{{"Jane Doe", "a@x.example"}}},
		{"Jane \"Q\" Doe <a@x.example>", []Address{{"Jane Q Doe", "a@x.example"}}},
	} {
		got, flaws := parseAddresses(tt.raw, DefaultLimits())
		if !slices.Equal(got, tt.want) || flaws.bad {
			t.Errorf("%q: %q, want %q, bad %v", tt.raw, got, tt.want, flaws.bad)
		}
	}
}

func TestDatesOfPython(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"Mon, 23 Nov 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"23 Nov 2026 10:00:00 +0000", "2026-11-23T10:00:00Z"},
		{"Mon, 23 Nov 2026 10:00 -0500", "2026-11-23T15:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 GMT", "2026-11-23T10:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 UT", "2026-11-23T10:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 EST", "2026-11-23T15:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 EDT", "2026-11-23T14:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 CST", "2026-11-23T16:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 CDT", "2026-11-23T15:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 MST", "2026-11-23T17:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 MDT", "2026-11-23T16:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 PST", "2026-11-23T18:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 PDT", "2026-11-23T17:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 +0530", "2026-11-23T04:30:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 -0330", "2026-11-23T13:30:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 +1400", "2026-11-22T20:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 -1200", "2026-11-23T22:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 +0200 (CEST)", "2026-11-23T08:00:00Z"},
		{"Mon,23 Nov 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"Mon, 23  Nov  2026  10:00:00  +0200", "2026-11-23T08:00:00Z"},
		{"Sun, 1 Mar 2026 00:00:00 +0000", "2026-03-01T00:00:00Z"},
		{"Sun, 01 Mar 2026 00:00:00 +0000", "2026-03-01T00:00:00Z"},
		{"Sat, 29 Feb 2024 23:59:59 +0000", "2024-02-29T23:59:59Z"},
		{"Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z"},
		{"Fri, 31 Dec 1999 23:59:59 -0000", "1999-12-31T23:59:59Z"},
		{"Mon, 23 Nov 26 10:00:00 +0000", "2026-11-23T10:00:00Z"},
		{"Mon, 23 Nov 69 10:00:00 +0000", "1969-11-23T10:00:00Z"},
		{"Mon, 23 Nov 68 10:00:00 +0000", "1968-11-23T10:00:00Z"}, // RFC 5322, section 4.3
		{"Mon Nov 23 10:00:00 2026", "2026-11-23T10:00:00Z"},
		{"mon, 23 nov 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"MON, 23 NOV 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"Mon, 23 November 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"23-Nov-2026 10:00:00 +0100", "2026-11-23T09:00:00Z"},
		{"Mon, 23-Nov-26 10:00:00 GMT", "2026-11-23T10:00:00Z"},
		{"Mon, 23 Nov 2026 10.00.00 +0200", "2026-11-23T08:00:00Z"},
		{"Mon, 23 Nov 2026 10:00:00 +02:00", "2026-11-23T08:00:00Z"}, // Python drops the zone
		{"Mon, 23 Nov 2026 10:00:00", "2026-11-23T10:00:00Z"},
		{"Nov 23 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"Mon, Nov 23 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"Tue, 23 Nov 2026 10:00:00 +0200", "2026-11-23T08:00:00Z"},
		{"15 Jan 2025 12:34:56 +0000", "2025-01-15T12:34:56Z"},
		{"15 Feb 2025 12:34:56 +0000", "2025-02-15T12:34:56Z"},
		{"15 Mar 2025 12:34:56 +0000", "2025-03-15T12:34:56Z"},
		{"15 Apr 2025 12:34:56 +0000", "2025-04-15T12:34:56Z"},
		{"15 May 2025 12:34:56 +0000", "2025-05-15T12:34:56Z"},
		{"15 Jun 2025 12:34:56 +0000", "2025-06-15T12:34:56Z"},
		{"15 Jul 2025 12:34:56 +0000", "2025-07-15T12:34:56Z"},
		{"15 Aug 2025 12:34:56 +0000", "2025-08-15T12:34:56Z"},
		{"15 Sep 2025 12:34:56 +0000", "2025-09-15T12:34:56Z"},
		{"15 Oct 2025 12:34:56 +0000", "2025-10-15T12:34:56Z"},
		{"15 Nov 2025 12:34:56 +0000", "2025-11-15T12:34:56Z"},
		{"15 Dec 2025 12:34:56 +0000", "2025-12-15T12:34:56Z"},
	} {
		got, ok := ParseDate(tt.raw)
		if !ok || got.UTC().Format(time.RFC3339) != tt.want {
			t.Errorf("%q: %v %v, want %s", tt.raw, got, ok, tt.want)
		}
	}
}

func TestParametersOfPython(t *testing.T) {
	for _, tt := range []struct{ raw, mediaType, params string }{
		{"text/plain", "text/plain", ""},
		{"text/plain; charset=utf-8", "text/plain", "charset=utf-8"},
		{"text/plain;charset=utf-8", "text/plain", "charset=utf-8"},
		{"text/plain ; charset = utf-8", "text/plain", "charset=utf-8"},
		{"TEXT/HTML; CHARSET=\"ISO-8859-1\"", "text/html", "charset=ISO-8859-1"},
		{"text/plain; charset=\"utf-8\"; format=flowed; delsp=yes", "text/plain", "charset=utf-8 | delsp=yes | format=flowed"},
		{"multipart/mixed; boundary=\"a b\"", "multipart/mixed", "boundary=a b"},
		{"multipart/mixed; boundary=a_b-c.d", "multipart/mixed", "boundary=a_b-c.d"},
		{"multipart/mixed; boundary=\"=_(x)\"", "multipart/mixed", "boundary==_(x)"},
		{"application/pdf; name=\"a;b.pdf\"", "application/pdf", "name=a;b.pdf"},
		{"application/pdf; name=\"a\\\"b.pdf\"", "application/pdf", "name=a\"b.pdf"},
		{"application/pdf; name=\"a\\\\b.pdf\"", "application/pdf", "name=a\\b.pdf"},
		{"application/pdf; name=a.pdf; x-name2=b", "application/pdf", "name=a.pdf | x-name2=b"},
		{"application/pdf; name*=utf-8''%e2%82%ac%20rates.pdf", "application/pdf", "name=€ rates.pdf"},
		{"application/pdf; name*=us-ascii'en-us'plain%2Epdf", "application/pdf", "name=plain.pdf"},
		{"application/pdf; name*=iso-8859-1'de'gr%fc%dfe.pdf", "application/pdf", "name=grüße.pdf"},
		{"application/pdf; name*0=long; name*1=er.pdf", "application/pdf", "name=longer.pdf"},
		{"application/pdf; name*0*=utf-8''%e2%82; name*1*=%ac; name*2=.pdf", "application/pdf", "name=€.pdf"},
		{"application/pdf; name*1=b; name*0=a", "application/pdf", "name=ab"},
		{"application/pdf; name=\"=?utf-8?q?J=C3=B6rg.pdf?=\"", "application/pdf", "name=Jörg.pdf"},
		{"application/pdf; name=\"=?utf-8?B?SsO2cmcucGRm?=\"", "application/pdf", "name=Jörg.pdf"},
		{"application/pdf; name=\"a.pdf\" ; x=\"y\"", "application/pdf", "name=a.pdf | x=y"},
		{"application/pdf;\r\n name=\"a.pdf\"", "application/pdf", "name=a.pdf"},
		{"application/pdf;\r\n\tname=a.pdf", "application/pdf", "name=a.pdf"},
		{"application/pdf; name=\"\"", "application/pdf", "name="},
		{"application/pdf; NAME=A.PDF", "application/pdf", "name=A.PDF"},
		{"application/x-a+b.c; v=1", "application/x-a+b.c", "v=1"},
		{"text/plain; charset=us-ascii (Plain text)", "text/plain", "charset=us-ascii"}, // a comment (RFC 2045, section 5.1)
		{"text/plain; (c) charset=utf-8", "text/plain", "charset=utf-8"},                // a comment
		{"image/svg+xml; name=\"x.svg\"", "image/svg+xml", "name=x.svg"},
		{"message/rfc822", "message/rfc822", ""},
		{"application/octet-stream; name=\"a=b.bin\"", "application/octet-stream", "name=a=b.bin"},
		{"application/octet-stream; name=\"a  b.bin\"", "application/octet-stream", "name=a  b.bin"},
		{"application/octet-stream; name=\"a/b\\\\c.bin\"", "application/octet-stream", "name=a/b\\c.bin"},
		{"application/octet-stream; name*=utf-8''a%27b.bin", "application/octet-stream", "name=a'b.bin"},
		{"application/octet-stream; name*=koi8-r''%f0%d2.bin", "application/octet-stream", "name=Пр.bin"},
		{"application/octet-stream; name*=''plain.bin", "application/octet-stream", "name=plain.bin"},
	} {
		m := parseMedia(tt.raw, DefaultLimits())
		got, _ := mediaType(m.token)
		var params []string
		for name, value := range m.params {
			params = append(params, name+"="+value)
		}
		slices.Sort(params)
		if joined := strings.Join(params, " | "); got != tt.mediaType || joined != tt.params {
			t.Errorf("%q: %s %q, want %s %q", tt.raw, got, joined, tt.mediaType, tt.params)
		}
	}
}

func TestEncodedWordsOfPython(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"plain text", "plain text"},
		{"=?utf-8?q?caf=C3=A9?=", "café"},
		{"=?UTF-8?Q?caf=c3=a9?=", "café"},
		{"=?utf-8?B?Y2Fmw6k=?=", "café"},
		{"=?iso-8859-1?q?caf=E9?=", "café"},
		{"=?windows-1252?q?=80_100?=", "€ 100"},
		{"a =?utf-8?q?b?= c", "a b c"},
		{"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a_?= =?utf-8?q?b?=", "a b"},
		{"=?utf-8?q?a=5Fb?=", "a_b"},
		{"=?utf-8?q?=3D=3F?=", "=?"},
		{"=?utf-8?B??=", ""},
		{"=?utf-8?q??=", ""},
		{"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"=?gb2312?B?1tDOxA==?=", "中文"},
		{"=?big5?B?pKSk5Q==?=", "中文"},
		{"=?shift_jis?B?k/qWew==?=", "日本"},
		{"=?euc-kr?B?x9Gxub7u?=", "한국어"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?windows-1251?q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
		{"=?utf-8?q?=F0=9F=98=80?=", "😀"},
		{"=?utf-8?q?one?= two =?iso-8859-1?q?thr=E9?=", "one two thré"},
		{"Re: =?utf-8?q?[x]_y?=", "Re: [x] y"},
		{"=?utf-8?q?a?=b", "ab"}, // nothing stood between them
		{"=?utf-8?Q?Subject:_with_colon?=", "Subject: with colon"},
		{"=?us-ascii?q?plain?=", "plain"},
		{"=?utf-8*en?q?lang?=", "lang"}, // RFC 2231, section 5; Python does not know it
		{"=?iso-8859-15?q?=A4?=", "€"},
		{"=?utf-8?b?w6Q?=", "ä"},
		{"=?utf-8?q?tab=09x?=", "tab\tx"},
		{"(=?utf-8?q?a?=)", "(a)"},
		{"=?windows-1255?q?=F9=EC=E5=ED?=", "שלום"},
		{"=?iso-8859-7?q?=E1=E2?=", "αβ"},
		{"=?tis-620?B?ocLS?=", "กยา"},
		{"=?macintosh?q?=8E?=", "é"},
		{"=?cp866?q?=8F=E0?=", "Пр"},
		{"=?iso-8859-2?q?=B3=F3d=BC?=", "łódź"},
	} {
		if got, _ := decodeWords(unfold(tt.raw), 100); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.raw, got, tt.want)
		}
	}
}

func TestContentsOfPython(t *testing.T) {
	for _, tt := range []struct{ encoding, raw, want string }{ // the content in hexadecimal
		{"base64", "", ""},
		{"base64", "eQ==\n", "79"},
		{"base64", "Qr0=\n", "42bd"},
		{"base64", "8iEG\n", "f22106"},
		{"base64", "8IR3YvDzy012TccHIFEVmg+J8sbayuNEuzESRf1vhN+a18Wz0HasDo9TpzVsiJE/IPb3LbAi0k0K\n", "f0847762f0f3cb4d764dc7072051159a0f89f2c6dacae344bb311245fd6f84df9ad7c5b3d076ac0e8f53a7356c88913f20f6f72db022d24d0a"},
		{"base64", "ltrUPBYXwamOeBKeAyc3EGXQlYZPFa2guEbBwOvFNIrceZrfhJutBdShCsBEHqrutLSO+gsfCr2A\n6Q==\n", "96dad43c1617c1a98e78129e0327371065d095864f15ada0b846c1c0ebc5348adc799adf849bad05d4a10ac0441eaaeeb4b48efa0b1f0abd80e9"},
		{"base64", "mKNaul6gvYeZwTUNQ55xiXqnX94xNKSqcuBWKKxv5opzPRFhoV2OriuwQteViu2x1ZTW0RLTT2YC\n9N5xEOmTrnQikj19FxFl3BkG9j1XmXoK0xs6rkCB9B+0cWU+PVd6jEED+Q==\n", "98a35aba5ea0bd8799c1350d439e71897aa75fde3134a4aa72e05628ac6fe68a733d1161a15d8eae2bb042d7958aedb1d594d6d112d34f6602f4de7110e993ae7422923d7d171165dc1906f63d57997a0ad31b3aae4081f41fb471653e3d577a8c4103f9"},
		{"quoted-printable", "plain", "706c61696e"},
		{"quoted-printable", "a=3Db", "613d62"},
		{"quoted-printable", "tab\tend=20\r\n", "74616209656e64200d0a"},
		{"quoted-printable", "long long long long long long long long long long long long long long long =\nlong long long long long long long long long long long long long long long=\n=20", "6c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e67206c6f6e6720"},
		{"quoted-printable", "=C3=A4=C3=B6=C3=BC=E2=82=AC", "c3a4c3b6c3bce282ac"},
		{"quoted-printable", "=2E\r\n..\r\nFrom x", "2e0d0a2e2e0d0a46726f6d2078"},
		{"quoted-printable", "=00=01=02=03=04=05=06=07=08=09\n=0B=0C\r=0E=0F=10=11=12=13=14=15=16=17=18=19=1A=1B=1C=1D=1E=1F !\"#$%&'()*+,-=\n./0123456789:;<=3D>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuv=\nwxyz{|}~=7F=80=81=82=83=84=85=86=87=88=89=8A=8B=8C=8D=8E=8F=90=91=92=93=94=\n=95=96=97=98=99=9A=9B=9C=9D=9E=9F=A0=A1=A2=A3=A4=A5=A6=A7=A8=A9=AA=AB=AC=AD=\n=AE=AF=B0=B1=B2=B3=B4=B5=B6=B7=B8=B9=BA=BB=BC=BD=BE=BF=C0=C1=C2=C3=C4=C5=C6=\n=C7=C8=C9=CA=CB=CC=CD=CE=CF=D0=D1=D2=D3=D4=D5=D6=D7=D8=D9=DA=DB=DC=DD=DE=DF=\n=E0=E1=E2=E3=E4=E5=E6=E7=E8=E9=EA=EB=EC=ED=EE=EF=F0=F1=F2=F3=F4=F5=F6=F7=F8=\n=F9=FA=FB=FC=FD=FE=FF", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"},
		{"quoted-printable", "x=3D\r\ny", "783d0d0a79"},
		{"quoted-printable", " lead", "206c656164"},
		{"quoted-printable", "trail =09", "747261696c2009"},
		{"quoted-printable", "a=20b", "612062"},
		{"quoted-printable", "a=3Db", "613d62"},
		{"quoted-printable", "soft=\r\nbreak", "736f6674627265616b"},
		{"quoted-printable", "soft= \r\nbreak", "736f6674627265616b"}, // spaces at the end were added on the way (RFC 2045, section 6.7)
		{"quoted-printable", "lower=c3=a4", "6c6f776572c3a4"},
		{"quoted-printable", "end=", "656e64"},
		{"quoted-printable", "bad=zz", "6261643d7a7a"},
		{"quoted-printable", "bad=4", "6261643d34"},
		{"quoted-printable", "a=\n b", "612062"},
		{"quoted-printable", "trail   \r\nx", "747261696c0d0a78"}, // likewise
		{"quoted-printable", "=3D=3D", "3d3d"},
		{"quoted-printable", "=E2=82=AC", "e282ac"},
		{"quoted-printable", "a=0D=0Ab", "610d0a62"},
		{"base64", "QUJD", "414243"},
		{"base64", "QUI=", "4142"},
		{"base64", "QQ==", "41"},
		{"base64", "QUJ\r\nD", "414243"},
		{"base64", "Q U J D", "414243"},
		{"base64", "QUJDRA==", "41424344"},
		{"base64", "QUJD\r\n\r\n", "414243"},
		{"base64", "\r\nQUJD", "414243"},
		{"base64", "QUJDQUI=", "4142434142"},
	} {
		m := Parse(fmt.Appendf(nil, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\n\r\n%s", tt.encoding, tt.raw), DefaultLimits())
		got, ok := m.Content("1")
		if want, err := hex.DecodeString(tt.want); err != nil || !ok || string(got) != string(want) {
			t.Errorf("%s %q: %q, want %q", tt.encoding, tt.raw, got, want)
		}
		var streamed []byte // in the way in which digests are made
		m.parts[0].stream(func(b []byte) { streamed = append(streamed, b...) })
		if string(streamed) != string(got) {
			t.Errorf("%s %q as a stream: %q, whole %q", tt.encoding, tt.raw, streamed, got)
		}
	}
}
