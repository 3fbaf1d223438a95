package manifest_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/manifest"
)

// env makes a Getenv of pairs.
func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func stdin(text string) manifest.Input { return manifest.Input{Stdin: strings.NewReader(text)} }

// read gets a value of every kind.
func read(v *manifest.Values) map[string]any {
	return map[string]any{
		"host": v.Text("host"), "port": v.Int("port", 1, 65535), "security": v.Key("security"), "password": v.Secret("password").Reveal(),
		"trust": v.Bool("trust"), "subject": v.List("subject"), "mail_id": v.IDs("mail_id"), "text": v.Text("text"),
	}
}

func TestPrecedence(t *testing.T) {
	for name, c := range map[string]struct {
		stdin string
		env   map[string]string
		want  string
		set   bool
	}{
		"default":                 {"{}", nil, "tls", false},
		"environment":             {"{}", map[string]string{"security": "on"}, "on", true},
		"standard input":          {`{"security":"tls"}`, map[string]string{"security": "on"}, "tls", true},
		"empty on standard input": {`{"security":""}`, map[string]string{"security": "on"}, "on", true},
		"null on standard input":  {`{"security":null}`, map[string]string{"security": "on"}, "on", true},
		"empty everywhere":        {`{"security":""}`, map[string]string{"security": ""}, "tls", false},
		"nothing":                 {"", map[string]string{"security": "on"}, "on", true},
		"white":                   {" \r\n\t", map[string]string{"security": "on"}, "on", true},
	} {
		t.Run(name, func(t *testing.T) {
			v := decode(t, manifest.Input{Stdin: strings.NewReader(c.stdin), Getenv: env(c.env)})
			if got := v.Key("security"); got != c.want || v.Set("security") != c.set || !v.Has("security") {
				t.Errorf("got %q, set %v; want %q, %v", got, v.Set("security"), c.want, c.set)
			}
		})
	}
}

func TestATerminalIsNotRead(t *testing.T) {
	in := manifest.Input{Stdin: iotest.ErrReader(errors.New("read")), Terminal: true, Getenv: env(map[string]string{"mail_id": "1"})}
	if v := decode(t, in); v.Err() != nil {
		t.Error(v.Err())
	}
}

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		stdin string
		want  map[string]any
	}{
		"JSON types":      {`{"mail_id":7,"port":143,"trust":true}`, map[string]any{"mail_id": []int64{7}, "port": 143, "trust": true}},
		"texts":           {`{"mail_id":"7","port":" 143 ","trust":"Yes"}`, map[string]any{"mail_id": []int64{7}, "port": 143, "trust": true}},
		"whole JSON":      {`{"mail_id":[1,"2",1],"port":143.0,"trust":"ON"}`, map[string]any{"mail_id": []int64{1, 2}, "port": 143, "trust": true}},
		"false":           {`{"mail_id":"3, 1","trust":"off"}`, map[string]any{"mail_id": []int64{3, 1}, "trust": false}},
		"one, zero":       {`{"mail_id":"3","trust":1}`, map[string]any{"trust": true}},
		"trimmed":         {`{"mail_id":"3","host":" h \n"}`, map[string]any{"host": "h"}},
		"as given":        {`{"mail_id":"3","password":" p ","text":" t\n"}`, map[string]any{"password": " p ", "text": " t\n"}},
		"blank as given":  {`{"mail_id":"3","password":"  ","text":"  "}`, map[string]any{"password": "  ", "text": "  "}},
		"list":            {`{"mail_id":"3","subject":"a, b ,,c"}`, map[string]any{"subject": []string{"a", "b", "c"}}},
		"quoted comma":    {`{"mail_id":"3","subject":"\"Invoice, overdue\", payroll"}`, map[string]any{"subject": []string{"Invoice, overdue", "payroll"}}},
		"doubled quote":   {`{"mail_id":"3","subject":"\"say \"\"hi\"\", now\""}`, map[string]any{"subject": []string{`say "hi", now`}}},
		"quote inside":    {`{"mail_id":"3","subject":"12\" disk, x"}`, map[string]any{"subject": []string{`12" disk`, "x"}}},
		"array":           {`{"mail_id":"3","subject":["a, b"," ","c"]}`, map[string]any{"subject": []string{"a, b", "c"}}},
		"surrogates":      {`{"mail_id":"3","host":"\ud83d\ude00"}`, map[string]any{"host": "😀"}},
		"byte order mark": {"\ufeff" + `{"mail_id":"3","host":"h"}`, map[string]any{"host": "h"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := decode(t, stdin(c.stdin))
			got := read(v)
			if v.Err() != nil {
				t.Fatal(v.Err())
			}
			for id, want := range c.want {
				if diff := cmp.Diff(want, got[id]); diff != "" {
					t.Errorf("%s: %s", id, diff)
				}
			}
		})
	}
}

