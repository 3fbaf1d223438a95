package mailboxtest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Answer does what a decent server does with a command; false: the connection ends.
func (c *ScriptConn) Answer(cmd Command) bool {
	o := c.Script.now()
	switch cmd.Name {
	case "CAPABILITY":
		c.Say("* CAPABILITY %s\r\n", o.Capabilities)
	case "STARTTLS":
		return c.startTLS(cmd, o)
	case "AUTHENTICATE":
		if len(strings.Fields(cmd.Args)) < 2 {
			c.Say("+ \r\n")
			if _, err := c.in.ReadString('\n'); err != nil {
				return false
			}
		}
	case "SELECT", "EXAMINE":
		return c.open(cmd, o)
	case "LIST", "LSUB":
		c.Say("* LIST () \"/\" INBOX\r\n")
	case "STATUS":
		c.Say("* STATUS INBOX (MESSAGES %d UNSEEN %d UIDNEXT %d UIDVALIDITY %d)\r\n", len(o.Emails), len(unseen(o.Emails)), uidNext(o.Emails), o.UIDValidity)
	case "SEARCH", "UID SEARCH":
		c.search(cmd, o)
	case "FETCH", "UID FETCH":
		c.Fetch(cmd, nil)
	case "STORE", "UID STORE":
		c.store(cmd)
	case "ID":
		c.Say("* ID NIL\r\n")
	case "IDLE":
		c.Say("+ idling\r\n")
		if _, err := c.in.ReadString('\n'); err != nil {
			return false
		}
	case "LOGOUT":
		c.Say("* BYE bye\r\n")
		c.OK(cmd)
		return false
	case "LOGIN", "NOOP", "ENABLE", "CLOSE", "UNSELECT", "CHECK":
	default:
		c.Say("%s BAD unknown command\r\n", cmd.Tag)
		return true
	}
	c.OK(cmd)
	return true
}

func (c *ScriptConn) startTLS(cmd Command, o ScriptOptions) bool {
	if o.StartTLS == nil {
		c.Say("%s BAD no STARTTLS here\r\n", cmd.Tag)
		return true
	}
	c.Say("%s OK begin TLS\r\n", cmd.Tag)
	c.secure(o.StartTLS)
	return true
}

func (c *ScriptConn) open(cmd Command, o ScriptOptions) bool {
	mode := "READ-WRITE"
	if cmd.Name == "EXAMINE" {
		mode = "READ-ONLY"
	}
	if !strings.EqualFold(strings.Trim(strings.Fields(cmd.Args + " x")[0], `"`), "INBOX") {
		c.Say("%s NO [NONEXISTENT] no such folder\r\n", cmd.Tag)
		return true
	}
	c.Say("* FLAGS (\\Seen \\Flagged)\r\n* %d EXISTS\r\n* 0 RECENT\r\n", len(o.Emails))
	if o.UIDValidity != 0 {
		c.Say("* OK [UIDVALIDITY %d] ok\r\n", o.UIDValidity)
	}
	c.Say("* OK [UIDNEXT %d] ok\r\n%s OK [%s] done\r\n", uidNext(o.Emails), cmd.Tag, mode)
	return true
}

func uidNext(emails []ScriptMail) uint32 {
	if len(emails) == 0 {
		return 1
	}
	return emails[len(emails)-1].UID + 1
}

func unseen(emails []ScriptMail) []ScriptMail {
	return slices.DeleteFunc(slices.Clone(emails), func(m ScriptMail) bool { return m.HasFlag(`\Seen`) })
}

var (
	uidKey     = expression(`(?i)\bUID ([\d:*,]+)`)
	unseenKey  = expression(`(?i)\bUNSEEN\b`)
	returnKey  = expression(`(?i)^RETURN \(`)
	partKey    = expression(`<(\d+)\.(\d+)>`)
	sectionKey = expression(`(?i)BODY(?:\.PEEK)?(\[[^\]]*\])`)
	fieldsKey  = expression(`(?i)\[HEADER\.FIELDS \(([^)]*)\)\]`)
)

// search answers UNSEEN and UID sets; it takes every other key as true.
func (c *ScriptConn) search(cmd Command, o ScriptOptions) {
	found := o.Emails
	if m := uidKey().FindStringSubmatch(cmd.Args); m != nil {
		found = selected(found, m[1], true)
	}
	if unseenKey().MatchString(cmd.Args) {
		found = unseen(found)
	}
	numbers := make([]string, 0, len(found))
	for _, m := range found {
		n := m.UID
		if cmd.Name == "SEARCH" {
			n = sequence(o.Emails, m.UID)
		}
		numbers = append(numbers, fmt.Sprint(n))
	}
	switch {
	case !returnKey().MatchString(cmd.Args):
		c.Say("* SEARCH %s\r\n", strings.Join(numbers, " "))
	case len(numbers) == 0:
		c.Say("* ESEARCH (TAG %q) UID\r\n", cmd.Tag)
	default:
		c.Say("* ESEARCH (TAG %q) UID ALL %s\r\n", cmd.Tag, strings.Join(numbers, ","))
	}
}

func sequence(emails []ScriptMail, uid uint32) uint32 {
	return uint32(slices.IndexFunc(emails, func(m ScriptMail) bool { return m.UID == uid })) + 1
}

// selected are the emails of a set of UIDs or sequence numbers. As RFC 9051
// (section 9, seq-range) has it, "n:*" always holds the last email.
func selected(emails []ScriptMail, set string, byUID bool) []ScriptMail {
	var found []ScriptMail
	for i, m := range emails {
		number, last := uint64(i+1), uint64(len(emails))
		if byUID {
			number, last = uint64(m.UID), uint64(emails[len(emails)-1].UID)
		}
		if inSet(number, last, set) {
			found = append(found, m)
		}
	}
	return found
}

