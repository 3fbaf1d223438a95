package links

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/nlnwa/whatwg-url/url"
)

// gateways rewrite the links of emails that come in. Where a row has no way to
// undo a link, its maker keeps the target on its own servers.
var gateways = []rewriter{
	{"Microsoft Safe Links", []string{
		".safelinks.protection.outlook.com", ".safelinks.protection.office365.us", ".safelinks.protection.outlook.us",
		".safelinks.protection.outlook.de", ".safelinks.protection.outlook.cn", ".safelinks.protection.partner.outlook.cn", ".safelinks.o365filtering.com",
	}, nil, true, query("url")},
	{"Microsoft Safe Links", []string{".teams.cdn.office.net", ".teams.microsoft.us", ".teams.microsoft.com"}, []string{"/evergreen-assets/safelinks/"}, true, query("url")},
	{"Microsoft Safe Links", []string{".safelink.emails.azure.net", ".safelink.emails.microsoft.com"}, nil, true, query("destination", "url")},
	{"Proofpoint URL Defense 1", []string{"urldefense.proofpoint.com", "urldefense.com", "urldefense.us"}, []string{"/v1/"}, true, query("u")},
	{"Proofpoint URL Defense 2", []string{"urldefense.proofpoint.com", "urldefense.com", "urldefense.us"}, []string{"/v2/"}, true, proofpoint2},
	{"Proofpoint URL Defense 3", []string{"urldefense.com", "urldefense.us", "urldefense.proofpoint.com"}, []string{"/v3/"}, true, proofpoint3},
	{"Proofpoint URL Defense", []string{"urldefense.com", "urldefense.us", "urldefense.proofpoint.com"}, []string{"/v"}, true, opaque},
	{"Proofpoint Isolation", []string{"urlisolation.com", "www.urlisolation.com", "isolation.proofpoint.com"}, []string{"/browser"}, true, query("url")},
	{"Barracuda", []string{"linkprotect.cudasvc.com"}, nil, true, query("a")},
	{"Cisco", []string{"secure-web.cisco.com"}, nil, true, lastSegment},
	{"Trend Micro", []string{".trendmicro.com", ".trendmicro.eu"}, []string{"/wis/clicktime/"}, true, query("url")},
	{"Sophos", []string{".protection.sophos.com"}, nil, true, sophos},
	{"Trellix", []string{"protect.fireeye.com", "protect2.fireeye.com", "us.protect.fireeye.com", ".protect.trellix.com", ".fireeye.com"}, []string{"/v1/url", "/url", "/v2/url"}, true, query("u")},
	{"Symantec", []string{"clicktime.symantec.com", "clicktime.cloud.postoffice.net"}, nil, true, query("u")},
	{"Check Point", []string{"protect.checkpoint.com", "url.avanan.click"}, nil, true, checkPoint},
	{"AppRiver", []string{"link.edgepilot.com"}, nil, true, query("u")},
	{"Mimecast", []string{".mimecast.com"}, []string{"/s/", "/r/", "/redirect/"}, true, opaque},
	{"Mimecast", []string{".mimecastprotect.com", ".mimecast-offshore.com"}, nil, true, opaque},
	{"Hornetsecurity", []string{"atpscan.global.hornetsecurity.com", "seclinks.cloud-security.net"}, nil, true, opaque},
	{"Intermedia", []string{"url.serverdata.net"}, nil, true, opaque},
	{"mail.com dereferrer", []string{"deref-mail.com", "deref-gmx.net", "deref-gmx.com", "deref-web.de", "deref-web-02.de", "deref-1und1.de"}, []string{"/mail/"}, true, query("redirectUrl")},
}

