package message

import (
	"strconv"
	"strings"
	"time"
)

// ParseDate reads a date-time of RFC 5322, section 3.3, with its obsolete
// forms (section 4.3: two-digit years, named zones, comments) and what programs
// write instead (asctime, ISO 8601, missing zones: UTC). The result keeps the
// offset. It is false when no full date can be read.
func ParseDate(s string) (time.Time, bool) {
	if len(s) > maxCommented {
		return time.Time{}, false
	}
	s, _ = dropComments(s)
	if s = strings.Join(strings.Fields(s), " "); len(s) > maxDate {
		return time.Time{}, false
	}
	s = aroundColons.Replace(s)
	d := dateParts{day: -1, month: -1, year: -1, zone: unknownZone}
	for _, w := range strings.FieldsFunc(splitISO(s), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\r' || r == '\n' }) {
		d.word(w)
	}
	return d.time()
}

const (
	maxDate      = 200      // the longest text that is read as a date, bytes
	maxCommented = 64 << 10 // with its comments, which may be of any length (RFC 5322, section 3.2.2)
)

const unknownZone = 1 << 30

// aroundColons takes the blanks in a time away (RFC 5322, section 4.3: obs-hour).
var aroundColons = strings.NewReplacer(" : ", ":", " :", ":", ": ", ":")

type dateParts struct {
	day, month, year   int
	hour, minute, sec  int
	zone               int // seconds east of UTC
	timed, bad, pm, am bool
}

// splitISO parts the T of an ISO 8601 time from its date.
func splitISO(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 11 && (s[10] == 'T' || s[10] == 't') && s[4] == '-' && s[7] == '-' {
		return s[:10] + " " + s[11:]
	}
	return s
}

func (d *dateParts) word(w string) {
	if len(w) > 4 && (w[3] == '+' || w[3] == '-') && (strings.EqualFold(w[:3], "UTC") || strings.EqualFold(w[:3], "GMT")) {
		w = w[3:] // UTC+0200 means +0200
	}
	if !d.timed && len(w) == len("10.00.00") && w[2] == '.' && w[5] == '.' && isDigit(w[0]) && d.day >= 0 {
		w = strings.ReplaceAll(w, ".", ":") // as some countries write a time
	}
	switch {
	case strings.ContainsRune(w, ':') && isDigit(w[0]):
		d.clock(w)
	case (w[0] == '+' || w[0] == '-') && len(w) > 1 && d.zone == unknownZone:
		d.offset(w)
	case isDigit(w[0]) && strings.ContainsAny(w, "-/") || strings.Count(w, "-") == 2:
		d.joined(w)
	case isDigit(w[0]):
		d.number(w)
	default:
		d.named(w)
	}
}

// clock reads hh:mm[:ss[.fff]], with a zone behind it in ISO 8601.
func (d *dateParts) clock(w string) {
	if i := strings.IndexAny(w, "+-Zz"); i > 0 {
		d.named(w[i:])
		w = w[:i]
	}
	w = strings.ToLower(w)
	if rest, ok := strings.CutSuffix(w, "pm"); ok {
		w, d.pm = rest, true
	} else if rest, ok := strings.CutSuffix(w, "am"); ok {
		w, d.am = rest, true
	}
	if i := strings.IndexFunc(w, func(r rune) bool { return r >= 'a' && r <= 'z' }); i > 0 { // 01:32:00GMT
		d.bad = d.bad || strings.Contains(w[i:], ":") // 0x:59:21
		d.named(w[i:])
		w = w[:i]
	}
	w, _, _ = strings.Cut(w, ".")
	f := strings.Split(w, ":")
	if len(f) < 2 || len(f) > 3 || d.timed {
		d.bad = true
		return
	}
	d.timed = true
	for i, p := range []*int{&d.hour, &d.minute, &d.sec} {
		if i < len(f) {
			*p = d.atoi(f[i])
		}
	}
}

func (d *dateParts) atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || len(s) > 4 {
		d.bad = true
		return 0
	}
	return n
}

// offset reads +hhmm, +hh:mm and +hh.
func (d *dateParts) offset(w string) {
	digits := strings.ReplaceAll(w[1:], ":", "")
	if len(digits) == 1 || len(digits) == 3 {
		digits = "0" + digits
	}
	if len(digits) == 2 {
		digits += "00"
	}
	n := d.atoi(digits)
	if len(digits) != 4 || n%100 > 59 || n/100 > 23 {
		d.bad = true
	}
	if d.zone = (n/100*60 + n%100) * 60; w[0] == '-' {
		d.zone = -d.zone
	}
}

// joined reads 2026-11-23, 23-Nov-2026 and 23/Nov/26.
func (d *dateParts) joined(w string) {
	f := strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '/' })
	if len(f) != 3 {
		d.bad = true
		return
	}
	if len(f[0]) == 4 {
		d.year, d.month, d.day = d.atoi(f[0]), d.atoi(f[1])-1, d.atoi(f[2])
		return
	}
	for _, x := range f {
		d.word(x)
	}
}

func (d *dateParts) number(w string) {
	n := d.atoi(w)
	switch {
	case d.day < 0 && len(w) <= 2:
		d.day = n
	case d.year < 0:
		d.year = fullYear(n, len(w))
	default:
		d.bad = true
	}
}

// fullYear follows RFC 5322, section 4.3.
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n < 50:
		return n + 2000
	case digits == 2 || digits == 3:
		return n + 1900
	}
	return n
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// zones are the named ones of RFC 5322, section 4.3, and a few of the field; hours.
var zones = map[string]float64{
	"ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "ist": 5.5, "hkt": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11,
}

func (d *dateParts) named(w string) {
	if (w[0] == '+' || w[0] == '-') && len(w) > 1 {
		d.offset(w)
		return
	}
	low := strings.ToLower(strings.TrimSuffix(w, "."))
	if z, ok := zones[low]; ok {
		if d.zone == unknownZone {
			d.zone = int(z * 3600)
		}
		return
	}
	if rest, ok := strings.CutPrefix(low, "gmt"); ok && len(rest) > 1 && (rest[0] == '+' || rest[0] == '-') {
		d.offset(rest)
		return
	}
	if low == "am" || low == "pm" {
		d.am, d.pm = low == "am", low == "pm"
		return
	}
	if len(low) < 3 {
		return
	}
	if i := strings.Index(monthNames, low[:3]); i >= 0 && i%3 == 0 && d.month < 0 {
		d.month = i / 3
	}
}

// time checks the parts against each other.
func (d *dateParts) time() (time.Time, bool) {
	if d.pm && d.hour < 12 {
		d.hour += 12
	} else if d.am && d.hour == 12 {
		d.hour = 0
	}
	if d.bad || d.day < 1 || d.month < 0 || d.month > 11 || d.year < 1900 || d.year > 9999 || d.hour > 23 || d.minute > 59 || d.sec > 60 {
		return time.Time{}, false
	}
	loc := time.UTC
	if d.zone != unknownZone && d.zone != 0 {
		loc = time.FixedZone("", d.zone)
	}
	t := time.Date(d.year, time.Month(d.month+1), d.day, d.hour, d.minute, min(d.sec, 59), 0, loc)
	if t.Day() != d.day {
		return time.Time{}, false
	}
	return t, true
}
