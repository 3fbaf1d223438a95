package evidence

import (
	"maps"
	"slices"
	"strconv"

	"example.org/imap-integration/quote"
)

// appendJSON appends an entry as a JSON object, byte for byte what encoding/json makes
// of it without HTML escapes. A bulk run appends two entries for each email, and
// encoding/json would be most of what the ledger costs it.
func (e *Entry) appendJSON(b []byte) []byte {
	text := func(key, value string) {
		if value != "" {
			b = quote.AppendJSON(append(b, key...), value)
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			b = strconv.AppendInt(append(b, key...), value, 10)
		}
	}
	b = strconv.AppendInt(append(b, `{"number":`...), e.Number, 10)
	b = quote.AppendJSON(append(b, `,"previous":`...), e.Previous)
	b = quote.AppendJSON(append(b, `,"time":`...), e.Time)
	b = quote.AppendJSON(append(b, `,"event":`...), e.Event)
	b = quote.AppendJSON(append(b, `,"program":`...), e.Program)
	text(`,"email":`, e.Email)
	text(`,"account":`, e.Account)
	text(`,"folder":`, e.Folder)
	number(`,"uid_validity":`, int64(e.UIDValidity))
	number(`,"uid":`, int64(e.UID))
	number(`,"size":`, e.Size)
	text(`,"sha256":`, e.SHA256)
	text(`,"record":`, e.Record)
	text(`,"place":`, e.Place)
	text(`,"detail":`, e.Detail)
	number(`,"in_session":`, e.InSession)
	if e.Session != nil {
		b = e.Session.appendJSON(append(b, `,"session":`...))
	}
	return append(b, '}')
}

func (s *Session) appendJSON(b []byte) []byte {
	b = quote.AppendJSON(append(b, `{"server":`...), s.Server)
	b = quote.AppendJSON(append(b, `,"greeting":`...), s.Greeting)
	b = quote.AppendJSON(append(b, `,"tls":`...), s.TLS)
	b = quote.AppendJSON(append(b, `,"certificate_sha256":`...), s.Certificate)
	if s.Settings == nil {
		return append(b, `,"settings":null}`...)
	}
	b = append(b, `,"settings":{`...)
	for i, name := range slices.Sorted(maps.Keys(s.Settings)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote.AppendJSON(b, name), ':')
		b = quote.AppendJSON(b, s.Settings[name])
	}
	return append(b, '}', '}')
}
