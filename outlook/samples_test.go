package outlook

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the sample files anew")

// samples are the files of testdata/outlook, which the tests of the
// analysis use too. They are made here: go test ./outlook -run Samples -update.
func samples(t *testing.T) map[string][]byte {
	eml, p7m := sample(t, "phish.eml"), sample(t, "phish.p7m")
	msg, tnef := writeMSG(sampleMSG()), writeTNEF(sampleMSG())
	return map[string][]byte{
		"sample.msg":      msg,
		"winmail.dat":     tnef,
		"cut.msg":         msg[:len(msg)-10*512],
		"winmail.eml":     sampleMail("winmail@example.net", "application/ms-tnef", "winmail.dat", tnef),
		"report-msg.eml":  sampleMail("report@example.org", "application/octet-stream", "Suspicious.MSG", writeMSG(phishMSG())),
		"eml-in-msg.msg":  writeMSG(&testMSG{props: reportProps(), attachments: []testAttachment{{props: []testProp{{propAttachLongName, "phish.eml"}}, data: sampleMail("deep@example.net", "application/vnd.ms-outlook", "inner.msg", msg)}}}),
		"old-office.eml":  sampleMail("doc@example.net", "application/msword", "old.doc", writeCFB([]*testEntry{{name: "WordDocument", data: []byte("text")}})),
		"broken-msg.eml":  sampleMail("broken@example.net", "application/vnd.ms-outlook", "broken.msg", msg[:1000]),
		"rtf-html.msg":    writeMSG(&testMSG{props: []testProp{{propSubject, "RTF"}, {propRTF, compressRTF(`{\rtf1\ansi\fromhtml1{\*\htmltag84 <a href="http://phish.example/x">}\htmlrtf {\htmlrtf0 www.bank.example\htmlrtf }\htmlrtf0{\*\htmltag92 </a>}}`)}}}),
		"cyclic-mini.msg": cyclicMiniFAT(msg),

		"../content/phish.msg":        writeMSG(contentMSG()),
		"../content/phish-in-msg.msg": writeMSG(&testMSG{props: reportProps(), attachments: []testAttachment{{props: []testProp{{propAttachLongName, "phish.msg"}}, data: writeMSG(contentMSG())}}}),
		"../content/winmail.dat":      writeTNEF(contentMSG()),
		"../content/eml-in-msg.msg":   writeMSG(&testMSG{props: reportProps(), attachments: []testAttachment{{props: []testProp{{propAttachLongName, "phish.dat"}}, data: eml}}}),
		"../content/signed.msg":       writeMSG(&testMSG{props: []testProp{{propSubject, "Your parcel"}}, attachments: []testAttachment{{props: []testProp{{propAttachLongName, "smime.p7m"}}, data: p7m}}}),
	}
}

// sample is a file that openssl and zip made (testdata/content/README.md).
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../testdata/content", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// contentMSG is the phish of testdata/content as an email of Outlook.
func contentMSG() *testMSG {
	return &testMSG{
		props: []testProp{
			{propSubject, "Your parcel"},
			{propInternetCodePage, 65001},
			{propHTML, []byte(`<p>Your parcel waits: <a href="https://evil.phish.example/track?id=1">pay the customs fee</a></p>`)},
		},
		attachments: []testAttachment{{props: []testProp{{propAttachLongName, "parcel-label.bin"}}, data: []byte{0, 1, 2, 3, 4}}},
	}
}

func reportProps() []testProp {
	return []testProp{
		{propSubject, "Please check"},
		{propBody, "Is this real?"},
		{propClientSubmitTime, testSent},
		{propSenderName, "Ann Analyst"},
		{propSenderType, "EX"},
		{propSenderEmail, "/o=Example/cn=ann"},
		{propSenderSMTP, "ann@example.org"},
	}
}

// phishMSG is an email as a user drags it out of Outlook.
func phishMSG() *testMSG {
	return &testMSG{
		props: []testProp{
			{propSubject, "Your parcel"},
			{propMessageID, "<p1@phish.example>"},
			{propInternetCodePage, 65001},
			{propHTML, []byte(`<p>Track it at <a href="https://evil.phish.example/track?id=1">https://www.parcel.example/track</a></p>`)},
			{propTransportHeaders, "Authentication-Results: spf=fail (sender IP is 203.0.113.9)\r\n smtp.mailfrom=phish.example; dkim=none (message not signed)\r\n header.d=none;dmarc=fail action=oreject\r\n header.from=parcel.example;compauth=fail reason=000\r\n" +
				"Received: from mail.phish.example (203.0.113.9) by mx.example.org (10.0.0.5) with Microsoft SMTP Server; Mon, 2 Mar 2026 11:00:00 +0100\r\n" +
				"From: Parcel <service@parcel.example>\r\nReply-To: help@phish.example\r\nReturn-Path: <bounce@phish.example>\r\n"},
		},
		recipients: [][]testProp{{{propRecipientType, 1}, {propSMTP, "ann@example.org"}}},
	}
}

// sampleMail is an email with one attached file.
func sampleMail(id, mediaType, name string, data []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Received: from ws7.example.org ([10.1.2.3])\r\n\tby mx.example.org with ESMTPS id 1; Mon, 2 Mar 2026 10:00:09 +0000\r\n"+
		"From: Ann Analyst <ann@example.org>\r\nTo: soc@example.org\r\nSubject: Please check\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n"+
		"Message-ID: <%s>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nSee hxxps://login[.]phish[.]example/a\r\n"+
		"--b\r\nContent-Type: %s; name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", id, mediaType, name, name)
	text := base64.StdEncoding.EncodeToString(data)
	for ; len(text) > 76; text = text[76:] {
		b.WriteString(text[:76] + "\r\n")
	}
	b.WriteString(text + "\r\n--b--\r\n")
	return b.Bytes()
}

func TestSamples(t *testing.T) {
	for name, want := range samples(t) {
		path := filepath.Join("../testdata/outlook", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the tests make (%v); run with -update", name, err)
		}
	}
}
