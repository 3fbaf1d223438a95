package indicators

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// benign are ordinary emails by kind. {file}, {class} and so on become one of
// the words below; what stands in «» is an indicator and must be found, nothing else may be.
var benign = map[string][]string{
	"newsletter": {
		"Hello {name},\n\nour {month} issue is here... Read it at «https://news.example.com/{month}/{number}».\nNode.js, ASP.NET and Vue.js in practice;e.g. with {file}.\n\nUnsubscribe: «https://news.example.com/u?id={number}»\n© 2026 Example Inc.",
		"Neu im Shop:Jetzt sparen.Nur heute!\nPreis: 1.299,00 EUR (statt 1.499,00).Mehr:«https://shop.example.com/p/{number}»\nImpressum.Datenschutz.AGB",
	},
	"invoice": {
		"Dear {name},\n\nplease find attached {file} ({number}.{number} KB). Total: 1.234.567,89 EUR, VAT 19.00 %.\nOrder 2026.11.28.{number}, customer no. {number}.{number}.\n\nBest regards,\n{name}",
		"Invoice no. INV-2026.{number}\nDate 28.11.2026\nPositions:\n1.1.1 Service\n1.1.2 Parts\nQuestions: «billing@example.com»",
	},
	"review": {
		"{name} commented on {path}:\n\n> -import os.path\n> +from {module} import {func}\n\nWhy not `self.{func}({var}.name)`? See {file}:{number} and {path}#L{number}.\n{var}.style = x.{func}();\nMessage-ID: <{name}.{number}@mail.host.example.net>\n",
		"diff --git a/{path} b/{path}\nindex 1a2b3c4..5d6e7f8 100644\n--- a/{path}\n+++ b/{path}\n@@ -{number},7 +{number},8 @@ func {func}(ctx context.Context)\n-\treturn app.run({var}.id)\n+\treturn document.name\n",
		"Build {number} of {path} failed:\n{file}:12:5: error: no member named '{func}' in 'std::{var}'\nmake: *** [Makefile:{number}: {file}] Error 1\n",
	},
	"calendar": {
		"BEGIN:VEVENT\nUID:040000008200E00074C5B7101A82E008{number}\nDTSTART:20261128T090000Z\nDTEND:20261128T100000Z\nSUMMARY:Weekly {name}\nLOCATION:Room 1.2.3\nEND:VEVENT\n",
		"When: Sat 28.11.2026 09:00-10:00\nWhere: Bldg. 4.Floor 2.Room 12\nWho: {name}, {name}\n",
	},
	"css": {
		".btn.link{color:#fff}a.name:hover{opacity:.5}p.style,li.map{margin:0 0 .5em}@media(max-width:600px){td.date{width:100%}}div.group>span.id{top:0}",
		"body{font:14px/1.5 Arial}.mso.{var}{mso-line-height-rule:exactly}h1.page::before{content:'.'}img.photo[src]{border:0}",
	},
	"javascript": {
		"document.name='x';window.open(this.id);{var}.style.display='none';for(var i=0;i<items.length;i++){{var}.map(f)}Math.max(1.5,2.5);event.target.id;$.post({func})",
		"const {func} = require('./{path}');\nmodule.exports.{func} = {var}.is(1);\nJSON.stringify({var}.data, null, 2);\nif (user.name === el.id) { app.run(); }\n",
	},
	"trace": {
		"Exception in thread \"main\" java.lang.NullPointerException\n\tat com.example.app.{class}.run({class}.java:{number})\n\tat org.apache.catalina.core.StandardWrapper.invoke(StandardWrapper.java:196)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n",
		"Traceback (most recent call last):\n  File \"/usr/lib/python3/{path}\", line {number}, in {func}\n    return {var}.{func}()\n  File \"{file}\", line 3\nAttributeError: 'list' object has no attribute 'name'\n",
		"panic: runtime error\n\ngoroutine 1 [running]:\nmain.{func}(0xc000012345)\n\t/go/src/{path}:{number} +0x1d\n",
		"   at System.Net.Http.HttpClient.SendAsync() in C:\\src\\{class}.cs:line {number}\n   at Contoso.App.{class}.<{func}>d__5.MoveNext()\n",
	},
	"log": {
		"2026-11-28T07:00:01.123Z INFO {var}.service started, version 10.0.19041.{number}\n[12:30:45] Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/120.0.{number}.7 Safari/537.36\n",
		"Nov 28 07:00:01 host1 systemd[1]: Started {file}.\nv2.4.1.{number} -> v2.4.2.{number}\nloaded libssl.so.3, libcrypto.so.1.1 from /usr/lib/x86_64\n",
		"Received: by mail (Postfix)\nReferences: <{number}.abc@mx.host.example.net>\n <{number}.def@mx.host.example.net>\nX-Mailer: Apple Mail (2.3774.{number}.1.4)\nUser-Agent: Thunderbird/115.4.1.{number}\n",
	},
}

var fillings = map[string][]string{
	"name":   {"Alice", "Bob", "Mr.Smith", "Dr.No", "J.R.R. Tolkien", "O'Brien", "Зоя", "王伟"},
	"month":  {"january", "may", "november"},
	"number": {"7", "12", "305", "1024", "4711"},
	"file":   {"report.docx", "setup.sh", "setup.py", "invoice.pdf", "README.md", "main.rs", "archive.zip", "photo.mov", "lib.so", "run.pl", "data.json", "Makefile.in", "image001.png", "a.tar.gz", "notes.txt"},
	"path":   {"src/main.rs", "cmd/app/main.go", "lib/utils.py", "scripts/run.sh", "docs/README.md", "test/test_io.pl", "web/index.html", "pkg/a/b.cc"},
	"class":  {"Main", "UserService", "MailReader"},
	"func":   {"getName", "run", "open", "parse", "toString"},
	"var":    {"item", "node", "el", "obj", "list", "user"},
	"module": {"os", "sys.path", "json.decoder"},
}

var (
	hole   = regexp.MustCompile(`\{([a-z]+)\}`)
	marked = regexp.MustCompile(`«([^»]*)»`)
)

// TestBenign holds that 300 ordinary emails yield the indicators that are in them
// and none made of file names, versions, Message-IDs, styles and programs.
func TestBenign(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var kinds []string
	for kind := range benign {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	wrong := map[string]int{}
	const emails = 300
	for n := range emails {
		kind := kinds[n%len(kinds)]
		texts := benign[kind]
		text := hole.ReplaceAllStringFunc(texts[random.IntN(len(texts))], func(h string) string {
			words := fillings[h[1:len(h)-1]]
			if words == nil {
				return h
			}
			return words[random.IntN(len(words))]
		})
		var allowed []string
		for _, m := range marked.FindAllStringSubmatch(text, -1) {
			allowed = append(allowed, m[1])
		}
		text = strings.NewReplacer("«", "", "»", "").Replace(text)
		for _, i := range Indicators(text) {
			if !slices.ContainsFunc(allowed, func(a string) bool { return a == i.Value || i.Type == "domain" && strings.Contains(a, i.Value) }) {
				wrong[kind+" "+i.Type]++
				t.Errorf("%s: %s %q in\n%s", kind, i.Type, i.Value, text)
			}
		}
		for _, a := range allowed {
			if !slices.ContainsFunc(Indicators(text), func(i Indicator) bool { return i.Value == a }) {
				t.Errorf("%s: %q is missing in\n%s", kind, a, text)
			}
		}
	}
	if *scored {
		fmt.Printf("benign email: %d emails of %d kinds, false positives by kind: %v\n", emails, len(kinds), wrong)
	}
}