// redirectors are what senders use: large sites that lead on to others, and those that count clicks.
var redirectors = []rewriter{
	{"Google", []string{"google.*", "maps.google.*"}, []string{"/url", "/aclk", "/amp/"}, false, google},
	{"Google", []string{"www.googleadservices.com", ".doubleclick.net"}, []string{"/pagead/", "/pcs/", "/aclk", "/ddm/"}, false, query("adurl", "ds_dest_url")},
	{"Facebook", []string{"l.facebook.com", "lm.facebook.com", "l.messenger.com", "l.instagram.com", "l.threads.net", "l.threads.com", "l.workplace.com", "l.wl.co"}, nil, true, query("u")},
	{"Facebook", []string{"www.facebook.com", "facebook.com", "m.facebook.com"}, []string{"/l.php", "/flx/warn"}, true, query("u")},
	{"LinkedIn", []string{"www.linkedin.com", "linkedin.com"}, []string{"/redir/", "/safety/go", "/redirect"}, false, query("url", "urlHash")},
	{"LinkedIn", []string{"www.linkedin.com", "linkedin.com"}, []string{"/slink"}, true, opaque},
	{"LinkedIn", []string{"lnkd.in"}, nil, true, opaque},
	{"Slack", []string{"slack-redir.net", "www.slack-redir.net"}, []string{"/link"}, true, query("url")},
	{"YouTube", []string{"www.youtube.com", "youtube.com", "m.youtube.com"}, []string{"/redirect"}, true, query("q")},
	{"Bing", []string{"www.bing.com", "bing.com"}, []string{"/ck/"}, true, bing},
	{"Yahoo", []string{"r.search.yahoo.com"}, nil, true, yahoo},
	{"DuckDuckGo", []string{"duckduckgo.com"}, []string{"/l/"}, false, query("uddg")},
	{"VK", []string{"vk.com", "m.vk.com"}, []string{"/away.php"}, true, query("to")},
	{"Reddit", []string{"out.reddit.com"}, nil, true, query("url")},
	{"Steam", []string{"steamcommunity.com"}, []string{"/linkfilter"}, true, query("url", "u")},
	{"Mandrill", []string{"mandrillapp.com", ".mandrillapp.com"}, []string{"/track/click"}, true, mandrill},
	{"Amazon SES", []string{".awstrack.me"}, []string{"/L0/"}, true, amazon},
	{"Postmark", []string{"click.pstmrk.it"}, []string{"/2s/", "/3s/", "/2/", "/3/"}, true, postmark},
	{"SendGrid", []string{".sendgrid.net"}, []string{"/ls/", "/wf/", "/ss/", "/uni/"}, true, opaque},
	{"Mailchimp", []string{".list-manage.com"}, []string{"/track/click"}, true, opaque},
	{"HubSpot", []string{".hubspotlinks.com", ".hubspotlinksfree.com", ".hs-sites.com"}, []string{"/Ctc/", "/ctc/", "/e3t/"}, true, opaque},
}

func opaque(*url.Url) (string, bool) { return "", false }

func proofpoint2(u *url.Url) (string, bool) {
	v, ok := parameter(u, "u")
	return percentDecode(strings.NewReplacer("-", "%", "_", "/").Replace(v)), ok
}

// proofpoint3 reads …/v3/__URL__;BASE64!!…: each * of the URL stands for the next
// character of what is in base64, ** and a letter for several of them.
func proofpoint3(u *url.Url) (string, bool) {
	path := u.Pathname() + u.Search() + u.Hash()
	_, rest, ok := strings.Cut(path, "/v3/__")
	if !ok {
		return "", false
	}
	end := strings.LastIndex(rest, "__;")
	if end < 0 {
		return "", false
	}
	encoded, replaced := percentDecodeStars(rest[:end]), rest[end+len("__;"):]
	replaced, _, _ = strings.Cut(replaced, "!")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(replaced, "="))
	if err != nil || !utf8.Valid(raw) {
		return "", false
	}
	target, ok := fillStars(encoded, []rune(string(raw)))
	scheme, rest, _ := strings.Cut(target, ":/")
	if !strings.HasPrefix(rest, "/") { // servers fold the slashes of a path
		target = scheme + "://" + rest
	}
	return target, ok
}

