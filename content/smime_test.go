package content_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// smimeForm is a file that openssl makes of the phish, what of it must be seen, and how.
type smimeForm struct {
	args string // of openssl, parted by spaces; IN is the file to take
	as   string // "" an email itself; else the media type that it is attached as
	want string // read: the phish is found; signed: and the signature fits; unsigned: it cannot be checked; encrypted: that is named
}

// smimeForms is the table: to add a form, add a line.
var smimeForms = []smimeForm{
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -binary -nodetach -outform DER", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -nodetach -outform DER", "application/octet-stream", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform PEM", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -binary -nodetach -outform PEM", "text/plain", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -stream", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -binary -nodetach -outform DER -stream", "application/x-pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -md sha1", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -md sha512", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -noattr", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -nosmimecap", "application/pkcs7-mime", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -nocerts", "application/pkcs7-mime", "unsigned"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -keyid", "application/pkcs7-mime", "read"},
	{"cms -sign -in phish.eml -signer rsa.pem -signer ec.pem -binary -nodetach -outform DER", "application/pkcs7-mime", "read"},
	{"cms -sign -in phish.eml -signer rsa.pem -binary -nodetach -outform DER -keyopt rsa_padding_mode:pss", "application/pkcs7-mime", "read"},
	{"cms -sign -in phish.eml -signer rsa.pem -nodetach -outform SMIME", "", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -nodetach -outform SMIME", "", "signed"},
	{"cms -sign -in phish.eml -signer rsa.pem -outform SMIME", "", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -outform SMIME -md sha384", "", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -outform SMIME -binary", "", "signed"},
	{"cms -sign -in phish.eml -signer ec.pem -outform SMIME", "message/rfc822", "signed"},
	{"smime -sign -in phish.eml -signer rsa.pem -nodetach -outform SMIME", "", "signed"},
	{"smime -sign -in phish.eml -signer rsa.pem -nodetach -outform DER", "application/pkcs7-mime", "signed"},
	{"smime -sign -in phish.eml -signer rsa.pem -nodetach -outform PEM", "application/x-pkcs7-mime", "signed"},
	{"smime -sign -in phish.eml -signer rsa.pem -outform SMIME", "", "signed"},
	{"smime -sign -in phish.eml -signer ec.pem -outform SMIME -text", "", "signed"},
	{"smime -pk7out -in clear.eml", "application/pkcs7-signature", "detached"},
	{"cms -sign -in clear.eml -signer ec.pem -binary -nodetach -outform DER", "application/pkcs7-mime", "signed"},
	{"cms -sign -in opaque.eml -signer ec.pem -binary -nodetach -outform DER", "application/pkcs7-mime", "signed"},
	{"cms -sign -in opaque.eml -signer ec.pem -outform SMIME", "", "signed"},
	{"cms -sign -in clear.eml -signer rsa.pem -outform SMIME", "", "signed"},
	{"cms -data_create -in phish.eml -binary -outform DER", "application/pkcs7-mime", "read"},
	{"cms -digest_create -in phish.eml -binary -outform DER", "application/pkcs7-mime", "read"},
	{"cms -encrypt -in phish.eml -outform DER -aes256 rsa.pem", "application/pkcs7-mime", "encrypted"},
	{"cms -encrypt -in phish.eml -outform PEM -aes128 rsa.pem", "application/pkcs7-mime", "encrypted"},
	{"cms -encrypt -in phish.eml -outform SMIME -des3 rsa.pem", "", "encrypted"},
	{"cms -encrypt -in phish.eml -outform SMIME -aes256 ec.pem", "", "encrypted"},
	{"cms -encrypt -in phish.eml -outform DER -stream -aes256 rsa.pem", "application/octet-stream", "encrypted"},
	{"cms -encrypt -in phish.eml -outform SMIME -aes-256-gcm rsa.pem", "", "encrypted"},
	{"cms -EncryptedData_encrypt -in phish.eml -outform DER -aes256 -secretkey 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "application/pkcs7-mime", "encrypted"},
	{"cms -encrypt -in clear.eml -outform SMIME -aes256 rsa.pem", "", "encrypted"},
	{"cms -sign -in encrypted.eml -signer ec.pem -outform SMIME", "", "encrypted"},
	{"cms -sign -in encrypted.eml -signer ec.pem -nodetach -binary -outform DER", "application/pkcs7-mime", "encrypted"},
	{"smime -encrypt -in phish.eml -outform SMIME -aes256 rsa.pem", "", "encrypted"},
	{"smime -encrypt -in phish.eml -outform DER -des3 rsa.pem", "application/x-pkcs7-mime", "encrypted"},
}

// TestOpenSSL holds what is seen of the messages that openssl signs and encrypts.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "phish.eml"), []byte(phish), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"rsa.pem": "rsa:2048", "ec.pem": "ec"} {
		args := []string{"req", "-x509", "-newkey", key, "-nodes", "-keyout", name, "-out", "cert", "-days", "30", "-subj", "/CN=Signer/emailAddress=s@corp.example"}
		if key == "ec" {
			args = append(args, "-pkeyopt", "ec_paramgen_curve:P-256")
		}
		judge(t, dir, "openssl", args...)
		judge(t, dir, "sh", "-c", "cat cert >> "+name)
	}
	for file, args := range map[string]string{
		"clear.eml": "cms -sign -in phish.eml -signer rsa.pem -outform SMIME", "opaque.eml": "cms -sign -in phish.eml -signer rsa.pem -nodetach -outform SMIME",
		"encrypted.eml": "cms -encrypt -in phish.eml -aes256 -outform SMIME rsa.pem",
	} {
		judge(t, dir, "openssl", append(strings.Fields(args)[:1], append([]string{"-out", file}, strings.Fields(args)[1:]...)...)...)
	}
	for _, f := range smimeForms {
		t.Run(f.args+" "+f.as, func(t *testing.T) {
			raw := judge(t, dir, "openssl", strings.Fields(f.args)...)
			if f.as != "" {
				raw = carrier(f.as, named("smime.p7m"), f.as != "message/rfc822", raw)
			}
			found, codes := strings.Join(slices.Collect(content.Searchable(message.Parse(raw, message.DefaultLimits()), message.DefaultLimits())), "\n"), []string(nil)
			var signature *content.Signature
			for _, m := range content.Open(raw, content.KindEML, message.DefaultLimits()) {
				if m.Signature != nil && signature == nil {
					signature = m.Signature
				}
				for _, p := range m.Problems {
					codes = append(codes, p.Code)
				}
			}
			if reads := strings.Contains(found, "golden parcel") && strings.Contains(found, "evil.phish.example/track?id=1"); reads != (f.want != "encrypted" && f.want != "detached") {
				t.Errorf("the phish is found: %v, problems %v", reads, codes)
			}
			fits := signature != nil && signature.Problem == "" && strings.Contains(signature.Signer, "Signer") && signature.Emails == "s@corp.example"
			if f.want == "signed" && !fits || f.want == "unsigned" && fits {
				t.Errorf("the signature is %+v", signature)
			}
			shown := content.Shown(message.Parse(raw, message.DefaultLimits()), message.DefaultLimits()).Mail.BodyText()
			if whole := strings.Contains(shown, "golden parcel"); whole != (f.as == "" && f.want != "encrypted") {
				t.Errorf("shown is %q", shown)
			}
			if slices.Contains(codes, message.CodeEncrypted) != (f.want == "encrypted") {
				t.Errorf("problems %v", codes)
			}
		})
	}
}

