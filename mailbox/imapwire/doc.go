// Package imapwire is everything between the bytes of an IMAP connection and
// the responses in them (RFC 9051, section 7).
//
// What arrives is a server's, and may be hostile, broken or a dialect: lines of
// any length, literals of any size, attributes that nobody asked for, UIDs behind
// the body, one byte a second. What is promised: every line, literal and count has
// a limit, and every wait has an end ([Guard]); a literal is read into its final
// place, or to a temporary file where it is large ([Literal]), and is whole or is
// an error; a response that cannot be understood ends the connection, and no response
// behind it is taken for success.
//
// [Conn] stands between the network and go-imap, which encodes and tags the
// commands; FETCH, SEARCH and LIST responses are read here, and go-imap gets only
// what its strict parser takes. Nothing here knows what a folder is read for.
//
// To be read in this order: conn.go, greeting.go, response.go, fetch_response.go, state.go, search_response.go,
// status_response.go, literal.go, sequence_set.go, utf7.go, guard.go, reader.go.
package imapwire

import "example.org/imap-integration/message"

// UID is a unique identifier of an email in a folder (RFC 9051, section 2.3.1.1); 0 is none.
type UID = message.UID