// percentDecodeStars undoes what some programs do to the stars on the way.
func percentDecodeStars(s string) string {
	return strings.NewReplacer("%2A", "*", "%2a", "*").Replace(s)
}

const runLengths = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// fillStars puts characters where stars stand for them: ** and a letter for two or more.
func fillStars(s string, with []rune) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '*' {
			b.WriteByte(s[i])
			continue
		}
		n := 1
		if i+2 < len(s) && s[i+1] == '*' {
			n = strings.IndexByte(runLengths, s[i+2]) + 2
			i += 2
		}
		if n > len(with) {
			return "", false
		}
		b.WriteString(string(with[:n]))
		with = with[n:]
	}
	return b.String(), true
}

// lastSegment takes the part of the path that is a whole URL, percent-encoded.
func lastSegment(u *url.Url) (string, bool) {
	path := u.Pathname()
	inner := percentDecode(path[strings.LastIndexByte(path, '/')+1:])
	return inner, strings.Contains(inner, "://")
}

func sophos(u *url.Url) (string, bool) {
	v, ok := parameter(u, "u")
	if !ok {
		return "", false
	}
	return base64Text(percentDecode(v))
}

// base64Text reads base64 in either alphabet, padded or not.
func base64Text(s string) (string, bool) {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", " ", "+").Replace(s), "=")
	raw, err := base64.RawStdEncoding.DecodeString(s)
	return string(raw), err == nil && utf8.Valid(raw)
}

// checkPoint reads …/v2/___URL___.SIGNATURE; in the form r01 letters are exchanged by a key of its own.
func checkPoint(u *url.Url) (string, bool) {
	path := u.Pathname() + u.Search() + u.Hash()
	before, rest, ok := strings.Cut(path, "___")
	inner, _, ended := strings.Cut(rest, "___")
	return inner, ok && ended && !strings.Contains(before, "/r0")
}

func google(u *url.Url) (string, bool) {
	if rest, ok := strings.CutPrefix(u.Pathname(), "/amp/"); ok {
		if secure, ok := strings.CutPrefix(rest, "s/"); ok {
			return "https://" + secure + u.Search(), secure != ""
		}
		return "http://" + rest + u.Search(), rest != ""
	}
	if u.Pathname() != "/url" && u.Pathname() != "/aclk" {
		return "", false
	}
	return query("q", "url", "adurl")(u)
}

// bing takes the parameter u: a1 and the URL in base64.
func bing(u *url.Url) (string, bool) {
	v, ok := parameter(u, "u")
	v, marked := strings.CutPrefix(v, "a1")
	if !ok || !marked {
		return "", false
	}
	return base64Text(v)
}

func yahoo(u *url.Url) (string, bool) {
	_, rest, ok := strings.Cut(u.Pathname(), "/RU=")
	rest, _, _ = strings.Cut(rest, "/")
	return percentDecode(rest), ok
}

// mandrill reads p: JSON in base64, in which p is JSON again that holds the URL.
func mandrill(u *url.Url) (string, bool) {
	v, ok := parameter(u, "p")
	if !ok {
		return "", false
	}
	raw, ok := base64Text(percentDecode(v))
	var outer struct{ P string }
	var inner struct{ URL string }
	if !ok || json.Unmarshal([]byte(raw), &outer) != nil || json.Unmarshal([]byte(outer.P), &inner) != nil {
		return "", false
	}
	return inner.URL, true
}

func amazon(u *url.Url) (string, bool) {
	segment, _, _ := strings.Cut(strings.TrimPrefix(u.Pathname(), "/L0/"), "/")
	return percentDecode(segment), segment != ""
}

// postmark reads /3s/HOST%2FPATH/…: s for https.
func postmark(u *url.Url) (string, bool) {
	kind, rest, ok := strings.Cut(strings.TrimPrefix(u.Pathname(), "/"), "/")
	segment, _, _ := strings.Cut(rest, "/")
	scheme := map[bool]string{true: "https://", false: "http://"}[strings.HasSuffix(kind, "s")]
	return scheme + percentDecode(segment), ok && segment != ""
}
