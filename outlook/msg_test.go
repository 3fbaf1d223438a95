package outlook

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
)

var (
	testSent     = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	testReceived = time.Date(2026, 3, 2, 10, 0, 7, 0, time.UTC)
)

const testHeaders = "Received: from mail.example.net (mail.example.net [192.0.2.7])\r\n\tby mx.example.org; Mon, 2 Mar 2026 10:00:05 +0000\r\n" +
	"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.net>\r\nTo: soc@example.org\r\nSubject: Rechnung\r\n" +
	"Message-ID: <m1@example.net>\r\nReply-To: other@example.com\r\n"

// sampleMSG has one of everything.
func sampleMSG() *testMSG {
	inner := &testMSG{
		props: []testProp{
			{propMessageClass, "IPM.Note"},
			{propSubject, "inner"},
			{propBody, "see http://phish.example/login"},
			{propRepresentingEmail, "evil@phish.example"},
			{propRepresentingType, "SMTP"},
		},
		attachments: []testAttachment{{props: []testProp{{propAttachLongName, "a.txt"}}, data: []byte("hello")}},
	}
	return &testMSG{
		props: []testProp{
			{propMessageClass, "IPM.Note"},
			{propSubject, "Rechnung \U0001F4B6"},
			{propClientSubmitTime, testSent},
			{propDeliveryTime, testReceived},
			{propTransportHeaders, testHeaders},
			{propRepresentingName, "Jörg"},
			{propRepresentingType, "SMTP"},
			{propRepresentingEmail, "joerg@example.net"},
			{propSenderName, "Büro"},
			{propSenderType, "EX"},
			{propSenderEmail, "/O=EXAMPLE/OU=X/CN=RECIPIENTS/CN=BUERO"},
			{propSenderSMTP, "buero@example.net"},
			{propMessageID, "<m1@example.net>"},
			{propInReplyTo, "<m0@example.net>"},
			{propReferences, "<r1@example.net> <m0@example.net>"},
			{propInternetCodePage, 65001},
			{propBody, "Guten Tag\r\n"},
			{propHTML, []byte("<p>Guten Tag, Müller</p>")},
			{propDisplayTo, "SOC"},
		},
		recipients: [][]testProp{
			{{propRecipientType, 1}, {propDisplayName, "SOC"}, {propAddressType, "EX"}, {propEmail, "/o=Example/cn=soc"}, {propSMTP, "soc@example.org"}},
			{{propRecipientType, 2}, {propDisplayName, "cc@example.org"}, {propAddressType, "SMTP"}, {propEmail, "cc@example.org"}},
			{{propRecipientType, 3}, {propDisplayName, "Blind"}, {propAddressType, "SMTP"}, {propEmail, "bcc@example.org"}},
		},
		attachments: []testAttachment{
			{props: []testProp{{propAttachLongName, "../../Rechnung März.pdf"}, {propAttachName, "RECHNU~1.PDF"}, {propAttachType, "Application/PDF"}}, data: bytes.Repeat([]byte("%PDF "), 2000)},
			{props: []testProp{{propAttachName, "LOGO.PNG"}, {propAttachContentID, "<logo@x>"}, {propAttachFlags, attachFlagRenderedHere}}, data: []byte("\x89PNG")},
			{props: []testProp{{propDisplayName, "inner"}, {0x3705, 5}}, embedded: inner},
		},
	}
}

