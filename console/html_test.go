package console

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.org/imap-integration/message"
)

func TestInert(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		counts   safeHTML
	}{
		"text":             {"a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c", safeHTML{}},
		"a link":           {`<a href="https://evil.example/x?a=1" title="https://good.example">here</a>`, `<a title="leads to hxxps://evil[.]example/x?a=1">here</a>`, safeHTML{Links: 1}},
		"a relative link":  {`<a href="/settings">here</a>`, `<a title="leads to /settings">here</a>`, safeHTML{Links: 1}},
		"a script link":    {`<a href="java&#10;script:alert(1)">x</a>`, `<a title="leads to javascript:alert(1)">x</a>`, safeHTML{Links: 1}},
		"an anchor":        {`<a name="top">x</a>`, `<a>x</a>`, safeHTML{}},
		"a handler":        {`<p onclick="alert(1)" style="color:red" ONLOAD=x>x</p>`, `<p style="color:red">x</p>`, safeHTML{}},
		"a script":         {`a<script>alert("<p>")</script>b`, "ab", safeHTML{Scripts: 1}},
		"an open script":   {`a<script>alert(1)`, "a", safeHTML{Scripts: 1}},
		"a style":          {`<style>p > a { color: "red" }</style>`, `<style>p > a { color: "red" }</style>`, safeHTML{}},
		"a form":           {`<form action="/x"><input name=a><button>Send</button></form>`, "Send", safeHTML{Forms: 1}},
		"a remote picture": {`<img src="https://evil.example/1.gif" alt="logo" width=1>`, `<img alt="logo" width="1">`, safeHTML{Remote: 1}},
		"a data picture":   {`<img src="data:image/png;base64,AAAA">`, `<img src="data:image/png;base64,AAAA">`, safeHTML{}},
		"an SVG picture":   {`<img src="data:image/svg+xml,<svg/>">`, `<img>`, safeHTML{Remote: 1}},
		"its own picture":  {`<img src="CID:a%40b">`, `<img src="data:of a%40b">`, safeHTML{}},
		"srcset":           {`<img src=cid:x srcset="//evil.example/2x.png 2x">`, `<img src="data:of x">`, safeHTML{Remote: 1}},
		"a frame":          {`<iframe src="//evil.example">inside</iframe>x`, "x", safeHTML{Frames: 1}},
		"an object":        {`<object data=x>instead</object>`, "instead", safeHTML{Frames: 1}},
		"svg":              {`<svg><a xlink:href="//evil.example"><text>x</text></a></svg>`, `<a>x</a>`, safeHTML{}},
		"without scripts":  {`<noscript><img src="//evil.example/1.gif"><b>x</b></noscript>`, `<img><b>x</b>`, safeHTML{Remote: 1}},
		"a textarea":       {`<textarea><b>x</b></textarea>`, "&lt;b&gt;x&lt;/b&gt;", safeHTML{}},
		"comments":         {`a<!-- <b> -->b<!DOCTYPE html>c<?xml x?>d`, "abcd", safeHTML{}},
		"twice":            {`<p align=left align=right>x</p>`, `<p align="left">x</p>`, safeHTML{}},
		"a quote":          {`<p title='"><img src=x>'>x</p>`, `<p title="&#34;&gt;&lt;img src=x&gt;">x</p>`, safeHTML{}},
		"hints":            {`<link rel=preconnect href="//evil.example"><meta http-equiv=refresh content="0;url=//evil.example"><base href="//evil.example">x`, "x", safeHTML{}},
	} {
		got := inert(c.in, func(id string) string { return "data:of " + id })
		document := got.Document
		_, body, _ := strings.Cut(document, "</style>\n")
		got.Document = ""
		if body != c.want || got != c.counts {
			t.Errorf("%s: %s\n%+v", name, body, got)
		}
	}
}