func TestProblems(t *testing.T) {
	const ok = `"mail_id":"1",`
	for name, c := range map[string]struct{ stdin, want string }{
		"required":          {`{}`, `mail_id is missing`},
		"required, blank":   {`{"mail_id":" "}`, `mail_id is set but holds no value; give one, or leave it empty`},
		"unknown":           {`{` + ok + `"prot":1}`, `prot is not a parameter of get (did you mean port?)`},
		"unknown, odd":      {`{` + ok + `"a\nb":1}`, `"a\nb" is not a parameter of get (did you mean host?)`},
		"case":              {`{` + ok + `"Port":1}`, `Port is not a parameter of get (did you mean port?)`},
		"twice":             {`{` + ok + `"port":1,"port":2}`, `port stands twice on standard input`},
		"word":              {`{` + ok + `"port":"abc"}`, `port must be a whole number, not "abc"`},
		"fraction":          {`{` + ok + `"port":993.5}`, `port must be a whole number, not "993.5"`},
		"text fraction":     {`{` + ok + `"port":"993.0"}`, `port must be a whole number, not "993.0"`},
		"trailing":          {`{` + ok + `"port":"993x"}`, `port must be a whole number, not "993x"`},
		"zero":              {`{` + ok + `"port":0}`, `port must be a whole number from 1 to 65535, not "0"`},
		"huge":              {`{` + ok + `"port":99999999999999999999999}`, `port must be a whole number from 1 to 65535, not "99999999999999999999999"`},
		"huge float":        {`{` + ok + `"port":1e99}`, `port must be a whole number from 1 to 65535, not "1e99"`},
		"number as array":   {`{` + ok + `"port":[993]}`, `port must be a number, not an array`},
		"boolean":           {`{` + ok + `"trust":"maybe"}`, `trust must be true or false, not "maybe"`},
		"boolean as array":  {`{` + ok + `"trust":[]}`, `trust must be true or false, not an array`},
		"key":               {`{` + ok + `"security":"ssl"}`, `security must be one of tls, on, not "ssl"`},
		"text as number":    {`{` + ok + `"host":5}`, `host must be a text, not a number`},
		"text as object":    {`{` + ok + `"host":{"a":1}}`, `host must be a text, not an object`},
		"text of spaces":    {`{` + ok + `"host":"  "}`, `host holds only white space`},
		"list as object":    {`{` + ok + `"subject":{"a":1}}`, `subject must be a list of texts, not an object`},
		"list of objects":   {`{` + ok + `"subject":[{"a":1}]}`, `subject must be a list of texts; one of its values is an object`},
		"list of commas":    {`{` + ok + `"subject":" , ,"}`, `subject is set but holds no value; give one, or leave it empty`},
		"list of nothing":   {`{` + ok + `"subject":[]}`, `subject is set but holds no value; give one, or leave it empty`},
		"list, open quote":  {`{` + ok + `"subject":"\"a, b"}`, `subject has a quote in it that does not end before a comma; a quote inside a quoted value is doubled ("say ""hi""")`},
		"list, line break":  {`{` + ok + `"subject":"a\r\nA1 LOGOUT"}`, `subject must not hold a line break or a NUL, as "a\r\nA1 LOGOUT" does`},
		"list, NUL":         {`{` + ok + `"subject":["a\u0000b"]}`, `subject must not hold a line break or a NUL, as "a\x00b" does`},
		"id a word":         {`{"mail_id":"one"}`, `mail_id must be an id, which has digits only, not "one"`},
		"id zero":           {`{"mail_id":0}`, `mail_id must be an id, which has digits only, not "0"`},
		"id negative":       {`{"mail_id":-1}`, `mail_id must be an id, which has digits only, not "-1"`},
		"id fraction":       {`{"mail_id":1.5}`, `mail_id must be an id, which has digits only, not "1.5"`},
		"id too large":      {`{"mail_id":"9223372036854775808"}`, `mail_id must be an id, which has digits only, not "9223372036854775808"`},
		"id a boolean":      {`{"mail_id":[true]}`, `mail_id must be an id or a list of ids; one of its values is true or false`},
		"truncated":         {`{"host":"x"`, `standard input must be a JSON object; it ends too early at line 1, column 12 (the line of "host")`},
		"array":             {`[1]`, `standard input must be a JSON object; it is something else`},
		"no JSON":           {`nope`, `standard input must be a JSON object; invalid character 'o' in literal null (expecting 'u') at line 1, column 2`},
		"comma at the end":  {"{\n  \"host\":\"x\",\n}", `standard input must be a JSON object; invalid character '}' looking for beginning of object key string at line 3, column 1; take away the comma before it`},
		"comma missing":     {"{\n  \"password\":\"Canary\"\n  \"host\":\"x\"}", `standard input must be a JSON object; invalid character '"' after object key:value pair at line 3, column 3 (the line of "host"); a comma is missing before it, or a quote inside a text is not written as \"`},
		"quote inside":      {"{\"password\":\"Can\"ary\"}", `standard input must be a JSON object; invalid character 'a' after object key:value pair at line 1, column 18 (the line of "password")`},
		"single quotes":     {"{'host':1}", `standard input must be a JSON object; invalid character '\'' looking for beginning of object key string at line 1, column 2; JSON takes double quotes`},
		"two objects":       {`{} {}`, `standard input must be one JSON object; there is more behind it`},
		"data after":        {`{"mail_id":"1"} x`, `standard input must be one JSON object; there is more behind it`},
		"no UTF-8":          {"{\"host\":\"\xff\"}", `standard input is not UTF-8`},
		"in field order":    {`{"trust":"x","text":5,"port":"x"}`, `port must be a whole number, not "x"; trust must be true or false, not "x"; mail_id is missing; text must be a text, not a number`},
		"secret not echoed": {`{` + ok + `"password":["Canary"]}`, `password must be a text, not an array`},
		"long value":        {`{` + ok + `"host":"` + strings.Repeat("x", 1<<20+1) + `"}`, `host is 1048577 bytes long; at most 1048576 are taken`},
		"long list value":   {`{` + ok + `"subject":"` + strings.Repeat("x", 64<<10+1) + `"}`, `subject holds a value of 65537 bytes; at most 65536 are taken`},
		"many list values":  {`{` + ok + `"subject":"` + strings.Repeat("x,", 10_001) + `"}`, `subject holds 10001 values; at most 10000 are taken`},
	} {
		t.Run(name, func(t *testing.T) {
			v := decode(t, stdin(c.stdin))
			read(v)
			var got *manifest.ParameterError
			if !errors.As(v.Err(), &got) {
				t.Fatalf("got %v, want a ParameterError", v.Err())
			}
			if want := "the parameters of get are wrong: " + c.want; got.Error() != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestEnvironmentIgnoresWhatItDoesNotKnow(t *testing.T) {
	v := decode(t, manifest.Input{Getenv: env(map[string]string{"mail_id": "1", "no_such_field": "1", "HOST": "x"})})
	if v.Text("host") != "" || v.Err() != nil {
		t.Errorf("host %q, %v", v.Text("host"), v.Err())
	}
}

func TestAWholeMailFits(t *testing.T) {
	mail := strings.Repeat("x", 3<<20)
	v := decode(t, stdin(`{"mail_id":1,"text":"`+mail+`"}`))
	if v.Text("text") != mail || v.Err() != nil {
		t.Error(v.Err())
	}
}

func TestAnUnreadableInputIsAProblem(t *testing.T) {
	v := decode(t, manifest.Input{Stdin: iotest.ErrReader(errors.New("it broke"))})
	if v.Err() == nil || !strings.Contains(v.Err().Error(), "standard input cannot be read: it broke") {
		t.Error(v.Err())
	}
}

func TestProblemsOfTheAction(t *testing.T) {
	v := decode(t, stdin(`{"mail_id":1}`))
	v.Require("host", "mail_id")
	v.Problem("password", ": %s", "two\nlines")
	v.Problem("host", "is missing") // said already
	want := "the parameters of get are wrong: host is missing; password: two; lines"
	if v.Err() == nil || v.Err().Error() != want {
		t.Errorf("got  %v\nwant %s", v.Err(), want)
	}
}

func TestGetterOfNoFieldPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a getter of an id that the manifest does not have must not pass unseen")
		}
	}()
	decode(t, stdin(`{"mail_id":1}`)).Text("hots")
}

func TestRedact(t *testing.T) {
	v := decode(t, stdin(`{"mail_id":1,"password":"pa ss/word?"}`))
	for _, said := range []string{"pa ss/word?", "cGEgc3Mvd29yZD8=", "cGEgc3Mvd29yZD8", "pa+ss%2Fword%3F", "pa%20ss%2Fword%3F"} {
		if got := v.Redact("NO " + said + " is wrong"); !strings.Contains(got, "NO [secret]") || strings.Contains(got, said) {
			t.Errorf("%q became %q", said, got)
		}
	}
	if got := decode(t, stdin(`{"mail_id":1,"password":"no"}`)).Redact("there is no mail"); got != "there is no mail" {
		t.Errorf("a short secret garbles the text: %q", got)
	}
}

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{`{"mail_id":[1,"2"],"port":"993","subject":"\"a, b\",c"}`, `{"port":1e400}`, `[]`, `{"a":{"b":[null]}}`, `{"subject":["\u0000"]}`} {
		f.Add(seed, "x", "Canary-1234")
	}
	f.Fuzz(func(t *testing.T, text, subject, password string) {
		v := decode(t, manifest.Input{Stdin: strings.NewReader(text), Getenv: env(map[string]string{"subject": subject, "password": password})})
		read(v)
		v.ID("mail_id")
		v.Int("port", math.MinInt, math.MaxInt)
		if values := v.List("subject"); values != nil && (len(values) == 0 || values[0] == "") {
			t.Errorf("an empty list passed: %q", values)
		}
		if err := v.Err(); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %q", err)
		}
	})
}

// FuzzList: what is quoted as the contract says comes back as it was.
func FuzzList(f *testing.F) {
	f.Add("Invoice, overdue", `say "hi"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		v := decode(t, manifest.Input{Getenv: env(map[string]string{"mail_id": "1", "subject": quote(a) + " , " + quote(b)})})
		var want []string
		for _, s := range []string{a, b} {
			if s = strings.Trim(s, " \t\r\n"); s != "" {
				want = append(want, s)
			}
		}
		got := v.List("subject")
		if v.Err() == nil && !cmp.Equal(want, got) {
			t.Errorf("%s, %s came back as %s", strconv.Quote(a), strconv.Quote(b), got)
		}
	})
}