// summary is what the tests compare; header fields are left to the tests of headers.
func summary(o *Message) []string {
	out := []string{
		fmt.Sprintf("%s %s %q", o.Kind, o.Class, o.Subject),
		fmt.Sprintf("ids %q %q %q", o.MessageID, o.InReplyTo, o.References),
		fmt.Sprintf("from %q sender %q reply-to %q", o.From, o.Sender, o.ReplyTo),
		fmt.Sprintf("sent %d received %d", max(o.Sent.Unix(), 0), max(o.Received.Unix(), 0)),
		fmt.Sprintf("text %q html %q", o.BodyText, o.BodyHTML),
	}
	for _, r := range o.Recipients {
		out = append(out, fmt.Sprintf("%s %q", r.Kind, r.Address))
	}
	for _, a := range o.Attachments {
		out = append(out, fmt.Sprintf("attachment %q %s cid %q inline %t %d bytes", a.Filename, a.ContentType, a.ContentID, a.Inline, len(a.Data)))
		if a.Embedded != nil {
			for _, line := range summary(a.Embedded) {
				out = append(out, "  "+line)
			}
		}
	}
	for _, p := range o.Problems {
		out = append(out, fmt.Sprintf("problem %s: %s", p.Code, p.Detail))
	}
	return out
}

func wantSummary(kind string) []string {
	return []string{
		kind + ` IPM.Note "Rechnung 💶"`,
		`ids "m1@example.net" "m0@example.net" "r1@example.net m0@example.net"`,
		`from {"Jörg" "joerg@example.net"} sender {"Büro" "buero@example.net"} reply-to [{"" "other@example.com"}]`,
		fmt.Sprintf("sent %d received %d", testSent.Unix(), testReceived.Unix()),
		`text "Guten Tag\n" html "<p>Guten Tag, Müller</p>"`,
		`to {"SOC" "soc@example.org"}`,
		`cc {"" "cc@example.org"}`,
		`bcc {"Blind" "bcc@example.org"}`,
		`attachment "../../Rechnung März.pdf" application/pdf cid "" inline false 10000 bytes`,
		`attachment "LOGO.PNG" application/octet-stream cid "logo@x" inline true 4 bytes`,
		`attachment "inner" application/vnd.ms-outlook cid "" inline false 0 bytes`,
		`  ` + kind + ` IPM.Note "inner"`,
		`  ids "" "" ""`,
		`  from {"" "evil@phish.example"} sender {"" ""} reply-to []`,
		`  sent 0 received 0`,
		`  text "see http://phish.example/login" html ""`,
		`  attachment "a.txt" application/octet-stream cid "" inline false 5 bytes`,
	}
}

func TestReadMSG(t *testing.T) {
	o := ReadMSG(writeMSG(sampleMSG()), message.DefaultLimits())
	if diff := cmp.Diff(wantSummary("msg"), summary(o)); diff != "" {
		t.Error(diff)
	}
	if got := o.Header.Values("received"); len(got) != 1 || !strings.Contains(got[0], "mx.example.org") {
		t.Errorf("Received = %q", got)
	}
	if !bytes.Equal(o.Attachments[0].Data, bytes.Repeat([]byte("%PDF "), 2000)) {
		t.Error("the attachment's bytes changed")
	}
}

