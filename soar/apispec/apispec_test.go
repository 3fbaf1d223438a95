package apispec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/imap-integration/soar/profile"
)

const small = `{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{"/mails/{id}":{"get":{"responses":{"200":{"description":"d"}}}}}}`

// bomb multiplies by ten with each line, as XML's "billion laughs".
func bomb() string {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\ninfo: {title: t, version: '1'}\nx0: &a0 [1,1,1,1,1,1,1,1,1,1]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "x%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), i-1)
	}
	return b.String() + "paths: {}\n"
}

// TestHostileDocuments: a sentence each, and no document makes the program ask elsewhere.
func TestHostileDocuments(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for name, row := range map[string]struct{ text, want string }{
		"empty":         {"", "no OpenAPI description"},
		"not one":       {`{"a":1}`, "no OpenAPI description"},
		"a web page":    {"<html><body>Sign in</body></html>", "the document"},
		"cut":           {small[:len(small)/2], "cannot be read"},
		"binary":        {"\x00\xff\xfe\x00", "the document"},
		"20 MB":         {`{"openapi":"3.0.0","x":"` + strings.Repeat("a", 20<<20) + `"}`, "larger than the 8 MiB"},
		"nested":        {strings.Repeat("[", 100_000), "nests deeper"},
		"nested object": {strings.Repeat(`{"a":`, 100_000), "nests deeper"},
		"aliases":       {bomb(), "the document"},
		"no paths":      {`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{}}`, "0 paths"},
		"itself":        {`{"openapi":"3.0.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`, "0 paths"},
		"another version": {
			`{"openapi":"4.0.0","paths":{}}`, "no OpenAPI description",
		},
		"elsewhere": {strings.Replace(small, `{"get"`, `{"$ref":"`+server.URL+`/p.json","get"`, 1), ""},
		"a file":    {strings.Replace(small, `{"description":"d"}`, `{"$ref":"/etc/passwd"}`, 1), ""},
		"an escape": {`{"openapi":"3.0.0","info":{"title":"\u001b[31m","version":"1"},"paths":{"/\u001b[2J":"x"}}`, "0 paths"},
	} {
		_, err := Check([]byte(row.text), nil)
		if row.want == "" {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		} else if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\n\x1b\x00") || !utf8.ValidString(text) {
			t.Errorf("%s: no sentence of one line: %q", name, text)
		}
	}
	if asked {
		t.Error("a reference to another address was followed")
	}
}

// TestCyclicSchemas: a schema that holds itself ends, at every depth.
func TestCyclicSchemas(t *testing.T) {
	doc := `{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{"/emails/{id}":{"get":{"responses":{"200":{"description":"d",
		"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},
		"components":{"schemas":{"A":{"allOf":[{"$ref":"#/components/schemas/B"}],"type":"object","properties":{"a":{"$ref":"#/components/schemas/A"},"b":{"$ref":"#/components/schemas/B"},"id":{"type":"string"}}},
		"B":{"type":"object","properties":{"a":{"$ref":"#/components/schemas/A"},"c":{"$ref":"#/components/schemas/B"}}}}}}`
	report, err := Check([]byte(doc), nil)
	if err != nil || report.Matched != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	written, err := json.Marshal(report.Profile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profile.Parse(string(written)); err != nil {
		t.Errorf("%v in %s", err, written)
	}
}

// TestWideCycles: a schema of many parts that are itself is walked in bounded steps.
func TestWideCycles(t *testing.T) {
	parts := strings.TrimSuffix(strings.Repeat(`{"$ref":"#/components/schemas/A"},`, 200), ",")
	doc := `{"openapi":"3.0.0","paths":{"/emails/{id}":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},
		"components":{"schemas":{"A":{"allOf":[` + parts + `]}}}}`
	if report, err := Check([]byte(doc), nil); err != nil || report.Matched != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestEveryStatusIsAText: YAML takes 200 for a number.
func TestEveryStatusIsAText(t *testing.T) {
	doc := "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths:\n  /emails/{id}:\n    get:\n      responses:\n        200: {description: d}\n"
	if report, err := Check([]byte(doc), map[string]string{"emails.get": "GET emails/{id}"}); err != nil || report.Operations[2].Verdict != Fits {
		t.Errorf("%+v, %v", report, err)
	}
}

// FuzzCheck: whatever the document, there is a profile that can be read, or a sentence.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.ReplaceAll(small, "mails", "incidents/{case}/mails")))
	f.Add([]byte("swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {/a: {post: {parameters: [{name: b, in: body, schema: {type: array}}], responses: {200: {description: d}}}}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		report, err := Check(text, nil)
		if err != nil {
			if bytes.ContainsAny([]byte(err.Error()), "\n\x00\x1b") {
				t.Errorf("no sentence: %q", err)
			}
			return
		}
		if _, err := json.Marshal(report.Profile); err != nil {
			t.Error(err)
		}
	})
}