// FuzzInert holds that what stays is on the lists, whatever the markup is.
func FuzzInert(f *testing.F) {
	for _, seed := range []string{
		`<a href=x>`, `<img src=cid:a srcset=b>`, `<noscript><style></noscript><img src=x>`, `<svg><style><!--</style><img title="--><img src=x>">`, "<p\x00 a=b>", `<textarea></textarea ><script>`,
		`<title><img src=x></title>`, `<plaintext><img src=x>`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		root, err := html.ParseWithOptions(strings.NewReader(inert(markup, nil).Document), html.ParseOptionEnableScripting(false))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode || n.Data == "head" || n.Data == "meta" && n.Attr[0].Val == "color-scheme" {
				continue
			}
			if !elements()[n.Data] {
				t.Errorf("<%s> stays of %q", n.Data, markup)
			}
			for _, a := range n.Attr {
				if !attributes()[a.Key] && (n.Data != "img" || a.Key != "src" || !strings.HasPrefix(a.Val, "data:")) {
					t.Errorf("<%s %s=%q> stays of %q", n.Data, a.Key, a.Val, markup)
				}
			}
		}
	})
}

func TestPictures(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	mail := "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:one@x\">\r\n" +
		"--b\r\nContent-Type: text/plain\r\nContent-ID: <one@x>\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + png + "\r\n" +
		"--b\r\nContent-Type: image/png\r\nContent-ID: <two@x>\r\n\r\n<svg onload=alert(1)>\r\n--b--\r\n"
	find := pictures(message.Parse([]byte(mail), message.DefaultLimits()))
	if got := find("one@x"); !strings.HasPrefix(got, "data:image/png;base64,iVBORw0KGgo") {
		t.Errorf("the picture by its bytes is %q", got)
	}
	for _, id := range []string{"two@x", "", "three@x"} {
		if got := find(id); got != "" {
			t.Errorf("%q is %q", id, got)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"invoice.pdf":                     "invoice.pdf",
		"../../etc/passwd":                "_.._etc_passwd",
		`C:\temp\x.exe`:                   "C__temp_x.exe",
		"cod\u202efdp.exe":                "cod_fdp.exe",
		"a\r\nSet-Cookie: x":              "a__Set-Cookie_ x",
		"":                                "file",
		"...":                             "file",
		strings.Repeat("é", 200) + ".exe": strings.Repeat("é", 73) + ".exe",
		"=?utf-8?Q?x?=":                   "=_utf-8_Q_x_=",
		"a\x00b":                          "a_b",
		"con\xff.txt":                     "con_.txt",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q is %q", name, got)
		}
	}
	if got := disposition(`Prüfung "1"; x.pdf`); got != `attachment; filename="Pr_fung _1__ x.pdf"; filename*=UTF-8''Pr%C3%BCfung%20_1__%20x.pdf` {
		t.Error(got)
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\tc":       "a\nb\tc",
		"x\u202egnp.exe":  `x\u202egnp.exe`,
		"\x1b[2J":         `\x1b[2J`,
		"zero\u200bwidth": `zero\u200bwidth`,
		"\xff":            "\uFFFD",
		"日本 é":            "日本 é",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q is %q", in, got)
		}
	}
}

// TestDownloads holds that nothing of an email is shown or opened by a browser.
func TestDownloads(t *testing.T) {
	s := newSite(t).signIn()
	id := s.keep([]byte("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n" +
		"--b\r\nContent-Type: text/html; name=\"a.html\"\r\nContent-Disposition: attachment; filename=\"a.html\"\r\n\r\n<script>alert(1)</script>\r\n--b--\r\n"))
	for path, want := range map[string]string{"/raw": "email-1.eml.untrusted", "/file?part=2": "a.html.untrusted"} {
		answer, err := s.client.Get(s.base + "/emails/" + string(id) + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		h := answer.Header
		if h.Get("Content-Type") != "application/octet-stream" || !strings.Contains(h.Get("Content-Disposition"), `attachment; filename="`+want+`"`) ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, path := range []string{"/file?part=1", "/file?part=9", "/file?part=..", "/html", "/nothing"} {
		if status, _ := s.get("/emails/" + string(id) + path); status != 404 && status != 403 {
			t.Errorf("%s: %d", path, status)
		}
	}
}
