package analysis

import (
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
