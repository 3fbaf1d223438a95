package mailboxtest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one way in which an IMAP server goes wrong, for tests of a folder
// and of whole runs.
type Fault struct {
	Name string
	// Apply makes a script of [FaultEmails] go wrong.
	Apply func(o *ScriptOptions)
	// Lost are the emails whose content this server does not give. All others must come whole in the first run.
	Lost []uint32
	// Stops: the first run may end with an error, having done what it could.
	Stops bool
}

// faultEmails is how many emails [FaultEmails] has; victim is the one that most faults are about.
const (
	faultEmails = 10
	victim      = 4
)

// FaultEmails are ten small emails with the UIDs 1 to 10 and every byte that an email may have.
func FaultEmails() []ScriptMail {
	var emails []ScriptMail
	for uid := uint32(1); uid <= faultEmails; uid++ {
		raw := fmt.Sprintf("From: sender%d@one.example\r\nTo: soc@corp.example\r\nSubject: mail %d\r\nMessage-ID: <m%d@one.example>\r\n"+
			"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nBody %d)\r\n* %d FETCH (UID 99 BODY[] {3}\r\nfoo)\r\nA1 OK done\r\n", uid, uid, uid, uid, uid)
		if uid == victim {
			raw += "NUL \x00, 8 bit \xff, bare LF \n, bare CR \r.\r\n" + strings.Repeat("A longer line of text.\r\n", 200)
		}
		emails = append(emails, ScriptMail{UID: uid, Raw: []byte(raw)})
	}
	return emails
}

// onBody makes a hook for the FETCHes of whole emails.
func onBody(f Hook) Hook {
	return func(c *ScriptConn, cmd Command) bool { return cmd.WantsBody() && f(c, cmd) }
}

// once makes a hook that the first connection has, and none after it.
func once(f Hook) Hook {
	return func(c *ScriptConn, cmd Command) bool { return c.Number == 1 && f(c, cmd) }
}

// altered makes a hook that changes the victim's answer.
func altered(f func(m ScriptMail, answer string) string) Hook {
	return onBody(func(c *ScriptConn, cmd Command) bool {
		c.Fetch(cmd, func(m ScriptMail, answer string) string {
			if m.UID != victim {
				return answer
			}
			return f(m, answer)
		})
		c.OK(cmd)
		return true
	})
}

// alteredAll makes a hook that changes every answer.
func alteredAll(f func(m ScriptMail, answer string) string) Hook {
	return onBody(func(c *ScriptConn, cmd Command) bool {
		c.Fetch(cmd, f)
		c.OK(cmd)
		return true
	})
}

// replacing changes the first occurrence of a text in the victim's answer.
func replacing(old, with string) Hook {
	return altered(func(_ ScriptMail, answer string) string { return strings.Replace(answer, old, with, 1) })
}

