package content

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"strings"
	"testing"

	"example.org/imap-integration/message"
)

// TestBERValue has the forms of a length by X.690, section 8.1.3, and lengths that lie.
func TestBERValue(t *testing.T) {
	for name, c := range map[string]struct {
		data, value, rest string
		none              bool
	}{
		"short":                       {"\x04\x02abcd", "ab", "cd", false},
		"empty":                       {"\x04\x00cd", "", "cd", false},
		"one byte of length":          {"\x04\x81\x03abcd", "abc", "d", false},
		"two bytes":                   {"\x04\x82\x00\x01abcd", "a", "bcd", false},
		"four bytes":                  {"\x04\x84\x00\x00\x00\x02abcd", "ab", "cd", false},
		"five bytes":                  {"\x04\x85\x00\x00\x00\x00\x02abcd", "", "", true},
		"without a length":            {"\x04\x80abcd", "abcd", "", false},
		"more than there is":          {"\x04\x7Fabcd", "abcd", "", false},
		"2^32-1, more than there is":  {"\x04\x84\xFF\xFF\xFF\xFFabcd", "abcd", "", false},
		"the length itself is cut":    {"\x04\x82\x01", "", "", true},
		"a tag alone":                 {"\x04", "", "", true},
		"nothing":                     {"", "", "", true},
		"another tag":                 {"\x30\x02abcd", "", "", true},
		"constructed, asked as plain": {"\x24\x02abcd", "", "", true},
	} {
		value, rest, ok := berValue([]byte(c.data), 0x04)
		if string(value) != c.value || string(rest) != c.rest || ok == c.none {
			t.Errorf("%s: %q, %q, %v", name, value, rest, ok)
		}
	}
}