func TestMSGTexts(t *testing.T) {
	rtf := compressRTF(`{\rtf1\ansi\ansicpg1251\fromhtml1 {\*\htmltag64 <b>}\htmlrtf {\b \htmlrtf0 \'cf\'f0\'e8\'e2\'e5\'f2\htmlrtf }\htmlrtf0 {\*\htmltag72 </b>}}`)
	for _, tc := range []struct {
		name       string
		props      []testProp
		text, html string
		problem    string
	}{
		{"code page of the message", []testProp{{propMessageCodePage, 1251}, {propBody, ansi("\xcf\xf0\xe8\xe2\xe5\xf2")}}, "Привет", "", ""},
		{"code page of the locale", []testProp{{propLocale, 0x419}, {propBody, ansi("\xcf\xf0\xe8\xe2\xe5\xf2")}}, "Привет", "", ""},
		{"Shift JIS in an ISO-2022-JP message", []testProp{{propInternetCodePage, 50220}, {propBody, ansi("\x93\xfa\x96\x7b")}}, "日本", "", ""},
		{"code page 932", []testProp{{propMessageCodePage, 932}, {propBody, ansi("\x93\xfa\x96\x7b")}}, "日本", "", ""},
		{"no code page, UTF-8", []testProp{{propBody, ansi("Grüße")}}, "Grüße", "", ""},
		{"no code page, Western", []testProp{{propBody, ansi("Gr\xfc\xdfe")}}, "Grüße", "", ""},
		{"HTML in the Internet code page", []testProp{{propInternetCodePage, 28592}, {propMessageCodePage, 1252}, {propBody, "x"}, {propHTML, []byte("\xbe")}}, "x", "ž", ""},
		{"HTML with a meta element", []testProp{{propMessageCodePage, 1252}, {propBody, "x"}, {propHTML, []byte(`<meta charset="koi8-r">` + "\xd7")}}, "x", `<meta charset="koi8-r">в`, ""},
		{"line ends", []testProp{{propBody, "a\r\nb\rc\n"}}, "a\nb\nc\n", "", ""},
		{"HTML as a string", []testProp{{propBody, "x"}, {propHTML, "<i>ž</i>"}}, "x", "<i>ž</i>", ""},
		{"HTML wrapped in RTF", []testProp{{propBody, "x"}, {propRTF, rtf}}, "x", "<b>Привет</b>", ""},
		{"text in RTF", []testProp{{propRTF, compressRTF(`{\rtf1\ansi hello\par}`)}}, "hello\n", "", ""},
		{"unknown code page", []testProp{{propMessageCodePage, 12345}, {propBody, ansi("Gr\xfc\xdfe")}}, "Grüße", "", message.CodeOutlookCharset},
		{"lone surrogate", []testProp{{propBody, []byte(nil)}, {propSubject, "x"}}, "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := ReadMSG(writeMSG(&testMSG{props: tc.props}), message.DefaultLimits())
			if o.BodyText != tc.text || o.BodyHTML != tc.html {
				t.Errorf("text %q, html %q, want %q and %q", o.BodyText, o.BodyHTML, tc.text, tc.html)
			}
			if got := codes(o); got != tc.problem {
				t.Errorf("problems %v, want %q", o.Problems, tc.problem)
			}
		})
	}
}

// codes lists the codes of a message's problems.
func codes(o *Message) string {
	var codes []string
	for _, p := range o.Problems {
		codes = append(codes, p.Code)
	}
	return strings.Join(codes, " ")
}

func TestMSGSubjects(t *testing.T) {
	for _, tc := range []struct {
		props []testProp
		want  string
	}{
		{[]testProp{{propSubject, "\x01\x05RE: hello"}}, "RE: hello"},
		{[]testProp{{propSubjectPrefix, "FW: "}, {propNormalizedSubject, "hello"}}, "FW: hello"},
		{[]testProp{{propSubject, "a\r\nBcc: x"}}, "a Bcc: x"},
		{[]testProp{{propTransportHeaders, "Subject: from the header\r\n"}}, "from the header"},
	} {
		if got := ReadMSG(writeMSG(&testMSG{props: tc.props}), message.DefaultLimits()).Subject; got != tc.want {
			t.Errorf("subject %q, want %q", got, tc.want)
		}
	}
}

