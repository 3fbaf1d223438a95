package message

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16Bytes(s string, low int) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := []byte{byte(u), byte(u >> 8)}
		b = append(b, pair[low], pair[1-low])
	}
	return b
}

// TestUTF16WithoutMark: the order that makes sense counts, in texts of many scripts.
func TestUTF16WithoutMark(t *testing.T) {
	for _, text := range []string{
		"Your account has been suspended: https://evil.example/login", "a", "ab", "Grüße aus Köln", "Привет, мир", "Καλημέρα κόσμε",
		"שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "こんにちは、世界。", "您的帐户已被暂停，请登录。", "안녕하세요, 계정이 정지되었습니다.", "Tiếng Việt", "100 € – “offer” 🎁",
	} {
		for low, order := range []string{"little-endian", "big-endian"} {
			for _, label := range []string{"utf-16", "UTF16", "ucs-2", "iso-10646-ucs-2"} {
				if got, verdict := decodeCharset(utf16Bytes(text, low), label); got != text || verdict != charsetOrder {
					t.Errorf("%s %s as %s: %q, %v", text, order, label, got, verdict)
				}
			}
			if got, verdict := decodeCharset(utf16Bytes("\uFEFF"+text, low), "utf-16"); strings.TrimPrefix(got, "\uFEFF") != text || verdict != charsetGood {
				t.Errorf("%s %s with a mark: %q, %v", text, order, got, verdict)
			}
		}
	}
	if got, verdict := decodeCharset([]byte("plain ASCII text"), "utf-16"); got != "plain ASCII text" || verdict != charsetBad {
		t.Errorf("ASCII under the label: %q, %v", got, verdict)
	}
	if got, verdict := decodeCharset(append(utf16Bytes("odd", 0), 'x'), "utf-16"); !strings.HasPrefix(got, "odd") || verdict != charsetBad {
		t.Errorf("an odd length: %q, %v", got, verdict)
	}
}

func TestUTF16IsFlagged(t *testing.T) {
	text := "=?utf-16?q?" + strings.ReplaceAll("H=00i=00!=00", " ", "_") + "?="
	raw := "Subject: " + text + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n" +
		string(utf16Bytes("Körper", 0)) + "\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-16''%00a%00.%00p%00d%00f\r\n\r\nx\r\n--b--\r\n"
	m := Parse([]byte(raw), DefaultLimits())
	n := 0
	for _, p := range m.Problems {
		if p.Code == CodeByteOrder {
			n++
		}
	}
	if got := m.Header.Values("Subject"); len(got) != 1 || got[0] != "Hi!" {
		t.Errorf("subject %q", got)
	}
	if m.BodyText() != "Körper" {
		t.Errorf("text %q", m.BodyText())
	}
	if a := m.Attachments(); len(a) != 1 || a[0].Filename != "a.pdf" {
		t.Errorf("%+v", a)
	}
	m.Attachments()
	if n += strings.Count(codesOf(m), CodeByteOrder) - n; n != 3 {
		t.Errorf("flagged %d times: %v", n, m.Problems)
	}
}

func codesOf(m *Message) string {
	var b strings.Builder
	for _, p := range m.Problems {
		b.WriteString(p.Code + " ")
	}
	return b.String()
}
