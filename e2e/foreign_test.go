//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar/foreigntest"
)

// overForeign puts an API of somebody else's making in the place of Cloud SOAR. One
// that keeps emails and was made as a script keeps them as often as they are sent;
// one that keeps none is joined with the local store.
func (s *scene) overForeign(t *testing.T, api foreigntest.API) *scene {
	t.Helper()
	s.foreign = foreigntest.Start(t, api)
	if api.Name == "plain" {
		s.foreign.Forget()
	}
	maps.Copy(s.params, s.foreign.Settings())
	if !api.Emails {
		s.params["cloud_soar_email_store"] = "local:" + s.store
	}
	return s
}

// forForeign runs a test on each foreign API that keeps emails.
func forForeign(t *testing.T, emails int, test func(*testing.T, *scene)) {
	for _, api := range foreigntest.APIs() {
		if api.Emails {
			t.Run(api.Name, func(t *testing.T) {
				t.Parallel()
				test(t, newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, emails)}).overForeign(t, api))
			})
		}
	}
}

// TestForeignFaults: what goes wrong on the way to a foreign API costs no email, and
// saves none twice.
func TestForeignFaults(t *testing.T) {
	t.Parallel()
	lost, status := foreigntest.Fault(foreigntest.LoseAnswer), foreigntest.Status
	slow := foreigntest.Fault(func(w http.ResponseWriter, work func()) { work(); w.WriteHeader(http.StatusGatewayTimeout) })
	for name, row := range map[string]struct {
		writes []foreigntest.Fault // in the place of answers; nil: none
		ends   bool                // the run ends; without an email saved it says why
	}{
		"answers are lost":            {[]foreigntest.Fault{lost, nil, lost, lost}, false},
		"connections are cut":         {[]foreigntest.Fault{foreigntest.Cut, nil, foreigntest.Cut}, false},
		"a gateway gives up":          {[]foreigntest.Fault{slow, nil, status(502, ""), slow}, false},
		"too many requests":           {[]foreigntest.Fault{status(429, "1"), status(429, ""), nil, status(503, "1")}, false},
		"the API is out of order":     {[]foreigntest.Fault{nil, status(500, ""), status(503, "")}, false},
		"a page to log in":            {[]foreigntest.Fault{foreigntest.Answer("text/html", "<form>")}, true},
		"a success that is an error":  {[]foreigntest.Fault{foreigntest.Answer("application/json", `{"error":"disk full"}`)}, true},
		"a success that is not whole": {[]foreigntest.Fault{foreigntest.Answer("application/json", `{"data":{"ref":"MSG-`)}, true},
		"a success that is garbled":   {[]foreigntest.Fault{func(w http.ResponseWriter, work func()) { work(); _, _ = w.Write([]byte(`OK`)) }}, true},
		"credentials that ended":      {[]foreigntest.Fault{status(401, "")}, true},
		"the path is gone":            {[]foreigntest.Fault{status(404, "")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forForeign(t, 5, func(t *testing.T, s *scene) {
				s.foreign.FailWrites(row.writes...)
				p := s.command(t, "incoming-mail-daemon").begin(t)
				s.take(t, p)
				if ended := p.status(t) != 0; ended != row.ends {
					t.Errorf("exit status %d: %s", p.status(t), p.stderr.String())
				}
				s.seenOnlyHanded(t)
				if row.ends { // with emails saved before, these are handed over
					s.foreign.FailWrites(nil, nil, row.writes[0])
					if n := len(s.daemon(t)); n < 2 {
						t.Errorf("%d emails came, but 2 were saved", n)
					}
					s.seenOnlyHanded(t)
				}
				s.foreign.Behave()
				s.settle(t)
			})
		})
	}
}

// TestForeignRefused: a foreign API that takes no content gets the record alone, and an
// email that it takes in no form comes out as failed, once.
func TestForeignRefused(t *testing.T) {
	t.Parallel()
	forForeign(t, 4, func(t *testing.T, s *scene) {
		no := foreigntest.Status(413, "")
		s.foreign.FailWrites(nil, no, nil, no, foreigntest.Status(422, ""))
		said := map[uint32]string{}
		for _, o := range s.daemon(t) {
			said[o.UID] = o.Status
		}
		if want := map[uint32]string{1: "saved", 2: "saved", 3: "failed", 4: "saved"}; !maps.Equal(said, want) {
			t.Errorf("%v, want %v", said, want)
		}
		held := s.foreign.Held()
		if len(held) != 3 || held[0].Raw == nil || held[1].Raw != nil || held[2].Raw == nil {
			t.Errorf("%d emails are held", len(held))
		} else if text, _ := json.Marshal(held[1].Doc); !strings.Contains(string(text), "content_refused") {
			t.Errorf("the record without content does not say why: %s", text)
		}
		if again := s.daemon(t); len(again) != 0 {
			t.Errorf("%v came again", again)
		}
	})
}

// TestForeignKilled: the program is killed at a few requests.
func TestForeignKilled(t *testing.T) {
	t.Parallel()
	forForeign(t, 4, func(t *testing.T, s *scene) { sweepForeign(t, s.foreign.API, "unseen", 3) })
	t.Run("desk", func(t *testing.T) { t.Parallel(); sweepNotes(t, 3) })
}