func TestMSGAddresses(t *testing.T) {
	entry := append([]byte{0, 0, 0, 0}, oneOff...)
	entry = append(entry, 0, 0, 0, 0x80)
	entry = append(entry, utf16LE("Help\x00SMTP\x00help@phish.example\x00")...)
	list := binary.LittleEndian.AppendUint32(nil, 1)
	list = binary.LittleEndian.AppendUint32(list, uint32(len(entry)+4))
	list = binary.LittleEndian.AppendUint32(list, uint32(len(entry)))
	list = append(list, entry...)

	exchange := []testProp{{propRepresentingName, "Ann"}, {propRepresentingType, "EX"}, {propRepresentingEmail, "/O=X/CN=ANN"}}
	for _, tc := range []struct {
		name      string
		props     []testProp
		from      message.Address
		replyTo   string
		problem   string
		recipient string
	}{
		{"only a distinguished name", exchange, message.Address{Name: "Ann"}, "[]", message.CodeOutlookAddress, "[]"},
		{"the header knows better", append(exchange, testProp{propTransportHeaders, "From: ann@example.org\r\n"}), message.Address{Name: "", Addr: "ann@example.org"}, "[]", "", "[]"},
		{
			"the header disagrees",
			[]testProp{{propSenderEmail, "ceo@example.org"}, {propTransportHeaders, "From: x@phish.example\r\n"}},
			message.Address{Name: "", Addr: "ceo@example.org"},
			"[]", message.CodeOutlookHeaders, "[]",
		},
		{"reply-to as entry ids", []testProp{{propReplyEntries, list}}, message.Address{}, `[{"Help" "help@phish.example"}]`, "", "[]"},
		{"reply-to as names", []testProp{{propReplyNames, "Help; help@phish.example"}}, message.Address{}, `[{"" "help@phish.example"}]`, "", "[]"},
		{"displayed recipients", []testProp{{propDisplayTo, "Ann; bob@example.org"}}, message.Address{}, "[]", "", `[{{"Ann" ""} "to"} {{"" "bob@example.org"} "to"}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := ReadMSG(writeMSG(&testMSG{props: tc.props}), message.DefaultLimits())
			if o.From != tc.from || fmt.Sprintf("%q", o.ReplyTo) != tc.replyTo || fmt.Sprintf("%q", o.Recipients) != tc.recipient {
				t.Errorf("from %q, reply-to %q, recipients %q", o.From, o.ReplyTo, o.Recipients)
			}
			if codes(o) != tc.problem {
				t.Errorf("problems %v, want %q", o.Problems, tc.problem)
			}
		})
	}
}

// nestedMSG is a message in a message, depth deep.
func nestedMSG(depth int) *testMSG {
	m := &testMSG{props: []testProp{{propSubject, "innermost"}}}
	for i := range depth {
		m = &testMSG{props: []testProp{{propSubject, fmt.Sprint(i)}}, attachments: []testAttachment{{embedded: m}}}
	}
	return m
}

func TestMSGDepth(t *testing.T) {
	limits := message.DefaultLimits()
	limits.Depth = 5
	depth := 0
	for o := ReadMSG(writeMSG(nestedMSG(20)), limits); ; o = o.Attachments[0].Embedded {
		if len(o.Attachments) == 0 {
			if codes(o) != message.CodeLimitDepth {
				t.Errorf("problems %v", o.Problems)
			}
			break
		}
		depth++
	}
	if depth != 5 {
		t.Errorf("read %d deep, want 5", depth)
	}
}

func TestMSGManyParts(t *testing.T) {
	m := &testMSG{props: []testProp{{propSubject, "x"}}}
	for range 1200 {
		m.attachments = append(m.attachments, testAttachment{data: []byte("x")})
	}
	o := ReadMSG(writeMSG(m), message.DefaultLimits())
	if len(o.Attachments) != message.DefaultLimits().Parts || codes(o) != message.CodeLimitParts {
		t.Errorf("%d attachments, problems %v", len(o.Attachments), o.Problems)
	}
}

// readBounded reads a damaged file, which must not take long nor much memory.
func readBounded(t *testing.T, name string, data []byte) *Message {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	o := ReadMSG(data, message.DefaultLimits())
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if took > 10*time.Second {
		t.Errorf("%s: %v", name, took)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20+20*uint64(len(data)) {
		t.Errorf("%s: %d MiB allocated", name, used>>20)
	}
	return o
}

func TestMSGCut(t *testing.T) {
	whole := writeMSG(sampleMSG())
	salvaged := 0
	for n := 0; n < len(whole); n += 512 {
		o := readBounded(t, fmt.Sprint(n), whole[:n])
		if len(o.Problems) == 0 {
			t.Errorf("cut at %d: no problem", n)
		}
		if o.Subject != "" {
			salvaged++
		}
	}
	if salvaged == 0 {
		t.Error("nothing was ever read of a cut file")
	}
}

// TestMSGLarge has a file whose FAT needs the DIFAT, as every .msg over 7 MB.
func TestMSGLarge(t *testing.T) {
	data := make([]byte, 20<<20)
	for i := range data {
		data[i] = byte(i >> 9)
	}
	m := &testMSG{props: []testProp{{propSubject, "large"}}, attachments: []testAttachment{{data: data}, {data: []byte("x")}}}
	whole := writeMSG(m)
	o := readBounded(t, "large", whole)
	if o.Subject != "large" || len(o.Attachments) != 2 || !bytes.Equal(o.Attachments[0].Data, data) || len(o.Problems) > 0 {
		t.Errorf("subject %q, %d attachments, problems %v", o.Subject, len(o.Attachments), o.Problems)
	}
	for n := len(whole) - 512; n > 0; n -= len(whole) / 7 / 512 * 512 {
		if o := readBounded(t, fmt.Sprint(n), whole[:n]); len(o.Problems) == 0 {
			t.Errorf("cut at %d: no problem", n)
		}
	}
}

// TestMSGDamaged has the rows of what a hostile compound file can be.
func TestMSGDamaged(t *testing.T) {
	whole := writeMSG(sampleMSG())
	fat, dir := 512, 512+int(binary.LittleEndian.Uint32(whole[44:]))*512
	miniFAT := (int(binary.LittleEndian.Uint32(whole[60:])) + 1) * 512
	entry := func(name string) int {
		for at := dir; at < miniFAT; at += 128 {
			if n := int(binary.LittleEndian.Uint16(whole[at+64:])); n >= 2 && decodeUTF16(whole[at:at+n-2]) == name {
				return at
			}
		}
		t.Fatalf("no entry %q", name)
		return 0
	}
	pdf := entry(msgStream + "37010102") // the first attachment's data
	for _, tc := range []struct {
		name string
		do   func(b []byte)
	}{
		{"FAT: each sector leads to itself", func(b []byte) { cycle(b[fat:dir], func(i int) uint32 { return uint32(i) }) }},
		{"FAT: all lead to the first", func(b []byte) { cycle(b[fat:dir], func(int) uint32 { return 0 }) }},
		{"FAT: pairs", func(b []byte) { cycle(b[fat:dir], func(i int) uint32 { return uint32(i ^ 1) }) }},
		{"mini FAT: each leads to itself", func(b []byte) { cycle(b[miniFAT:miniFAT+512], func(i int) uint32 { return uint32(i) }) }},
		{"mini FAT: out of range", func(b []byte) { cycle(b[miniFAT:miniFAT+512], func(int) uint32 { return 0x7FFFFFFF }) }},
		{"DIFAT: a cycle", func(b []byte) { put32(b, 68, 3); put32(b, 72, 0x10000) }},
		{"DIFAT: 2^32-1 sectors", func(b []byte) { put32(b, 68, 0); put32(b, 72, 0xFFFFFFFF); put32(b, 44, 0xFFFFFFFF) }},
		{"FAT sectors behind the end", func(b []byte) { put32(b, 76, 0x00FFFFFF) }},
		{"sector shift 0", func(b []byte) { b[30] = 0 }},
		{"sector shift 31", func(b []byte) { b[30] = 31 }},
		{"sector shift 255", func(b []byte) { b[30] = 255 }},
		{"sector shift 12", func(b []byte) { b[30] = 12 }},
		{"mini FAT: 2^32-1 sectors", func(b []byte) { put32(b, 64, 0xFFFFFFFF) }},
		{"mini FAT starts behind the end", func(b []byte) { put32(b, 60, 0x00FFFFFF) }},
		{"directory starts behind the end", func(b []byte) { put32(b, 48, 0x00FFFFFF) }},
		{"directory is the FAT", func(b []byte) { put32(b, 48, 0) }},
		{"stream size 2^32-1", func(b []byte) { put32(b, pdf+120, 0xFFFFFFFF) }},
		{"stream size 2^63 in version 4", func(b []byte) { b[26] = 4; put32(b, pdf+124, 0x7FFFFFFF) }},
		{"stream starts behind the end", func(b []byte) { put32(b, pdf+116, 0x00FFFFFF) }},
		{"an entry is its own sibling", func(b []byte) { put32(b, pdf+72, uint32(pdf-dir)/128) }},
		{"a sibling link out of range", func(b []byte) { put32(b, pdf+72, 0x00FFFFFF) }},
		{"the root has no children", func(b []byte) { put32(b, dir+76, cfbNoStream) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := bytes.Clone(whole)
			tc.do(b)
			if o := readBounded(t, tc.name, b); len(o.Problems) == 0 && tc.name != "an entry is its own sibling" {
				t.Errorf("no problem; %q", summary(o))
			}
		})
	}
}

func cycle(table []byte, next func(i int) uint32) {
	for i := 0; i*4 < len(table); i++ {
		put32(table, i*4, next(i))
	}
}

// cyclicMiniFAT makes each sector of the small streams lead to itself.
func cyclicMiniFAT(whole []byte) []byte {
	b := bytes.Clone(whole)
	at := (int(binary.LittleEndian.Uint32(b[60:])) + 1) * 512
	cycle(b[at:at+512], func(i int) uint32 { return uint32(i) })
	return b
}

func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }

// TestMSGManyEntries holds the walk of the directory linear, however deep it is nested.
func TestMSGManyEntries(t *testing.T) {
	deep := &testEntry{name: "x", data: []byte("x")}
	for range 20_000 {
		deep = &testEntry{name: "s", storage: true, children: []*testEntry{deep}}
	}
	readBounded(t, "nested storages", writeCFB([]*testEntry{deep}))

	// 2,000 names for one chain of 4 MiB.
	big := &testEntry{name: msgStream + "37010102", data: make([]byte, 4<<20)}
	m := []*testEntry{{name: msgAttachment + "#00000000", storage: true, children: []*testEntry{big}}}
	for i := 1; i < 900; i++ {
		m = append(m, &testEntry{name: fmt.Sprintf("%s#%08X", msgAttachment, i), storage: true, children: []*testEntry{{name: big.name, data: []byte("x")}}})
	}
	file := writeCFB(m)
	dir := (int(binary.LittleEndian.Uint32(file[48:])) + 1) * 512
	var start, size []byte
	for at := dir; file[at+66] != 0; at += 128 {
		if file[at+66] != 2 {
			continue
		}
		if start == nil {
			start, size = file[at+116:at+120], file[at+120:at+124]
		}
		copy(file[at+116:], start)
		copy(file[at+120:], size)
	}
	if o := readBounded(t, "one chain, many names", file); !strings.Contains(codes(o), message.CodeOutlookLimit) {
		t.Errorf("problems %v", o.Problems)
	}
}

func TestNotOutlook(t *testing.T) {
	for _, data := range []string{"", "\xD0\xCF", "MZ", "From: x\r\n\r\n"} {
		if IsCompoundFile([]byte(data)) || IsTNEF([]byte(data)) {
			t.Errorf("%q is taken for an Outlook file", data)
		}
		if o := ReadMSG([]byte(data), message.DefaultLimits()); codes(o) != message.CodeOutlookDamaged {
			t.Errorf("ReadMSG(%q): %v", data, o.Problems)
		}
		if o := ReadTNEF([]byte(data), message.DefaultLimits()); codes(o) != message.CodeOutlookDamaged {
			t.Errorf("ReadTNEF(%q): %v", data, o.Problems)
		}
	}
}