// TestSignedWithoutContent holds that a signature whose content is nowhere in the email is named, and
// that one beside its content and certificates alone (RFC 8551, section 3.8) are not. All are made by openssl.
func TestSignedWithoutContent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "phish.eml"), []byte(phish), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, dir, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=Signer")
	sign := func(args ...string) []byte {
		return judge(t, dir, "openssl", append([]string{"cms", "-sign", "-in", "phish.eml", "-signer", "cert.pem", "-inkey", "key.pem", "-binary"}, args...)...)
	}
	for name, c := range map[string]struct {
		raw   []byte
		named bool
	}{
		"alone":             {carrier("application/pkcs7-mime; smime-type=signed-data", named("smime.p7m"), true, sign("-outform", "DER")), true},
		"under any name":    {carrier("application/octet-stream", named("a.bin"), true, sign("-outform", "DER")), true},
		"beside its text":   {sign("-outform", "SMIME"), false},
		"with its content":  {carrier("application/pkcs7-mime", named("smime.p7m"), true, sign("-nodetach", "-outform", "DER")), false},
		"certificates only": {carrier("application/pkcs7-mime; smime-type=certs-only", named("smime.p7c"), true, judge(t, dir, "openssl", "crl2pkcs7", "-nocrl", "-certfile", "cert.pem", "-outform", "DER")), false},
	} {
		_, problems := content.ForRecord(message.Parse(c.raw, message.DefaultLimits()), message.DefaultLimits())
		got := slices.ContainsFunc(problems, func(p message.Problem) bool {
			return p.Code == message.CodeFileDamaged && strings.Contains(p.Detail, "without content")
		})
		if got != c.named {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
