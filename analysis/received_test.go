package analysis

import (
	"fmt"
	"slices"
	"testing"

	"example.org/imap-integration/message"
)

// TestReceived holds the forms of Received fields that servers write.
func TestReceived(t *testing.T) {
	for value, want := range map[string]Hop{
		"from pc (pc.example.org [203.0.113.9]) by mx.example.net (Postfix) with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0000": {From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTPS", Time: "2026-03-02T10:00:00Z"},
		"from [203.0.113.9] (helo=pc) by mx.example.net with esmtp (Exim 4.96) id 1; Mon, 2 Mar 2026 10:00:00 +0000":          {From: "[203.0.113.9]", FromIP: "203.0.113.9", By: "mx.example.net", With: "esmtp", Time: "2026-03-02T10:00:00Z"},
		"from [203.0.113.9] (helo=[10.0.0.1]) by mx.example.net with esmtp":                                                   {From: "[203.0.113.9]", FromIP: "203.0.113.9", By: "mx.example.net", With: "esmtp"},
		"from unknown (HELO pc) (203.0.113.9) by mx.example.net with SMTP; 2 Mar 2026 10:00:00 -0000":                         {From: "unknown", FromIP: "203.0.113.9", By: "mx.example.net", With: "SMTP", Time: "2026-03-02T10:00:00Z"},
		"from unknown (HELO 10.0.0.1) (203.0.113.9) by mx.example.net with SMTP":                                              {From: "unknown", FromIP: "203.0.113.9", By: "mx.example.net", With: "SMTP"},
		"from x.example.org (EHLO pc) [203.0.113.9] by mx.example.net (MDaemon PRO v9.6.2) with ESMTP id md5; Mon, 02 Mar 2026 10:00:00 UTC+0200": {
			From: "x.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTP", Time: "2026-03-02T08:00:00Z",
		},
		"from pc [(203.0.113.9)] by mx.example.net with ESMTP":                                                                     {From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTP"},
		"from pc [203.0.113.9] by mx.example.net with ESMTP (SMTPD32-8.05) id A1; Mon, 2 Mar 2026 01:32:00GMT":                     {From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTP", Time: "2026-03-02T01:32:00Z"},
		"from pc ([203.0.113.9]) by mx.example.net with Microsoft SMTPSVC(6.0.3790.3959); Mon, 2 Mar 2026 10:00:00 +0100":          {From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "Microsoft SMTPSVC", Time: "2026-03-02T09:00:00Z"},
		"from pc (203.0.113.9) by mx.example.net (203.0.113.1) with Microsoft SMTP Server (TLS) id 15.1.2.3 via Frontend":          {From: "pc", FromIP: "203.0.113.9", By: "mx.example.net", With: "Microsoft SMTP Server"},
		"from [203.0.113.9] ([203.0.113.9:4711] helo=pc) by mx.example.net (envelope-from <x@[10.0.0.1]>) (ecelerity 3) with SMTP": {From: "[203.0.113.9]", FromIP: "203.0.113.9", By: "mx.example.net", With: "SMTP"},
		"from pc ([IPv6:2001:db8::1]) by mx.example.net with ESMTP":                                                                {From: "pc", FromIP: "2001:db8::1", By: "mx.example.net", With: "ESMTP"},
		"by 2002:a05:6a10 with SMTP id 1; Mon, 2 Mar 2026 02:00:00 -0800 (PST)":                                                    {By: "2002:a05:6a10", With: "SMTP", Time: "2026-03-02T10:00:00Z"},
		"from pc by mx.example.net for <x@[10.0.0.1]>":                                                                             {From: "pc", By: "mx.example.net"},
	} {
		m := message.ParseHeader([]byte("Received: "+value+"\r\n\r\n"), message.DefaultLimits())
		want.Hop = 1
		if got := Hops(m.Header); len(got) != 1 || got[0] != want {
			t.Errorf("%s:\n got %+v\nwant %+v", value, got, want)
		}
	}
}

// TestReceivedOfServers are fields as large providers and usual servers write them, folded as they come.
func TestReceivedOfServers(t *testing.T) {
	for name, tt := range map[string]struct {
		value string
		want  Hop
	}{
		"Gmail, from outside": {
			"from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41])\r\n        by mx.google.com with SMTPS id a1sor123\r\n        for <ann@corp.example>\r\n        (Google Transport Security);\r\n        Sat, 28 Nov 2026 00:00:01 -0800 (PST)",
			Hop{From: "mail-sor-f41.google.com", FromIP: "209.85.220.41", By: "mx.google.com", With: "SMTPS", Time: "2026-11-28T08:00:01Z"},
		},
		"Gmail, inside": {
			"by 2002:a17:906:4a8e:b0:9e6:1 with SMTP id x14csp1;\r\n        Sat, 28 Nov 2026 00:00:02 -0800 (PST)",
			Hop{By: "2002:a17:906:4a8e:b0:9e6:1", With: "SMTP", Time: "2026-11-28T08:00:02Z"},
		},
		"Microsoft 365": {
			"from AM0PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::2) by\r\n AM0PR01MB2.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::1) with Microsoft\r\n SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id\r\n 15.20.1.2; Sat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "AM0PR01MB1.eurprd01.prod.exchangelabs.com", FromIP: "2603:10a6:208:1::2", By: "AM0PR01MB2.eurprd01.prod.exchangelabs.com", With: "Microsoft SMTP Server", Time: "2026-11-28T08:00:00Z"},
		},
		"Microsoft 365, by MAPI": {
			"from VI1PR0101MB1.eurprd01.prod.exchangelabs.com ([fe80::1]) by VI1PR0101MB1.eurprd01.prod.exchangelabs.com ([fe80::1%5]) with mapi id 15.20.1.2; Sat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "VI1PR0101MB1.eurprd01.prod.exchangelabs.com", FromIP: "fe80::1", By: "VI1PR0101MB1.eurprd01.prod.exchangelabs.com", With: "mapi", Time: "2026-11-28T08:00:00Z"},
		},
		"Postfix with TLS": {
			"from out.example.org (out.example.org [IPv6:2001:db8::25])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n\t(No client certificate requested)\r\n\tby mx.example.net (Postfix) with ESMTPS id 4F1\r\n\tfor <ann@example.net>; Sat, 28 Nov 2026 09:00:00 +0100 (CET)",
			Hop{From: "out.example.org", FromIP: "2001:db8::25", By: "mx.example.net", With: "ESMTPS", Time: "2026-11-28T08:00:00Z"},
		},
		"Postfix, authenticated": {
			"from laptop.local (unknown [198.51.100.7])\r\n\t(Authenticated sender: ann)\r\n\tby smtp.example.net (Postfix) with ESMTPSA id 1; Sat, 28 Nov 2026 08:00:00 +0000 (UTC)",
			Hop{From: "laptop.local", FromIP: "198.51.100.7", By: "smtp.example.net", With: "ESMTPSA", Time: "2026-11-28T08:00:00Z"},
		},
		"Postfix, local": {
			"by mx.example.net (Postfix, from userid 1000)\r\n\tid 123ABC; Sat, 28 Nov 2026 08:00:00 +0000 (UTC)",
			Hop{By: "mx.example.net", Time: "2026-11-28T08:00:00Z"},
		},
		"Exim": {
			"from [198.51.100.7] (port=4711 helo=pc)\r\n\tby mx.example.net with esmtpsa  (TLS1.3) tls TLS_AES_128_GCM_SHA256\r\n\t(Exim 4.96)\r\n\t(envelope-from <ann@[10.0.0.1]>)\r\n\tid 1abc-0001\r\n\tfor bob@example.net;\r\n\tSat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "[198.51.100.7]", FromIP: "198.51.100.7", By: "mx.example.net", With: "esmtpsa", Time: "2026-11-28T08:00:00Z"},
		},
		"Sendmail": {
			"from out.example.org (out.example.org [203.0.113.9] (may be forged))\r\n\tby mx.example.net (8.17.1/8.17.1) with ESMTP id x1 for <a@example.net>; Sat, 28 Nov 2026 08:00:00 GMT",
			Hop{From: "out.example.org", FromIP: "203.0.113.9", By: "mx.example.net", With: "ESMTP", Time: "2026-11-28T08:00:00Z"},
		},
		"qmail": {
			"(qmail 12345 invoked by uid 89); 28 Nov 2026 08:00:00 -0000",
			Hop{Time: "2026-11-28T08:00:00Z"},
		},
		"Amazon SES": {
			"from a1-2.smtp-out.eu-west-1.amazonses.com (a1-2.smtp-out.eu-west-1.amazonses.com [54.240.1.2])\r\n by inbound-smtp.eu-west-1.amazonaws.com with SMTP id q1\r\n for ann@corp.example;\r\n Sat, 28 Nov 2026 08:00:00 +0000 (UTC)",
			Hop{From: "a1-2.smtp-out.eu-west-1.amazonses.com", FromIP: "54.240.1.2", By: "inbound-smtp.eu-west-1.amazonaws.com", With: "SMTP", Time: "2026-11-28T08:00:00Z"},
		},
		"Yahoo": {
			"from 203.0.113.9 (EHLO out.example.org)\r\n by 10.222.1.2 with SMTPs\r\n (version=TLS1_2 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);\r\n Sat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "203.0.113.9", FromIP: "203.0.113.9", By: "10.222.1.2", With: "SMTPs", Time: "2026-11-28T08:00:00Z"},
		},
		"a name in quotes": {
			"from \"odd ; name\" (x [203.0.113.9]) by mx.example.net with SMTP; Sat, 28 Nov 2026 08:00:00 +0000",
			Hop{From: "\"odd ; name\"", FromIP: "203.0.113.9", By: "mx.example.net", With: "SMTP", Time: "2026-11-28T08:00:00Z"},
		},
		"a semicolon in a comment":   {"from a (b; c [203.0.113.9]) by d; Sat, 28 Nov 2026 08:00:00 +0000", Hop{From: "a", FromIP: "203.0.113.9", By: "d", Time: "2026-11-28T08:00:00Z"}},
		"no date":                    {"from a by b with SMTP id 1", Hop{From: "a", By: "b", With: "SMTP"}},
		"a date that is none":        {"from a by b; yesterday", Hop{From: "a", By: "b"}},
		"a comment that never ends":  {"from a (b [203.0.113.9] by c", Hop{From: "a", FromIP: "203.0.113.9"}},
		"a mapped address":           {"from a ([::ffff:203.0.113.9]) by b", Hop{From: "a", FromIP: "203.0.113.9", By: "b"}},
		"an address and a zone":      {"from a ([fe80::1%eth0]) by b", Hop{From: "a", FromIP: "fe80::1", By: "b"}},
		"words without meaning":      {"hello world", Hop{}},
		"nothing but words of a hop": {"from by with", Hop{From: "by", By: "with"}},
		"nothing":                    {"", Hop{}},
	} {
		m := message.ParseHeader([]byte("Received: "+tt.value+"\r\n\r\n"), message.DefaultLimits())
		tt.want.Hop = 1
		if got := Hops(m.Header); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tt.want)
		}
	}
}

// TestHopDelays holds the order of hops, the oldest first, and the seconds between those that have a time.
func TestHopDelays(t *testing.T) {
	m := message.ParseHeader([]byte("Received: from c by d; Sat, 28 Nov 2026 08:00:30 +0000\r\n"+
		"Received: from b by c; Sat, 28 Nov 2026 08:00:40 +0000\r\n"+
		"Received: from x by y\r\n"+
		"Received: from a by b; Sat, 28 Nov 2026 09:00:00 +0100\r\n\r\n"), message.DefaultLimits())
	var got []string
	for _, h := range Hops(m.Header) {
		got = append(got, fmt.Sprintf("%d %s %d", h.Hop, h.From, h.Delay))
	}
	if want := []string{"1 a 0", "2 x 0", "3 b 40", "4 c -10"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
