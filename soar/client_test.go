package soar_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://api.us2.sumologic.com":                   "https://api.us2.sumologic.com/",
		" https://api.us2.sumologic.com/ ":                "https://api.us2.sumologic.com/",
		"https://api.us2.sumologic.com/api":               "https://api.us2.sumologic.com/",
		"https://api.us2.sumologic.com/api/csoar/v3/":     "https://api.us2.sumologic.com/",
		"https://soar.corp.example/incmansuite_ng/api/v3": "https://soar.corp.example/",
		"https://gate.corp.example:8443/soar/api/":        "https://gate.corp.example:8443/soar/",
		"http://127.0.0.1:8080":                           "http://127.0.0.1:8080/",
		"http://[::1]:8080/api/csoar/v3":                  "http://[::1]:8080/",
		"HTTPS://api.example.com":                         "https://api.example.com/",
		"http://api.example.com":                          "must begin with https",
		"http://127.0.0.1.example.com":                    "must begin with https",
		"http://localhost.example.com":                    "must begin with https",
		"ftp://127.0.0.1/x":                               "must begin with https",
		"https://api.example.com@evil.example":            "user name",
		"https://u:canary-pw@evil.example":                "user name",
		"api.us2.sumologic.com":                           "is not the address",
		"":                                                "is not the address",
		"https://":                                        "is not the address",
		"https://api.example.com/?a=b":                    "leave that off",
		"https://api.example.com/#x":                      "leave that off",
		"https://:443":                                    "is not the address",
		"https://a b/":                                    "is not the address",
		"//api.example.com":                               "must begin with https",
		"https:api.example.com":                           "is not the address",
	} {
		u, err := soar.ParseURL(text)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = u.String()
		}
		if err == nil && got != want || err != nil && (!strings.Contains(got, want) || strings.Contains(got, "canary")) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  soar.Config
		word string
	}{
		"no credentials":     {soar.Config{}, "access_id"},
		"half a key":         {soar.Config{AccessID: "x"}, "access_id"},
		"token of two lines": {soar.Config{JWT: secret.New("canary\nSet-Cookie: x")}, "jwt_token"},
		"token of 20 kB":     {soar.Config{JWT: secret.New(strings.Repeat("canary", 4000))}, "jwt_token"},
		"colon in the id":    {soar.Config{AccessID: "a:b", AccessKey: secret.New("canary")}, "access_id"},
	} {
		tc.cfg.URL = "https://api.example.com"
		_, err := soar.New(tc.cfg)
		wants(t, err, tc.word)
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q shows a secret", name, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		r := newRig(t, func(c *soar.Config) {
			if bearer {
				c.AccessID, c.AccessKey, c.JWT = "", secret.String{}, secret.New(" "+jwt+"\n")
			}
		})
		path := ""
		r.f.fault("emails.search", 1, func(w http.ResponseWriter, req *http.Request, work func() (int, any)) {
			path = req.URL.Path
			code, v := work()
			answer(w, code, v)
		})
		detail, err := r.Check(t.Context())
		if err != nil || !strings.Contains(detail, "0 emails") {
			t.Errorf("%q, %v", detail, err)
		}
		want := "/api/csoar/v3/emails/search/"
		if bearer {
			want = "/incmansuite_ng/api/v3/emails/search/"
		}
		same(t, "path", path, want)
	}
}

func TestTokenTimes(t *testing.T) {
	for token, want := range map[string]string{
		"a.eyJleHAiOjEwMDB9.c":         "it expired on 1970-01-01",
		"a.eyJuYmYiOjQxMDI0NDQ4MDB9.c": "it is valid from 2100-01-01",
		"a.eyJleHAiOm51bGx9.c":         "belongs to this address",
		"a.eyJleHAiOjFlMzB9.c":         "belongs to this address",
		"opaque":                       "cannot be read as a JWT",
		"a.???.c":                      "cannot be read as a JWT",
	} {
		r := newRig(t, func(c *soar.Config) { c.AccessID, c.JWT = "", secret.New(token) })
		_, err := r.Check(t.Context())
		wants(t, err, "401", "check jwt_token", want)
	}
}

