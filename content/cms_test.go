package content

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ber is a value in BER: with its length, or ended by end-of-contents.
func ber(tag byte, indefinite bool, parts ...string) string {
	value := strings.Join(parts, "")
	switch n := len(value); {
	case indefinite:
		return string([]byte{tag, 0x80}) + value + "\x00\x00"
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + value
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + value
	}
}

func TestCMSContent(t *testing.T) {
	text := strings.Repeat("Subject: a message\r\nFrom: a@b.example\r\n\r\nhello\r\n", 5)
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	id := func(kind string) string { return ber(0x06, false, kind) }
	algorithm := ber(0x30, false, ber(0x06, false, "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x08"))
	for _, indefinite := range []bool{false, true} {
		tagged := func(tag byte, parts ...string) string { return ber(tag, indefinite, parts...) }
		octet := ber(0x04, false, text)
		packed := ber(0x04, false, z.String())
		if indefinite {
			octet = ber(0x24, true, ber(0x04, false, text[:100]), ber(0x04, false, text[100:]))
			packed = ber(0x24, true, ber(0x04, false, z.String()[:20]), ber(0x04, false, z.String()[20:]))
		}
		for name, data := range map[string]string{
			"data":       tagged(0x30, id(cmsData), tagged(0xA0, octet)),
			"digested":   tagged(0x30, id(cmsDigested), tagged(0xA0, tagged(0x30, ber(0x02, false, "\x00"), algorithm, tagged(0x30, id(cmsData), tagged(0xA0, octet)), ber(0x04, false, "digest")))),
			"compressed": tagged(0x30, id(cmsCompressed), tagged(0xA0, tagged(0x30, ber(0x02, false, "\x00"), algorithm, tagged(0x30, id(cmsData), tagged(0xA0, packed))))),
		} {
			for form, file := range map[string][]byte{
				"binary": []byte(data), "base64": []byte(base64.StdEncoding.EncodeToString([]byte(data))),
				"PEM": []byte("-----BEGIN CMS-----\r\n" + base64.StdEncoding.EncodeToString([]byte(data)) + "\r\n-----END CMS-----\r\n"),
			} {
				if form == "base64" && !bytes.HasPrefix(file, []byte("MI")) { // only what is longer or has its length is told from words
					continue
				}
				kind, inner := kindOf("x.bin", "", file)
				if kind != KindP7M || !mayBegin(file[:min(len(file), glance)]) {
					t.Errorf("%s, indefinite %v, %s: the kind is %q", name, indefinite, form, kind)
					continue
				}
				if c, err := readCMS(inner, nil); err != nil || string(c.content) != text {
					t.Errorf("%s, indefinite %v, %s: %q, %v", name, indefinite, form, c.content, err)
				}
			}
		}
	}
}

// TestNoCMS holds that what begins alike is none: keys and certificates, and texts.
func TestNoCMS(t *testing.T) {
	for name, data := range map[string]string{
		"PKCS #12":    ber(0x30, false, ber(0x02, false, "\x03"), ber(0x30, false, ber(0x06, false, cmsData), strings.Repeat("x", 40))),
		"certificate": ber(0x30, false, ber(0x30, false, strings.Repeat("x", 90))),
		"text":        "MIME is what this text is about, and MIIB is not.",
		"PEM":         "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n",
		"short":       "0\x03\x06\x01",
	} {
		if kind, _ := kindOf("a.p7m", "application/pkcs7-mime", []byte(data)); kind != "" {
			t.Errorf("%s is taken for %s", name, kind)
		}
	}
}

// FuzzCMS holds that no bytes make the reader fail, or give more than there is.
func FuzzCMS(f *testing.F) {
	for _, name := range []string{"phish.p7m", "phish-ber.p7m"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "content", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(ber(0x30, false, ber(0x06, false, cmsData), ber(0xA0, true, ber(0x24, true, ber(0x04, false, "x"))))))
	f.Add([]byte(ber(0x30, true, ber(0x06, false, cmsEnveloped))))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind := cmsType(data)
		c, err := readCMS(data, nil)
		if len(c.content) > len(data) && kind != cmsCompressed || len(c.content) > maxInflated {
			t.Errorf("%d bytes in %d", len(c.content), len(data))
		}
		if kind == "" && err == nil {
			t.Error("what is no CMS was read without a word")
		}
	})
}
