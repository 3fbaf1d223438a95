package analysis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSubjectClaims are the subjects that report buttons and people write, and what they claim. A button is added as one more line.
func TestSubjectClaims(t *testing.T) {
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for subject, want := range map[string]string{ // verdict, and the prefix as written
		"[Phish Alert] Verify now":                           "phishing [Phish Alert]", // KnowBe4
		"[Phish Alert] FW: Verify now":                       "phishing [Phish Alert]",
		"FW: [Phish Alert] Verify now":                       "phishing [Phish Alert]",
		"WG: TR : [Phish Alert] Verify now":                  "phishing [Phish Alert]",
		"[Suspicious Email] Verify now":                      "suspicious [Suspicious Email]", // Cofense
		"[Phishing] Verify now":                              "phishing [Phishing]",
		"[User Reported Phishing] Verify now":                "phishing [User Reported Phishing]",
		"[Reported as Junk] Verify now":                      "junk [Reported as Junk]",
		"[Not Spam] Verify now":                              "not junk [Not Spam]",
		"[not junk] Verify now":                              "not junk [not junk]",
		"[Reported as not spam] x":                           "not junk [Reported as not spam]",
		"[Not Phishing] x":                                   "not junk [Not Phishing]",
		"Not a suspicious email: x":                          "not junk Not a suspicious email:",
		"[NotSpam] x":                                        "not junk [NotSpam]",
		"[No spam] x":                                        "not junk [No spam]",
		"Potential Phish: Verify now":                        "phishing Potential Phish:", // Proofpoint
		"Suspected phishing email: Verify now":               "phishing Suspected phishing email:",
		"Suspicious message reported by user: x":             "suspicious Suspicious message reported by user:",
		"SPAM: Verify now":                                   "junk SPAM:",
		"Scam alert: Verify now":                             "fraud Scam alert:",
		"[Possible Fraud] Verify now":                        "fraud [Possible Fraud]",
		"*** SPAM *** : Verify now":                          "", // a filter's mark, and stars behind it
		"***SPAM: Verify now":                                "junk ***SPAM:",
		"1|" + id + "|192.0.2.7|a@phish.example|(x)":         "junk 1|", // Microsoft
		"2|" + id + "|192.0.2.7|a@phish.example|(x)":         "not junk 2|",
		"3|" + id + "|192.0.2.7|a@phish.example|(x)":         "phishing 3|",
		"FW: 3|" + id + "|192.0.2.7|a@phish.example|(x)":     "phishing 3|",
		"3|Verify now":                                       "phishing 3|",
		"4|Verify now":                                       "",
		"13|Verify now":                                      "",
		"Verify now":                                         "",
		"":                                                   "",
		"[]":                                                 "",
		"[Phish Alert":                                       "",
		"Phish Alert":                                        "",
		"[EXTERNAL] Verify now":                              "",
		"[Ticket 4711] phishing":                             "",
		"Re: phishing":                                       "",
		"Report: all quiet":                                  "", // no word of suspicion
		"How we fight phishing: a talk":                      "", // a sentence
		"Your junk: cleared":                                 "",
		"Alert: user report":                                 "",
		"Phishermen: the film":                               "",
		strings.Repeat("spam ", 13) + ": Verify now":         "", // longer than any button's
		strings.Repeat("FW: ", 3) + "[Phish Alert] deep":     "phishing [Phish Alert]",
		strings.Repeat("FW: ", 4) + "[Phish Alert] too deep": "",
	} {
		c := subjectClaim(subject)
		if got := strings.TrimSpace(c.Verdict + " " + c.Text); got != want || c.made() != (want != "") {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}

// TestButtonFields reads what stands between the bars of Microsoft's subject, of which each may be missing or nonsense.
func TestButtonFields(t *testing.T) {
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for rest, want := range map[string]Claim{
		id + "|192.0.2.7|<it@phish.example>|(Verify)":                  {NetworkMessageID: id, SourceIP: "192.0.2.7", MailFrom: "it@phish.example", Subject: "Verify"},
		strings.ToUpper(id) + "|2001:db8::7|it@phish.example|(Verify)": {NetworkMessageID: id, SourceIP: "2001:db8::7", MailFrom: "it@phish.example", Subject: "Verify"},
		id + "| 192.0.2.7 | it@phish.example | (a | b (c)) ":           {NetworkMessageID: id, SourceIP: "192.0.2.7", MailFrom: "it@phish.example", Subject: "a | b (c)"},
		id + "||it@phish.example|(Verify)":                             {NetworkMessageID: id, MailFrom: "it@phish.example", Subject: "Verify"},
		id + "|mx.phish.example|it@phish.example|Verify":               {NetworkMessageID: id, MailFrom: "it@phish.example", Subject: "Verify"},
		id + "|192.0.2.7":          {NetworkMessageID: id, SourceIP: "192.0.2.7"},
		id:                         {NetworkMessageID: id},
		"Verify|192.0.2.7|x@y|(z)": {}, // a subject with bars
		id + "0|192.0.2.7|x@y|(z)": {},
		"":                         {},
	} {
		want.Verdict, want.Where, want.Text = "phishing", inSubject, "3|"
		if diff := cmp.Diff(want, subjectClaim("3|"+rest)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", rest, diff)
		}
	}
}

// TestFeedbackReports are the reports of RFC 5965, appendix B, of those who send them, and damaged ones.
func TestFeedbackReports(t *testing.T) {
	for name, tt := range map[string]struct {
		fields string
		want   Claim
	}{
		"RFC 5965, B.1": {"Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n", Claim{Verdict: "abuse", UserAgent: "SomeGenerator/1.0"}},
		"RFC 5965, B.2": {
			"Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\nOriginal-Mail-From: <somespammer@example.net>\r\nOriginal-Rcpt-To: <user@example.com>\r\n" +
				"Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\nReporting-MTA: dns; mail.example.com\r\nSource-IP: 192.0.2.1\r\nAuthentication-Results: mail.example.com;\r\n               spf=fail smtp.mail=somespammer@example.com\r\n" +
				"Reported-Domain: example.net\r\nReported-Uri: http://example.net/earn_money.html\r\nReported-Uri: mailto:user@example.com\r\nRemoval-Recipient: user@example.com\r\n",
			Claim{
				Verdict: "abuse", UserAgent: "SomeGenerator/1.0", MailFrom: "somespammer@example.net", RcptTo: "user@example.com", ArrivalDate: "2005-03-08T18:00:00Z", ReportingMTA: "mail.example.com",
				SourceIP: "192.0.2.1", Domains: []string{"example.net"}, URIs: []string{"http://example.net/earn_money.html", "mailto:user@example.com"},
			},
		},
		"RFC 6591, an authentication failure": {"Feedback-Type: auth-failure\r\nVersion: 1\r\nAuth-Failure: dmarc\r\nSource-IP: 2001:db8::1\r\nReported-Domain: phish.example\r\n", Claim{Verdict: "auth-failure", SourceIP: "2001:db8::1", Domains: []string{"phish.example"}}},
		"RFC 6430, not spam":                  {"Feedback-Type: not-spam\r\nVersion: 1\r\n", Claim{Verdict: "not-spam"}},
		"Received-Date of RFC 5965, 7.4":      {"Feedback-Type: virus\r\nReceived-Date: Sat, 28 Nov 2026 09:00:00 +0100\r\n", Claim{Verdict: "virus", ArrivalDate: "2026-11-28T08:00:00Z"}},
		"both dates: that of the arrival":     {"Feedback-Type: fraud\r\nReceived-Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nArrival-Date: Sat, 28 Nov 2026 09:00:00 +0000\r\n", Claim{Verdict: "fraud", ArrivalDate: "2026-11-28T09:00:00Z"}},
		"a date that is none":                 {"Feedback-Type: fraud\r\nArrival-Date: today\r\nReceived-Date: Sat, 28 Nov 2026 08:00:00 +0000\r\n", Claim{Verdict: "fraud", ArrivalDate: "2026-11-28T08:00:00Z"}},
		"upper case and folds":                {"FEEDBACK-TYPE:\r\n Abuse\r\nuser-agent: a\r\n b\r\n", Claim{Verdict: "abuse", UserAgent: "a b"}},
		"a field twice: the first":            {"Feedback-Type: abuse\r\nFeedback-Type: fraud\r\nSource-IP: 192.0.2.1\r\nSource-IP: 192.0.2.2\r\n", Claim{Verdict: "abuse", SourceIP: "192.0.2.1"}},
		"an empty sender":                     {"Feedback-Type: abuse\r\nOriginal-Mail-From: <>\r\n", Claim{Verdict: "abuse"}},
		"no type of a server":                 {"Feedback-Type: other\r\nReporting-MTA: mail.example.com\r\n", Claim{Verdict: "other", ReportingMTA: "mail.example.com"}},
		"no fields":                           {"", Claim{}},
		"no field that is known":              {"X-A: b\r\n", Claim{}},
		"line ends of a file":                 {"Feedback-Type: abuse\nSource-IP: 192.0.2.1\n", Claim{Verdict: "abuse", SourceIP: "192.0.2.1"}},
	} {
		tt.want.Where = inFeedback
		if tt.want.Domains == nil {
			tt.want.Domains = []string{}
		}
		if tt.want.URIs == nil {
			tt.want.URIs = []string{}
		}
		r := analyze([]byte(feedbackReport(tt.fields, mailPart(phishMail))), Options{})
		if len(r.Reported) != 1 || r.Reported[0].Source != reportAttached || r.Reported[0].From != "it@phish.example" {
			t.Errorf("%s: %+v", name, r.Reported)
			continue
		}
		if diff := cmp.Diff(tt.want, r.Reported[0].Claim); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestFeedbackLimits holds that a report that lists without end is cut.
func TestFeedbackLimits(t *testing.T) {
	var fields strings.Builder
	fields.WriteString("Feedback-Type: abuse\r\n")
	for i := range 3 * maxFeedback {
		fmt.Fprintf(&fields, "Original-Rcpt-To: <u%d@corp.example>\r\nReported-Domain: d%d.example\r\nReported-URI: http://d%d.example/\r\n", i, i, i)
	}
	c := analyze([]byte(feedbackReport(fields.String(), textPart("removed"))), Options{}).Reported[0].Claim
	if n := strings.Count(c.RcptTo, "@"); n != maxFeedback || len(c.Domains) != maxFeedback || len(c.URIs) != maxFeedback || c.Domains[maxFeedback-1] != "d99.example" {
		t.Errorf("%d recipients, %d domains, %d URIs", n, len(c.Domains), len(c.URIs))
	}
}

// TestHeadersReported has reports that bring the header of an email only (RFC 6522, section 4).
func TestHeadersReported(t *testing.T) {
	head := phishMail[:strings.Index(phishMail, "\r\n\r\n")]
	part := "Content-Type: text/rfc822-headers\r\n\r\n"
	for name, mail := range map[string]string{
		"a feedback report":    feedbackReport("Feedback-Type: abuse\r\n", part+head+"\r\n"),
		"an empty line behind": feedbackReport("Feedback-Type: abuse\r\n", part+head+"\r\n\r\n"),
		"line ends of a file":  report("phish", textPart("see"), part+strings.ReplaceAll(head, "\r\n", "\n")),
		"in base64":            report("phish", textPart("see"), filePart("text/rfc822-headers", "header.txt", []byte(head))),
	} {
		r := analyze([]byte(mail), Options{})
		if len(r.Reported) != 1 || r.Reported[0].Source != reportHeaders || r.Reported[0].Note != onlyHeaders {
			t.Errorf("%s: %+v", name, r.Reported)
			continue
		}
		if got := r.Reported[0]; got.From != "it@phish.example" || got.Subject != "Verify now" || got.MessageID != "p@phish.example" || got.Date != "2026-11-28T07:00:00Z" || got.Uncertain {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestNotices are reports of servers and programs about an email, which nobody reports.
func TestNotices(t *testing.T) {
	for kind, reported := range map[string]int{
		"report-type=delivery-status": 0, "report-type=\"disposition-notification\"": 0, "report-type=Delivery-Status": 0, "report-type=global-delivery-status": 0,
		"report-type=global-disposition-notification": 0, "report-type=feedback-report": 1, "report-type=tlsrpt": 1, "x=y": 1,
	} {
		mail := reportOf("mailer-daemon@isp.example", "multipart/report; "+kind+"; boundary=n", "Undelivered", "n", textPart("x"), mailPart(phishMail))
		if r := analyze([]byte(mail), Options{}); len(r.Reported) != reported {
			t.Errorf("%s: %+v", kind, r.Reported)
		}
	}
}
