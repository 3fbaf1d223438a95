package content_test

import (
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// hiddenTargets are attachments that take who opens them to http://evil.example/x, and do not
// say so in plain. To add one, add a line.
var hiddenTargets = []struct{ mediaType, name, data string }{
	{"text/html", "a.html", `<html><script>location="http://evil.example/x"</script>`},
	{"text/html", "a.html", `<html><script>location=atob("aHR0cDovL2V2aWwuZXhhbXBsZS94")</script>`},
	{"text/plain", "a.html", `<html><script>location=atob("aHR0cDovL2V2aWwuZXhhbXBsZS94")</script>`},
	{"text/plain", "a.htm", `<html><a href="&#104;ttp://evil.example/x">x</a>`},
	{"text/plain", "notes.txt", `<html><a href="&#104;ttp://evil.example/x">x</a>`},
	{"application/octet-stream", "a.hta", `<html><body onload="location='http:\/\/evil.example\/x'">`},
	{"image/svg+xml", "a.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>location.href="http://evil.example/x"</script></svg>`},
	{"application/javascript", "a.js", `var u="ht"+"tp://evil.example"+"/x"`},
	{"text/plain", "a.js", `var u="\x68ttp://evil.example/x"`},
	{"text/plain", "a.vbs", `u = "ht" & "tp://evil.example" & "/x"`},
	{"application/octet-stream", "a.ps1", `iwr ("http://evil" + ".example/x")`},
	{"application/octet-stream", "a.wsf", `<job><script language="JScript">x.open("GET","http:\/\/evil.example/x")</script></job>`},
	{"text/calendar", "a.ics", "BEGIN:VCALENDAR\r\nATTACH;FMTTYPE=text/html;ENCODING=BASE64;VALUE=BINARY:PGEgaHJlZj0iaHR0cDovL2V2aWwuZXhhbXBsZS94Ij54PC9hPg==\r\nEND:VCALENDAR\r\n"},
}

// TestHiddenTargets holds that the filters on text see where these attachments lead.
func TestHiddenTargets(t *testing.T) {
	for _, c := range hiddenTargets {
		for _, encoded := range []bool{false, true} {
			raw := carrier(c.mediaType, named(c.name), encoded, []byte(c.data))
			found := slices.Collect(content.Searchable(message.Parse(raw, message.DefaultLimits()), message.DefaultLimits()))
			if !strings.Contains(strings.Join(found, "\n"), "http://evil.example/x") {
				t.Errorf("%s %s %s: the target is not found in %q", c.mediaType, c.name, c.data, found)
			}
		}
	}
}