func TestParseRoutes(t *testing.T) {
	routes, err := soar.ParseRoutes(` {"emails.create": "POST mails/", "emails.get":"GET /mails/{id}/"} `)
	if err != nil || len(routes) != 2 || routes["emails.create"] != (soar.Route{Method: "POST", Path: "mails/"}) || routes["emails.get"].Path != "mails/{id}/" {
		t.Errorf("%v, %v", routes, err)
	}
	if routes, err := soar.ParseRoutes(" "); routes != nil || err != nil {
		t.Errorf("nothing: %v, %v", routes, err)
	}
	for text, words := range map[string][]string{
		`no json`:                                 {"JSON object"},
		`["POST mails/"]`:                         {"JSON object"},
		`null`:                                    {"JSON object"},
		`{} {}`:                                   {"more after"},
		`{"emails.make": "POST mails/"}`:          {"emails.make", "emails.create"},
		`{"emails.get": "FETCH mails/{id}/"}`:     {"emails.get", "method"},
		`{"emails.get": "get mails/{id}/"}`:       {"method"},
		`{"emails.get": "mails/{id}/"}`:           {"method"},
		`{"emails.get": "GET mails/{mail}/"}`:     {"{mail}"},
		`{"emails.get": "GET mails/"}`:            {"{id}", "once"},
		`{"emails.get": "GET m/{id}/{id}/"}`:      {"once"},
		`{"emails.get": 5}`:                       {"emails.get", "5"},
		`{"emails.get": null}`:                    {"emails.get"},
		`{"emails.create": {"method": "POST"}}`:   {"emails.create"},
		`{"emails.create": "POST ../admin/"}`:     {"path"},
		`{"emails.create": "POST a/%2e%2e/"}`:     {"path"},
		`{"emails.create": "POST https://e.x/?"}`: {"path"},
		`{"emails.create": "POST a b/"}`:          {"path"},
		`{"emails.create": "POST "}`:              {"path"},
		`{"emails.create": "POST", "x": 1}`:       {"emails.create", `"x"`},
		strings.Repeat(" ", 70_000) + "{}":        {"bytes"},
	} {
		_, err := soar.ParseRoutes(text)
		wants(t, err, words...)
	}
}

func TestRoutesAreReplaced(t *testing.T) {
	routes, err := soar.ParseRoutes(`{"emails.get": "PUT v4/mails/{id}", "incidents.emails.remove": "POST x/{id}/from/{incident_id}/"}`)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *soar.Config) { c.Routes = routes })
	r.f.unchecked = true
	var paths []string
	r.f.fault("", 9, func(w http.ResponseWriter, req *http.Request, _ func() (int, any)) {
		paths = append(paths, req.Method+" "+req.URL.Path)
		answer(w, 404, nil)
	})
	_, err = r.Get(t.Context(), "7")
	wants(t, err, "no email 7")
	if _, err := r.RemoveFromIncident(t.Context(), 8, "7"); err != nil {
		t.Error(err)
	}
	same(t, "paths", strings.Join(paths, ", "), "PUT /api/csoar/v3/v4/mails/7, POST /api/csoar/v3/x/7/from/8/")
}

func TestOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(soar.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	found := soar.Routes{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			found[op.OperationID] = soar.Route{Method: method, Path: strings.TrimPrefix(path, "/")}
		}
	}
	for name, route := range soar.DefaultRoutes() {
		same(t, name+" in openapi.yaml", found[name], route)
	}
	same(t, "operations", len(found), len(soar.DefaultRoutes()))
}

