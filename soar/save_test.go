package soar_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/soar"
)

func TestSave(t *testing.T) {
	r := newRig(t)
	drafts := []*soar.Draft{draft(1), draft(2), draft(3)}
	saved, err := r.Save(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	r.f.ledger(drafts...)
	for i, s := range saved {
		if s.ID != soar.NumberID(int64(42+i)) || s.Existed || s.Refused != "" {
			t.Errorf("mail %d: %+v", i, s)
		}
	}
	same(t, "requests", len(r.f.requests), 3)
	same(t, "key", r.f.requests[0].key, drafts[0].SourceKey)
	again, err := r.Save(t.Context(), drafts[:1])
	if err != nil || again[0] != (soar.Saved{ID: "42", Existed: true}) {
		t.Errorf("saved again: %+v, %v", again, err)
	}
}

// A save whose answer is lost is there once afterwards, whatever the store knows of keys.
func TestSaveAnswerLost(t *testing.T) {
	for name, tc := range map[string]struct {
		do      func(http.ResponseWriter, *http.Request, func() (int, any))
		times   int
		creates int // POSTs that the store may see
		existed bool
	}{
		"stored, then RST":       {reset(true), 1, 1, false},
		"RST":                    {reset(false), 1, 2, false},
		"RST three times":        {reset(false), 3, 4, false},
		"stored, then 503":       {status(503, true), 1, 1, false},
		"503":                    {status(503, false), 1, 2, false},
		"late 201":               {late, 1, 1, false},
		"cut 201":                {cut, 1, 1, false},
		"429":                    {status(429, false), 2, 3, false},
		"408":                    {status(408, false), 1, 2, false},
		"425":                    {status(425, false), 1, 2, false},
		"stored by another, 429": {status(429, true), 1, 1, true},
	} {
		for _, forgetful := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, func(c *soar.Config) {
					if c.Timeout = 20 * time.Second; name == "late 201" {
						c.Timeout = 2 * time.Second
					}
				})
				r.f.forgetful = forgetful
				r.f.fault("emails.create", tc.times, tc.do)
				one, two := draft(1), draft(2)
				saved, err := r.Save(t.Context(), []*soar.Draft{one, two})
				if err != nil {
					t.Fatal(err)
				}
				r.f.ledger(one, two)
				same(t, "existed", saved[0].Existed, tc.existed)
				same(t, "POSTs", r.f.count("emails.create"), tc.creates+1)
			})
		}
	}
}

// The transport must not repeat a POST by itself when a kept connection breaks.
func TestSaveKeepAliveClosedAtReuse(t *testing.T) {
	r := newRig(t)
	r.f.forgetful = true
	if _, err := r.Check(t.Context()); err != nil { // opens the connection
		t.Fatal(err)
	}
	r.f.fault("emails.create", 1, reset(true))
	d := draft(1)
	if _, err := r.Save(t.Context(), []*soar.Draft{d}); err != nil {
		t.Fatal(err)
	}
	r.f.ledger(d)
	same(t, "POSTs", r.f.count("emails.create"), 1)
}

func TestSaveConflict(t *testing.T) {
	r := newRig(t)
	d := draft(1)
	r.f.put(d.Metadata, d.Raw)
	r.f.fault("emails.create", 1, status(409, false))
	saved, err := r.Save(t.Context(), []*soar.Draft{d})
	if err != nil || saved[0] != (soar.Saved{ID: "42", Existed: true}) {
		t.Errorf("our key: %+v, %v", saved, err)
	}
	r.f.fault("emails.create", 1, status(409, false))
	saved, err = r.Save(t.Context(), []*soar.Draft{draft(2)})
	wants(t, err, "409")
	same(t, "saved with another's key", len(saved), 0)
}

