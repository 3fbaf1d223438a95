package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/content"
)

// TestResultsOfReceivers are the fields of receivers and filters that are often met. One is added as one more entry.
func TestResultsOfReceivers(t *testing.T) {
	for name, tt := range map[string]struct {
		field string
		want  []string
	}{
		"RFC 8601, B.2: none": {"Authentication-Results: example.org 1; none", nil},
		"RFC 8601, B.4: two methods": {
			"Authentication-Results: example.com;\r\n\tauth=pass (cram-md5) smtp.auth=sender@example.net;\r\n\tspf=pass smtp.mailfrom=example.net",
			[]string{"example.com auth=pass (cram-md5) smtp.auth=sender@example.net", "example.com spf=pass () smtp.mailfrom=example.net"},
		},
		"RFC 8601, B.6: two signatures": {
			"Authentication-Results: example.com;\r\n\tdkim=pass reason=\"good signature\"\r\n\t header.i=@mail-router.example.net;\r\n\tdkim=fail reason=\"bad signature\"\r\n\t header.i=@newyork.example.com",
			[]string{"example.com dkim=pass (good signature) header.i=@mail-router.example.net", "example.com dkim=fail (bad signature) header.i=@newyork.example.com"},
		},
		"RFC 8601, B.7: comments everywhere": {
			"Authentication-Results: foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462",
			nil, // not read: nobody writes that; nothing is made up either
		},
		"Fastmail": {
			"Authentication-Results: mx6.messagingengine.com;\r\n    bimi=skipped (DMARC Policy is not at enforcement);\r\n    dkim=pass (2048-bit rsa key sha256) header.d=a.example header.i=@a.example\r\n    header.b=Ab+/c= header.a=rsa-sha256 header.s=s1 x-bits=2048;\r\n    iprev=pass smtp.remote-ip=192.0.2.1 (out.a.example)",
			[]string{
				"mx6.messagingengine.com bimi=skipped (DMARC Policy is not at enforcement) ",
				"mx6.messagingengine.com dkim=pass (2048-bit rsa key sha256) header.d=a.example header.i=@a.example header.b=Ab+/c= header.a=rsa-sha256 header.s=s1 x-bits=2048",
				"mx6.messagingengine.com iprev=pass (out.a.example) smtp.remote-ip=192.0.2.1",
			},
		},
		"iCloud": {
			"Authentication-Results: bimi.icloud.com; bimi=pass header.d=a.example header.selector=default policy.authority=pass policy.authority-uri=https://a.example/vmc.pem",
			[]string{"bimi.icloud.com bimi=pass () header.d=a.example header.selector=default policy.authority=pass policy.authority-uri=https://a.example/vmc.pem"},
		},
		"Yahoo": {
			"Authentication-Results: atlas102.mail.ne1.yahoo.com;\r\n dkim=pass header.i=@a.example header.s=s1;\r\n spf=pass smtp.mailfrom=a.example;\r\n dmarc=pass(p=REJECT) header.from=a.example;",
			[]string{"atlas102.mail.ne1.yahoo.com dkim=pass () header.i=@a.example header.s=s1", "atlas102.mail.ne1.yahoo.com spf=pass () smtp.mailfrom=a.example", "atlas102.mail.ne1.yahoo.com dmarc=pass (p=REJECT) header.from=a.example"},
		},
		"Microsoft 365, why it failed": {
			"Authentication-Results: spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=a.example;compauth=fail reason=000",
			[]string{" spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example", " dkim=none (message not signed) header.d=none", " dmarc=fail () action=oreject header.from=a.example", " compauth=fail (000) "},
		},
		"OpenDKIM": {
			"Authentication-Results: mx.example.net;\r\n\tdkim=pass (2048-bit key; unprotected) header.d=a.example header.i=@a.example header.a=rsa-sha256 header.s=s1 header.b=Q1;\r\n\tdkim-atps=neutral",
			[]string{"mx.example.net dkim=pass (2048-bit key; unprotected) header.d=a.example header.i=@a.example header.a=rsa-sha256 header.s=s1 header.b=Q1", "mx.example.net dkim-atps=neutral () "},
		},
		"OpenDMARC": {"Authentication-Results: OpenDMARC; dmarc=fail (p=quarantine dis=none) header.from=a.example", []string{"OpenDMARC dmarc=fail (p=quarantine dis=none) header.from=a.example"}},
		"rspamd": {
			"Authentication-Results: mx.example.net;\r\n\tdkim=pass header.d=a.example header.s=s1 header.b=Q1;\r\n\tspf=softfail (mx.example.net: 192.0.2.1 is neither permitted nor denied by domain of x@a.example) smtp.mailfrom=x@a.example;\r\n\tarc=reject (\"signature check failed: fail, {[1] = sig:microsoft.com:reject}\");\r\n\tdmarc=fail reason=\"SPF not aligned (relaxed)\" header.from=a.example (policy=none)",
			[]string{
				"mx.example.net dkim=pass () header.d=a.example header.s=s1 header.b=Q1",
				"mx.example.net spf=softfail (mx.example.net: 192.0.2.1 is neither permitted nor denied by domain of x@a.example) smtp.mailfrom=x@a.example",
				"mx.example.net arc=reject (\"signature check failed: fail, {[1] = sig:microsoft.com:reject}\") ",
				"mx.example.net dmarc=fail (SPF not aligned (relaxed)) header.from=a.example",
			},
		},
		"Exim": {
			"Authentication-Results: mx.example.net;\r\n\tiprev=pass (out.a.example) smtp.remote-ip=2001:db8::1;\r\n\tauth=pass (PLAIN) smtp.auth=ann",
			[]string{"mx.example.net iprev=pass (out.a.example) smtp.remote-ip=2001:db8::1", "mx.example.net auth=pass (PLAIN) smtp.auth=ann"},
		},
		"Cisco, the same method twice": {
			"Authentication-Results: esa1.corp.example; spf=None smtp.pra=x@a.example; spf=Pass smtp.mailfrom=x@a.example; dkim=permerror (key failed) header.i=@a.example",
			[]string{"esa1.corp.example spf=none () smtp.pra=x@a.example", "esa1.corp.example spf=pass () smtp.mailfrom=x@a.example", "esa1.corp.example dkim=permerror (key failed) header.i=@a.example"},
		},
		"amavis": {"Authentication-Results: mx.example.net (amavisd-new);\r\n\tdkim=pass (1024-bit key) header.d=a.example", []string{"mx.example.net dkim=pass (1024-bit key) header.d=a.example"}},
		"ARC by Gmail": {
			"ARC-Authentication-Results: i=2; mx.google.com;\r\n       arc=pass (i=1 spf=pass spfdomain=a.example dkim=pass dkdomain=a.example);\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
			[]string{"mx.google.com arc=pass (i=1 spf=pass spfdomain=a.example dkim=pass dkdomain=a.example) ", "mx.google.com dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example"},
		},
		"ARC, spaces around its instance": {"ARC-Authentication-Results: i = 1; m.example; spf=none", []string{"m.example spf=none () "}},
		"ARC without a server":            {"ARC-Authentication-Results: i=1; spf=none; dkim=none", []string{" spf=none () ", " dkim=none () "}},
		"a quoted name of a server":       {`Authentication-Results: "m.example"; spf=none`, []string{"m.example spf=none () "}},
		"a value escaped in quotes":       {`Authentication-Results: m.example; spf=pass smtp.mailfrom="a\"; dkim=pass\\"`, []string{`m.example spf=pass () smtp.mailfrom=a"; dkim=pass\`}},
		"a comment escaped":               {`Authentication-Results: m.example; spf=fail (a \) ; dkim=pass) smtp.helo=x`, []string{`m.example spf=fail (a \) ; dkim=pass) smtp.helo=x`}},
		"a result without a value":        {"Authentication-Results: m.example; spf=; dkim=pass", []string{"m.example spf= () ", "m.example dkim=pass () "}},
		"a word without a result":         {"Authentication-Results: m.example; hello; =pass; dkim=pass", []string{"m.example dkim=pass () "}},
		"other fields":                    {"X-Authentication-Results: m.example; spf=pass", nil},
	} {
		if diff := cmp.Diff(tt.want, lines(Results(header(tt.field), nil).Results)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestReceivedSPF are the forms of RFC 7208, section 9.1, and what servers make of them.
func TestReceivedSPF(t *testing.T) {
	for value, want := range map[string]string{
		"pass (mybox.example.org: domain of a@example.com designates 192.0.2.1 as permitted sender)\r\n receiver=mybox.example.org; client-ip=192.0.2.1;\r\n envelope-from=\"a@example.com\"; helo=foo.example.com;": "mybox.example.org spf=pass (mybox.example.org: domain of a@example.com designates 192.0.2.1 as permitted sender) receiver=mybox.example.org client-ip=192.0.2.1 envelope-from=a@example.com helo=foo.example.com",
		"fail (mybox.example.org: domain of a@example.com does not designate 192.0.2.1) identity=mailfrom; client-ip=192.0.2.1;":                                                                                     " spf=fail (mybox.example.org: domain of a@example.com does not designate 192.0.2.1) identity=mailfrom client-ip=192.0.2.1",
		"Fail (protection.outlook.com: domain of a.example does not designate 192.0.2.1 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.1; helo=x; pr=C":                                     "protection.outlook.com spf=fail (protection.outlook.com: domain of a.example does not designate 192.0.2.1 as permitted sender) receiver=protection.outlook.com client-ip=192.0.2.1 helo=x pr=C",
		"SoftFail": " spf=softfail () ",
		"none;":    " spf=none () ",
		"neutral (a) (b) problem=\"x; y (z)\"; mechanism=?all": " spf=neutral (a) problem=x; y (z) mechanism=?all",
		"": "",
	} {
		a := Results(header("Received-SPF: "+value), nil)
		if got := strings.Join(lines(a.Results), "|"); got != want {
			t.Errorf("%q:\n got %q\nwant %q", value, got, want)
		}
		if a.SPF != "" || len(a.Results) > 0 && a.Results[0].Trusted {
			t.Errorf("%q: anybody can write that, and it is trusted", value)
		}
	}
}

// TestTrustedSummary holds which result counts where there are several.
func TestTrustedSummary(t *testing.T) {
	for name, tt := range map[string]struct {
		fields           []string
		servers          []string
		spf, dkim, dmarc string
	}{
		"one signature of two passes":    {[]string{"m; dkim=fail; dkim=pass; dkim=none"}, nil, "", "pass", ""},
		"no signature passes":            {[]string{"m; dkim=temperror; dkim=fail"}, nil, "", "temperror", ""},
		"the first SPF counts":           {[]string{"m; spf=none; spf=pass; dmarc=fail; dmarc=pass"}, nil, "none", "", "fail"},
		"a field below is not trusted":   {[]string{"m; spf=fail", "m; spf=pass; dkim=pass; dmarc=pass"}, nil, "fail", "", ""},
		"a field without a result":       {[]string{"m; none", "m; spf=pass"}, nil, "pass", "", ""},
		"a server that is not trusted":   {[]string{"evil; spf=pass", "MX.corp.example; spf=fail"}, []string{"mx.corp.example"}, "fail", "", ""},
		"a name that begins alike":       {[]string{"mx.corp.example.evil.example; spf=pass"}, []string{"mx.corp.example"}, "", "", ""},
		"no name where one is asked for": {[]string{"spf=pass"}, []string{"mx.corp.example"}, "", "", ""},
		"none":                           {nil, nil, "", "", ""},
	} {
		var fields []string
		for _, f := range tt.fields {
			fields = append(fields, "Authentication-Results: "+f)
		}
		a := Results(header(fields...), tt.servers)
		if got, want := [3]string{a.SPF, a.DKIM, a.DMARC}, [3]string{tt.spf, tt.dkim, tt.dmarc}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestSMIME holds that a signature fails where there is a problem, and only there.
func TestSMIME(t *testing.T) {
	for want, s := range map[SMIME]*content.Signature{
		{}: nil,
		{Result: "pass", Signer: "CN=Ann", Emails: "ann@corp.example", Issuer: "CN=CA"}: {Signer: "CN=Ann", Emails: "ann@corp.example", Issuer: "CN=CA"},
		{Result: "fail", Signer: "CN=Ann", Detail: "the content was changed"}:           {Signer: "CN=Ann", Problem: "the content was changed"},
	} {
		if got := smimeOf(s); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