// TestForeignKilledLong: at 20 points of each way to fetch, and of both actions that write notes.
func TestForeignKilledLong(t *testing.T) {
	t.Parallel()
	forForeign(t, 4, func(t *testing.T, s *scene) {
		sweepForeign(t, s.foreign.API, "unseen", 20)
		sweepForeign(t, s.foreign.API, "from_latest", 20)
	})
	t.Run("desk", func(t *testing.T) { t.Parallel(); sweepNotes(t, 20) })
}

// sweepForeign kills the daemon at points spread over its requests, before and after
// the API did what was asked for, and holds that each email is there once.
func sweepForeign(t *testing.T, api foreigntest.API, fetch string, points int) {
	const emails = 8
	stage := func(t *testing.T) *scene {
		s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 1)}).overForeign(t, api)
		s.params["email_fetch_type"] = fetch
		s.daemon(t) // from_latest begins with a run that gives a checkpoint
		s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Emails = append(o.Emails, numbered(1, emails)[1:]...) })
		s.foreign.Behave()
		return s
	}
	clean := stage(t)
	clean.daemon(t)
	for _, at := range spread(clean.foreign.Requests(), points) {
		t.Run(fmt.Sprintf("%s, %s", fetch, at), func(t *testing.T) {
			s := stage(t)
			s.killed(t, "incoming-mail-daemon", at)
			s.seenOnlyHanded(t)
			s.settle(t)
		})
	}
}

// sweepNotes kills the actions that write notes on an API without emails: each note
// is there once, and so is each link.
func sweepNotes(t *testing.T, points int) {
	const attached = "From: a@one.example\r\nSubject: mail %d\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=r%d.pdf\r\n\r\n%%PDF %d\r\n"
	emails := numbered(1, 3)
	for i := range emails {
		emails[i].Raw = fmt.Appendf(nil, attached, i, i, i)
	}
	for _, action := range []string{"add-email-to-incident", "add-email-attachments-to-incident"} {
		stage := func(t *testing.T) *scene {
			s := newScene(t, mailboxtest.ScriptOptions{Emails: emails}).overForeign(t, foreigntest.APIs()[2])
			s.daemon(t)
			if n := s.foreign.Requests(); n != 0 {
				t.Errorf("the daemon sent %d requests to an API without emails", n)
			}
			s.params["cloud_soar_mail_id"], s.params["incident_id"] = "1,2,3", 7
			s.foreign.Behave()
			return s
		}
		clean := stage(t)
		clean.act(t, action)
		for _, at := range spread(clean.foreign.Requests(), points) {
			t.Run(fmt.Sprintf("%s, %s", action, at), func(t *testing.T) {
				s := stage(t)
				s.killed(t, action, at)
				s.act(t, action)
				s.act(t, action)
				s.remarked(t, 3)
			})
		}
	}
}

// remarked: the ticket has this many remarks, no two of them about the same thing.
func (s *scene) remarked(t *testing.T, want int) {
	t.Helper()
	markers := map[string]int{}
	for _, r := range s.foreign.Remarks("7") {
		title, _ := r["Remark"].(map[string]any)["Headline"].(string)
		markers[title[strings.LastIndex(title, "["):]]++
	}
	for marker, n := range markers {
		if n != 1 {
			t.Errorf("the note %s was written %d times", marker, n)
		}
	}
	if len(markers) != want {
		t.Errorf("%d notes, want %d", len(markers), want)
	}
}

// act runs an action that must succeed.
func (s *scene) act(t *testing.T, action string) {
	t.Helper()
	p := s.command(t, action).begin(t)
	if p.status(t) != 0 || p.stderr.Len() > 0 {
		t.Fatalf("%s: exit status %d: %s", action, p.status(t), p.stderr.String())
	}
}

// moment is a request at which a program is killed: before the API does what it
// asks for, or after.
type moment struct {
	request int
	after   bool
}

func (m moment) String() string {
	if m.after {
		return fmt.Sprintf("after request %d", m.request)
	}
	return fmt.Sprintf("before request %d", m.request)
}

// spread picks moments evenly, both sides of each request if there is room.
func spread(requests, points int) (all []moment) {
	last := 2 * requests
	points = min(points, last)
	for i := range points {
		at := i * last / points
		all = append(all, moment{at/2 + 1, at%2 == 1})
	}
	return all
}

// killed runs an action and kills it at a moment; where it ended before, its result counts.
func (s *scene) killed(t *testing.T, action string, at moment) {
	t.Helper()
	p := s.command(t, action)
	began := make(chan struct{})
	s.foreign.Fail(func(n int, _ *http.Request) foreigntest.Fault {
		if n != at.request {
			return nil
		}
		return func(_ http.ResponseWriter, work func()) {
			if at.after {
				work()
			}
			<-began
			_ = p.Process.Kill()
			<-p.ended
		}
	})
	p.begin(t)
	close(began)
	if p.status(t) == 0 && action == "incoming-mail-daemon" {
		s.take(t, p)
	}
	s.foreign.Behave()
}
