package evidence

import (
	"maps"
	"slices"
	"strconv"

	"example.org/imap-integration/soar"
)

// appendJSON appends an entry as a JSON object, byte for byte what encoding/json makes
// of it without HTML escapes. A bulk run appends two entries for each email, and
// encoding/json would be most of what the ledger costs it.
func (e *Entry) appendJSON(b []byte) []byte {
	text := func(key, value string) {
		if value != "" {
			b = soar.AppendString(append(b, key...), value)
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			b = strconv.AppendInt(append(b, key...), value, 10)
		}
	}
	b = strconv.AppendInt(append(b, `{"number":`...), e.Number, 10)
	b = soar.AppendString(append(b, `,"previous":`...), e.Previous)
	b = soar.AppendString(append(b, `,"time":`...), e.Time)
	b = soar.AppendString(append(b, `,"event":`...), e.Event)
	b = soar.AppendString(append(b, `,"program":`...), e.Program)
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
	b = soar.AppendString(append(b, `{"server":`...), s.Server)
	b = soar.AppendString(append(b, `,"greeting":`...), s.Greeting)
	b = soar.AppendString(append(b, `,"tls":`...), s.TLS)
	b = soar.AppendString(append(b, `,"certificate_sha256":`...), s.Certificate)
	if s.Settings == nil {
		return append(b, `,"settings":null}`...)
	}
	b = append(b, `,"settings":{`...)
	for i, name := range slices.Sorted(maps.Keys(s.Settings)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(soar.AppendString(b, name), ':')
		b = soar.AppendString(b, s.Settings[name])
	}
	return append(b, '}', '}')
}
