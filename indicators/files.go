package indicators

import (
	"slices"
	"strings"
)

// Names of files and of things in programs look like host names wherever a
// top-level name is also an ending (sh, py, zip) or a word of programs (name, style, run).

// endings are top-level names that mean a file in what people write about programs.
var endings = strings.Fields("sh py md rs zip mov ps pm java")

// rareEndings are top-level names that are in use for both: only the usual names of files tell.
var rareEndings = strings.Fields("pl so cc ai in am ac la st me ml app bz do hs tf ms")

// stems are the usual names of files.
var stems = strings.Fields("run setup install main test tests index build config configure script scripts readme license changelog contributing makefile deploy " +
	"start init backup make lib utils util helper helpers server client app worker update check clean entrypoint docker-entrypoint manage model models " +
	"module common core base data example examples sample demo notes todo report output input print hello")

// codeSuffixes are words of programs that are top-level names too, calls those that are so before a parenthesis.
var (
	codeSuffixes = strings.Fields("name link click style map run call app bar open target date id is search select data video audio media image images " +
		"build tools now live report show watch events exchange express fail fit game group land limit page post photo place press save " +
		"security shop sing site stream study systems table test tips today top total trade vision vote win work zone java goog int pro " +
		"travel info prof new day off tech box box color contact count")
	calls = strings.Fields("at is to in do id as by no so pm me it py rs sh pl go")
)

// holders are what stands before the dot in programs.
var holders = strings.Fields("this self window document event evt e el elem element obj object item items user users data list node nodes math console os sys " +
	"foo bar x i j k n s t o p req res request response ctx err error result results row col args arg opts options config cfg settings params props " +
	"state store app router module exports process string array json date number regexp promise std core std::io str path file files " +
	"form input button field a b c d div span li ul ol td tr th table img body h1 h2 h3 h4 nav header footer section main label svg html " +
	"test tests logger log client server model models view views controller db session cls super package parent child root key value response.data request.user")

// technologies are names with a dot that are no hosts of anybody's text.
var technologies = strings.Fields("asp.net vb.net ado.net system.net ml.net paint.net node.js")

// packages begin the names of packages in Java and its kin, in reversed order.
var packages = strings.Fields("com org net io java javax jdk sun android androidx kotlin scala edu gov dev de fr uk")

// notAName reports whether what reads as a host name is a file or a piece of a program.
func notAName(text string, start, end int) bool {
	s := text[start:end]
	lower := strings.ToLower(s)
	if slices.Contains(technologies, lower) && s != lower {
		return true
	}
	dot := strings.LastIndexByte(lower, '.')
	top, rest := lower[dot+1:], lower[:dot]
	two := !strings.Contains(rest, ".")
	if strings.HasPrefix(lower, "www.") {
		return false
	}
	switch {
	case inPath(text, start) && (slices.Contains(endings, top) || slices.Contains(rareEndings, top)):
		return true
	case two && slices.Contains(endings, top), two && slices.Contains(rareEndings, top) && fileStem(rest):
		return !(end < len(text) && text[end] == '/')
	case end < len(text) && text[end] == '(' && two && slices.Contains(calls, top):
		return true
	case !slices.Contains(codeSuffixes, top):
		return false
	case start > 0 && strings.IndexByte("$#\\", text[start-1]) >= 0, end < len(text) && strings.IndexByte("([{", text[end]) >= 0, assigned(text[end:]):
		return true
	case camel(s):
		return true
	case two:
		return slices.Contains(holders, rest)
	}
	first, _, _ := strings.Cut(lower, ".")
	return slices.Contains(packages, first) || slices.Contains(holders, first) && first != "app" && first != "test" && first != "log" && len(first) > 1 &&
		first != "user" && first != "data" && first != "form" && first != "server" && first != "client" && first != "store" && first != "db" && first != "main"
}

// inPath tells a name behind a slash or a backslash that no scheme stands before.
func inPath(text string, start int) bool {
	if start == 0 || text[start-1] != '/' && text[start-1] != '\\' {
		return false
	}
	return start < 2 || text[start-2] != '/'
}

func fileStem(s string) bool {
	return slices.Contains(stems, s) || strings.Contains(s, "_") || strings.HasPrefix(s, "lib")
}

// camel tells MainWindow.run and request.getName: names of hosts are written in lower case or in capitals, or begin with one.
func camel(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' && s[i-1] >= 'a' && s[i-1] <= 'z' {
			return true
		}
	}
	return false
}

// assigned tells "x.style = 1".
func assigned(rest string) bool {
	rest = strings.TrimLeft(rest[:min(len(rest), 4)], " ")
	return strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "+=") || strings.HasPrefix(rest, "++")
}

// versionWords stand before a version that has four numbers: words that say so, and names of programs.
var versionWords = strings.Fields("version versions ver v release build rev revision firmware driver section sections chapter paragraph clause figure oid kb " +
	"software openssl chrome chromium firefox acrobat reader java jre jdk php python foxmail thunderbird safari opera webkit sdk curl")

// versionFields are the fields of a header that hold names of programs and their versions.
var versionFields = []string{"x-mailer:", "user-agent:", "server:", "x-mimeole:", "x-powered-by:", "x-newsreader:"}

// version tells a version from an address: behind the name of a program and a
// slash, as in a User-Agent, or behind a word that says so.
func version(text string, start int) bool {
	if start > 1 && text[start-1] == '/' && letter(text[start-2]) {
		return true
	}
	before := strings.TrimRight(text[max(0, start-16):start], " :.#=\"'")
	if len(before) == 0 || len(before) == min(16, start) && start > 0 && wordBytes[text[start-1]] {
		return false
	}
	i := len(before)
	for i > 0 && letter(before[i-1]) {
		i--
	}
	return slices.Contains(versionWords, strings.ToLower(before[i:]))
}
