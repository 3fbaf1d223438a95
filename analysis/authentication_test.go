package analysis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
)

func header(fields ...string) message.Header {
	return message.ParseHeader([]byte(strings.Join(fields, "\r\n")+"\r\n\r\n"), message.DefaultLimits()).Header
}

// lines shows results in one line each: server method=result (reason) properties.
func lines(results []Result) []string {
	var out []string
	for _, r := range results {
		out = append(out, fmt.Sprintf("%s %s=%s (%s) %s", r.AuthServID, r.Method, r.Result, r.Reason, r.Properties))
	}
	return out
}

func TestResults(t *testing.T) {
	for _, tc := range []struct {
		name, field string
		want        []string
	}{
		{"RFC 8601, appendix B.3", "Authentication-Results: example.com;\r\n\tspf=pass smtp.mailfrom=example.net", []string{"example.com spf=pass () smtp.mailfrom=example.net"}},
		{"no authentication done", "Authentication-Results: example.org 1; none", nil},
		{"version of the field and of a method", `Authentication-Results: example.org 1; dkim/1=pass (good signature) header.d=a.example; auth=pass (cram-md5) smtp.auth=x@a.example`, []string{"example.org dkim=pass (good signature) header.d=a.example", "example.org auth=pass (cram-md5) smtp.auth=x@a.example"}},
		{"Microsoft 365 without a server", "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example; dkim=pass (signature was verified)\r\n header.d=a.example;dmarc=bestguesspass action=none\r\n header.from=a.example;compauth=pass reason=109", []string{" spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example", " dkim=pass (signature was verified) header.d=a.example", " dmarc=bestguesspass () action=none header.from=a.example", " compauth=pass (109) "}},
		{"Gmail", `Authentication-Results: mx.google.com; dkim=pass header.i=@a.example header.s=s1 header.b="ab/c"; spf=pass (google.com: domain of x@a.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=x@a.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=a.example`, []string{"mx.google.com dkim=pass () header.i=@a.example header.s=s1 header.b=ab/c", "mx.google.com spf=pass (google.com: domain of x@a.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=x@a.example", "mx.google.com dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=a.example"}},
		{"Yahoo's blanks", "Authentication-Results: atlas.example; dkim = pass header.i = @a.example ; spf =fail smtp.mailfrom= a.example", []string{"atlas.example dkim=pass () header.i=@a.example", "atlas.example spf=fail () smtp.mailfrom=a.example"}},
		{"semicolons in comments and quotes", `Authentication-Results: m.example; dkim=fail (a; b (c; d)) reason="x; y" header.d=a.example`, []string{"m.example dkim=fail (x; y) header.d=a.example"}},
		{"comment before the server", "Authentication-Results: (made up) m.example; spf=none", []string{"m.example spf=none () "}},
		{"upper case", "AUTHENTICATION-RESULTS: M.example; SPF=Pass SMTP.MailFrom=A.example", []string{"M.example spf=pass () SMTP.MailFrom=A.example"}},
		{"ARC", "ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=a.example; arc=none", []string{"mx.microsoft.com spf=pass () smtp.mailfrom=a.example", "mx.microsoft.com arc=none () "}},
		{"Received-SPF", `Received-SPF: Pass (mx.example: ok) client-ip=192.0.2.1; envelope-from="x@a.example"; receiver=mx.example;`, []string{"mx.example spf=pass (mx.example: ok) client-ip=192.0.2.1 envelope-from=x@a.example receiver=mx.example"}},
		{"a comment without an end", "Authentication-Results: m.example; spf=pass (open; dkim=fail", []string{"m.example spf=pass (open; dkim=fail) "}},
		{"a quote without an end", `Authentication-Results: m.example; spf=pass smtp.mailfrom="x; dkim=fail`, []string{`m.example spf=pass () smtp.mailfrom="x; dkim=fail`}},
		{"nothing", "Authentication-Results:", nil},
		{"only semicolons", "Authentication-Results: ;;;", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, lines(Results(header(tc.field), nil).Results)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTrusted(t *testing.T) {
	h := header(
		"Authentication-Results: mx.example.org; spf=fail",
		"Received: by mx.example.org",
		"Authentication-Results: MX.example.net; spf=pass; dkim=fail; dkim=pass",
		"Authentication-Results: mx.example.net; spf=neutral",
		"ARC-Authentication-Results: i=1; mx.example.net; spf=none",
	)
	for _, tc := range []struct {
		servers   []string
		spf, dkim string
		trusted   int
	}{
		{nil, "fail", "", 0},
		{[]string{"mx.example.net"}, "pass", "pass", 1},
		{[]string{"other.example"}, "", "", -1},
	} {
		a := Results(h, tc.servers)
		if a.SPF != tc.spf || a.DKIM != tc.dkim {
			t.Errorf("servers %q: spf %q dkim %q, want %q and %q", tc.servers, a.SPF, a.DKIM, tc.spf, tc.dkim)
		}
		for i, r := range a.Results {
			if field := map[int]int{0: 0, 1: 1, 2: 1, 3: 1, 4: 2, 5: 3}[i]; r.Trusted != (field == tc.trusted) {
				t.Errorf("servers %q: result %d trusted %t", tc.servers, i, r.Trusted)
			}
		}
	}
}

func TestManyResults(t *testing.T) {
	field := "Authentication-Results: m.example" + strings.Repeat("; spf=pass", 2000)
	fields := make([]string, 500)
	for i := range fields {
		fields[i] = field
	}
	if a := Results(header(fields...), nil); len(a.Results) != maxResults {
		t.Errorf("%d results", len(a.Results))
	}
}

func TestHops(t *testing.T) {
	show := func(h Hop) string {
		return fmt.Sprintf("%d %s|%s|%s|%s|%s|%d", h.Hop, h.From, h.FromIP, h.By, h.With, h.Time, h.Delay)
	}
	for _, tc := range []struct {
		name   string
		fields []string
		want   []string
	}{
		{"two, one a day later", []string{
			"Received: from b.example (b.example [192.0.2.2]) by c.example with ESMTP id 2; Tue, 3 Mar 2026 10:00:00 +0000",
			"Received: from a.example ([192.0.2.1]) by b.example with SMTP; Mon, 2 Mar 2026 11:00:00 +0100",
		}, []string{"1 a.example|192.0.2.1|b.example|SMTP|2026-03-02T10:00:00Z|0", "2 b.example|192.0.2.2|c.example|ESMTP|2026-03-03T10:00:00Z|86400"}},
		{"a hop without a time between", []string{
			"Received: by c.example; Mon, 2 Mar 2026 10:00:30 +0000", "Received: by b.example; yesterday", "Received: by a.example; Mon, 2 Mar 2026 10:00:00 +0000",
		}, []string{"1 ||a.example||2026-03-02T10:00:00Z|0", "2 ||b.example|||0", "3 ||c.example||2026-03-02T10:00:30Z|30"}},
		{"Exchange", []string{"Received: from A.example (2001:db8::1) by B.example (2001:db8::2) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20; Mon, 2 Mar 2026 10:00:00 +0000"}, []string{"1 A.example|2001:db8::1|B.example|Microsoft SMTP Server|2026-03-02T10:00:00Z|0"}},
		{"qmail", []string{"Received: (qmail 1 invoked by uid 0); 2 Mar 2026 10:00:00 -0000"}, []string{"1 ||||2026-03-02T10:00:00Z|0"}},
		{"HELO in the comment", []string{"Received: from unknown (HELO x.example) (192.0.2.9:1234) by y.example; Mon, 2 Mar 2026 10:00:00 +0000"}, []string{"1 unknown|192.0.2.9|y.example||2026-03-02T10:00:00Z|0"}},
		{"mapped address", []string{"Received: from x ([::ffff:192.0.2.9]) by y; Mon, 2 Mar 2026 10:00:00 +0000 (UTC)"}, []string{"1 x|192.0.2.9|y||2026-03-02T10:00:00Z|0"}},
		{"a from in a comment", []string{"Received: from a (from b [192.0.2.1]) by c (by d); Mon, 2 Mar 2026 10:00:00 +0000"}, []string{"1 a|192.0.2.1|c||2026-03-02T10:00:00Z|0"}},
		{"junk", []string{"Received: ((((", "Received: from", "Received:"}, []string{"1 |||||0", "2 |||||0", "3 |||||0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, h := range Hops(header(tc.fields...)) {
				got = append(got, show(h))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
