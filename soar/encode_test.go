package soar

import (
	"bytes"
	"encoding/json"
	"testing"

	"example.org/imap-integration/message"
)

// sample has every key, each with a value of its own.
func sample(text string) Mail {
	return Mail{
		MessageID: text + "1", InReplyTo: "2", References: "3", MailboxAccount: "4", Folder: "5" + text, UIDValidity: 6, UID: 7, ReceivedAt: "8", Date: "9",
		From: "10", FromName: text, Sender: "12", ReplyTo: "13", ReturnPath: "14", To: "15", Cc: "16", Bcc: "17", Subject: text, BodyText: text + text,
		BodyHTML: "<p>" + text, BodyTruncated: true, Headers: Headers{{Name: "X-" + text, Values: []string{text, ""}}, {Name: "B", Values: []string{"<&>"}}},
		Attachments: []message.Attachment{
			{Filename: text, ContentType: "a/b", Size: 18, MD5: "19", SHA1: "20", SHA256: "21", Inline: true, ContentID: text, Part: "2.1"},
			{Filename: "second", Part: "3"},
		},
		AttachmentNames: "22", Size: 1 << 40, SHA256: "23", Flags: `\Seen`, Problems: []message.Problem{{Code: "c", Detail: text}, {Code: "d"}},
	}
}

func reference(t testing.TB, m Mail) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func TestAppendJSONIsWhatEncodingJSONWrites(t *testing.T) {
	empty := Mail{Headers: Headers{}}
	empty.Normalize()
	for _, m := range []Mail{sample("x"), sample("\x00\x1f\"\\\b\f\n\r\t\x7f"), sample("ä\u2028\u2029\xff\xc3 \U0001F600"), empty} {
		if got, want := string(m.AppendJSON(nil)), reference(t, m); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestMetadataAppendJSON(t *testing.T) {
	m := Metadata{Mail: sample("x"), SourceKey: "a\"b\u2028"}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		t.Fatal(err)
	}
	if got := string(m.AppendJSON(nil)) + "\n"; got != b.String() {
		t.Errorf("got  %s\nwant %s", got, b.String())
	}
}

func FuzzAppendJSON(f *testing.F) {
	f.Add("plain")
	f.Add("\xed\xa0\x80\u2028")
	f.Add("seven by\"eight is \\ a word,\x01 gr\u00fc\u00dfe, \x7f and the rest")
	f.Fuzz(func(t *testing.T, text string) {
		m := sample(text)
		if got, want := string(m.AppendJSON(nil)), reference(t, m); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	m := sample("A line of a mail's text, such as people write it.\n")
	m.BodyText = string(bytes.Repeat([]byte(m.Subject), 1000))
	b.SetBytes(int64(len(m.AppendJSON(nil))))
	var out []byte
	for b.Loop() {
		out = m.AppendJSON(out[:0])
	}
}