// breaking makes a hook that sends half of the victim's mail, and then does something; on the first connection only.
func breaking(how func(c *ScriptConn)) Hook {
	return once(onBody(func(c *ScriptConn, cmd Command) bool {
		broken := false
		c.Fetch(cmd, func(m ScriptMail, answer string) string {
			if broken || m.UID != victim {
				return answer[:len(answer)*b2i(!broken)]
			}
			broken = true
			c.Write([]byte(answer[:len(answer)/2]))
			how(c)
			return ""
		})
		if !broken {
			c.OK(cmd)
		}
		return true
	}))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// expression compiles a regular expression when it is first used: the program
// holds this package for demo, and every other command starts with it too.
func expression(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var literalHead = expression(`\{\d+\}`)

// literalOf changes the size that the victim's literal claims.
func literalOf(size string) func(ScriptMail, string) string {
	return func(_ ScriptMail, answer string) string {
		at := literalHead().FindStringIndex(answer)
		if at == nil {
			return answer
		}
		return answer[:at[0]] + size + answer[at[1]:]
	}
}

// withoutBody puts something in the place of the victim's body.
func withoutBody(value string) func(ScriptMail, string) string {
	return func(m ScriptMail, answer string) string {
		at := literalHead().FindStringIndex(answer)
		if at == nil {
			return answer
		}
		return answer[:at[0]] + value + ")\r\n"
	}
}

// hook makes an Apply that sets the hook.
func hook(h Hook) func(*ScriptOptions) { return func(o *ScriptOptions) { o.Hook = h } }

// Faults are the ways in which IMAP servers go wrong, the bearable and the hostile ones.
func Faults() []Fault {
	return slices.Concat(literalFaults(), connectionFaults(), answerFaults(), folderFaults())
}

// literalFaults lie about bodies.
func literalFaults() []Fault {
	lost := []uint32{victim}
	huge := onBody(func(c *ScriptConn, cmd Command) bool {
		c.Fetch(cmd, func(m ScriptMail, answer string) string {
			if m.UID == victim {
				c.Write([]byte(literalOf("{9999999999}")(m, answer)))
				c.Flood("the same line over and over\r\n", 4_000_000)
				return ""
			}
			return answer
		})
		c.OK(cmd)
		return true
	})
	return []Fault{
		{Name: "a literal of 10 GB", Apply: hook(huge), Lost: lost},
		{Name: "a literal beyond any number", Apply: hook(once(altered(literalOf("{99999999999999999999}"))))},
		{Name: "a negative literal", Apply: hook(once(altered(literalOf("{-1}"))))},
		{Name: "a literal without size", Apply: hook(once(altered(literalOf("{}"))))},
		{Name: "a literal with the client's plus", Apply: hook(altered(func(m ScriptMail, answer string) string {
			return strings.Replace(answer, "}", "+}", 1)
		}))},
		{Name: "a literal8", Apply: hook(replacing("{", "~{"))},
		{Name: "a body of NIL", Apply: hook(altered(withoutBody("NIL"))), Lost: lost},
		{Name: "an empty body", Apply: hook(altered(withoutBody(`""`))), Lost: lost},
		{Name: "no body", Apply: hook(altered(func(m ScriptMail, _ string) string {
			return fmt.Sprintf("* %d FETCH (UID %d FLAGS ())\r\n", m.UID, m.UID)
		})), Lost: lost},
		{Name: "the body before the UID", Apply: hook(altered(func(m ScriptMail, answer string) string {
			answer = strings.Replace(answer, fmt.Sprintf("(UID %d ", m.UID), "(", 1)
			return strings.TrimSuffix(answer, ")\r\n") + fmt.Sprintf(" UID %d)\r\n", m.UID)
		}))},
		{Name: "a body without UID", Apply: hook(altered(func(m ScriptMail, answer string) string {
			return strings.Replace(answer, fmt.Sprintf("(UID %d ", m.UID), "(", 1)
		})), Lost: lost},
		{Name: "a body under a foreign UID", Apply: hook(replacing(fmt.Sprintf("UID %d ", victim), "UID 400 ")), Lost: lost},
		{Name: "a second body", Apply: hook(altered(func(m ScriptMail, answer string) string {
			return answer + fmt.Sprintf("* %d FETCH (UID %d BODY[] {5}\r\nother)\r\n", m.UID, m.UID)
		}))},
		{Name: "sizes that are too small", Apply: func(o *ScriptOptions) {
			for i := range o.Emails {
				o.Emails[i].Size = 1
			}
		}},
		{Name: "sizes of 900 MB", Apply: func(o *ScriptOptions) {
			for i := range o.Emails {
				o.Emails[i].Size = 900_000_000
			}
		}},
	}
}

// connectionFaults end or starve the connection.
func connectionFaults() []Fault {
	line := strings.Repeat("x", 32<<10)
	return []Fault{
		{Name: "BYE in a literal", Apply: hook(breaking(func(c *ScriptConn) { c.Say("\r\n* BYE shutting down\r\n"); c.Hangup() }))},
		{Name: "FIN in a literal", Apply: hook(breaking((*ScriptConn).Hangup))},
		{Name: "RST in a literal", Apply: hook(breaking((*ScriptConn).Reset))},
		{Name: "silence in a literal", Apply: hook(breaking((*ScriptConn).Silence))},
		{Name: "one byte a second in a literal", Apply: hook(breaking(func(c *ScriptConn) {
			for c.Wait(time.Second) && c.Write([]byte("x")) {
			}
		}))},
		{Name: "FIN before the tagged line", Apply: hook(once(onBody(func(c *ScriptConn, cmd Command) bool {
			c.Fetch(cmd, nil)
			c.Hangup()
			return true
		})))},
		{Name: "RST at the FETCH", Apply: hook(once(onBody(func(c *ScriptConn, _ Command) bool { c.Reset(); return true })))},
		{Name: "silence at the FETCH", Apply: hook(once(onBody(func(c *ScriptConn, _ Command) bool { c.Silence(); return true })))},
		{Name: "a line without end", Apply: hook(once(onBody(func(c *ScriptConn, _ Command) bool {
			c.Say("* OK ")
			c.Flood(line, 10_000)
			return true
		})))},
		{Name: "a greeting without end", Stops: true, Apply: func(o *ScriptOptions) {
			o.Greet = func(c *ScriptConn) bool { c.Say("* OK "); c.Flood(line, 10_000); return false }
		}},
		{Name: "a greeting of one byte a second", Stops: true, Apply: func(o *ScriptOptions) {
			o.Greet = func(c *ScriptConn) bool {
				for _, b := range []byte("* OK [CAPABILITY IMAP4rev1] ready when you are\r\n") {
					if !c.Write([]byte{b}) || !c.Wait(time.Second) {
						return false
					}
				}
				return true
			}
		}},
		{Name: "no greeting", Stops: true, Apply: func(o *ScriptOptions) {
			o.Greet = func(c *ScriptConn) bool { c.Silence(); return false }
		}},
		{Name: "BYE as greeting", Stops: true, Apply: func(o *ScriptOptions) { o.Greeting = "* BYE too many connections" }},
		{Name: "silence at the SEARCH", Apply: hook(once(func(c *ScriptConn, cmd Command) bool {
			if !strings.HasSuffix(cmd.Name, "SEARCH") {
				return false
			}
			c.Silence()
			return true
		}))},
		{Name: "the connection ends after every mail", Stops: true, Apply: hook(onBody(func(c *ScriptConn, cmd Command) bool {
			c.Fetch(cmd, func(m ScriptMail, answer string) string {
				c.Write([]byte(answer))
				c.Hangup()
				return ""
			})
			return true
		}))},
		{Name: "another UIDVALIDITY after a broken connection", Stops: true, Apply: hook(func(c *ScriptConn, cmd Command) bool {
			if c.Number == 1 && cmd.WantsBody() {
				c.Script.Change(func(o *ScriptOptions) { o.UIDValidity++ })
				c.Reset()
				return true
			}
			return false
		})},
		{Name: "segments of one byte", Apply: func(o *ScriptOptions) { o.Segment = 1 }},
	}
}

// answerFaults say more, less or something else than was asked.
func answerFaults() []Fault {
	return []Fault{
		{Name: "a million untagged lines", Apply: hook(once(onBody(func(c *ScriptConn, cmd Command) bool {
			c.Flood("* 10 EXISTS\r\n", 500_000)
			c.Flood("* 3 FETCH (FLAGS (\\Seen))\r\n", 500_000)
			return false
		}))), Stops: true},
		{Name: "fewer answers than asked", Apply: hook(onBody(func(c *ScriptConn, cmd Command) bool {
			many := len(c.Selected(cmd)) > 1
			c.Fetch(cmd, func(m ScriptMail, answer string) string {
				if many && m.UID%2 == 0 {
					return ""
				}
				return answer
			})
			c.OK(cmd)
			return true
		}))},
		{Name: "answers in reverse", Apply: hook(onBody(func(c *ScriptConn, cmd Command) bool {
			var all []string
			c.Fetch(cmd, func(_ ScriptMail, answer string) string { all = append(all, answer); return "" })
			for i := len(all) - 1; i >= 0; i-- {
				c.Write([]byte(all[i]))
			}
			c.OK(cmd)
			return true
		}))},
		{Name: "foreign emails", Apply: hook(alteredAll(func(_ ScriptMail, answer string) string {
			return "* 99 FETCH (UID 99 BODY[] {5}\r\nwrong)\r\n" + answer
		}))},
		{Name: "unknown answers and items", Apply: hook(alteredAll(func(_ ScriptMail, answer string) string {
			return "* XFOO bar\r\n* VANISHED 1:3\r\n* NOOP\r\n\r\nCAPABILITY completed.\r\n" +
				strings.Replace(answer, " BODY[", " X-GM-MSGID 12 MODSEQ (12) EMAILID (M1) X-L ((1 \"2 )\") NIL) X-Z {3}\r\nabc BODY[", 1)
		}))},
		{Name: "a structure of 10,000 levels", Apply: hook(replacing(" BODY[", " BODYSTRUCTURE "+strings.Repeat("(", 10_000)+strings.Repeat(")", 10_000)+" BODY["))},
		{Name: "lower case and odd blanks", Apply: hook(alteredAll(func(_ ScriptMail, answer string) string {
			head, body, _ := strings.Cut(answer, "{")
			return strings.ReplaceAll(strings.ToLower(head), " ", "  ") + "{" + body
		}))},
		{Name: "tagged lines without text", Apply: hook(onBody(func(c *ScriptConn, cmd Command) bool {
			c.Fetch(cmd, nil)
			c.Say("%s OK\r\n", cmd.Tag)
			return true
		}))},
		{Name: "an alert with escape sequences", Apply: hook(onBody(func(c *ScriptConn, cmd Command) bool {
			c.Say("* OK [ALERT] \x1b[31mcall 555\x07 now\r\n")
			return false
		}))},
		{Name: "EXPUNGE during the FETCH", Apply: hook(alteredAll(func(m ScriptMail, answer string) string {
			if m.UID == victim {
				return "* 9 EXPUNGE\r\n" + answer
			}
			return answer
		}))},
		{Name: "unreadable dates", Apply: func(o *ScriptOptions) {
			for i, date := range []string{"", "nonsense", "01-Jan-0001 00:00:00 +0000", "31-Dec-9999 23:59:59 +0000", "23-Nov-2026 10:00:00 +2400", "32-Foo-2026 99:99:99 +0000"} {
				o.Emails[i].Date = date
			}
		}},
		{Name: "a SEARCH answer in pieces, with doubles", Apply: hook(func(c *ScriptConn, cmd Command) bool {
			if cmd.Name != "UID SEARCH" || strings.Contains(cmd.Args, "RETURN") {
				return false
			}
			var all bytes.Buffer
			for _, m := range c.Script.Emails() {
				if !m.HasFlag(`\Seen`) {
					fmt.Fprintf(&all, "* SEARCH %d %d\r\n", m.UID, m.UID)
				}
			}
			c.Write(all.Bytes())
			c.OK(cmd)
			return true
		})},
	}
}

// isOpen reports whether a command opens the folder.
func isOpen(cmd Command) bool { return cmd.Name == "SELECT" || cmd.Name == "EXAMINE" }

// opening makes an Apply that answers the opening of the folder with these lines and OK.
func opening(lines string) func(*ScriptOptions) {
	return hook(func(c *ScriptConn, cmd Command) bool {
		if isOpen(cmd) {
			c.Say("* 10 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n%s%s OK done\r\n", lines, cmd.Tag)
		}
		return isOpen(cmd)
	})
}

// folderFaults concern what is around the emails: login, folder, search, flags.
func folderFaults() []Fault {
	storing := func(f func(c *ScriptConn, cmd Command)) Hook {
		return func(c *ScriptConn, cmd Command) bool {
			if cmd.Name != "UID STORE" {
				return false
			}
			f(c, cmd)
			return true
		}
	}
	return []Fault{
		{Name: "UIDNEXT that is lower than the emails", Apply: opening("* OK [UIDNEXT 2] ok\r\n")},
		{Name: "UIDNEXT that is the last number", Apply: opening("* OK [UIDNEXT 4294967295] ok\r\n")},
		{Name: "no UIDNEXT", Apply: opening("")},
		{Name: "capabilities that shrink after the login", Apply: hook(func(c *ScriptConn, cmd Command) bool {
			if cmd.Name != "LOGIN" && cmd.Name != "AUTHENTICATE" {
				return false
			}
			c.Script.Change(func(o *ScriptOptions) { o.Capabilities = "IMAP4rev1" })
			c.Say("%s OK [CAPABILITY IMAP4rev1] done\r\n", cmd.Tag)
			return true
		})},
		// QUIRK(Microsoft 365): says so for a while after a mailbox was moved.
		{Name: "authenticated but not connected", Stops: true, Apply: hook(once(func(c *ScriptConn, cmd Command) bool {
			if isOpen(cmd) {
				c.Say("%s BAD User is authenticated but not connected.\r\n", cmd.Tag)
			}
			return isOpen(cmd)
		}))},
		{Name: "a mail that is gone when it is fetched", Apply: hook(func(c *ScriptConn, cmd Command) bool {
			if cmd.Name != "UID SEARCH" || strings.Contains(cmd.Args, "RETURN") {
				return false
			}
			c.Say("* SEARCH 77\r\n")
			return false
		})},
		{Name: "NO to STORE", Stops: true, Apply: hook(storing(func(c *ScriptConn, cmd Command) { c.Say("%s NO not now\r\n", cmd.Tag) }))},
		{Name: "RST at the STORE", Apply: hook(once(storing(func(c *ScriptConn, _ Command) { c.Reset() })))},
		{Name: "silence at the STORE", Stops: true, Apply: hook(once(storing(func(c *ScriptConn, _ Command) { c.Silence() })))},
	}
}
