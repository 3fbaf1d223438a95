package message

import (
	"fmt"
	"strings"
	"testing"
)

func TestBodyTextUpToAgreesWithBodyText(t *testing.T) {
	html := "<html><body>\n\n<p>one</p>  <p>two <b>three</b></p><br><br>   <div>four</div>" + strings.Repeat(" ", 50) + "</body></html>"
	for _, raw := range []string{
		"Content-Type: text/html\r\n\r\n" + html,
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + html + "\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>second</p>\r\n--b--\r\n",
		"Content-Type: text/plain\r\n\r\njust text\r\n",
	} {
		whole := Parse([]byte(raw), DefaultLimits()).BodyText()
		for most := range len(whole) + 3 {
			got := Parse([]byte(raw), DefaultLimits()).BodyTextUpTo(most)
			if fmt.Sprint(len(got) > most) != fmt.Sprint(len(whole) > most) || got[:min(most, len(got))] != whole[:min(most, len(whole))] {
				t.Errorf("up to %d: %q, whole %q", most, got, whole)
			}
		}
	}
}
