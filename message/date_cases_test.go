package message

import (
	"testing"
	"time"
)

// TestDatesOfStandards are the dates of RFC 5322, appendix A, and of every form that its
// sections 3.3 and 4.3 have, as Python 3.11 reads them (email.utils.parsedate_to_datetime);
// "" is none. Where the RFC says another thing the value is the RFC's, with a comment.
func TestDatesOfStandards(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"},
		{"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"},
		{"Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-13T23:32:54-03:30"},
		{"Fri, 21 Nov 1997 10:01:10 -0600", "1997-11-21T10:01:10-06:00"},
		{"Fri, 21 Nov 1997 11:00:00 -0600", "1997-11-21T11:00:00-06:00"},
		{"Mon, 24 Nov 1997 14:22:01 -0800", "1997-11-24T14:22:01-08:00"},
		{"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"},
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"},                                                              // RFC 5322, appendix A.6.3; Python does not know it
		{"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"}, // appendix A.5
		{"1 Jan 2000 00:00 +0000", "2000-01-01T00:00:00Z"},
		{"Sat, 29 Feb 2020 23:59:59 +1400", "2020-02-29T23:59:59+14:00"},
		{"Sun, 29 Feb 2021 23:59:59 +0000", ""},
		{"Wed, 31 Dec 1997 23:59:59 -1200", "1997-12-31T23:59:59-12:00"},
		{"Thu, 01 Jan 1970 00:00:00 -0000", "1970-01-01T00:00:00Z"},
		{"Thu, 1 Jan 70 00:00:00 GMT", "1970-01-01T00:00:00Z"},
		{"1 Jan 49 00:00:00 GMT", "2049-01-01T00:00:00Z"},
		{"1 Jan 50 00:00:00 GMT", "1950-01-01T00:00:00Z"}, // RFC 5322, section 4.3; Python says 2050
		{"Mon, 20 Jun 2005 07:59:21 PDT", "2005-06-20T07:59:21-07:00"},
		{"Mon, 20 Jun 2005 07:59:21 PST", "2005-06-20T07:59:21-08:00"},
		{"Mon, 20 Jun 2005 07:59:21 MDT", "2005-06-20T07:59:21-06:00"},
		{"Mon, 20 Jun 2005 07:59:21 MST", "2005-06-20T07:59:21-07:00"},
		{"Mon, 20 Jun 2005 07:59:21 CDT", "2005-06-20T07:59:21-05:00"},
		{"Mon, 20 Jun 2005 07:59:21 CST", "2005-06-20T07:59:21-06:00"},
		{"Mon, 20 Jun 2005 07:59:21 EDT", "2005-06-20T07:59:21-04:00"},
		{"Mon, 20 Jun 2005 07:59:21 EST", "2005-06-20T07:59:21-05:00"},
		{"Mon, 20 Jun 2005 07:59:21 UT", "2005-06-20T07:59:21Z"},
		{"Mon, 20 Jun 2005 07:59:21 Z", "2005-06-20T07:59:21Z"},
		{"Mon, 20 Jun 2005 07:59:21 +0530", "2005-06-20T07:59:21+05:30"},
		{"Mon, 20 Jun 2005 07:59:21 -0930", "2005-06-20T07:59:21-09:30"},
		{"Mon, 20 Jun 2005 07:59:21 +0545", "2005-06-20T07:59:21+05:45"},
		{"mon, 20 jun 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"MON, 20 JUN 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"Mon,20 Jun 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"Mon 20 Jun 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"20 June 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"Mon, 20 September 2005 7:59:21 +0000", "2005-09-20T07:59:21Z"},
		{"Mon, 20 Jun 2005 7:9:1 +0000", "2005-06-20T07:09:01Z"},
		{"20-Jun-2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"Mon, 20-Jun-05 07:59:21 GMT", "2005-06-20T07:59:21Z"},
		{"Mon Jun 20 07:59:21 2005", "2005-06-20T07:59:21Z"},
		{"Mon Jun 20 07:59:21 2005 +0200", "2005-06-20T07:59:21+02:00"},         // ISO 8601; Python loses the zone
		{"Mon, 20 Jun 2005 07.59.21 +0200", "2005-06-20T07:59:21+02:00"},        // ISO 8601; Python loses the zone
		{"Mon, 20 Jun 2005 07:59:21 +0200 (CEST)", "2005-06-20T07:59:21+02:00"}, // ISO 8601; Python loses the zone
		{"Mon, 20 Jun 2005 07:59:21 (CEST) +0200", "2005-06-20T07:59:21+02:00"}, // Python loses the zone behind a comment
		{"Mon, 20 Jun 2005\r\n 07:59:21\r\n\t+0200", "2005-06-20T07:59:21+02:00"},
		{"(a) Mon (b) , (c) 20 (d) Jun 2005 07:59:21 +0200", "2005-06-20T07:59:21+02:00"}, // Python knows no comment in front
		{"Mon, 20 Jun 2005 24:00:00 +0000", ""},
		{"Mon, 20 Jun 2005 07:60:00 +0000", ""},
		{"Mon, 20 Jun 2005 07:59:61 +0000", ""},
		{"Mon, 32 Jun 2005 07:59:21 +0000", ""},
		{"Mon, 0 Jun 2005 07:59:21 +0000", ""},
		{"Mon, 31 Jun 2005 07:59:21 +0000", ""},
		{"Mon, 20 Foo 2005 07:59:21 +0000", ""},
		{"Jun 20, 2005 07:59:21 +0000", "2005-06-20T07:59:21Z"},
		{"Mon, 20 Jun 105 07:59:21 +0000", "2005-06-20T07:59:21Z"},        // RFC 5322, section 4.3: years of three digits are since 1900
		{"Mon, 20 Jun 2005", "2005-06-20T00:00:00Z"},                      // the day is there
		{"20 Jun 2005 +0000", "2005-06-20T00:00:00Z"},                     // likewise
		{"Mon, 20 Jun 2005 07:59:21 +02:00", "2005-06-20T07:59:21+02:00"}, // ISO 8601; Python loses the zone
		{"Mon, 20 Jun 2005 07:59:21 +02", "2005-06-20T07:59:21+02:00"},    // likewise
		{"Mon, 20 Jun 2005 07:59:21 +0060", ""},                           // no such offset
		{"Mon, 20 Jun 2005 07:59:21 A", "2005-06-20T07:59:21Z"},
		{"Mon, 20 Jun 2005 07:59:21 +0000 extra", "2005-06-20T07:59:21Z"},
		{"07:59:21 20 Jun 2005 +0000", "2005-06-20T07:59:21Z"},        // in another order
		{"Mon, 20 Jun 2005 07:59:21.5 +0000", "2005-06-20T07:59:21Z"}, // fractions of a second, as some programs write
	} {
		got := ""
		if d, ok := ParseDate(tt.raw); ok {
			got = d.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// TestDatesThatAreNone are texts that look like a date and must not become one.
func TestDatesThatAreNone(t *testing.T) {
	for name, raw := range map[string]string{
		"two times":                        "Mon, 20 Jun 2005 07:59:21 08:00:00 +0000",
		"a time of four parts":             "Mon, 20 Jun 2005 07:59:21:00 +0000",
		"a letter in the hour":             "Mon, 20 Jun 2005 0x:59:21 +0000",
		"a letter in the minute":           "Mon, 20 Jun 2005 07:5x:21 +0000",
		"a letter in the second":           "Mon, 20 Jun 2005 07:59:2x:1 +0000",
		"a hexadecimal time":               "Mon, 20 Jun 2005 0x07:0x3b +0000",
		"a time that begins with a zone":   "Mon, 20 Jun 2005 07Z:59:21",
		"an hour alone":                    "Mon, 20 Jun 2005 07: +0000",
		"a date of two parts":              "20/06 07:59:21",
		"a date of four parts":             "20-Jun-2005-1 07:59:21 +0000",
		"three numbers and no month":       "20 06 2005 07:59:21 +0000",
		"a number too many":                "Mon, 20 Jun 2005 12 07:59:21 +0000",
		"a year of five digits":            "Mon, 20 Jun 12005 07:59:21 +0000",
		"a month of ISO 8601 that is none": "2005-13-20T07:59:21Z",
		"a day of ISO 8601 that is none":   "2005-06-31T07:59:21Z",
		"a zone alone":                     "+0200",
		"comments alone":                   "(Mon, 20 Jun 2005 07:59:21 +0000)",
	} {
		if d, ok := ParseDate(raw); ok {
			t.Errorf("%s: %q is %v", name, raw, d)
		}
	}
}