func TestGet(t *testing.T) {
	r := newRig(t)
	d := draft(1)
	r.f.put(d.Metadata, d.Raw)
	got, err := r.Get(t.Context(), "42")
	if err != nil || got.SourceKey != d.SourceKey || got.Subject != "mail 1" || got.Attachments == nil || got.CreatedAt == "" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = r.Get(t.Context(), "987")
	if wants(t, err, "987"); !errors.Is(err, soar.ErrNotFound) {
		t.Error("not ErrNotFound")
	}
	for body, word := range map[string]string{
		`{"id":43}`: "not the one", `{}`: "not the one", `{"id":42,"uid":"x"}`: "uid", `{"id":42,"headers":[]}`: "JSON",
		`{"id":42,"subject":"` + strings.Repeat("x", 5<<20) + `"}`: "4 MiB",
	} {
		r.f.fault("emails.get", 1, text(200, "application/json", body))
		_, err = r.Get(t.Context(), "42")
		wants(t, err, word)
	}
}

func TestGetAnswerLost(t *testing.T) {
	for name, do := range map[string]func(http.ResponseWriter, *http.Request, func() (int, any)){"RST": reset(true), "cut": cut, "502": status(502, false)} {
		r := newRig(t)
		r.f.fill(1)
		r.f.fault("emails.get", 1, do)
		if _, err := r.Get(t.Context(), "42"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A gigabyte is not read.
func TestHugeAnswers(t *testing.T) {
	r := newRig(t)
	r.f.fill(1)
	sent := make(chan int64, 20)
	r.f.fault("*", 99, func(w http.ResponseWriter, req *http.Request, _ func() (int, any)) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(req.URL.Path, "/eml/") {
			w.Header().Set("Content-Type", "message/rfc822")
		}
		n, _ := io.Copy(w, io.LimitReader(zeros{}, 1<<30))
		sent <- n
	})
	_, err := r.Get(t.Context(), "42")
	wants(t, err, "4 MiB")
	_, err = r.EML(t.Context(), "42", 1<<20)
	wants(t, err, "1 MiB", "max_message_size")
	_, err = r.AddToIncident(t.Context(), 1, "42")
	wants(t, err, "1 MiB")
	for range 3 {
		if n := <-sent; n > 100<<20 {
			t.Errorf("%d bytes were taken", n)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestEML(t *testing.T) {
	r := newRig(t)
	raw := bytes.Repeat([]byte("\x00\xff\r\n raw"), 500_000) // 3.5 MB
	r.f.put(draft(1).Metadata, raw)
	r.f.put(draft(2).Metadata, nil)
	got, err := r.EML(t.Context(), "42", 0)
	if err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, err = r.EML(t.Context(), "43", 0)
	if wants(t, err, "43"); !errors.Is(err, soar.ErrNoContent) {
		t.Error("not ErrNoContent")
	}
	r.f.fault("emails.eml", 1, cut)
	if got, err := r.EML(t.Context(), "42", int64(len(raw))); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("after a cut: %d bytes, %v", len(got), err)
	}
	r.f.fault("emails.eml", 1, text(200, "text/html", "<html>Sign in</html>"))
	_, err = r.EML(t.Context(), "42", 0)
	wants(t, err, "text/html")
}

func TestDiscard(t *testing.T) {
	r := newRig(t)
	r.f.fill(1)
	for range 2 {
		got, err := r.Discard(t.Context(), "42")
		if err != nil || !got.Discarded {
			t.Errorf("%+v, %v", got, err)
		}
	}
	_, err := r.Discard(t.Context(), "7")
	if wants(t, err, "7"); !errors.Is(err, soar.ErrNotFound) {
		t.Error("not ErrNotFound")
	}
}

func TestLinks(t *testing.T) {
	r := newRig(t)
	r.f.fill(2)
	for _, want := range []bool{true, false} {
		added, err := r.AddToIncident(t.Context(), 7, "42")
		if err != nil || added != want {
			t.Errorf("incident: %v, %v", added, err)
		}
		added, err = r.AddToTriage(t.Context(), 7, "42")
		if err != nil || added != want {
			t.Errorf("triage: %v, %v", added, err)
		}
	}
	for _, want := range []bool{true, false} {
		removed, err := r.RemoveFromIncident(t.Context(), 7, "42")
		if err != nil || removed != want {
			t.Errorf("removed: %v, %v", removed, err)
		}
	}
	r.f.incidents = []string{"7"}
	_, err := r.AddToIncident(t.Context(), 4711, "42")
	if wants(t, err, "4711", "incident"); !errors.Is(err, soar.ErrNotFound) {
		t.Error("not ErrNotFound")
	}
	_, err = r.IncidentEmails(t.Context(), 4711)
	wants(t, err, "4711")
}

// What was done although its answer was lost is told as done by this call.
func TestLinksAnswerLost(t *testing.T) {
	r := newRig(t)
	r.f.fill(1)
	r.f.fault("incidents.emails.add", 1, reset(true))
	if added, err := r.AddToIncident(t.Context(), 7, "42"); err != nil || !added {
		t.Errorf("added: %v, %v", added, err)
	}
	r.f.fault("incidents.emails.add", 1, status(429, false))
	if added, err := r.AddToIncident(t.Context(), 7, "42"); err != nil || added {
		t.Errorf("added again: %v, %v", added, err)
	}
	r.f.fault("incidents.emails.remove", 1, reset(true))
	if removed, err := r.RemoveFromIncident(t.Context(), 7, "42"); err != nil || !removed {
		t.Errorf("removed: %v, %v", removed, err)
	}
	for name, body := range map[string]string{"a web page": "<html>", "nothing": "", "an error": `{"error":"x"}`, "another": `{"email_id":1}`} {
		r.f.fault("incidents.emails.add", 1, text(200, "application/json", body))
		if _, err := r.AddToIncident(t.Context(), 7, "42"); err == nil {
			t.Errorf("%s is taken for success", name)
		}
	}
	r.f.fault("incidents.emails.remove", 1, text(200, "text/html", "<html>"))
	if _, err := r.RemoveFromIncident(t.Context(), 7, "42"); err == nil {
		t.Error("a login page is taken for success")
	}
}

func TestIncidentEmails(t *testing.T) {
	r := newRig(t)
	r.f.fill(130)
	for _, rec := range r.f.records {
		r.f.links["incident 7"] = append(r.f.links["incident 7"], rec.ID)
	}
	got, err := r.IncidentEmails(t.Context(), 7)
	if err != nil || !slices.Equal(ids(got), newest(130, 0, 130)) {
		t.Errorf("%v, %v", ids(got), err)
	}
	same(t, "queries", r.f.requests[0].query+" "+r.f.requests[1].query, "page_number=1&page_size=100 page_number=2&page_size=100")
	if got, err := r.IncidentEmails(t.Context(), 8); err != nil || len(got) != 0 || got == nil {
		t.Errorf("an empty incident: %v, %v", got, err)
	}
}

func TestAddFile(t *testing.T) {
	for name, do := range map[string]func(http.ResponseWriter, *http.Request, func() (int, any)){
		"no fault": nil, "stored, then RST": reset(true), "RST": reset(false), "stored, then 500": status(500, true), "429": status(429, false), "cut": cut,
	} {
		for _, forgetful := range []bool{false, true} {
			r := newRig(t)
			r.f.forgetful = forgetful
			file := soar.File{Filename: "a\"; name=\"metadata\r\n.pdf", ContentType: "application/pdf", SHA256: strings.Repeat("ab", 32), EmailID: "42", Part: "2"}
			if do != nil {
				r.f.fault("incidents.attachments.add", 1, do)
			}
			id, existed, err := r.AddFile(t.Context(), 7, file, []byte("%PDF\r\n--x"))
			if err != nil || id != "7" || existed {
				t.Errorf("%s: %s %v %v", name, id, existed, err)
			}
			list, err := r.IncidentFiles(t.Context(), 7)
			if err != nil || len(list) != 1 || list[0].File != file || list[0].Size != 9 || string(r.f.files[0].content) != "%PDF\r\n--x" {
				t.Errorf("%s: %+v %v", name, list, err)
			}
			if !forgetful {
				if id, existed, err := r.AddFile(t.Context(), 7, file, []byte("%PDF\r\n--x")); err != nil || id != "7" || !existed {
					t.Errorf("%s, again: %s %v %v", name, id, existed, err)
				}
			}
		}
	}
}

// The published limits: 4 requests a second from the first one on, and 10 at once.
func TestLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	r := newRig(t, func(c *soar.Config) { c.RequestsPerSecond, c.Now, c.Sleep = 4, nil, nil })
	r.f.fill(1)
	var wg sync.WaitGroup
	for range 9 {
		wg.Go(func() {
			if _, err := r.Get(t.Context(), "42"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range len(r.f.requests) - 4 {
		// Half of what is kept: on a loaded machine a request may arrive late, and the next one on time.
		if d := r.f.requests[i+4].at.Sub(r.f.requests[i].at); d < time.Second/2 {
			t.Errorf("requests %d to %d in %s", i, i+4, d)
		}
	}
}

func TestConcurrent(t *testing.T) {
	r := newRig(t, func(c *soar.Config) { c.Concurrent = 3; c.Timeout = 20 * time.Second })
	r.f.fill(1)
	r.f.fault("*", 99, func(w http.ResponseWriter, _ *http.Request, work func() (int, any)) {
		time.Sleep(20 * time.Millisecond)
		code, v := work()
		answer(w, code, v)
	})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := r.Get(t.Context(), "42"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.f.most > 3 {
		t.Errorf("%d requests at once", r.f.most)
	}
}

func TestNobodyThere(t *testing.T) {
	r := newRig(t, func(c *soar.Config) { c.URL = "http://" + transporttest.RefusedAddr(t) })
	_, err := r.Check(t.Context())
	wants(t, err, "connection refused", "cloud_soar_api_url")
}

// A certificate that is not trusted is explained, and nothing is sent.
func TestUntrustedCertificate(t *testing.T) {
	heard := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard++ }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	r := newRig(t, func(c *soar.Config) { c.URL = server.URL })
	_, err := r.Check(t.Context())
	wants(t, err, "certificate", "ca_certificate")
	plain := newRig(t, func(c *soar.Config) { c.URL = strings.Replace(c.URL, "http://", "https://", 1) })
	_, err = plain.Check(t.Context())
	wants(t, err, "does not speak TLS")
	same(t, "requests", heard, 0)
	same(t, "tries", len(r.slept)+len(plain.slept), 0)
}

// What happens to a connection is explained by transport; what has to be changed first
// is not tried again.
func TestConnectionFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		says  []string
		tries bool
	}{
		"no such name":      {&net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}, []string{"no host named", "api.example", "cloud_soar_api_url"}, false},
		"name server down":  {&net.DNSError{Err: "server misbehaving", Name: "api.example", IsTemporary: true}, []string{"DNS does not answer"}, true},
		"no route":          {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, []string{"no way to it", "proxy"}, true},
		"reset":             {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, []string{"broke before the answer was whole"}, true},
		"expired":           {x509.CertificateInvalidError{Cert: &x509.Certificate{NotAfter: time.Unix(0, 0)}, Reason: x509.Expired}, []string{"expired on 1970-01-01"}, false},
		"old TLS":           {&net.OpError{Op: "remote error", Err: tls.AlertError(70)}, []string{"below 1.2"}, false},
		"proxy credentials": {&transport.ProxyError{Proxy: "http://proxy:3128", Target: "api.example:443", Fault: transport.Credentials, Answer: "407"}, []string{"proxy"}, false},
		"proxy down":        {&transport.ProxyError{Proxy: "http://proxy:3128", Target: "api.example:443", Fault: transport.Unreachable, Err: syscall.ECONNREFUSED}, []string{"proxy"}, true},
		"another":           {errors.New("odd"), []string{"odd", "run it again later"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *soar.Config) {
				cfg.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, c.err }}}
			})
			_, err := r.Check(t.Context())
			if wants(t, err, c.says...); !errors.Is(err, c.err) {
				t.Errorf("%v does not wrap its cause", err)
			}
			if same(t, "tried again", len(r.slept) > 0, c.tries); strings.HasSuffix(err.Error(), "; ") {
				t.Errorf("%q ends in nothing", err)
			}
		})
	}
}

