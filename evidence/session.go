package evidence

import "encoding/json"

// Session is a connection to a mail server over which emails came, and what the run
// on it was told to do. It has an entry of its own in front of those of its emails.
type Session struct {
	Server      string            `json:"server"`             // host:port, as the settings name it
	Greeting    string            `json:"greeting"`           // the server's first line, cut and escaped; "" under STARTTLS, where nobody vouches for it
	TLS         string            `json:"tls"`                // "TLS 1.3"; "": none
	Certificate string            `json:"certificate_sha256"` // of the server's certificate (DER); "": none
	Settings    map[string]string `json:"settings"`           // that are not their defaults, without secrets
}

// Witness is a store whose ledger says over which connection emails came.
type Witness interface {
	// Witness sets how each save finds that out; nil: nobody knows.
	Witness(session func() *Session)
}

// latest stands in an entry that is not in the ledger yet for the number of the session in front of it.
const latest = -1

// Resolve fills in the number of the session in front of an entry that is appended now.
func (e *Entry) Resolve(session int64) {
	if e.InSession == latest {
		e.InSession = session
	}
}

// Under puts the entries of emails that came over a session behind the entry of the session.
func Under(session func() *Session, entries []Entry) []Entry {
	if session == nil || len(entries) == 0 {
		return entries
	}
	s := session()
	if s == nil {
		return entries
	}
	all := append(make([]Entry, 0, len(entries)+1), Entry{Event: Connected, Session: s})
	for _, e := range entries {
		e.InSession = latest
		all = append(all, e)
	}
	return all
}

// Origin is what a bundle says of where an email came from.
type Origin struct {
	Email   string `json:"email"`
	Entry   int64  `json:"entry"`   // that tells of its saving; 0: there is none
	Session int64  `json:"session"` // entry of the connection that it came over; 0: unknown
	Unknown string `json:"unknown"` // what nobody wrote down, and why; "": all is known
}

// What the bundle says where something is unknown.
const (
	noEntry   = "no entry of a ledger tells of its saving: the store keeps none, or did not when the email came"
	noSession = "the entry of its saving names no mail server: it came by the API, or a program that did not note the server saved it"
)

// Origins says of each email what the excerpt shows of where it came from, and of
// the sessions, by their numbers, what they were.
func (x Excerpt) Origins(emails []string) (origins []Origin, sessions map[int64]Entry) {
	saved, sessions := map[string]Entry{}, map[int64]Entry{}
	for _, n := range x.Entries {
		var e Entry
		if n.Line == nil || json.Unmarshal(n.Line, &e) != nil {
			continue
		}
		switch e.Event {
		case Saved:
			saved[e.Email] = e
		case Connected:
			sessions[e.Number] = e
		}
	}
	origins = []Origin{}
	for _, id := range emails {
		e, there := saved[id]
		o := Origin{Email: id, Entry: e.Number, Session: e.InSession}
		switch {
		case !there:
			o.Unknown = noEntry
		case e.InSession == 0:
			o.Unknown = noSession
		}
		origins = append(origins, o)
	}
	return origins, sessions
}
