package profile

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"example.org/imap-integration/soar/foreigntest"
)

// FuzzRead holds that no answer, however odd, breaks the translation, and that
// what it makes of one is JSON.
func FuzzRead(f *testing.F) {
	var profiles []*Profile
	for _, api := range foreigntest.APIs() {
		p, err := Parse(api.Profile)
		if err != nil {
			f.Fatal(err)
		}
		profiles = append(profiles, p)
	}
	for _, seed := range []string{
		`{"data":{"ref":"MSG-1"}}`, `{"data":[{"ref":"MSG-1","received":1790000000000,"sender":{"address":"a"}}],"meta":{"count":1}}`,
		`[{"no":"1"},null,3]`, `{"mail":{"no":"18446744073709551616"}}`, `[]`, `null`, ``, `{"data":{"original":"YQ=="}}`,
	} {
		f.Add([]byte(seed), 200)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		for _, p := range profiles {
			for name := range shapes {
				r := Request{Operation: name, Places: map[string]string{"id": "1"}, Document: []byte(`{"email_id":1}`)}
				a, err := p.Read(r, status, http.Header{"Location": {string(body)}}, body)
				if err == nil && a.ContentType == "application/json" && !json.Valid(a.Body) {
					t.Errorf("%s: %q became %q", name, body, a.Body)
				}
			}
		}
	})
}

// TestTranslate shows what a request becomes.
func TestTranslate(t *testing.T) {
	p, err := Parse(`{"ids":"string","operations":{
		"emails.search":{"request":{"*":"","filter.from":"header:X-From","page_index":"query:p"},"constants":{"a.b":[1]}},
		"incidents.emails.remove":{"request":{"id":"mail.no"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.Translate("POST", Request{Operation: "emails.search", Document: []byte(`{"filter":{"from":"Jürgen\r\nX: y"},"sort":"-id","page_size":10,"page_number":3}`)})
	if err != nil || string(w.Body[0]) != `{"a":{"b":[1]}}` || w.Query.Encode() != "p=2" || w.Header.Get("X-From") != "J%C3%BCrgen%0D%0AX:%20y" {
		t.Errorf("search: %s, %s, %v, %v", w.Body, w.Query.Encode(), w.Header, err)
	}
	w, err = p.Translate("POST", Request{Operation: "incidents.emails.remove", Places: map[string]string{"incident_id": "7", "id": "42"}})
	if err != nil || string(w.Body[0]) != `{"mail":{"no":"42"}}` {
		t.Errorf("remove: %s, %v", w.Body, err)
	}
	if w, err = p.Translate("GET", Request{Operation: "emails.get", Places: map[string]string{"id": "42"}}); err != nil || w.Body != nil || len(w.Query) != 0 {
		t.Errorf("get: %s, %v", w.Body, err)
	}
}

// TestPlacedConstants: an id can stand anywhere in what is always sent.
func TestPlacedConstants(t *testing.T) {
	p, err := Parse(`{"operations":{"incidents.notes.list":{"constants":{"query":[{"_name":"getCase","idOrName":"{incident_id}"},{"_name":"comments"}],"text":"of {incident_id}"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.Translate("POST", Request{Operation: "incidents.notes.list", Places: map[string]string{"incident_id": "7"}})
	if want := `{"query":[{"_name":"getCase","idOrName":7},{"_name":"comments"}],"text":"of {incident_id}"}`; err != nil || string(w.Body[0]) != want {
		t.Errorf("%s, %v, want %s", w.Body, err, want)
	}
}

// TestErrorsWithSuccess: an API that says 200 and means no.
func TestErrorsWithSuccess(t *testing.T) {
	p, err := Parse(`{"operations":{"incidents.emails.remove":{"answer":{"error":"fault.text"}},"incidents.emails.add":{"answer":{"error":"ok"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for body, fails := range map[string]bool{
		``: false, `{}`: false, `{"fault":null}`: false, `{"fault":{"text":""}}`: false, `{"fault":{"text":false}}`: false, `{"fault":{"text":[]}}`: false,
		`{"fault":{"text":"no such case"}}`: true, `{"fault":{"text":["a"]}}`: true, `{"fault":{"text":17}}`: true,
	} {
		_, err := p.Read(Request{Operation: "incidents.emails.remove"}, 200, nil, []byte(body))
		if (err != nil) != fails {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestIDInAHeader: an API that answers 201, a Location and nothing else.
func TestIDInAHeader(t *testing.T) {
	p, err := Parse(`{"ids":"string","id_prefix":"MSG-","operations":{"emails.create":{"answer":{"id":"header:Location"}},"incidents.attachments.add":{"answer":{"id":"header:X-File"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ operation, header, value, want string }{
		{"emails.create", "Location", "https://api.example/v1/mails/MSG-42/?x=/9", `"id":"42"`},
		{"emails.create", "Location", "/v1/mails/MSG-42", `"id":"42"`},
		{"emails.create", "Location", "/v1/mails/other", `"id":null`},
		{"emails.create", "Location", "", ""},
		{"emails.create", "Other", "/v1/mails/MSG-42", ""},
		{"incidents.attachments.add", "X-File", "17", `"id":17`},
	} {
		a, err := p.Read(Request{Operation: row.operation}, 201, http.Header{row.header: {row.value}}, nil)
		if (err != nil) != (row.want == "") || !strings.Contains(string(a.Body), row.want) {
			t.Errorf("%+v: %s, %v", row, a.Body, err)
		}
	}
}
