package indicators

import (
	"fmt"
	"strings"
	"testing"
)

// lone are indicators as they stand in texts, and what each is with what comes of it.
var lone = []struct{ text, want string }{
	{"https://evil.example.com/a/b?c=d", "url https://evil.example.com/a/b?c=d, domain evil.example.com"},
	{"http://203.0.113.9/login", "url http://203.0.113.9/login, ipv4 203.0.113.9"},
	{"http://evil.com", "url http://evil.com, domain evil.com"},
	{"http://evil.com/", "url http://evil.com/, domain evil.com"},
	{"ftp://files.evil.net/x1", "url ftp://files.evil.net/x1, domain files.evil.net"},
	{"hxxps://evil[.]com/a1", "url https://evil.com/a1, domain evil.com"},
	{"hxxp[:]//203.0.113[.]9/a", "url http://203.0.113.9/a, ipv4 203.0.113.9"},
	{"http://[2001:db8::7]:8080/x", "url http://[2001:db8::7]:8080/x, ipv6 2001:db8::7"},
	{"https://user:pw@evil.com/x", "url https://user:pw@evil.com/x, domain evil.com"},
	{"https://evil.com/?q=a@b.com", "url https://evil.com/?q=a@b.com, domain evil.com, email a@b.com"},
	{"https://xn--mller-kva.de/x", "url https://xn--mller-kva.de/x, domain xn--mller-kva.de"},
	{"https://evil.com:8443/path/file.html#top", "url https://evil.com:8443/path/file.html#top, domain evil.com"},
	{"www.evil.com/path?q=1", "url http://www.evil.com/path?q=1, domain www.evil.com"},
	{"evil.com", "domain evil.com"},
	{"sub.evil.co.uk", "domain sub.evil.co.uk"},
	{"evil[.]com", "domain evil.com"},
	{"evil(dot)com", "domain evil.com"},
	{"phish.onlinebank.xyz", "domain phish.onlinebank.xyz"},
	{"abcdefghijklmnop.onion", "domain abcdefghijklmnop.onion"},
	{"bob@corp.com", "email bob@corp.com, domain corp.com"},
	{"o'brien@corp.com", "email o'brien@corp.com, domain corp.com"},
	{"bob+tag@mail.corp.co.uk", "email bob+tag@mail.corp.co.uk, domain mail.corp.co.uk"},
	{"bob[at]corp[.]com", "email bob@corp.com, domain corp.com"},
	{"203.0.113.9", "ipv4 203.0.113.9"},
	{"10.0.0.1", "ipv4 10.0.0.1"},
	{"8.8.8[.]8", "ipv4 8.8.8.8"},
	{"203.0.113.9:8080", "ipv4 203.0.113.9"},
	{"203.0.113.0/24", "ipv4 203.0.113.0, cidr 203.0.113.0/24"},
	{"2001:db8::1", "ipv6 2001:db8::1"},
	{"fe80::1ff:fe23:4567:890a", "ipv6 fe80::1ff:fe23:4567:890a"},
	{"2001:db8:0:0:1:2:3:4", "ipv6 2001:db8::1:2:3:4"},
	{"d41d8cd98f00b204e9800998ecf8427e", "md5 d41d8cd98f00b204e9800998ecf8427e"},
	{"da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"CVE-2021-44228", "cve CVE-2021-44228"},
	{"T1059.001", "attack T1059.001"},
	{"00:1A:2B:3C:4D:5E", "mac 00:1a:2b:3c:4d:5e"},
	{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "btc 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
	{"DE89370400440532013000", "iban DE89370400440532013000"},
	{"0x52908400098527886E0F7030069857D2E4169EE7", "eth 0x52908400098527886E0F7030069857D2E4169EE7"},
}

// neighbours are what stands beside indicators in real texts: white space,
// punctuation and letters of all scripts, symbols, emoji.
func neighbours() []string {
	list := strings.Split("\u00a0|\u2002|\u2009|\u202f|\u3000|\u200b|\u2028|\ufeff|\u00ad|\u200e|\u202a|\u2060|"+
		"“|”|‘|’|„|‚|«|»|‹|›|「|」|『|』|【|】|《|》|〈|〉|（|）|［|］|｛|｝|〔|〕|﹁|﹂|"+
		"。|、|，|．|：|；|！|？|・|…|‥|—|–|―|‐|‑|〜|～|｜|／|＼|＠|＃|＆|％|＊|＋|＝|＜|＞|＂|＇|｡|､|"+
		"،|؛|؟|۔|।|॥|՝|՜|՞|։|׃|־|׀|׳|״|᠂|᠃|၊|။|፡|።|፣|។|៕|๏|๚|†|‡|•|‣|§|¶|¡|¿|·|′|″|"+
		"€|£|¥|₽|©|®|™|°|±|×|÷|≠|≤|→|←|⇒|■|□|▪|●|○|◆|★|☆|✓|✔|✗|✉|☎|⚠|⛔|➜|👉|👈|🔗|🚨|😀|🇩🇪|👨‍👩‍👧|❗|❓|⬇️|1️⃣|"+
		"привет|ссылка|Да|Ж|ы|адрес|Ελλάδα|λ|сайт|Ђ|链接|请|点击|中|日本語|リンク|ひらがな|の|は|한국어|에서|를|하|"+
		"العربية|من|עברית|של|ไทย|ที่|हिन्दी|में|বাংলা|தமிழ்|తెలుగు|ગુજરાતી|ਪੰਜਾਬੀ|ქართული|հայերեն|አማርኛ|ລາວ|ភាសា|မြန်မာ|བོད|සිංහල|ᏣᎳᎩ|ᠮᠣᠩ|"+
		"<|>|\"|`|(|)|{|}|[|]|,|;|!|?|\n|\r\n|\t| |\v|\x00", "|")
	return append(list, "|", "||", "&nbsp;", "&quot;", "&lt;", "&gt;")
}

// TestNeighbours holds that nothing beside an indicator hides it or becomes part
// of it, on either side or both.
func TestNeighbours(t *testing.T) {
	sides := neighbours()
	if len(lone) != 40 || len(sides) < 200 {
		t.Fatalf("%d indicators and %d neighbours", len(lone), len(sides))
	}
	failed := 0
	for _, one := range lone {
		for _, side := range sides {
			for _, text := range []string{side + one.text, one.text + side, side + one.text + side} {
				if got := brief(Indicators(text)); got != one.want {
					if failed++; failed <= 60 {
						t.Errorf("%q:\n got %s\nwant %s", text, got, one.want)
					}
				}
			}
		}
	}
	t.Logf("%d texts, %d wrong", 3*len(lone)*len(sides), failed)
}

// brief writes what was found, in its order.
func brief(found []Indicator) string {
	var list []string
	for _, i := range found {
		list = append(list, fmt.Sprintf("%s %s", i.Type, i.Value))
	}
	return strings.Join(list, ", ")
}
