package mailbox_test

import (
	"strings"
	"testing"

	"example.org/imap-integration/mailbox"
)

// TestAdviceFitsTheCause holds that what a person is told to do depends on why the
// server refused, and not only on what it refused.
func TestAdviceFitsTheCause(t *testing.T) {
	for name, c := range map[string]struct {
		command, answer string
		folder          string
		kind            mailbox.Kind
		next            string
	}{
		"a folder that is not there": {"SELECT", "NO [NONEXISTENT] no such mailbox", "Phish", mailbox.NoFolder, `the nearest names are "Phishing"`},
		"a folder without rights":    {"SELECT", "NO [NOPERM] permission denied", "Phishing", mailbox.NoFolder, "give the user the right to it"},
		"a folder that is damaged":   {"SELECT", "NO [CORRUPTION] index is broken", "Phishing", mailbox.NoFolder, "repair the folder"},
		"a folder that is there":     {"SELECT", "NO cannot", "Phishing", mailbox.NoFolder, "the folder is there: check the user's rights"},
		"INBOX in other letters":     {"SELECT", "NO cannot", "inbox", mailbox.NoFolder, "the folder is there"},
		"a folder of folders":        {"SELECT", "NO cannot", "Reports", mailbox.NoFolder, "only holds other folders"},
		"an unsafe login":            {"SELECT", "NO SELECT Unsafe Login. Please contact kefu@188.com for help", "INBOX", mailbox.NoFolder, "authorization code"},
		"a server that is busy":      {"SELECT", "NO [UNAVAILABLE] backend is down", "INBOX", mailbox.Unavailable, "run again in some minutes"},
		"a wrong password":           {"AUTHENTICATE", "NO [AUTHENTICATIONFAILED] no", "INBOX", mailbox.AuthFailed, "check username and password"},
		"a user without rights":      {"AUTHENTICATE", "NO [AUTHORIZATIONFAILED] no", "INBOX", mailbox.AuthFailed, "the credentials are right"},
		"a password that is over":    {"AUTHENTICATE", "NO [EXPIRED] no", "INBOX", mailbox.AuthFailed, "has expired"},
		"an administrator's word":    {"AUTHENTICATE", "NO [CONTACTADMIN] no", "INBOX", mailbox.AuthFailed, "ask the administrator"},
		"a login in clear":           {"AUTHENTICATE", "NO [PRIVACYREQUIRED] no", "INBOX", mailbox.AuthDisabled, "set connection_security"},
		"IMAP switched off":          {"AUTHENTICATE", "NO IMAP access is disabled", "INBOX", mailbox.AuthFailed, "enable IMAP"},
		"a program error":            {"AUTHENTICATE", "NO [SERVERBUG] oops", "INBOX", mailbox.Unavailable, "see the mail server's log"},
	} {
		s := startScript(t, 1, func(conn *scriptConn, tag, command string) bool {
			switch {
			case strings.HasPrefix(command, c.command):
				conn.say("%s %s\r\n", tag, c.answer)
			case strings.HasPrefix(command, "LIST"):
				conn.say("* LIST () \"/\" INBOX\r\n* LIST () \"/\" Phishing\r\n* LIST (\\Noselect) \"/\" Reports\r\n%s OK done\r\n", tag)
			default:
				return false
			}
			return true
		})
		conf := s.config(t)
		conf.Folder = c.folder
		_, err := mailbox.Dial(t.Context(), conf)
		if kind(err) != c.kind || !strings.Contains(err.Error(), c.next) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAdviceForMarks holds the same behind the login.
func TestAdviceForMarks(t *testing.T) {
	for answer, next := range map[string]string{
		"NO [NOPERM] no": "give the user the right", "NO [OVERQUOTA] full": "make room", "NO no": "check the server's log", "BAD what": "check the server's log",
	} {
		s := startScript(t, 1, func(conn *scriptConn, tag, command string) bool {
			if strings.HasPrefix(command, "UID STORE") {
				conn.say("%s %s\r\n", tag, answer)
			}
			return strings.HasPrefix(command, "UID STORE")
		})
		f := dial(t, s.config(t))
		if err := f.MarkSeen(t.Context(), []mailbox.UID{1}); kind(err) != mailbox.ServerRefused || !strings.Contains(err.Error(), next) {
			t.Errorf("%s: %v", answer, err)
		}
		_ = f.Close()
	}
}
