package links

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/message"
)

type page struct{ name, markup string }

func isHTTP(target string) bool {
	return strings.HasPrefix(target, "http:") || strings.HasPrefix(target, "https:")
}

// mailDocuments are the HTML parts of all emails of testdata.
func mailDocuments(t *testing.T) []page {
	t.Helper()
	var out []page
	err := filepath.WalkDir("../testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".eml" {
			return err
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for leaf := range message.Parse(raw, message.DefaultLimits()).TextLeaves(true) {
			if leaf.HTML {
				out = append(out, page{name, leaf.Text})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no HTML in testdata")
	}
	return out
}

// spellings are ways to write a target; %d makes each its own. What no browser takes is among them.
var spellings = []string{
	"https://h%d.example/", "HTTPS://H%d.EXAMPLE", "http://h%d.example:80/a?b=c&amp;d=e#f", "  https://h%d.example/spaces  ", "ht\ntps://h%d.exa\tmple/a\r\nb",
	"https:h%d.example/x", "https:/h%d.example/x", "https:////h%d.example/x", `https:\\h%d.example\x\y`, "//h%d.example/p", "/root/%d", "rel/%d?q", "?q=%d", "#f%d",
	"../up/%d", "https://user:pw@h%d.example/", "https://bank.example@h%d.example/", "https://h%d.example/a_", "https://h%d.example/a~", "https://h%d.example/?x==",
	"https://h%d.example/%%2e%%2e/x", "https://h%%2Dx%d.example/", "https://ｈ%d.ｅｘａｍｐｌｅ/", "https://h%d。example/", "https://h\u00ad%d.example/",
	"https://h\u200b%d.example/", "https://münchen%d.example/straße?ü=ß", "https://xn--mnchen-3ya.example/%d", "http://3232235777/%d", "http://0xC0A80101/%d",
	"http://0300.0250.1.1/%d", "http://192.168.257/%d", "http://[2001:DB8::%d]/", "http://[::ffff:192.0.2.1]/%d", "https://under_score.h%d.example/", "http://single%d/",
	"http://h%d.example./", "http://h%d..example/", "http://h%d.example:99999/", "http://h%d.example:8080/", "http://h %d.example/", "http://<%d>.example/",
	"http://256.256.256.%d/", "http://%d.0x/", "https://h%d.example/\u00a0", "https://h%d.example/\u202ex", "https://☃%d.example/", "http://h%d.example/a b", `http://h%d.example/a\b`,
	"mailto:x%d@h.example", "javascript:location='https://h%d.example'", "cid:%d@h", "data:text/html,<a href=https://data%d.example/>x</a>", "blob:https://h%d.example/x", "ftp://h%d.example/",
	"http:///h%d.example", "http://", "http:", "", "https://h%d.example/{x}|^`", "https://h%d.example/'quoted'", "http://h%d.example/%%zz", "https:///\\/h%d.example/x", "\x01https://h%d.example/\x1f",
	"http://xn--%d/", "http://faß%d.example/", "http://h%d.example\u3002/", "http://a%d.b-.example/", "http://-a%d.example/", "http://1.2.3.%d.5/", "http://0x7f.1/%d",
}

// elements are ways to put a target into a document; %s is the target.
var elements = []string{
	`<a href="%s">text</a>`, `<a href='%s'>`, `<A HREF="%s">`, `<a/href="%s">x`, `<a title=x href="%s" href="%s">two</a>`, `<area href="%s">`, `<form action="%s"><input name=a></form>`,
	`<form action="%s"><form action="%s"></form>`, `<button formaction="%s">b</button>`, `<input type=submit formaction="%s">`, `<input type=image src="%s">`, `<iframe src="%s"></iframe>`,
	`<iframe src="%s"><a href="%s">fallback</a></iframe>`, `<img src="%s">`, `<image src="%s">`, `<img srcset="%s 1x, %s 2x">`, `<img srcset="%s,">`, `<object data="%s"></object>`, `<embed src="%s">`,
	`<video src="%s" poster="%s"></video>`, `<audio><source src="%s"></audio>`, `<link rel=stylesheet href="%s">`, `<script src="%s"></script>`, `<script>var a='<a href="%s">'</script>`,
	`<style>p{background:url(%s)}</style>`, `<style>@import "%s";</style>`, `<p style="background-image:url('%s')">x</p>`, `<style>/* url(%s) */</style>`, `<table background="%s"><tr><td background="%s">x</table>`,
	`<td background="%s">`, `<svg><a href="%s"><text>x</text></a></svg>`, `<svg><a xlink:href="%s"></a></svg>`, `<svg><image href="%s"/></svg>`, `<svg><style><a href="%s"></style></svg>`,
	`<svg><title><a href="%s">x</a></title></svg>`, `<svg><foreignObject><a href="%s">x</a></foreignObject></svg>`, `<svg><![CDATA[<a href="%s">]]></svg>`, `<svg><p><a href="%s">out</a></p>`,
	`<math><mtext><a href="%s">x</a></mtext></math>`, `<meta http-equiv=refresh content="0;url=%s">`, `<meta http-equiv="Refresh" content="5; %s">`, `<meta http-equiv=refresh content="0;URL='%s'">`,
	`<meta http-equiv=refresh content="url=%s">`, `<meta http-equiv=refresh content=".5,url=%s">`, `<noscript><a href="%s">n</a></noscript>`, `<noembed><a href="%s">n</a></noembed>`, `<noframes><a href="%s">n</a></noframes>`,
	`<!--[if mso]><a href="%s">mso</a><![endif]-->`, `<![if !mso]><a href="%s">x</a><![endif]>`, `<!-- <a href="%s"> -->`, `<v:roundrect href="%s"></v:roundrect>`, `<template><a href="%s">t</a></template>`,
	`<textarea><a href="%s">t</a></textarea>`, `<title><a href="%s">t</a></title>`, `<xmp><a href="%s"></a></xmp>`, `<iframe srcdoc="&lt;a href='%s'&gt;x&lt;/a&gt;"></iframe>`, `<blockquote cite="%s">q</blockquote>`,
	`<select><option><a href="%s">x</a></select>`, `<frame src="%s">`, `<custom-x href="%s" src="%s">`, `<div href="%s">`, `<base href="%s">`, `<a ping="%s" href=#>`, `<p><a href="%s"><div><table><a href="%s">y</table>`,
	`<a href="&#104;ttps://entity.example/%s">`, `<body background="%s">`, `</p></a></div>`, `<?php echo "<a href=%s>" ?>`, `<plaintext-x><a href="%s">`, `<dialog open><a href="%s">d</a></dialog>`, `<svg/><a href="%s">`,
	`<applet codebase="%s"></applet>`, `<track src="%s">`, `<ins cite="%s"></ins>`, `<bgsound src="%s">`, `<isindex action="%s">`, `<a href="%s`, `<picture><source srcset="%s 100w"><img></picture>`,
}

// hostilePages are documents put together by chance, the same ones in each run.
func hostilePages(n int) []page {
	random := rand.New(rand.NewPCG(14, 14))
	number := 0
	target := func() string {
		number++
		s := spellings[random.IntN(len(spellings))]
		if strings.Contains(s, "%d") {
			return fmt.Sprintf(s, number)
		}
		return strings.ReplaceAll(s, "%%", "%")
	}
	var out []page
	for i := range n {
		var b strings.Builder
		for range 3 + random.IntN(12) {
			e := elements[random.IntN(len(elements))]
			for strings.Contains(e, "%s") {
				e = strings.Replace(e, "%s", target(), 1)
			}
			b.WriteString(e)
		}
		out = append(out, page{fmt.Sprintf("page %d", i), b.String()})
	}
	return out
}

// urlCases are targets with their bases.
func urlCases() [][2]string {
	var out [][2]string
	for i, s := range spellings {
		if strings.Contains(s, "%d") {
			s = fmt.Sprintf(s, i)
		}
		for _, base := range []string{"", "https://base.example/dir/file?q#f", "http://base.example", "data:text/html,x"} {
			out = append(out, [2]string{base, s})
		}
	}
	return out
}
