package content

import (
	"bytes"
	"fmt"
	"mime"
	"strings"

	"github.com/smallstep/pkcs7"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Object identifiers of CMS content types (RFC 5652, sections 5 and 6), in DER.
var (
	oidSigned    = []byte("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02")
	oidEnveloped = []byte("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03")
	oidEncrypted = []byte("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06")
	oidAuthData  = []byte("\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17")
)

// isPKCS7 reports whether a file is a CMS structure in BER or DER: a sequence that begins with one of the types.
func isPKCS7(data []byte) bool {
	if len(data) < 20 || data[0] != 0x30 {
		return false
	}
	head := data[:min(len(data), 32)]
	return bytes.Contains(head, oidSigned) || bytes.Contains(head, oidEnveloped) || bytes.Contains(head, oidEncrypted) || bytes.Contains(head, oidAuthData)
}

// signed reads what a signed message signs, and says of an encrypted one that it is.
func (w *walk) signed(m *Message, depth int) {
	defer func() {
		if r := recover(); r != nil { // the library's parser met something that its authors did not think of
			m.note(message.CodeFileDamaged, "the S/MIME message cannot be read: %.100v", r)
		}
	}()
	head := m.Raw[:min(len(m.Raw), 32)]
	m.Mail = message.Parse(nil, w.options.Limits)
	switch {
	case !bytes.Contains(head, oidSigned):
		m.note(message.CodeEncrypted, "an encrypted S/MIME message; it was not read")
	default:
		p, err := pkcs7.Parse(m.Raw)
		switch {
		case err != nil:
			m.note(message.CodeFileDamaged, "the signed S/MIME message cannot be read: %v", err)
		case len(p.Content) > 0:
			m.Signature = signatureOf(p)
			m.Mail = message.Parse(p.Content, w.options.Limits)
			m.Raw = p.Content
		default:
			if p.Content = m.Parent.clearSigned(); p.Content != nil {
				m.Signature = signatureOf(p)
			}
		}
	}
	w.mail(m, depth)
}

// Signature is who signed a content, and whether the signature fits. Nothing is
// said of trust: anybody can make a certificate in any name.
type Signature struct {
	Signer  string // the subject of the certificate (RFC 4514)
	Emails  string // the addresses in the certificate, joined by ", "
	Issuer  string
	Problem string // why the signature does not fit; "" where it does
}

func signatureOf(p *pkcs7.PKCS7) *Signature {
	s := &Signature{}
	if cert := p.GetOnlySigner(); cert != nil {
		s.Signer, s.Issuer, s.Emails = cert.Subject.String(), cert.Issuer.String(), strings.Join(cert.EmailAddresses, ", ")
	}
	if err := p.Verify(); err != nil {
		s.Problem = quote.Line(err.Error(), quote.Sentence)
	}
	return s
}

func (m *Message) note(code, format string, args ...any) {
	m.Problems = append(m.Problems, message.Problem{Code: code, Detail: fmt.Sprintf("part %s: ", m.Path) + fmt.Sprintf(format, args...)})
}

// clearSigned is the part of a multipart/signed message that the signature behind it is
// made over, with its header and without the line end in front of the delimiter (RFC 1847, section 2.1).
func (m *Message) clearSigned() []byte {
	if m == nil || m.Mail == nil {
		return nil
	}
	for _, value := range m.Mail.Header.Values("Content-Type") {
		kind, params, err := mime.ParseMediaType(value)
		if err != nil || kind != "multipart/signed" || params["boundary"] == "" {
			continue
		}
		delimiter := []byte("\n--" + params["boundary"])
		_, rest, found := bytes.Cut(m.Raw, delimiter)
		_, rest, begun := bytes.Cut(rest, []byte("\n"))
		part, _, ended := bytes.Cut(rest, delimiter)
		if found && begun && ended {
			return bytes.TrimSuffix(part, []byte("\r"))
		}
	}
	return nil
}

// mbox reads the messages of a mailbox file, each by its number.
func (w *walk) mbox(m *Message, depth int) {
	m.Mail = message.Parse(nil, w.options.Limits)
	w.found = append(w.found, m)
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
			if !w.room(m, at.path, depth+1) {
				return
			}
			w.open(m, at, KindEML, body, depth+1)
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
