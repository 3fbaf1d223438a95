package outlook

import (
	"testing"
	"time"
	"unicode/utf8"

	"example.org/imap-integration/message"
)

// fuzzReader adds seeds and holds the property of both readers: no panic, not
// even a rescued one, bounded time, valid UTF-8, bounded output.
func fuzzReader(f *testing.F, read func([]byte, message.Limits) *Message, seeds ...[]byte) {
	onPanic = func(reason any, stack []byte) { panic(string(stack)) }
	f.Cleanup(func() { onPanic = nil })
	for _, seed := range seeds {
		f.Add(seed)
		f.Add(seed[:len(seed)*2/3])
	}
	limits := message.DefaultLimits()
	limits.Depth, limits.Parts = 10, 50
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		o := read(data, limits)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%v for %d bytes", took, len(data))
		}
		size := 0
		checkMessage(t, o, &size)
		if size > 1<<20+40*len(data) {
			t.Errorf("%d bytes out of %d", size, len(data))
		}
	})
}

func checkMessage(t *testing.T, o *Message, size *int) {
	texts := []string{
		o.Class, o.Subject, o.MessageID, o.InReplyTo, o.References, o.From.Name, o.From.Addr,
		o.Sender.Name, o.Sender.Addr, o.BodyText, o.BodyHTML,
	}
	for _, r := range o.Recipients {
		texts = append(texts, r.Name, r.Addr)
	}
	for _, p := range o.Problems {
		texts = append(texts, p.Detail)
	}
	if len(o.Problems) > problemLimit {
		t.Errorf("%d problems", len(o.Problems))
	}
	for _, a := range o.Attachments {
		texts = append(texts, a.Filename, a.ContentType, a.ContentID)
		*size += len(a.Data)
		if a.Embedded != nil {
			checkMessage(t, a.Embedded, size)
		}
	}
	for _, text := range texts {
		*size += len(text)
		if !utf8.ValidString(text) {
			t.Errorf("not UTF-8: %q", text)
		}
	}
}

func FuzzMSG(f *testing.F) {
	rtf := &testMSG{props: []testProp{{propRTF, compressRTF(`{\rtf1\ansi\ansicpg932\fromhtml1{\fonttbl{\f1\fcharset204 A;}}{\*\htmltag64 <b>}\'93\'fa\u8364?\f1\'cf}`)}}}
	fuzzReader(f, ReadMSG, writeMSG(sampleMSG()), writeMSG(nestedMSG(3)), writeMSG(rtf))
}

func FuzzTNEF(f *testing.F) {
	fuzzReader(f, ReadTNEF, writeTNEF(sampleMSG()), writeTNEF(nestedMSG(3)))
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\ansicpg932\fromhtml1{\fonttbl{\f1\fcharset204 A;}}{\*\htmltag64 <b>}\'93\'fa\u8364?\f1\'cf}`))
	f.Add([]byte(`{\rtf1\mac\uc2 \u-10179??\u-9059??{\pict\bin5 abcde}\par}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, _, _ := rtfContent(data)
		if !utf8.ValidString(text) || len(text) > 64+6*len(data) {
			t.Errorf("%d bytes out of %d: %.200q", len(text), len(data), text)
		}
		unpacked, _ := decompressRTF(data)
		if len(unpacked) > 9*len(data)+16 {
			t.Errorf("%d bytes out of %d", len(unpacked), len(data))
		}
	})
}
