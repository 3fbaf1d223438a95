package content

import (
	"bytes"
	"fmt"

	"github.com/smallstep/pkcs7"

	"example.org/imap-integration/message"
)

// Object identifiers of CMS content types (RFC 5652, sections 5 and 6), in DER.
var (
	oidSigned    = []byte("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02")
	oidEnveloped = []byte("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03")
	oidAuthData  = []byte("\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17")
)

// isPKCS7 reports whether a file is a CMS structure in BER or DER: a sequence that begins with one of the types.
func isPKCS7(data []byte) bool {
	if len(data) < 20 || data[0] != 0x30 {
		return false
	}
	head := data[:min(len(data), 32)]
	return bytes.Contains(head, oidSigned) || bytes.Contains(head, oidEnveloped) || bytes.Contains(head, oidAuthData)
}

// signed reads what a signed message signs, and says of an encrypted one that it is.
func (u *unfolder) signed(m *Message, depth int) {
	defer func() {
		if r := recover(); r != nil { // the library's parser met something that its authors did not think of
			m.note(message.CodeFileDamaged, "the S/MIME message cannot be read: %.100v", r)
		}
	}()
	head := m.Raw[:min(len(m.Raw), 32)]
	m.Mail = message.Parse(nil, u.limits)
	switch {
	case !bytes.Contains(head, oidSigned):
		m.note(message.CodeEncrypted, "an encrypted S/MIME message; it was not read")
	default:
		p, err := pkcs7.Parse(m.Raw)
		switch {
		case err != nil:
			m.note(message.CodeFileDamaged, "the signed S/MIME message cannot be read: %v", err)
		case len(p.Content) > 0:
			m.Mail = message.Parse(p.Content, u.limits)
			m.Raw = p.Content
		}
	}
	u.mail(m, depth)
}

func (m *Message) note(code, format string, args ...any) {
	m.Problems = append(m.Problems, message.Problem{Code: code, Detail: fmt.Sprintf("part %s: ", m.Path) + fmt.Sprintf(format, args...)})
}

// mbox reads the messages of a mailbox file, each by its number.
func (u *unfolder) mbox(m *Message, depth int) {
	m.Mail = message.Parse(nil, u.limits)
	u.found = append(u.found, m)
	rest := trimStart(m.Raw)
	for n := 1; len(rest) > 0; n++ {
		var one []byte
		if at := nextFrom(rest); at >= 0 {
			one, rest = rest[:at], rest[at:]
		} else {
			one, rest = rest, nil
		}
		if _, body, ok := bytes.Cut(one, []byte("\n")); ok {
			at := m.inside(n)
			if !u.room(m, at.path, depth+1) {
				return
			}
			u.open(m, at, KindEML, body, depth+1)
		}
	}
}

// nextFrom is where the next message of a mailbox file begins: a "From " line behind an empty one.
func nextFrom(data []byte) int {
	for at := 1; ; {
		i := bytes.Index(data[at:], []byte("\nFrom "))
		if i < 0 {
			return -1
		}
		at += i + 1
		before := bytes.TrimSuffix(data[:at-1], []byte("\r"))
		if len(before) > 0 && before[len(before)-1] == '\n' {
			return at
		}
	}
}