func TestSaveRefused(t *testing.T) {
	for _, code := range []int{400, 413, 422} {
		r := newRig(t)
		r.f.fault("emails.create", 1, status(code, false))
		d := draft(1)
		saved, err := r.Save(t.Context(), []*soar.Draft{d, draft(2)})
		if err != nil || len(saved) != 2 || saved[0].Refused != "" {
			t.Fatalf("%d: %+v, %v", code, saved, err)
		}
		if len(d.Problems) != 1 || d.Problems[0].Code != "content_refused" {
			t.Errorf("problems of the draft: %v", d.Problems)
		}
		kept := r.f.records[0]
		if kept.raw != nil || kept.SourceKey != d.SourceKey || len(kept.Problems) != 1 || kept.Problems[0].Code != "content_refused" {
			t.Errorf("the record without content: %+v", kept)
		}
	}
}

func TestSaveRefusedForGood(t *testing.T) {
	r := newRig(t)
	r.f.fault("emails.create", 2, text(422, "application/json", `{"id":"1","errors":[{"code":"evil","message":"a\nb\u001b[31m`+strings.Repeat("x", 1000)+`"}]}`))
	d := draft(1)
	saved, err := r.Save(t.Context(), []*soar.Draft{d, draft(2)})
	if err != nil || len(saved) != 2 || saved[0].ID != "" || saved[1].ID == "" {
		t.Fatalf("%+v, %v", saved, err)
	}
	if s := saved[0].Refused; !strings.Contains(s, "422") || !strings.Contains(s, "evil: a\\nb") || len(s) > 400 || strings.ContainsAny(s, "\n\x1b") {
		t.Errorf("the reason: %q", s)
	}
	same(t, "problems of a mail that was not saved", len(d.Problems), 0)
}

func TestSaveStops(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(http.ResponseWriter, *http.Request, func() (int, any))
		words []string
	}{
		"401":             {status(401, false), []string{"save an email", "401", "access_id"}},
		"403":             {status(403, false), []string{"403", "role"}},
		"404":             {status(404, false), []string{"404", "cloud_soar_api_url", "emails.create"}},
		"405":             {status(405, false), []string{"405", "cloud_soar_routes"}},
		"410":             {status(410, false), []string{"410", "cloud_soar_routes"}},
		"415":             {status(415, false), []string{"415"}},
		"login page":      {text(200, "text/html; charset=utf-8", "<html>Sign in</html>"), []string{"web page", "login page"}},
		"empty":           {text(200, "application/json", ""), []string{"nothing"}},
		"error":           {text(200, "application/json", `{"error":"no"}`), []string{"id"}},
		"array":           {text(201, "application/json", `[]`), []string{"JSON"}},
		"id as text":      {text(201, "application/json", `{"id":"42x"}`), []string{"positive"}},
		"id zero":         {text(201, "application/json", `{"id":0}`), []string{"positive"}},
		"two documents":   {text(201, "application/json", `{"id":1}{"id":2}`), []string{"more than one"}},
		"no JSON":         {text(201, "application/json", `ok`), []string{"JSON"}},
		"a lot":           {text(200, "application/json", strings.Repeat(" ", 2<<20)), []string{"1 MiB"}},
		"echo of the key": {text(401, "text/plain", accessKey), []string{"[secret]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			two := draft(2)
			saved, err := r.Save(t.Context(), []*soar.Draft{draft(1)})
			if err != nil || len(saved) != 1 {
				t.Fatal(err)
			}
			r.f.fault("emails.create", 9, tc.do)
			saved, err = r.Save(t.Context(), []*soar.Draft{two, draft(3)})
			wants(t, err, tc.words...)
			same(t, "saved", len(saved), 0)
			same(t, "POSTs", r.f.count("emails.create"), 2)
		})
	}
}

