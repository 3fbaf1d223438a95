package content

import (
	"bytes"
	"compress/zlib"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/smallstep/pkcs7"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Types of CMS content, as the object identifiers are encoded (RFC 5652, RFC 3274, RFC 5083).
const (
	cmsData       = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01"
	cmsSigned     = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"
	cmsEnveloped  = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"
	cmsDigested   = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x05"
	cmsEncrypted  = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06"
	cmsCompressed = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09"
	cmsAuthData   = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"
)

var cmsTypes = []string{cmsData, cmsSigned, cmsEnveloped, cmsDigested, cmsEncrypted, cmsCompressed, cmsAuthData}

// maxInflated bounds what a compressed message unpacks to, bytes.
const maxInflated = 32 << 20

// cmsType is the type of a CMS structure in BER or DER, "" where data is none: a
// sequence that begins with one of the object identifiers.
func cmsType(data []byte) string {
	inner, _, ok := berValue(data, 0x30)
	if !ok {
		return ""
	}
	id, _, ok := berValue(inner, 0x06)
	if !ok || !slices.Contains(cmsTypes, string(id)) {
		return ""
	}
	return string(id)
}

// unarmored is the CMS structure in a file that holds it in base64, with the lines of
// PEM around it or without; nil where there is none. The file may be cut.
func unarmored(data []byte) []byte {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("-----BEGIN PKCS7-----")) || bytes.HasPrefix(text, []byte("-----BEGIN CMS-----")) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	} else if !bytes.HasPrefix(text, []byte("MI")) { // a sequence of more than 127 bytes
		return nil
	}
	text, _, _ = bytes.Cut(text, []byte("-----END"))
	text = bytes.TrimRight(bytes.Join(bytes.Fields(text), nil), "=")
	der := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(der, text)
	if cmsType(der[:n]) == "" || err != nil && n < len(der)-3 {
		return nil
	}
	return der[:n]
}

// isArmored reports whether data begins as what [unarmored] reads.
func isArmored(start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xEF\xBB\xBF")), " \t\r\n")
	return bytes.HasPrefix(start, []byte("-----BEGIN PKCS7")) || bytes.HasPrefix(start, []byte("-----BEGIN CMS")) || bytes.HasPrefix(start, []byte("MI"))
}

// cmsContent is what is in a CMS structure.
type cmsContent struct {
	content   []byte // nil: it lies elsewhere, as that of a clear signature
	signature *Signature
}

// cmsError is a problem with its code.
type cmsError struct{ code, text string }

func (e *cmsError) Error() string { return e.text }

// readCMS reads a CMS structure; around is the message that it is attached to.
func readCMS(data []byte, around *Message) (c cmsContent, err *cmsError) {
	defer func() {
		if r := recover(); r != nil { // the library's parser met something that its authors did not think of
			err = &cmsError{message.CodeFileDamaged, fmt.Sprintf("the S/MIME message cannot be read: %.100v", r)}
		}
	}()
	switch kind := cmsType(data); kind {
	case cmsSigned:
		p, failed := pkcs7.Parse(data)
		if failed != nil {
			return c, &cmsError{message.CodeFileDamaged, "the signed S/MIME message cannot be read: " + quote.Line(failed.Error(), quote.Sentence)}
		}
		if len(p.Content) > 0 {
			return cmsContent{p.Content, signatureOf(p)}, nil
		}
		s := clearSignature(p, around)
		if s == nil && (len(p.Signers) > 0 || len(p.Certificates) == 0) { // certificates alone are sent without content (RFC 8551, section 3.8)
			return c, &cmsError{message.CodeFileDamaged, "a signed S/MIME message without content, and what it signs is not beside it: nothing was read, and the signature cannot be checked"}
		}
		return cmsContent{nil, s}, nil
	case cmsData, cmsDigested, cmsCompressed:
		inner, failed := berContent(data)
		if failed == nil && kind == cmsCompressed {
			inner, failed = inflated(inner)
		}
		if failed != nil {
			return c, &cmsError{message.CodeFileDamaged, "the S/MIME message cannot be read: " + quote.Line(failed.Error(), quote.Sentence)}
		}
		return cmsContent{inner, nil}, nil
	}
	return c, &cmsError{message.CodeEncrypted, "an encrypted S/MIME message; it was not read"}
}