// TestBERContent has structures that are damaged: none is read as something that it is not.
func TestBERContent(t *testing.T) {
	id := ber(0x06, false, cmsData)
	octet := ber(0x04, false, "hello")
	deep := octet
	for range 6 {
		deep = ber(0xA0, false, ber(0x30, false, id, deep))
	}
	for name, c := range map[string]struct{ data, want string }{
		"plain":                       {ber(0x30, false, id, ber(0xA0, false, octet)), "hello"},
		"three pieces":                {ber(0x30, true, id, ber(0xA0, true, ber(0x24, true, ber(0x04, false, "he"), ber(0x04, false, "l"), ber(0x04, false, "lo")))), "hello"},
		"an empty piece":              {ber(0x30, false, id, ber(0xA0, false, ber(0x24, false, ber(0x04, false), octet))), "hello"},
		"no piece":                    {ber(0x30, false, id, ber(0xA0, false, ber(0x24, false))), ""},
		"something else among pieces": {ber(0x30, false, id, ber(0xA0, false, ber(0x24, false, octet, ber(0x02, false, "\x01"), octet))), "hello"},
		"cut":                         {ber(0x30, false, id, ber(0xA0, false, octet))[:19], "he"},
		"a type alone":                {ber(0x30, false, id), ""},
		"a number instead of content": {ber(0x30, false, id, ber(0xA0, false, ber(0x02, false, "\x01"))), ""},
		"nested too deep":             {ber(0x30, false, id, deep), ""},
		"an empty sequence":           {ber(0x30, false), ""},
		"half a value":                {ber(0x30, false, id, "\xA0"), ""},
		"no sequence":                 {octet, ""},
	} {
		got, err := berContent([]byte(c.data))
		if string(got) != c.want || (err != nil) != (c.want == "" && name != "no piece") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestCMSProblems holds that what cannot be read of a structure is said, and as what.
func TestCMSProblems(t *testing.T) {
	compressed := func(data string) []byte {
		return []byte(ber(0x30, false, ber(0x06, false, cmsCompressed), ber(0xA0, false, ber(0x30, false, ber(0x30, false, ber(0x06, false, cmsData), ber(0xA0, false, ber(0x04, false, data)))))))
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(bytes.Repeat([]byte("hello "), 1000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data       []byte
		code, says string
	}{
		"data, and nothing else":        {[]byte(ber(0x30, false, ber(0x06, false, cmsData))), message.CodeFileDamaged, "no structure of CMS"},
		"compressed, and no stream":     {compressed("hello"), message.CodeFileDamaged, "zlib"},
		"compressed, a stream cut":      {compressed(z.String()[:z.Len()-6]), message.CodeFileDamaged, "EOF"},
		"compressed, a wrong checksum":  {compressed(z.String()[:z.Len()-1] + "x"), message.CodeFileDamaged, "checksum"},
		"enveloped":                     {[]byte(ber(0x30, false, ber(0x06, false, cmsEnveloped))), message.CodeEncrypted, "encrypted"},
		"encrypted":                     {[]byte(ber(0x30, false, ber(0x06, false, cmsEncrypted))), message.CodeEncrypted, "encrypted"},
		"authenticated and enveloped":   {[]byte(ber(0x30, false, ber(0x06, false, cmsAuthData))), message.CodeEncrypted, "encrypted"},
		"compressed, as it is to be":    {compressed(z.String()), "", ""},
		"compressed, with more behind":  {compressed(z.String() + "more"), "", ""},
		"data of no bytes is no damage": {[]byte(ber(0x30, false, ber(0x06, false, cmsData), ber(0xA0, false, ber(0x04, false)))), "", ""},
	} {
		_, err := readCMS(c.data, nil)
		switch {
		case (err != nil) != (c.code != ""):
			t.Errorf("%s: %v", name, err)
		case err != nil && (err.code != c.code || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %s: %v", name, err.code, err)
		}
	}
}

// TestUnarmored has CMS structures in base64 as programs and people leave them.
func TestUnarmored(t *testing.T) {
	der := ber(0x30, false, ber(0x06, false, cmsData), ber(0xA0, false, ber(0x04, false, strings.Repeat("hello ", 50))))
	text := base64.StdEncoding.EncodeToString([]byte(der))
	lines := text[:64] + "\r\n" + text[64:128] + "\r\n" + text[128:]
	for name, c := range map[string]struct {
		data string
		is   bool
	}{
		"one line":                  {text, true},
		"lines":                     {lines, true},
		"lines that are indented":   {"  " + strings.ReplaceAll(lines, "\r\n", "\n  "), true},
		"a byte order mark":         {"\xEF\xBB\xBF" + lines, true},
		"PKCS7":                     {"-----BEGIN PKCS7-----\n" + lines + "\n-----END PKCS7-----\n", true},
		"CMS, behind empty lines":   {"\r\n\r\n-----BEGIN CMS-----\r\n" + lines + "\r\n-----END CMS-----", true},
		"no end":                    {"-----BEGIN CMS-----\n" + lines, true},
		"padding left out":          {strings.TrimRight(text, "="), true},
		"cut":                       {text[:101], true},
		"words behind it":           {text + "\nSent from my phone!", false},
		"a certificate":             {"-----BEGIN CERTIFICATE-----\n" + lines, false},
		"of another structure":      {base64.StdEncoding.EncodeToString([]byte(ber(0x30, false, strings.Repeat("x", 300)))), false},
		"words that begin as it":    {"MIME", false},
		"text in front":             {"see: " + text, false},
		"a mark and nothing":        {"-----BEGIN CMS-----", false},
		"a mark and an empty block": {"-----BEGIN CMS-----\n-----END CMS-----\n", false},
	} {
		got := unarmored([]byte(c.data))
		if (got != nil) != c.is || c.is && !strings.HasPrefix(der, string(got)) {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if c.is && !isArmored([]byte(c.data)[:min(len(c.data), glance)]) {
			t.Errorf("%s: its beginning is said to be none", name)
		}
	}
}
