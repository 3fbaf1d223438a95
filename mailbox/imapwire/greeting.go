package imapwire

import (
	"bytes"
	"errors"
	"strings"

	"example.org/imap-integration/quote"
)

// maxPreamble bounds the untagged lines before a greeting and around STARTTLS.
const maxPreamble = 50

// tlsAlert begins the fatal alert with which a server for TLS refuses what it
// took for a handshake (RFC 8446, section 5.1).
var tlsAlert = []byte{0x15, 0x03}

// ErrTLS is the greeting of a server that speaks TLS from the first byte.
var ErrTLS error = ProtocolError{"what answers there speaks TLS"}

// ReadGreeting reads up to the first status response.
func ReadGreeting(in *Reader) (StatusResponse, error) {
	for range maxPreamble {
		line, err := in.Line()
		if err != nil {
			return StatusResponse{}, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 { // QUIRK: empty lines
			continue
		}
		if bytes.HasPrefix(line, tlsAlert) {
			return StatusResponse{}, ErrTLS
		}
		if line[0] != '*' {
			return StatusResponse{}, Protocolf("a greeting that is not IMAP: %q", quote.Line(string(line), 60))
		}
		if r, ok := ParseStatus(line[1:]); ok {
			return r, nil
		}
	}
	return StatusResponse{}, Protocolf("no greeting among the first %d lines", maxPreamble)
}

// AskCapabilities asks for them in clear, before STARTTLS.
func AskCapabilities(g *Guard, in *Reader) (map[string]bool, error) {
	var caps map[string]bool
	_, err := Ask(g, in, "S1", "CAPABILITY", func(line []byte) {
		words := strings.Fields(string(line))
		if len(words) > 2 && strings.EqualFold(words[1], "CAPABILITY") {
			caps = CapabilitySet(words[2:])
		}
	})
	return caps, err
}

// Ask sends one command in clear and reads up to its response.
func Ask(g *Guard, in *Reader, tag, command string, untagged func([]byte)) (StatusResponse, error) {
	g.Progress()
	if _, err := g.Write([]byte(tag + " " + command + "\r\n")); err != nil {
		return StatusResponse{}, err
	}
	for range maxPreamble {
		line, err := in.Line()
		if err != nil {
			return StatusResponse{}, err
		}
		word, rest, _ := bytes.Cut(line, []byte(" "))
		r, ok := ParseStatus(rest)
		switch {
		case ok && string(word) == tag:
			if r.Status != "OK" {
				return r, Refusal{r}
			}
			return r, nil
		case ok && r.Status == "BYE":
			return r, errors.Join(errClosingEarly, Refusal{r})
		case untagged != nil:
			untagged(line)
		}
	}
	return StatusResponse{}, Protocolf("no response to %s among %d lines", command, maxPreamble)
}

var errClosingEarly = errors.New("the server said BYE")