// An hour of 429: one POST a step, and an end after twice the timeout.
func TestSaveThrottled(t *testing.T) {
	r := newRig(t, func(c *soar.Config) { c.Timeout = 60 * time.Second })
	r.f.fault("*", 1000, status(429, false))
	start := r.time
	_, err := r.Save(t.Context(), []*soar.Draft{draft(1)})
	wants(t, err, "429", "cloud_soar_requests_per_second")
	if took := r.time.Sub(start); took > 120*time.Second {
		t.Errorf("it took %s", took)
	}
	same(t, "requests a pause", len(r.f.requests), len(r.slept)+1)
	for i, d := range r.slept {
		if want := min(time.Second<<i, 30*time.Second) / 2; d != want {
			t.Errorf("pause %d is %s, want %s", i, d, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		value string
		want  time.Duration
	}{
		"seconds":           {"7", 7 * time.Second},
		"date":              {"Tue, 24 Nov 2026 08:00:09 GMT", 9 * time.Second},
		"an hour":           {"3600", 20 * time.Second},
		"too many to count": {"99999999999999999999999", time.Second / 2},
		"more than fits":    {"9223372036854775807", 20 * time.Second},
		"past":              {"Tue, 24 Nov 2020 08:00:09 GMT", time.Second / 2},
		"zero":              {"0", time.Second / 2},
		"words":             {"soon", time.Second / 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *soar.Config) { c.Timeout = 20 * time.Second })
			r.f.fault("emails.create", 1, status(429, false, "Retry-After", tc.value))
			d := draft(1)
			if _, err := r.Save(t.Context(), []*soar.Draft{d}); err != nil {
				t.Fatal(err)
			}
			r.f.ledger(d)
			if len(r.slept) != 1 || r.slept[0] != tc.want {
				t.Errorf("pauses %v, want %s", r.slept, tc.want)
			}
		})
	}
}

// What a redirect points to never hears of us.
func TestRedirects(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		heard := 0
		other := newFake(t)
		other.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard++ })
		r := newRig(t, func(c *soar.Config) {
			c.HTTP = &http.Client{CheckRedirect: nil} // the caller's client would follow
		})
		r.f.fault("*", 9, status(code, false, "Location", other.URL+"/login?token=secret-of-theirs"))
		_, err := r.Save(t.Context(), []*soar.Draft{draft(1)})
		wants(t, err, "wrong region or address", other.URL)
		if strings.Contains(err.Error(), "secret-of-theirs") {
			t.Errorf("the query is shown: %s", err)
		}
		_, err = r.Get(t.Context(), "1")
		wants(t, err, "redirect")
		same(t, "requests to the other host", heard, 0)
	}
}

func TestSaveInterrupted(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.f.fault("emails.create", 1, func(_ http.ResponseWriter, req *http.Request, _ func() (int, any)) {
		cancel()
		<-req.Context().Done()
	})
	saved, err := r.Save(ctx, []*soar.Draft{draft(1), draft(2)})
	if !errors.Is(err, context.Canceled) || len(saved) != 0 {
		t.Errorf("%v, %v", saved, err)
	}
}

// A run that is ended while it waits to try again says what it waited for.
func TestSaveInterruptedInPause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRig(t, func(c *soar.Config) {
		c.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	r.f.fault("emails.create", 9, status(503, false))
	_, err := r.Save(ctx, []*soar.Draft{draft(1)})
	wants(t, err, "503")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not tell that it was interrupted", err)
	}
	same(t, "POSTs", r.f.count("emails.create"), 1)
}

// An upload that nobody reads ends, and so does an answer that trickles.
func TestStalls(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Run("answer", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, func(c *soar.Config) { c.Timeout, c.Sleep, c.Now = time.Second, nil, nil })
		r.f.fault("*", 99, func(w http.ResponseWriter, req *http.Request, _ func() (int, any)) {
			for req.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		})
		began := time.Now()
		_, err := r.Get(t.Context(), "1")
		wants(t, err, "in time", "timeout")
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("upload", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, func(c *soar.Config) { c.Timeout, c.Sleep, c.Now = time.Second, nil, nil })
		over := make(chan struct{})
		t.Cleanup(func() { close(over) }) // before the server is closed, which waits for its handlers
		r.f.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over })
		d := draft(1)
		d.Raw = make([]byte, 32<<20)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		began := time.Now()
		_, err := r.Save(ctx, []*soar.Draft{d})
		wants(t, err, "save an email")
		if took := time.Since(began); took > 50*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