func inSet(number, last uint64, set string) bool {
	value := func(text string) uint64 {
		if text == "*" {
			return last
		}
		n, _ := strconv.ParseUint(text, 10, 64)
		return n
	}
	for _, part := range strings.Split(set, ",") {
		first, second, isRange := strings.Cut(part, ":")
		from, to := value(first), value(first)
		if isRange {
			to = value(second)
		}
		if min(from, to) <= number && number <= max(from, to) {
			return true
		}
	}
	return false
}

// Selected are the emails that a FETCH or STORE names.
func (c *ScriptConn) Selected(cmd Command) []ScriptMail {
	set, _, _ := strings.Cut(cmd.Args, " ")
	return selected(c.Script.Emails(), set, strings.HasPrefix(cmd.Name, "UID "))
}

// WantsBody reports whether a command fetches whole emails.
func (cmd Command) WantsBody() bool {
	return strings.HasSuffix(cmd.Name, "FETCH") && strings.Contains(cmd.Args, "[]")
}

// Fetch answers a FETCH up to the tagged line, each email's answer through
// alter where that is set; an answer of "" is left out.
func (c *ScriptConn) Fetch(cmd Command, alter func(m ScriptMail, answer string) string) {
	all := c.Script.Emails()
	for _, m := range c.Selected(cmd) {
		answer := FetchAnswer(sequence(all, m.UID), m, cmd)
		if alter != nil {
			answer = alter(m, answer)
		}
		if answer != "" && !c.Write([]byte(answer)) {
			return
		}
	}
}

// FetchAnswer is the right answer for one email.
func FetchAnswer(sequence uint32, m ScriptMail, cmd Command) string {
	size, date := m.Size, m.Date
	if size == 0 {
		size = int64(len(m.Raw))
	}
	if date == "" {
		date = scriptDate
	}
	var b strings.Builder
	fmt.Fprintf(&b, "* %d FETCH (UID %d", sequence, m.UID)
	for _, item := range []struct{ name, value string }{
		{"FLAGS", "(" + strings.Join(m.Flags, " ") + ")"},
		{"INTERNALDATE", `"` + date + `"`},
		{"RFC822.SIZE", fmt.Sprint(size)},
	} {
		if strings.Contains(strings.ToUpper(cmd.Args), item.name) {
			fmt.Fprintf(&b, " %s %s", item.name, item.value)
		}
	}
	if section := sectionKey().FindStringSubmatch(cmd.Args); section != nil {
		name, body := partOf(section[1], cmd.Args, m.Raw)
		fmt.Fprintf(&b, " BODY%s {%d}\r\n%s", name, len(body), body)
	}
	b.WriteString(")\r\n")
	return b.String()
}

// partOf returns the section and the origin to be named, and the bytes.
func partOf(section, args string, raw []byte) (name string, body []byte) {
	name, body = section, raw
	if strings.HasPrefix(strings.ToUpper(section), "[HEADER") {
		body = headerOf(raw)
		if m := fieldsKey().FindStringSubmatch(section); m != nil {
			body = fieldsOf(body, strings.Fields(m[1]))
		}
	}
	if m := partKey().FindStringSubmatch(args); m != nil {
		from, _ := strconv.Atoi(m[1])
		n, _ := strconv.Atoi(m[2])
		from = min(from, len(body))
		name, body = fmt.Sprintf("%s<%d>", section, from), body[from:min(from+n, len(body))]
	}
	return name, body
}

// headerOf is the header block with its empty line.
func headerOf(raw []byte) []byte {
	if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
		return raw[:end+4]
	}
	return raw
}

// fieldsOf are the fields of these names, folds included, and the empty line.
func fieldsOf(header []byte, names []string) []byte {
	var out []byte
	keep := false
	for line := range bytes.Lines(header) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(string(line), ":")
			keep = slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(strings.Trim(n, `"`), name) })
		}
		if keep {
			out = append(out, line...)
		}
	}
	return append(out, "\r\n"...)
}

var storeKey = expression(`(?i)^\S+ ([+-]?)FLAGS(\.SILENT)? \(?([^)]*)\)?`)

// store changes flags and tells of them unless asked not to.
func (c *ScriptConn) store(cmd Command) {
	m := storeKey().FindStringSubmatch(cmd.Args)
	if m == nil {
		return
	}
	chosen := c.Selected(cmd)
	c.Script.Change(func(o *ScriptOptions) {
		for i := range o.Emails {
			if slices.ContainsFunc(chosen, func(s ScriptMail) bool { return s.UID == o.Emails[i].UID }) {
				o.Emails[i].Flags = changedFlags(o.Emails[i].Flags, m[1], strings.Fields(m[3]))
			}
		}
	})
	if m[2] != "" {
		return
	}
	all := c.Script.Emails()
	for _, mail := range c.Selected(cmd) {
		c.Say("* %d FETCH (UID %d FLAGS (%s))\r\n", sequence(all, mail.UID), mail.UID, strings.Join(mail.Flags, " "))
	}
}

func changedFlags(have []string, how string, flags []string) []string {
	if how == "" {
		return flags
	}
	have = slices.DeleteFunc(slices.Clone(have), func(f string) bool { return slices.Contains(flags, f) })
	if how == "+" {
		have = append(have, flags...)
	}
	return have
}