func inflated(data []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxInflated+1))
	if len(plain) > maxInflated {
		return nil, fmt.Errorf("it unpacks to more than %d MiB", maxInflated>>20)
	}
	return plain, err
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
		s.Signer, s.Issuer, s.Emails = nameOf(cert.Subject), nameOf(cert.Issuer), strings.Join(emailsOf(cert), ", ")
	}
	if err := p.Verify(); err != nil {
		s.Problem = quote.Line(err.Error(), quote.Sentence)
	}
	return s
}

// oidEmail is emailAddress (RFC 2985), which certificates for email have in their subject.
var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// nameOf is a name as people write it (RFC 4514), the address in it included.
func nameOf(n pkix.Name) string {
	var rest pkix.Name
	var emails []string
	for _, a := range n.Names {
		if text, ok := a.Value.(string); ok && a.Type.Equal(oidEmail) {
			emails = append(emails, "emailAddress="+text)
			continue
		}
		rest.ExtraNames = append(rest.ExtraNames, a)
	}
	if name := rest.String(); name != "" {
		return strings.Join(append([]string{name}, emails...), ",")
	}
	return strings.Join(emails, ",")
}

// emailsOf are the addresses of a certificate: in its extension, and in its subject.
func emailsOf(cert *x509.Certificate) []string {
	all := slices.Clone(cert.EmailAddresses)
	for _, a := range cert.Subject.Names {
		if text, ok := a.Value.(string); ok && a.Type.Equal(oidEmail) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// clearSignature checks a signature that lies behind what it signs, in the same multipart/signed.
func clearSignature(p *pkcs7.PKCS7, around *Message) (s *Signature) {
	for _, part := range signedParts(around) {
		for _, text := range [][]byte{part, canonical(part)} {
			p.Content = text
			if now := signatureOf(p); s == nil || now.Problem == "" {
				s = now
			}
			if s.Problem == "" {
				return s
			}
		}
	}
	return s
}

// canonical ends all lines in CR LF, as they were when they were signed (RFC 8551, section 3.1.1).
func canonical(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// maxSignedParts bounds how many multipart/signed of a message are tried.
const maxSignedParts = 10

// signedParts are the first parts of each multipart/signed in a message, with their headers
// and without the line end in front of the delimiter (RFC 1847, section 2.1).
func signedParts(m *Message) (parts [][]byte) {
	if m == nil || m.Mail == nil {
		return nil
	}
	const longest = 2000 // bytes of the field
	lower := bytes.ToLower(m.Raw)
	for at := 0; len(parts) < maxSignedParts; at++ {
		i := bytes.Index(lower[at:], []byte("multipart/signed"))
		if i < 0 {
			break
		}
		at += i
		field := m.Raw[at:min(len(m.Raw), at+longest)]
		field, _, _ = bytes.Cut(bytes.ReplaceAll(field, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
		_, params, err := mime.ParseMediaType(unfolded(field))
		if err != nil || params["boundary"] == "" {
			continue
		}
		delimiter := []byte("\n--" + params["boundary"])
		_, rest, found := bytes.Cut(m.Raw[at:], delimiter)
		_, rest, begun := bytes.Cut(rest, []byte("\n"))
		part, _, ended := bytes.Cut(rest, delimiter)
		if found && begun && ended {
			parts = append(parts, bytes.TrimSuffix(part, []byte("\r")))
		}
	}
	return parts
}

// unfolded is the first field of a text whose lines end in LF, on one line.
func unfolded(text []byte) string {
	var b strings.Builder
	for i, line := range strings.Split(string(text), "\n") {
		if i > 0 && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			break
		}
		b.WriteString(line)
	}
	return b.String()
}