// Over HTTP/2 a stream that breaks is looked up and repeated with the same key.
func TestHTTP2(t *testing.T) {
	for name, stored := range map[string]bool{"stored, then broken": true, "broken": false} {
		f := newFake(t)
		f.forgetful = true
		server := httptest.NewUnstartedServer(f)
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		r := newRig(t, func(c *soar.Config) { c.URL, c.HTTP = server.URL, server.Client() })
		f.fault("emails.create", 1, func(_ http.ResponseWriter, req *http.Request, work func() (int, any)) {
			if req.ProtoMajor != 2 {
				t.Errorf("the protocol is %s", req.Proto)
			}
			if stored {
				work()
			}
			panic(http.ErrAbortHandler) // RST_STREAM
		})
		d := draft(1)
		if _, err := r.Save(t.Context(), []*soar.Draft{d}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.ledger(d)
	}
}

// A raw email is sent from where it is: memory does not grow with its size.
func TestUploadIsNotCopied(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n, err := io.Copy(io.Discard, req.Body)
		if err != nil || n != req.ContentLength {
			t.Errorf("%d bytes of %d, %v", n, req.ContentLength, err)
		}
		answer(w, 201, map[string]any{"id": 1})
	}))
	defer server.Close()
	r := newRig(t, func(c *soar.Config) { c.URL, c.Timeout = server.URL, time.Minute })
	d := draft(1)
	d.Raw = make([]byte, 48<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := r.Save(t.Context(), []*soar.Draft{d}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("%d bytes were allocated to send 48 MiB", n)
	}
}

