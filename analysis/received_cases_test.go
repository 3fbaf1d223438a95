package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReceivedOfOtherServers are the fields of servers that are met less often than those of
// TestReceivedOfServers. A server is added as one more entry; all are of Sat, 28 Nov 2026 08:00:00 UTC.
func TestReceivedOfOtherServers(t *testing.T) {
	const at = "2026-11-28T08:00:00Z"
	for name, tt := range map[string]struct {
		value string
		want  Hop
	}{
		"Exchange 2019, to the front": {
			`from EX1.corp.example (10.1.2.3) by EX2.corp.example (10.1.2.4) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.2.1544.4 via Frontend Transport; Sat, 28 Nov 2026 09:00:00 +0100`,
			Hop{From: "EX1.corp.example", FromIP: "10.1.2.3", By: "EX2.corp.example", With: "Microsoft SMTP Server"},
		},
		"Domino": {
			`from out.example.org ([203.0.113.9]) by notes.corp.example (HCL Domino Release 12.0.2) with ESMTP id 2026112808595999-12345 ; Sat, 28 Nov 2026 09:00:00 +0100`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "notes.corp.example", With: "ESMTP"},
		},
		"Zimbra, to the mailbox": {
			`from mta.corp.example (LHLO mta.corp.example) (203.0.113.9) by mbs.corp.example with LMTP; Sat, 28 Nov 2026 08:00:00 +0000 (UTC)`,
			Hop{From: "mta.corp.example", FromIP: "203.0.113.9", By: "mbs.corp.example", With: "LMTP"},
		},
		"Dovecot, to the mailbox": {
			"from mx.example.net ([192.0.2.7])\r\n\tby imap.example.net with LMTP\r\n\tid kL3xAbc (envelope-from <a@[10.0.0.1]>)\r\n\tfor <ann@example.net>; Sat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "mx.example.net", FromIP: "192.0.2.7", By: "imap.example.net", With: "LMTP"},
		},
		"Courier": {
			`from pc.example.org (pc.example.org [::ffff:203.0.113.9]) (AUTH: LOGIN ann, TLS: TLSv1.2,256bits) by mx.example.net with ESMTPSA; Sat, 28 Nov 2026 08:00:00 +0000`,
			Hop{From: "pc.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPSA"},
		},
		"CommuniGate": {
			`from [203.0.113.9] (account ann@example.net HELO [10.0.0.5]) by mx.example.net (CommuniGate Pro SMTP 6.2.14) with ESMTPSA id 1 for bob@example.net; Sat, 28 Nov 2026 10:00:00 +0200`,
			Hop{From: "[203.0.113.9]", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPSA"},
		},
		"OpenSMTPD": {
			`from out.example.org (out.example.org [203.0.113.9]) by mx.example.net (OpenSMTPD) with ESMTPS id 1a2b (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) for <ann@example.net>; Sat, 28 Nov 2026 08:00:00 +0000 (UTC)`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPS"},
		},
		"Haraka": {
			`from out.example.org (out.example.org [203.0.113.9]) by mx.example.net (Haraka/3.0.3) with ESMTPS id 1A.1 envelope-from <a@example.org> (cipher=X); Sat, 28 Nov 2026 08:00:00 +0000`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPS"},
		},
		"James": {
			`from 203.0.113.9 (EHLO out.example.org) ([203.0.113.9]) by mx.example.net (JAMES SMTP Server ) with ESMTP ID 77 for <ann@example.net>; Sat, 28 Nov 2026 08:00:00 +0000 (UTC)`,
			Hop{From: "203.0.113.9", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTP"},
		},
		"PowerMTA, a comment behind the date": {
			`from out.example.org (203.0.113.9) by mx.example.net (PowerMTA v5.0r8) id h1 for <ann@example.net>; Sat, 28 Nov 2026 08:00:00 +0000 (envelope-from <a@[10.0.0.1]>)`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net"},
		},
		"Cisco Secure Email": {
			`from unknown (HELO out.example.org) ([203.0.113.9]) by esa.corp.example with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 28 Nov 2026 03:00:00 -0500`,
			Hop{From: "unknown", FromIP: "203.0.113.9", By: "esa.corp.example", With: "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384"},
		},
		"Mimecast, with twice": {
			`from out.example.org (out.example.org [203.0.113.9]) by relay.mimecast.com with ESMTP with STARTTLS (version=TLSv1.2, cipher=X) id uk-mta-1; Sat, 28 Nov 2026 08:00:00 +0000`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "relay.mimecast.com", With: "ESMTP"},
		},
		"Proofpoint": {
			`from pps.filterd (m0001.ppops.net [127.0.0.1]) by mx0a.example.net (8.18.1.2/8.18.1.2) with ESMTP id 4AS; Sat, 28 Nov 2026 08:00:00 GMT`,
			Hop{From: "pps.filterd", FromIP: "127.0.0.1", By: "mx0a.example.net", With: "ESMTP"},
		},
		"Broadcom, by qmail": {
			`from out.example.org (HELO out.example.org) (203.0.113.9) by server-1.tower-2.messagelabs.com with ECDHE-RSA-AES256-GCM-SHA384 encrypted SMTP; 28 Nov 2026 08:00:00 -0000`,
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "server-1.tower-2.messagelabs.com", With: "ECDHE-RSA-AES256-GCM-SHA384"},
		},
		"SendGrid, the time as Go prints it": {
			`by recvd-7d9 with SMTP id recvd-7d9-1-6A 2026-11-28; 2026-11-28 08:00:00.123456789 +0000 UTC m=+1234.5`,
			Hop{By: "recvd-7d9", With: "SMTP"},
		},
		"SendGrid, by HTTP": {
			`from NTE5 (unknown) by geopod-ismtpd-1 (SG) with HTTP id x1; Sat, 28 Nov 2026 08:00:00.123 +0000 (UTC)`,
			Hop{From: "NTE5", By: "geopod-ismtpd-1", With: "HTTP"},
		},
		"GMX, the web": {
			`from [203.0.113.9] ([203.0.113.9]) by msvc-mesg-gmx021 (via HTTP); Sat, 28 Nov 2026 09:00:00 +0100`,
			Hop{From: "[203.0.113.9]", FromIP: "203.0.113.9", By: "msvc-mesg-gmx021"},
		},
		"Gmail, submitted": {
			`from [192.168.1.2] (p5.dip.example. [203.0.113.9]) by smtp.gmail.com with ESMTPSA id 4fb4d7f45d1cf-5e1 for <ann@corp.example> (version=TLS1_3 cipher=X bits=128/128); Sat, 28 Nov 2026 00:00:00 -0800 (PST)`,
			Hop{From: "[192.168.1.2]", FromIP: "203.0.113.9", By: "smtp.gmail.com", With: "ESMTPSA"},
		},
		"fetchmail": {
			`from imap.example.net [192.0.2.7] by localhost with IMAP (fetchmail-6.4.38) for <ann@localhost> (single-drop); Sat, 28 Nov 2026 09:00:00 +0100 (CET)`,
			Hop{From: "imap.example.net", FromIP: "192.0.2.7", By: "localhost", With: "IMAP"},
		},
		"GroupWise":    {`from DOM-MTA by gw.corp.example with Novell_GroupWise; Sat, 28 Nov 2026 09:00:00 +0100`, Hop{From: "DOM-MTA", By: "gw.corp.example", With: "Novell_GroupWise"}},
		"MailEnable":   {`from pc ([203.0.113.9]) by mx.example.net with MailEnable ESMTP; Sat, 28 Nov 2026 08:00:00 +0000`, Hop{From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "MailEnable"}},
		"hMailServer":  {`from pc (pc.example.org [203.0.113.9]) by mx.example.net with ESMTPSA ; Sat, 28 Nov 2026 08:00:00 +0000`, Hop{From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPSA"}},
		"Exim, local":  {`from ann by mx.example.net with local (Exim 4.96) (envelope-from <ann@example.net>) id 1a-01; Sat, 28 Nov 2026 08:00:00 +0000`, Hop{From: "ann", By: "mx.example.net", With: "local"}},
		"Exim, named":  {`from out.example.org ([203.0.113.9]:40022) by mx.example.net with esmtps (TLS1.3) id 1a-02; Sat, 28 Nov 2026 08:00:00 +0000`, Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "esmtps"}},
		"Exim, IPv6":   {`from [2001:db8::9] (port=4711 helo=pc) by mx.example.net with esmtp id 1a-03; Sat, 28 Nov 2026 08:00:00 +0000`, Hop{From: "[2001:db8::9]", FromIP: "2001:db8::9", By: "mx.example.net", With: "esmtp"}},
		"qmail, ident": {`from out.example.org (ann@203.0.113.9) by mx.example.net with SMTP; 28 Nov 2026 08:00:00 -0000`, Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "SMTP"}},
		"Sendmail, by a user": {
			`(from root@localhost) by mx.example.net (8.17.1/8.17.1/Submit) id 4AS; Sat, 28 Nov 2026 08:00:00 GMT`,
			Hop{By: "mx.example.net"},
		},
	} {
		tt.want.Hop, tt.want.Time = 1, at
		if diff := cmp.Diff([]Hop{tt.want}, Hops(header("Received: "+tt.value))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestReceivedDates are the dates behind the semicolon, as servers and scripts write them.
func TestReceivedDates(t *testing.T) {
	for date, want := range map[string]string{
		"Sat, 28 Nov 2026 09:00:00 +0100":              "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 09:00:00 +0100 (CET)":        "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 09:00:00 +0100 (a (b; c) d)": "2026-11-28T08:00:00Z",
		"28 Nov 2026 08:00:00 -0000":                   "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 26 03:00 EST":                     "2026-11-28T08:00:00Z", // RFC 5322, section 4.3
		"Sat,28 Nov 2026 08:00:00 Z":                   "2026-11-28T08:00:00Z",
		"Sat Nov 28 08:00:00 2026":                     "2026-11-28T08:00:00Z", // asctime, no zone
		"Sat, 28 Nov 2026 08:00:00":                    "2026-11-28T08:00:00Z",
		"2026-11-28T08:00:00Z":                         "2026-11-28T08:00:00Z",
		"2026-11-28T09:00:00.5+01:00":                  "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 13:30:00 +05:30":             "2026-11-28T08:00:00Z",
		"Sat,\r\n\t28 Nov 2026\r\n 08:00:00 +0000":     "2026-11-28T08:00:00Z",
		"Sun, 29 Feb 2026 08:00:00 +0000":              "", // there is none
		"Sat, 28 Nov 2026 25:00:00 +0000":              "",
		"Fri, 31 Dec 9999 23:30:00 -0100":              "", // year 10000 in UTC
		"Sat, 28 Nov 2026 08:00:00 +0000;":             "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 08:00:00 +0000; x":           "2026-11-28T08:00:00Z", // as Python reads it
		"; Sat, 28 Nov 2026 08:00:00 +0000":            "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 08:00:00 +0000; a; b (c; d)": "2026-11-28T08:00:00Z",
		"Sat, 28 Nov 2026 0x:00:00 +0000":              "",
		"":                                             "",
		"unknown":                                      "",
	} {
		hops := Hops(header("Received: from a by b; " + date))
		if len(hops) != 1 || hops[0].Time != want || hops[0].By != "b" {
			t.Errorf("%q: %+v, want %q", date, hops, want)
		}
	}
}

// TestReceivedForged has what a sender may write so that a reader takes the wrong server or address.
func TestReceivedForged(t *testing.T) {
	for name, tt := range map[string]struct{ value, from, ip, by, with string }{
		"words of clauses in a name":      {`from "by evil with x" (pc [203.0.113.9]) by mx`, `"by evil with x"`, "203.0.113.9", "mx", ""},
		"a quote escaped in a name":       {`from "a\" by evil (b" (pc [203.0.113.9]) by mx`, `"a\" by evil (b"`, "203.0.113.9", "mx", ""},
		"a semicolon escaped in a name":   {`from "a\";" (pc [203.0.113.9]) by mx; Sat, 28 Nov 2026 08:00:00 +0000`, `"a\";"`, "203.0.113.9", "mx", ""},
		"a bracket escaped in a comment":  {`from pc (a \) by evil [10.0.0.1]) ([203.0.113.9]) by mx`, "pc", "203.0.113.9", "mx", ""},
		"a comment in a comment":          {`from pc (a (by evil) [203.0.113.9]) by mx (b (c (d)))`, "pc", "203.0.113.9", "mx", ""},
		"an address claimed with EHLO":    {`from pc (EHLO 10.0.0.1) ([203.0.113.9]) by mx`, "pc", "203.0.113.9", "mx", ""},
		"claimed behind the one seen":     {`from pc ([203.0.113.9] helo=[10.0.0.1]) by mx`, "pc", "203.0.113.9", "mx", ""},
		"claimed, none seen":              {`from pc (HELO 10.0.0.1) by mx`, "pc", "10.0.0.1", "mx", ""},
		"a second from":                   {`from pc ([203.0.113.9]) by mx from evil ([10.0.0.1]) by evil`, "pc", "203.0.113.9", "mx", ""},
		"a second by and with":            {`from pc by mx with SMTP by evil with LMTP`, "pc", "", "mx", "SMTP"},
		"an address of the receiver only": {`from pc by mx ([203.0.113.9]) with SMTP`, "pc", "", "mx", "SMTP"},
		"an address of a recipient":       {`from pc by mx for <ann@[203.0.113.9]>`, "pc", "", "mx", ""},
		"the address of the envelope":     {`from pc (envelope-sender <x@[203.0.113.9]>) by mx`, "pc", "", "mx", ""},
		"numbers that are no address":     {`from 1.2.3 (build 8.17.1.2222) by mx`, "1.2.3", "", "mx", ""},
		"no name":                         {`from (pc [203.0.113.9]) by mx with SMTP`, "", "203.0.113.9", "mx", "SMTP"},
		"no name, and a second from":      {`from ([203.0.113.9]) by mx from evil ([10.0.0.1])`, "", "203.0.113.9", "mx", ""},
		"claimed behind a port":           {`from [203.0.113.9] (port=4711 helo=[10.0.0.1]) by mx`, "[203.0.113.9]", "203.0.113.9", "mx", ""},
		"claimed behind an account":       {`from [203.0.113.9] (account ann HELO [10.0.0.1]) by mx`, "[203.0.113.9]", "203.0.113.9", "mx", ""},
		"claimed to a mailbox":            {`from [203.0.113.9] (LHLO [10.0.0.1]) by mx`, "[203.0.113.9]", "203.0.113.9", "mx", ""},
		"an envelope behind a port":       {`from [203.0.113.9] (port=4711 envelope-from=<x@[10.0.0.1]>) by mx`, "[203.0.113.9]", "203.0.113.9", "mx", ""},
		"an envelope behind a claim":      {`from pc (helo=pc envelope-from=<x@[10.0.0.1]>) by mx`, "pc", "", "mx", ""},
		"a user with a space":             {`from pc ([203.0.113.9]) (authenticated as x@10.0.0.1) by mx`, "pc", "203.0.113.9", "mx", ""},
		"upper case":                      {`FROM pc ([203.0.113.9]) BY mx WITH smtp`, "pc", "203.0.113.9", "mx", "smtp"},
		"no space before the comment":     {`from pc([203.0.113.9]) by mx(Postfix) with SMTP(x)`, "pc", "203.0.113.9", "mx", "SMTP"},
		"Microsoft at the end":            {`from pc by mx with Microsoft`, "pc", "", "mx", "Microsoft"},
		"IPv6 in lower case":              {`from pc ([ipv6:2001:DB8:0:0::1]) by mx`, "pc", "2001:db8::1", "mx", ""},
		"IPv6 and a port":                 {`from pc ([2001:db8::1]:4711) by mx`, "pc", "2001:db8::1", "mx", ""},
	} {
		got := Hops(header("Received: " + tt.value))
		want := Hop{Hop: 1, From: tt.from, FromIP: tt.ip, By: tt.by, With: tt.with}
		if len(got) == 1 {
			want.Time = got[0].Time
		}
		if diff := cmp.Diff([]Hop{want}, got); diff != "" || strings.Contains(tt.value, "; Sat") != (got[0].Time != "") {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
