package message

import "testing"

// TestEncodedWordsOfStandards are the examples of RFC 2047, section 8 and RFC 2231, section 5,
// and neighbours of them, as Python 3.11 reads them (email.header); where it fails or
// adds blanks of its own the value is the RFC's, and the comment says why.
func TestEncodedWordsOfStandards(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"=?ISO-8859-1?Q?a?=", "a"},
		{"(=?ISO-8859-1?Q?a?=)", "(a)"},
		{"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
		{"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
		{"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"},
		{"(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"},
		{"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
		{"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
		{"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=", "If you can read this you understand the example."},
		{"=?iso-8859-8?b?7eXs+SDv4SDs6Oj08A==?=", "םולש ןב לטטפנ"},
		{"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"}, // RFC 2231, section 5
		{"=?utf-8?q?=41=42?= =?utf-8?b?Q0Q=?=", "ABCD"},
		{"=?utf-8?q?a?=\t=?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?= , =?utf-8?q?b?=", "a , b"},
		{"\"=?utf-8?q?a?=\" =?utf-8?q?b?=", "\"a\" b"}, // inside quotes it is no word to the RFC; programs show it
		{"=?utf-8?q?one?=\r\n two\r\n =?utf-8?q?three?=", "one two three"},
		{"=?utf-8?q?__?=x", "  x"}, // nothing stood between
		{"=?utf-8?q?a=?=", "a="},
		{"=?utf-8?q?a=4?=", "a=4"},
		{"=?utf-8?q?a=zz?=", "a=zz"},
		{"=?utf-8?b?Zm9v?= bar =?utf-8?b?YmF6?=", "foo bar baz"},
		{"=?utf-8?b?Zm9vYg==?=", "foob"},
		{"=?utf-8?b?Zm9vYg?=", "foob"},
		{"=?utf-8?b?Zm9vY?=", "foo"}, // what is whole of it
		{"=?utf-8?b?Zm9v IGJhcg==?=", "foo bar"},
		{"=?UTF-8?B?4oKsIDEwMA==?= due", "€ 100 due"},
		{"=?windows-1252?Q?=93quoted=94?=", "“quoted”"},
		{"=?iso-2022-jp?b?GyRCRWw1fhsoQg==?= =?iso-2022-jp?b?GyRCQmc6ZRsoQg==?=", "東京大阪"},
		{"=?gb18030?B?lDnaMw==?=", "💩"},
		{"=?big5?Q?=A7A=A6n?=", "你好"},
		{"=?koi8-u?Q?=EB=C9=A7=D7?=", "Київ"},
		{"=?iso-8859-9?Q?=DDzmir?=", "İzmir"},
		{"=?windows-1258?Q?Vi=EA=F2t?=", "Viê\u0323t"},
		{"=?utf-8?q?=E2=80=8Ba?=", "\u200Ba"},
		{"==?utf-8?q?a?==", "=a="}, // likewise
		{"=?utf-8?q?=C3=A4?= =?iso-8859-1?q?=E4?= =?koi8-r?q?=C1?=", "ääа"},
		{"=?us-ascii?q?=41?=b=?us-ascii?q?=43?=", "AbC"}, // likewise
	} {
		if got, _ := decodeWords(unfold(tt.raw), 100); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// TestFlawsOfWords holds what is told of an encoded-word that is odd.
func TestFlawsOfWords(t *testing.T) {
	for raw, want := range map[string]wordFlaws{
		"plain":                   {},
		"=?utf-8?q?a?=":           {},
		"a =? b ?= c":             {broken: true},
		"=?utf-8?q?a":             {broken: true},
		"=?utf-8?z?a?=":           {broken: true},
		"=??q?a?=":                {broken: true},
		"=?a b?q?x?=":             {broken: true},
		"=?utf-8?qq?a?=":          {broken: true},
		"=?x-klingon?q?=E4?=":     {charset: "x-klingon"},
		"=?utf-8?q?=E4?=":         {bad: true},
		"=?utf-16?b?SABpAA==?=":   {order: true},
		"=?utf-16?b?//5IAGkA?=":   {},
		"=?utf-16le?b?ANjkAA==?=": {bad: true},
		"\xE4":                    {raw8: true},
		"=?utf-8?q?a?= \xE4":      {raw8: true},
		"=?utf-8?b?Z*m9v?=":       {trailing: true},
		"=?utf-8?q?1?= =?utf-8?q?2?= =?utf-8?q?3?= =?utf-8?q?4?=": {tooMany: true},
	} {
		if _, got := decodeWords(raw, 3); got != want {
			t.Errorf("%q: %+v, want %+v", raw, got, want)
		}
	}
}