func FuzzParseRoutes(f *testing.F) {
	for _, seed := range []string{`{"emails.get": "GET mails/{id}/"}`, `{"emails.eml": "GET ./{id}//../"}`, `{"emails.create": "POST //x"}`, `{"emails.get": 1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		routes, err := soar.ParseRoutes(text)
		if err != nil && strings.ContainsAny(err.Error(), "\x00\r\x1b") {
			t.Errorf("not escaped: %q", err)
		}
		for name, r := range routes {
			if p := path.Join("/base", strings.ReplaceAll(r.Path, "{id}", "1")); !strings.HasPrefix(p+"/", "/base/") || strings.ContainsAny(r.Path, "?#% \\") {
				t.Errorf("%s leaves the base: %q", name, r.Path)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"id":42,"headers":{"A":["b"]}}`, `{"results":[{"id":1}],"total":1}`, `{"headers":{"a":null}}`, `[`, `{"id":1e99}`, `{"errors":[{"code":"a"}]}`} {
		f.Add(200, seed)
		f.Add(422, seed)
	}
	f.Fuzz(func(t *testing.T, code int, body string) {
		if code < 200 || code > 599 || code == 204 || code == 304 {
			return
		}
		c, err := soar.New(soar.Config{URL: "http://127.0.0.1", AccessID: accessID, AccessKey: secret.New(accessKey), HTTP: &http.Client{Transport: canned{code, body}}, Timeout: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := c.Get(t.Context(), "42"); err == nil && r.ID != "42" {
			t.Errorf("record %s is taken for 42", r.ID)
		} else if err != nil && (len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\n\r\x1b\x00")) {
			t.Errorf("a sentence of %d bytes: %q", len(err.Error()), err)
		}
		if page, err := c.Search(t.Context(), soar.Query{}); err == nil {
			for _, r := range page.Records {
				if r.ID == "" || r.Attachments == nil || r.Problems == nil {
					t.Errorf("a record without its parts: %+v", r)
				}
			}
		}
	})
}

// canned answers every request alike.
type canned struct {
	code int
	body string
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.code, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(c.body)),
		Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}
