package analysis

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/indicators/lineartest"
)

// phishMail is what is reported in these tests.
const phishMail = "From: Bank <it@phish.example>\r\nTo: ann@corp.example\r\nSubject: Verify now\r\nDate: Sat, 28 Nov 2026 07:00:00 +0000\r\nMessage-ID: <p@phish.example>\r\n\r\nhttp://phish.example/\r\n"

// report is an email of Ann with parts.
func report(subject string, parts ...string) string {
	return reportOf("Ann <ann@corp.example>", "multipart/mixed; boundary=r", subject, "r", parts...)
}

func reportOf(from, mediaType, subject, boundary string, parts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\r\nTo: soc@corp.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n", from, subject, mediaType)
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n" + p + "\r\n")
	}
	return b.String() + "--" + boundary + "--\r\n"
}

func textPart(text string) string { return "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text }

func mailPart(mail string) string { return "Content-Type: message/rfc822\r\n\r\n" + mail }

// filePart is an attached file in base64.
func filePart(mediaType, name string, data []byte) string {
	return "Content-Type: " + mediaType + "; name=\"" + name + "\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(data)
}

func zipped(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// feedbackReport is a report by RFC 5965; inner is its third part.
func feedbackReport(fields, inner string) string {
	return reportOf("abuse@isp.example", "multipart/report; report-type=feedback-report; boundary=f", "FW: Earn money", "f",
		textPart("This is an email abuse report."), "Content-Type: message/feedback-report\r\n\r\n"+fields, inner)
}

const feedbackFields = "Feedback-Type: fraud\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\nOriginal-Mail-From: <bounce@phish.example>\r\n" +
	"Original-Rcpt-To: <ann@corp.example>\r\nOriginal-Rcpt-To: <bob@corp.example>\r\nArrival-Date: Sat, 28 Nov 2026 08:00:00 +0100\r\n" +
	"Reporting-MTA: dns; mail.isp.example\r\nSource-IP: 192.0.2.1\r\nReported-Domain: phish.example\r\nReported-URI: http://phish.example/a\r\nReported-URI: http://phish.example/b\r\n"

// reportedLine is an entry in one line: source and path, from, to, subject, date, who
// reported it, and the claim; a question mark where it is uncertain.
func reportedLine(r Reported) string {
	line := r.Source
	if r.Uncertain {
		line += "?"
	}
	line += fmt.Sprintf(" %s: %s <%s> to %s: %s %s, by %s", r.Path, r.FromName, r.From, r.To, r.Subject, r.Date, r.Reporter)
	if c := r.Claim; c.made() {
		line += fmt.Sprintf(", %s by %s %s", c.Verdict, c.Where, c.Text)
	}
	return line
}

const (
	asSent      = "Bank <it@phish.example> to ann@corp.example: Verify now 2026-11-28T07:00:00Z"
	byAnn       = ", by ann@corp.example"
	attached    = "attached 2: " + asSent + byAnn
	withoutTime = "forward? : Bank <it@phish.example> to ann@corp.example: Verify now , by ann@corp.example" // the program's clock, wherever that is
	inText      = "forward? : " + asSent + byAnn
)

// forwardText is a text with the fields of the phish under these labels.
func forwardText(mark string, labels ...string) string {
	values := []string{"Bank <it@phish.example>", "Sat, 28 Nov 2026 07:00:00 +0000", "ann@corp.example", "Verify now"}
	lines := []string{"please check", "", mark}
	for i, label := range labels {
		lines = append(lines, label+": "+values[i])
	}
	return strings.Join(append(lines, "", "http://phish.example/"), "\r\n")
}

func plainMail(subject, text string) string {
	return "From: Ann <ann@corp.example>\r\nTo: soc@corp.example\r\nSubject: " + subject + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text
}

func htmlMail(subject, markup string) string {
	return strings.Replace(plainMail(subject, markup), "text/plain", "text/html", 1)
}

// TestReports are the forms in which people, buttons and programs report an email. A form is added as one more entry.
func TestReports(t *testing.T) {
	hidden := phishMail[:strings.Index(phishMail, "\r\n\r\n")]
	quoted := strings.ReplaceAll(forwardText("", "From", "Sent", "To", "Subject"), "\r\n", "\r\n> ")
	outlook := "________________________________\r\nFrom: Bank <it@phish.example>\r\nSent: Sat, 28 Nov 2026 07:00:00 +0000\r\nTo: ann@corp.example <ann@corp.example>\r\nSubject: Verify now\r\n\r\nhttp://phish.example/"
	second := report("[Phish Alert] FW: Verify now", textPart("Reported by a button"), mailPart(phishMail))
	inner := plainMail("FW: Verify now", outlook)
	chain := strings.Replace(outlook, "From: Bank <it@phish.example>", "From: Bob <bob@corp.example>", 1)
	chain = strings.Replace(chain, "Subject: Verify now", "Subject: FW: Verify now", 1) + "\r\n\r\n" + outlook

	for name, tt := range map[string]struct {
		mail string
		want []string
	}{
		"attached":                            {report("phish?", textPart("see"), mailPart(phishMail)), []string{attached}},
		"attached as a file":                  {report("phish?", textPart("see"), filePart("application/octet-stream", "x.eml", []byte(phishMail))), []string{attached}},
		"attached in an archive":              {report("phish?", textPart("see"), filePart("application/zip", "x.zip", zipped(t, "x.eml", phishMail))), []string{"attached 2!x.zip!x.eml: " + asSent + byAnn}},
		"two":                                 {report("phish?", mailPart(phishMail), mailPart(phishMail)), []string{"attached 1: " + asSent + byAnn, "attached 2: " + asSent + byAnn}},
		"Microsoft, phishing":                 {report("3|Verify now", textPart("see"), mailPart(phishMail)), []string{attached + ", phishing by subject 3|"}},
		"Microsoft, junk":                     {report("1|x", textPart("see"), mailPart(phishMail)), []string{attached + ", junk by subject 1|"}},
		"Microsoft, not junk":                 {report("2|x", textPart("see"), mailPart(phishMail)), []string{attached + ", not junk by subject 2|"}},
		"Microsoft, a number it has not":      {report("7|x", textPart("see"), mailPart(phishMail)), []string{attached}},
		"Microsoft, words":                    {report("Phishing: Verify now", textPart("see"), mailPart(phishMail)), []string{attached + ", phishing by subject Phishing:"}},
		"Microsoft, Not junk in words":        {report("Not junk:Verify now", textPart("see"), mailPart(phishMail)), []string{attached + ", not junk by subject Not junk:"}},
		"Microsoft, in a forward":             {report("FW: 3|x", textPart("see"), mailPart(phishMail)), []string{attached + ", phishing by subject 3|"}},
		"KnowBe4":                             {report("[Phish Alert] FW: Verify now", textPart("see"), filePart("application/octet-stream", "phish_alert_sp2_2.0.0.0.eml", []byte(phishMail))), []string{attached + ", phishing by subject [Phish Alert]"}},
		"PhishAlarm":                          {report("Potential Phish: Verify now", textPart("see"), mailPart(phishMail)), []string{attached + ", phishing by subject Potential Phish:"}},
		"a button for spam":                   {report("[User Reported Spam] Verify now", textPart("see"), mailPart(phishMail)), []string{attached + ", junk by subject [User Reported Spam]"}},
		"suspicious":                          {report("Suspicious email: look", textPart("see"), mailPart(phishMail)), []string{attached + ", suspicious by subject Suspicious email:"}},
		"a word that only looks like one":     {report("Phishing in Alaska: a guide", textPart("see"), mailPart(phishMail)), []string{attached}},
		"a tag of a list":                     {report("[spam-research] new paper", textPart("see"), mailPart(phishMail)), []string{attached}},
		"ARF with the email":                  {feedbackReport(feedbackFields, mailPart(phishMail)), []string{"attached 3: " + asSent + ", by abuse@isp.example, fraud by feedback-report "}},
		"ARF with the header":                 {feedbackReport(feedbackFields, "Content-Type: text/rfc822-headers\r\n\r\n"+hidden), []string{"headers 3: " + asSent + ", by abuse@isp.example, fraud by feedback-report "}},
		"ARF without":                         {feedbackReport(feedbackFields, textPart("removed")), []string{"fields? :  <bounce@phish.example> to ann@corp.example, bob@corp.example:  2026-11-28T07:00:00Z, by abuse@isp.example, fraud by feedback-report "}},
		"ARF, damaged":                        {feedbackReport("not a field", mailPart(phishMail)), []string{"attached 3: " + asSent + ", by abuse@isp.example,  by feedback-report "}},
		"a report of a report":                {reportOf("desk@corp.example", "multipart/mixed; boundary=d", "for you", "d", textPart("fyi"), mailPart(second)), []string{"wrapper 2: Ann <ann@corp.example> to soc@corp.example: [Phish Alert] FW: Verify now , by desk@corp.example", "attached 2.2: " + asSent + ", by ann@corp.example, phishing by subject [Phish Alert]"}},
		"a phish that is made up as a report": {report("phish?", textPart("see"), mailPart(reportOf("Ann <ann@phish.example>", "multipart/mixed; boundary=d", "[Phish Alert] x", "d", textPart("pay"), mailPart(phishMail)))), []string{"attached 2: Ann <ann@phish.example> to soc@corp.example: [Phish Alert] x , by ann@corp.example"}},
		"a forward that is attached":          {reportOf("desk@corp.example", "multipart/mixed; boundary=d", "for you", "d", textPart("fyi"), mailPart(inner)), []string{"attached 2: Ann <ann@corp.example> to soc@corp.example: FW: Verify now , by desk@corp.example"}},
		"Outlook":                             {plainMail("FW: Verify now", outlook), []string{inText}},
		"Outlook, a chain":                    {plainMail("FW: Verify now", chain), []string{"forward? : " + asSent + ", by bob@corp.example"}},
		"Outlook, an old one":                 {plainMail("FW: Verify now", strings.Replace(forwardText("-----Original Message-----", "From", "Sent", "To", "Subject"), "<it@phish.example>", "[mailto:it@phish.example]", 1)), []string{inText}},
		"Gmail":                               {plainMail("Fwd: Verify now", forwardText("---------- Forwarded message ---------", "From", "Date", "To", "Subject")), []string{inText}},
		"Gmail, bold":                         {plainMail("look at this", strings.Replace(forwardText("---------- Forwarded message ---------", "From", "Date", "To", "Subject"), "Bank", "*Bank*", 1)), []string{inText}},
		"Apple Mail":                          {plainMail("Fwd: Verify now", forwardText("Begin forwarded message:\r\n", "From", "Date", "To", "Subject")), []string{inText}},
		"Thunderbird":                         {plainMail("Fwd: Verify now", forwardText("-------- Forwarded Message --------", "From", "Date", "To", "Subject")), []string{inText}},
		"quoted":                              {plainMail("Fwd: Verify now", quoted), []string{inText}},
		"German":                              {plainMail("WG: Verify now", forwardText("", "Von", "Gesendet", "An", "Betreff")), []string{inText}},
		"French":                              {plainMail("TR: Verify now", forwardText("", "De ", "Envoyé ", "À ", "Objet ")), []string{inText}},
		"Spanish":                             {plainMail("RV: Verify now", forwardText("", "De", "Enviado el", "Para", "Asunto")), []string{inText}},
		"Italian":                             {plainMail("I: Verify now", forwardText("", "Da", "Inviato", "A", "Oggetto")), []string{inText}},
		"Dutch":                               {plainMail("FW: Verify now", forwardText("", "Van", "Verzonden", "Aan", "Onderwerp")), []string{inText}},
		"Portuguese":                          {plainMail("ENC: Verify now", forwardText("", "De", "Enviada em", "Para", "Assunto")), []string{inText}},
		"Swedish":                             {plainMail("VB: Verify now", forwardText("", "Från", "Skickat", "Till", "Ämne")), []string{inText}},
		"Polish":                              {plainMail("PD: Verify now", forwardText("", "Od", "Wysłano", "Do", "Temat")), []string{inText}},
		"Russian":                             {plainMail("FW: Verify now", forwardText("", "От", "Отправлено", "Кому", "Тема")), []string{inText}},
		"Japanese":                            {plainMail("FW: Verify now", forwardText("", "差出人", "送信日時", "宛先", "件名")), []string{inText}},
		"Chinese":                             {plainMail("转发: Verify now", forwardText("", "发件人", "发送时间", "收件人", "主题")), []string{inText}},
		"Korean":                              {plainMail("FW: Verify now", forwardText("", "보낸 사람", "보낸 날짜", "받는 사람", "제목")), []string{inText}},
		"a date that no program reads":        {plainMail("FW: Verify now", strings.Replace(outlook, "Sat, 28 Nov 2026 07:00:00 +0000", "Samstag, 28. November 2026 08:00", 1)), []string{"forward? : Bank <it@phish.example> to ann@corp.example: Verify now , by ann@corp.example"}},
		"a sender without an address":         {plainMail("FW: Verify now", strings.Replace(outlook, "Bank <it@phish.example>", "The Bank", 1)), []string{"forward? : The Bank <> to ann@corp.example: Verify now 2026-11-28T07:00:00Z" + byAnn}},
		"a button that sends the text":        {plainMail("Suspicious: Verify now", outlook), []string{inText + ", suspicious by subject Suspicious:"}},
		"a button that sends fields alone":    {plainMail("3|0f8fad5b-d9cb-469f-a165-70867728950e|192.0.2.7|it@phish.example|(Verify | now)", "x"), []string{"fields? :  <it@phish.example> to : Verify | now , by ann@corp.example, phishing by subject 3|"}},
		"HTML":                                {strings.Replace(plainMail("FW: Verify now", "<div><b>From:</b> Bank &lt;it@phish.example&gt;<br><b>Sent:</b> Sat, 28 Nov 2026 07:00:00 +0000<br><b>To:</b> ann@corp.example<br><b>Subject:</b> Verify now</div>"), "text/plain", "text/html", 1), []string{inText}},
		"HTML of Outlook":                     {htmlMail("FW: Verify now", `<div><p class=MsoNormal>check<o:p></o:p></p><div style="border-top:solid #E1E1E1 1.0pt"><p class=MsoNormal><b>From:</b> Bank &lt;it@phish.example&gt; <br><b>Sent:</b> Saturday, November 28, 2026 8:00 AM<br><b>To:</b> Ann &lt;ann@corp.example&gt;<br><b>Subject:</b> Verify now<o:p></o:p></p></div></div>`), []string{withoutTime}},
		"HTML of Gmail":                       {htmlMail("Fwd: Verify now", `<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: <strong dir="auto">Bank</strong> <span dir="auto">&lt;<a href="mailto:it@phish.example">it@phish.example</a>&gt;</span><br>Date: Sat, Nov 28, 2026 at 8:00 AM<br>Subject: Verify now<br>To: &lt;<a href="mailto:ann@corp.example">ann@corp.example</a>&gt;<br></div>click</div>`), []string{withoutTime}},
		"HTML of Gmail, German":               {htmlMail("Verify now", `---------- Forwarded message ---------<br>Von: <b>Bank</b> &lt;it@phish.example&gt;<br>Date: Sa., 28. Nov. 2026 um 08:00 Uhr<br>Subject: Verify now<br>To: &lt;ann@corp.example&gt;<br>`), []string{withoutTime}},
		"HTML of Thunderbird":                 {htmlMail("Fwd: Verify now", `-------- Forwarded Message --------<table class="moz-email-headers-table"><tbody><tr><th>Subject: </th><td>Verify now</td></tr><tr><th>Date: </th><td>Sat, 28 Nov 2026 08:00:00 +0100</td></tr><tr><th>From: </th><td>Bank <a href="mailto:it@phish.example">&lt;it@phish.example&gt;</a></td></tr><tr><th>To: </th><td>ann@corp.example</td></tr></tbody></table>`), []string{inText}},
		"HTML of Apple Mail":                  {htmlMail("Fwd: Verify now", `<div>Begin forwarded message:</div><br><div><span><b>From: </b></span><span>Bank &lt;<a href="mailto:it@phish.example">it@phish.example</a>&gt;<br></span></div><div><b>Subject: </b><b>Verify now</b><br></div><div><b>Date: </b>28 November 2026 at 08:00:00 CET<br></div><div><b>To: </b>ann@corp.example<br></div>`), []string{inText}},
		"HTML of Yahoo":                       {htmlMail("Fw: Verify now", `<div>----- Forwarded Message -----<div><b>From:</b> Bank &lt;it@phish.example&gt;</div><div><b>To:</b> Ann &lt;ann@corp.example&gt;</div><div><b>Sent:</b> Saturday, November 28, 2026, 08:00:00 AM GMT+1</div><div><b>Subject:</b> Verify now</div></div>`), []string{inText}},
		"HTML of Notes":                       {htmlMail("Fw: Verify now", `----- Forwarded by Ann/CORP on 28.11.2026 08:05 -----<br><br>From: Bank &lt;it@phish.example&gt;<br>To: ann@corp.example<br>Date: 28.11.2026 08:00<br>Subject: Verify now`), []string{withoutTime}},
		"recipients over three lines":         {plainMail("FW: Verify now", strings.Replace(outlook, "To: ann@corp.example <ann@corp.example>", "To: ann@corp.example;\r\n bob@corp.example", 1)), []string{"forward? : Bank <it@phish.example> to ann@corp.example, bob@corp.example: Verify now 2026-11-28T07:00:00Z" + byAnn}},
		"an answer to a forward":              {plainMail("AW: FW: Verify now", outlook), nil},
		"a reply":                             {plainMail("Re: Verify now", outlook), nil},
		"an email that mentions the labels":   {plainMail("minutes", "From: the office\r\nTo: all\r\n\r\nSubject: tea"), nil},
		"a forward in prose":                  {plainMail("FW: hello", "I forward this to you, from me to you."), nil},
		"nothing":                             {plainMail("hello", "hello"), nil},
		"a bounce":                            {reportOf("mailer-daemon@isp.example", "multipart/report; report-type=delivery-status; boundary=b", "Undelivered", "b", textPart("x"), mailPart(phishMail)), nil},
	} {
		var got []string
		r := analyze([]byte(tt.mail), Options{})
		for _, x := range r.Reported {
			got = append(got, reportedLine(x))
			if lost := x.Source != "attached" && x.Source != "wrapper"; lost != (x.Note != "") {
				t.Errorf("%s: source %s, note %q", name, x.Source, x.Note)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(got) > 0 && r.Reporter.Address != r.Reported[len(got)-1].Reporter || len(got) == 0 && r.Reporter != (Reporter{}) {
			t.Errorf("%s: the reporter is %+v", name, r.Reporter)
		}
		if len(got) > 0 && r.Reporter.Uncertain != strings.HasPrefix(got[0], "forward") {
			t.Errorf("%s: the reporter is uncertain: %v", name, r.Reporter.Uncertain)
		}
	}
}

// TestClaims are all the fields that a feedback report and a button's subject have.
func TestClaims(t *testing.T) {
	r := analyze([]byte(feedbackReport(feedbackFields, textPart("removed"))), Options{})
	want := Claim{
		Verdict: "fraud", Where: "feedback-report", SourceIP: "192.0.2.1", MailFrom: "bounce@phish.example", RcptTo: "ann@corp.example, bob@corp.example",
		ArrivalDate: "2026-11-28T07:00:00Z", ReportingMTA: "mail.isp.example", UserAgent: "SomeGenerator/1.0",
		Domains: []string{"phish.example"}, URIs: []string{"http://phish.example/a", "http://phish.example/b"},
	}
	if diff := cmp.Diff(want, r.Reported[0].Claim); diff != "" {
		t.Errorf("feedback report (-want +got):\n%s", diff)
	}
	got := subjectClaim("3|0F8FAD5B-d9cb-469f-a165-70867728950e|192.0.2.7|<it@phish.example>|(Verify)")
	want = Claim{
		Verdict: "phishing", Where: "subject", Text: "3|", NetworkMessageID: "0f8fad5b-d9cb-469f-a165-70867728950e",
		SourceIP: "192.0.2.7", MailFrom: "it@phish.example", Subject: "Verify",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
}

// TestWrappedDeep has reports in reports: each is followed, but not without end.
func TestWrappedDeep(t *testing.T) {
	mail := phishMail
	for level := range maxWrappers + 3 {
		boundary := fmt.Sprint("level", level)
		mail = reportOf("ann@corp.example", "multipart/mixed; boundary="+boundary, "[Phish Alert] x", boundary, mailPart(mail))
	}
	var wrappers, attached int
	for _, r := range analyze([]byte(mail), Options{}).Reported {
		switch r.Source {
		case reportWrapper:
			wrappers++
		case reportAttached:
			attached++
		}
	}
	if wrappers != maxWrappers || attached != 1 {
		t.Errorf("%d wrappers, %d attached", wrappers, attached)
	}
}

// FuzzReports holds that nothing that a stranger writes into a subject, a text or a feedback
// report breaks the report: each value is valid UTF-8, an uncertain one says what is missing.
func FuzzReports(f *testing.F) {
	f.Add("FW: 3|x", "From: a <a@b.example>\nSent: x\nTo: c\nSubject: FW: d\n\nVon: e\nAn: f\nBetreff: g", feedbackFields)
	f.Add("[Phish Alert] \xff", "> *De :* \xe2\x80\n> À : b\n> Objet: c", "Feedback-Type\n: x\nSource-IP: \x00")
	f.Add("3|0f8fad5b-d9cb-469f-a165-70867728950e||||", "发件人：a\n收件人：b\n主题：c", "")
	f.Fuzz(func(t *testing.T, subject, text, fields string) {
		clean := strings.NewReplacer("\r", " ", "\n", " ")
		subject = clean.Replace(subject)
		for _, mail := range []string{plainMail(subject, text), feedbackReport(fields, textPart(text)), report(subject, mailPart(plainMail(subject, text)))} {
			for _, r := range analyze([]byte(mail), Options{}).Reported {
				for _, value := range []string{r.From, r.FromName, r.To, r.Subject, r.Date, r.Reporter, r.Claim.Text, r.Claim.MailFrom, r.Claim.RcptTo, r.Claim.Subject, r.Claim.UserAgent} {
					if !utf8.ValidString(value) {
						t.Fatalf("%q is not UTF-8", value)
					}
				}
				if r.Uncertain != (r.Source == reportForward || r.Source == reportFields) || r.Uncertain && r.Note == "" {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}

// TestForwardsInLinearTime has texts that are all but forwards.
func TestForwardsInLinearTime(t *testing.T) {
	for _, unit := range []string{"From: a\n", "From: a\nx\n", "From: a\nTo: b\n", "> ", "To: a\n b\n", "*", "From: a\nSent: b\nSubject: FW: c\n\n", "-------- Forwarded Message --------\n"} {
		lineartest.Check(t, unit, 64<<10, func(n int) { forwardIn("FW: x", strings.Repeat(unit, n/len(unit)), false) })
	}
	lineartest.Check(t, "a subject", 16<<10, func(n int) { subjectClaim(strings.Repeat("FW: [", n/5)) })
	lineartest.Check(t, "words of a prefix", 16<<10, func(n int) { subjectClaim(strings.Repeat("spam ", n/5) + ":") })
}
