package links

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestUndo reads testdata/undone.txt: a rewritten link, an arrow, where it leads.
func TestUndo(t *testing.T) {
	raw, err := os.ReadFile("testdata/undone.txt")
	if err != nil {
		t.Fatal(err)
	}
	n, failed := 0, 0
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		link, want, ok := strings.Cut(line, " => ")
		if !ok {
			t.Fatalf("undone.txt:%d: no arrow", i+1)
		}
		n++
		u := Undo(link)
		got := u.Target
		switch {
		case len(u.By) == 0:
			got = "same"
		case u.Opaque && u.Target == link:
			got = "opaque"
		case u.Opaque:
			got = "opaque " + u.Target
		}
		if got != want {
			failed++
			t.Errorf("undone.txt:%d %s:\n got %s (%v)\nwant %s", i+1, link, got, u.By, want)
		}
	}
	if n < 100 {
		t.Errorf("%d cases", n)
	}
	if *scored {
		fmt.Printf("rewritten links: %d cases, %d right\n", n, n-failed)
	}
}

// TestUndoNested wraps a target in each way that can be made here, one in the other, and undoes all of it.
func TestUndoNested(t *testing.T) {
	wrap := []func(string) string{
		func(s string) string {
			return "https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(s) + "&data=05"
		},
		func(s string) string { return "https://linkprotect.cudasvc.com/url?a=" + url.QueryEscape(s) + "&c=E,1" },
		func(s string) string {
			return "https://secure-web.cisco.com/1aB/" + url.PathEscape(strings.ReplaceAll(s, "/", "%2F"))
		},
		func(s string) string { return "https://www.google.de/url?sa=t&url=" + url.QueryEscape(s) },
		func(s string) string {
			return "https://eu-west-1.protection.sophos.com/?d=x&u=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) + "&i=1"
		},
		func(s string) string {
			return "https://www.bing.com/ck/a?u=a1" + base64.RawURLEncoding.EncodeToString([]byte(s)) + "&ntb=1"
		},
		func(s string) string {
			return "https://urldefense.com/v3/__" + strings.NewReplacer("?", "*", "=", "*").Replace(s) + "__;" + stars(s) + "!!Ab!c$"
		},
	}
	const target = "https://evil.example/a?b=c"
	for i, outer := range wrap {
		for j, inner := range wrap {
			if link := outer(inner(target)); i != 2 && j != 2 {
				if u := Undo(link); u.Target != target || u.Opaque || len(u.By) != 2 {
					t.Errorf("%d in %d: %s gives %+v", j, i, link, u)
				}
			}
		}
	}
	link := target
	for range 40 {
		link = wrap[0](link)[:min(60000, len(wrap[0](link)))]
	}
	if u := Undo(link); len(u.By) > maxRewritings {
		t.Errorf("%d rewritings", len(u.By))
	}
}

// stars are the characters that URL Defense 3 took out.
func stars(s string) string {
	var taken strings.Builder
	for _, r := range s {
		if r == '?' || r == '=' || r == '*' {
			taken.WriteRune(r)
		}
	}
	return base64.RawURLEncoding.EncodeToString([]byte(taken.String()))
}

// TestCountryHosts holds that all country hosts of Google are one, and look-alikes none.
func TestCountryHosts(t *testing.T) {
	for _, host := range strings.Fields("www.google.com google.de www.google.co.uk google.com.br www.google.fr google.co.jp www.google.cat www.google.com.au google.ru") {
		if u := Undo("https://" + host + "/url?q=https://evil.example/"); u.Target != "https://evil.example/" {
			t.Errorf("%s: %+v", host, u)
		}
	}
	for _, host := range strings.Fields("google.evil.example www.google.com.evil.example xgoogle.com google.example google.co.evil safelinks.protection.outlook.com.evil.example") {
		if u := Undo(fmt.Sprintf("https://%s/url?url=https://bank.example/&q=https://bank.example/", host)); len(u.By) > 0 {
			t.Errorf("%s: %+v", host, u)
		}
	}
}

// TestPlainHost holds the short way to the host of a link to the long one.
func TestPlainHost(t *testing.T) {
	plain := 0
	for _, host := range []string{
		"a.example", "www.a-b.example", "A.example", "a.example.", "a..example", ".a.example", "-a.example", "xn--bcher-kva.example", "ab--c.example", "1.2.3.4", "0x7f.1", "a.1",
		"a.1b", "127.1", "a_b.example", "a.example:80", "u@a.example", "u:p@a.example", "[::1]", "bücher.example", "a%2eb.example", "localhost", "a", "", strings.Repeat("a", 63) + ".example",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 130) + "example", "xnqpunycodeqx.example", "a\tb.example", "a.example\\b", "qspaceq7f3aq.example",
	} {
		for _, form := range []string{"http://%", "https://%/", "https://%/a/b?c=d#e", "https://%?x", "https://%#x", "http:/%/", "https:///%/", "ftp://%/", "https://%\\x", " https://%/"} {
			target := strings.ReplaceAll(form, "%", host)
			got, ok := plainHost(target)
			if !ok {
				continue
			}
			plain++
			u, parsed := parse("", target)
			if !parsed || got != strings.TrimSuffix(strings.Trim(u.Hostname(), "[]"), ".") {
				t.Errorf("%q: %q", target, got)
			}
		}
	}
	if plain < 30 {
		t.Errorf("%d hosts are plain", plain)
	}
}
