package links

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestInHTML(t *testing.T) {
	got := InHTML(`<head><meta http-equiv=refresh content="0; URL='https://r.example/'"><link href=style.css></head>
<a href=" https://e.example/?a=1&amp;b=2 ">click  <b>here</b><br>now</a> <img src="cid:x"> <a name=n>no target</a>
<form action=/post><button formaction="//b.example/">x</button></form><body background=bg.png>
<img srcset="a.png 1x, b.png 2x"><a href="javascript:x()">open <a href=y>second`, "https://base.example/dir/mail")
	want := []Link{
		{"https://r.example/", "https://r.example/", "", "refresh", false, ""},
		{"style.css", "https://base.example/dir/style.css", "", "link", false, ""},
		{"https://e.example/?a=1&b=2", "https://e.example/?a=1&b=2", "click here now", "a", true, ""},
		{"cid:x", "cid:x", "", "image", false, ""},
		{"/post", "https://base.example/post", "", "form", true, ""},
		{"//b.example/", "https://b.example/", "", "button", true, ""},
		{"bg.png", "https://base.example/dir/bg.png", "", "image", false, ""},
		{"a.png", "https://base.example/dir/a.png", "", "image", false, ""},
		{"b.png", "https://base.example/dir/b.png", "", "image", false, ""},
		{"javascript:x()", "javascript:x()", "open", "a", true, ""},
		{"y", "https://base.example/dir/y", "second", "a", true, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLimits holds that what is not read, or not resolved, is named.
func TestLimits(t *testing.T) {
	markup := "<a href=https://e.example/>"
	for range 7 {
		markup = `<iframe srcdoc="` + strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(markup) + `"></iframe>`
	}
	if got := InHTML(markup, ""); len(got) != 1 || got[0].Source != "srcdoc" || got[0].Remark != remarkDeep {
		t.Errorf("%+v", got)
	}
	many := InHTML(strings.Repeat("<a href=https://e.example/>", maxResolved+1), "")
	if last := many[maxResolved]; last.Target != "https://e.example/" || last.URL != "" || last.Remark != remarkMany || many[0].URL == "" {
		t.Errorf("%+v", last)
	}
	if got := InHTML("<a href=x>", "https://e.example/"+strings.Repeat("a", maxBase)); got[0].URL != "" {
		t.Errorf("%+v", got)
	}
	for _, target := range []string{strings.Repeat("@", 100), strings.Repeat("/a", 1000), strings.Repeat("\\", 1000), strings.Repeat("a", maxTarget)} {
		if got := InHTML(`<a href="https://e.example/`+target+`">`, ""); len(got) != 1 || got[0].URL != "" || got[0].Remark == "" {
			t.Errorf("%.40s: %+v", target, got)
		}
	}
	// Whoever has read resolve.go cannot make a host look like another one.
	for host, want := range map[string]string{"xnqpunycodeqabc.example": "xnqpunycodeqabc.example", "xn--abc.example": "xn--abc.example", "qspaceq7f3aq.example": "qspaceq7f3aq.example"} {
		if got := Host("https://" + host + "/"); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

// FuzzInHTML holds that any bytes give valid links.
func FuzzInHTML(f *testing.F) {
	f.Add(`<base href=//b.example><a href="x&#10;y">t</a><iframe srcdoc="<a href=z>">`)
	f.Add("<style>@import 'a';b{c:url(\\68ttp://d)}</style><!--[if mso]><v:x href=e><![endif]-->")
	f.Fuzz(func(t *testing.T, markup string) {
		for _, l := range InHTML(markup, "") {
			if !utf8.ValidString(l.Target+l.URL+l.Text) || l.Target == "" || l.Source == "" {
				t.Fatalf("%q: %+v", markup, l)
			}
			Undo(l.Address())
		}
		for _, l := range InText(markup) {
			if !strings.Contains(l.Target, "://") {
				t.Fatalf("%q: %+v", markup, l)
			}
		}
	})
}

// TestManyScripts holds that of scripts no more than a megabyte is read, and that the rest is named once.
func TestManyScripts(t *testing.T) {
	one := "<script>a='http://x.example/" + strings.Repeat("x", 300<<10) + "'</script>"
	remarks := 0
	found := InHTML(strings.Repeat(one, 8)+"<a href='http://y.example/'>y</a>", "")
	for _, l := range found {
		if l.Target == "script" && l.Remark != "" {
			remarks++
		}
	}
	if remarks != 1 || len(found) > 8 || found[len(found)-1].Target != "http://y.example/" {
		t.Errorf("%d links, %d remarks", len(found), remarks)
	}
}

// TestTextOfScriptAnchor holds that what an anchor shows belongs to its target, not to what the target's script leads to.
func TestTextOfScriptAnchor(t *testing.T) {
	got := InHTML(`<a href="javascript:location='https://e.example/x'">pay <b>now</b></a>`, "")
	if len(got) != 2 || got[0].Source != "a" || got[0].Text != "pay now" || got[1].Text != "" {
		t.Errorf("%+v", got)
	}
}

// TestDecoysInScript holds that many words that are no base64 do not use up what is decoded.
func TestDecoysInScript(t *testing.T) {
	got := InHTML("<script>"+strings.Repeat("addEventListenerOnce ", 5000)+`atob("aHR0cHM6Ly9lLmV4YW1wbGUveA==")</script>`, "")
	if len(got) != 1 || got[0].URL != "https://e.example/x" {
		t.Errorf("%+v", got)
	}
}

// TestLongScript holds that the beginning of a script that is too long is searched, and that the rest is named.
func TestLongScript(t *testing.T) {
	got := InHTML(`<script>location="https://e.example/x";a="`+strings.Repeat("A", 3<<20)+`"</script>`, "")
	if len(got) != 2 || got[0].Target != "script" || got[0].Remark == "" || got[1].URL != "https://e.example/x" {
		t.Errorf("%+v", got)
	}
}
