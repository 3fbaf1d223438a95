package content

import (
	"bytes"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
)

// kindOf tells what message a file is, "" where it is none, and its bytes in the
// form that the readers take. The bytes decide; where they fit several things,
// name and type do.
func kindOf(name, mediaType string, data []byte) (kind string, inner []byte) {
	switch {
	case outlook.IsTNEF(data):
		return KindTNEF, data
	case outlook.IsCompoundFile(data):
		// Old Office files are compound files too. A message has a stream of this name.
		if extension(name) == ".msg" || mediaType == "application/vnd.ms-outlook" || bytes.Contains(data, propertyStream) {
			return KindMSG, data
		}
		return "", nil
	case cmsType(data) != "":
		return KindP7M, data
	}
	if der := unarmored(data); der != nil {
		return KindP7M, der
	}
	data = emlxContent(fromUTF16(data))
	named := extension(name) == ".eml" || extension(name) == ".emlx" || extension(name) == ".mht" || mediaType == "message/rfc822"
	switch {
	case isMbox(data):
		return KindMbox, data
	case named && startsWithField(data), startsWithHeader(data):
		return KindEML, data
	}
	return "", nil
}

// propertyStream is "__properties_" in UTF-16.
var propertyStream = []byte("_\x00_\x00p\x00r\x00o\x00p\x00e\x00r\x00t\x00i\x00e\x00s\x00_\x00")

// sniffed is how much of a file is looked at to tell whether it is an email, bytes.
const sniffed = 16 << 10

// glance is how much of a file tells whether it may be a message at all, bytes.
const glance = 512

// mayBegin reports whether a file that begins so may be a message. It spares the
// ordinary email the decoding of more: a container has its mark in front, and
// anything else that kindOf takes begins with a line that is text, in UTF-16 too.
func mayBegin(start []byte) bool {
	if outlook.IsTNEF(start) || outlook.IsCompoundFile(start) || cmsType(start) != "" || isArmored(start) {
		return true
	}
	text := trimStart(emlxContent(fromUTF16(start)))
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return len(text) == 0 || bytes.HasPrefix(text, []byte("From ")) || bytes.HasPrefix(text, []byte(">From ")) || bytes.IndexByte(line, ':') > 0
}

// startsWithField reports whether a file begins with a header field, or an mbox's line in front of one.
func startsWithField(data []byte) bool {
	data = trimStart(data)
	if bytes.HasPrefix(data, []byte("From ")) || bytes.HasPrefix(data, []byte(">From ")) {
		return true
	}
	_, ok := fieldName(data)
	return ok
}

func trimStart(data []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), " \t\r\n")
}

func fieldName(line []byte) (string, bool) {
	name, _, found := bytes.Cut(line[:min(len(line), 200)], []byte(":"))
	if !found || len(name) == 0 || bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", false
	}
	return strings.ToLower(string(name)), true
}

// mailFields are fields that a header block of an email has, and other files hardly.
var mailFields = map[string]bool{
	"from": true, "to": true, "subject": true, "date": true, "message-id": true, "received": true, "mime-version": true, "return-path": true,
	"delivered-to": true, "content-type": true, "reply-to": true, "sender": true, "cc": true, "x-mailer": true, "dkim-signature": true,
}

// startsWithHeader reports whether a file without a telling name begins with a
// header block of an email: fields and folded lines only, at least two of them an email's.
func startsWithHeader(data []byte) bool {
	data = trimStart(data)
	if len(data) > sniffed {
		data = data[:sniffed]
	}
	known := map[string]bool{}
	for n := 0; len(data) > 0; n++ {
		end := bytes.IndexAny(data, "\r\n")
		if end < 0 {
			end = len(data)
		}
		line := data[:end]
		data = bytes.TrimPrefix(bytes.TrimPrefix(data[end:], []byte("\r")), []byte("\n"))
		switch name, ok := fieldName(line); {
		case len(line) == 0:
			return len(known) >= 2
		case n > 0 && (line[0] == ' ' || line[0] == '\t'):
		case n == 0 && bytes.HasPrefix(line, []byte("From ")):
		case !ok:
			return false
		case mailFields[name]:
			known[name] = true
		}
	}
	return len(known) >= 2
}

// isMbox reports whether a file holds several messages behind "From " lines (RFC 4155).
func isMbox(data []byte) bool {
	data = trimStart(data)
	if !bytes.HasPrefix(data, []byte("From ")) {
		return false
	}
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	return len(line) < 300 && startsWithHeader(rest)
}

// emlxContent is the message in an .emlx file of Apple Mail, which begins with a line
// that says how long it is; other data as it is.
func emlxContent(data []byte) []byte {
	line, rest, found := bytes.Cut(data[:min(len(data), 32)], []byte("\n"))
	size, err := strconv.Atoi(strings.TrimSpace(string(line)))
	if !found || err != nil || size <= 0 || len(rest) == 0 {
		return data
	}
	rest = data[len(line)+1:]
	return rest[:min(size, len(rest))]
}

// fromUTF16 makes an email that was saved as UTF-16 one of UTF-8; other data stays as it is.
func fromUTF16(data []byte) []byte {
	switch {
	case len(data) < 4:
		return data
	case data[0] == 0xFF && data[1] == 0xFE, data[0] == 0xFE && data[1] == 0xFF:
	case data[1] == 0 && data[3] == 0 && data[0] != 0, data[0] == 0 && data[2] == 0 && data[1] != 0:
	default:
		return data
	}
	text, _ := message.DecodeCharset(data, "utf-16")
	return []byte(strings.TrimPrefix(text, "\uFEFF"))
}
