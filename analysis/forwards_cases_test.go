package analysis

import (
	"fmt"
	"strings"
	"testing"
)

// inLanguage is how a program writes the fields of a forwarded email in one language, and what it puts in front of the subject.
type inLanguage struct {
	prefix string
	labels string // sender, date, recipients and subject
}

// TestForwardsInLanguages has the labels of Outlook and of web mail. A language is added as one more entry.
func TestForwardsInLanguages(t *testing.T) {
	for name, in := range map[string]inLanguage{
		"English":             {"FW: ", "From Sent To Subject"},
		"German":              {"WG: ", "Von Gesendet An Betreff"},
		"German, Thunderbird": {"Fwd: ", "Von Datum An Betreff"},
		"French":              {"TR : ", "De Envoyé À Objet"},
		"Spanish":             {"RV: ", "De Fecha Para Asunto"},
		"Portuguese":          {"ENC: ", "De Enviado Para Assunto"},
		"Italian":             {"I: ", "Da Data A Oggetto"},
		"Dutch":               {"Doorst: ", "Van Verzonden Aan Onderwerp"},
		"Danish":              {"VS: ", "Fra Sendt Til Emne"},
		"Norwegian":           {"VS: ", "Fra Dato Til Emne"},
		"Swedish":             {"VB: ", "Från Datum Till Ämne"},
		"Finnish":             {"VL: ", "Lähettäjä Lähetetty Vastaanottaja Aihe"},
		"Polish":              {"PD: ", "Od Data Do Temat"},
		"Czech":               {"FW: ", "Od Odesláno Komu Předmět"},
		"Hungarian":           {"Továbbítás: ", "Feladó Elküldve Címzett Tárgy"},
		"Turkish":             {"YNT: ", "Kimden Gönderildi Kime Konu"},
		"Greek":               {"FW: ", "Από Ημερομηνία Προς Θέμα"},
		"Russian":             {"Пересылка: ", "От Дата Кому Тема"},
		"Ukrainian":           {"FW: ", "Від Надіслано Кому Тема"},
		"Hebrew":              {"FW: ", "מאת תאריך אל נושא"},
		"Arabic":              {"FW: ", "من التاريخ إلى الموضوع"},
		"Japanese":            {"転送: ", "差出人 日時 宛先 件名"},
		"Chinese":             {"转发：", "发件人 日期 收件人 主题"},
		"Chinese of Taiwan":   {"轉寄: ", "寄件者 寄件日期 收件者 主旨"},
		"Korean":              {"전달: ", "보낸사람 날짜 받는사람 제목"},
	} {
		labels := strings.Fields(in.labels)
		for form, field := range map[string]string{ // the ways of writing a line; %[1]s is the label
			"plain": "%[1]s: %[2]s\n", "bold": "*%[1]s:* %[2]s\n", "bold with a space": "*%[1]s :* %[2]s\n", "quoted": "> %[1]s: %[2]s\n", "wide colon": "%[1]s：%[2]s\n", "table": "| %[1]s:\t%[2]s\n",
			"no-break space": "%[1]s\u00A0: %[2]s\n", "upper case": "%[3]s: %[2]s\n",
		} {
			if name == "Greek" && form == "upper case" {
				continue // no program writes it so, and ΠΡΟΣ has no small form of its own: προσ or προς
			}
			text := "Hello,\n\n"
			for i, value := range []string{"Bank <it@phish.example>", "28.11.2026 08:00", "Ann <ann@corp.example>", "Verify now"} {
				text += fmt.Sprintf(field, labels[i], value, strings.ToUpper(labels[i]))
			}
			got, ok := forwardIn(in.prefix+"Verify now", text+"\n> Log in", false)
			if want := (forwarded{From: "it@phish.example", FromName: "Bank", To: "ann@corp.example", Subject: "Verify now"}); !ok || got != want {
				t.Errorf("%s, %s: %+v", name, form, got)
			}
		}
	}
}

// TestForwardMarks are the lines above the fields by which a program says that it forwards, where the subject does not.
func TestForwardMarks(t *testing.T) {
	for program, mark := range map[string]string{
		"Gmail":                   "---------- Forwarded message ---------",
		"Thunderbird":             "-------- Forwarded Message --------",
		"Thunderbird, German":     "-------- Weitergeleitete Nachricht --------",
		"Thunderbird, French":     "-------- Message transféré --------",
		"Apple Mail":              "Begin forwarded message:",
		"Apple Mail, French":      "Début du message réexpédié :",
		"Yahoo":                   "----- Forwarded Message -----",
		"Gmail, Spanish":          "---------- Mensaje reenviado ---------",
		"Gmail, Portuguese":       "---------- Mensagem encaminhada ---------",
		"Thunderbird, Italian":    "-------- Messaggio Inoltrato --------",
		"Thunderbird, Dutch":      "-------- Doorgestuurd bericht --------",
		"Thunderbird, Swedish":    "-------- Vidarebefordrat meddelande --------",
		"Thunderbird, Danish":     "-------- Videresendt besked --------",
		"Thunderbird, Polish":     "-------- Przekazana wiadomość --------",
		"mail.ru":                 "-------- Пересылаемое сообщение --------",
		"Thunderbird, Russian":    "-------- Перенаправленное сообщение --------",
		"Thunderbird, Ukrainian":  "-------- Перенаправлене повідомлення --------",
		"Thunderbird, Czech":      "-------- Přeposlaná zpráva --------",
		"Thunderbird, Hungarian":  "-------- Továbbított üzenet --------",
		"Thunderbird, Finnish":    "-------- Välitetty viesti --------",
		"Thunderbird, Greek":      "-------- Προωθημένο μήνυμα --------",
		"Apple Mail, German":      "Anfang der weitergeleiteten Nachricht:",
		"Apple Mail, Portuguese":  "Início da mensagem reencaminhada:",
		"Apple Mail, Spanish":     "Inicio del mensaje reenviado:",
		"Apple Mail, Italian":     "Inizio messaggio inoltrato:",
		"Apple Mail, Polish":      "Początek przekazywanej wiadomości:",
		"Apple Mail, Russian":     "Начало переадресованного сообщения:",
		"Apple Mail, Czech":       "Začátek přeposílané zprávy:",
		"Apple Mail, Japanese":    "転送されたメッセージ：",
		"Thunderbird, Japanese":   "-------- 転送メッセージ --------",
		"NetEase":                 "-------- 转发邮件信息 --------",
		"Gmail, Chinese":          "---------- 轉寄郵件 ---------",
		"Gmail, Korean":           "---------- 전달된 메시지 ---------",
		"in a quotation":          "> ---------- Forwarded message ---------",
		"with an empty line":      "---------- Forwarded message ---------\n",
		"in upper and lower case": "---- FORWARDED message ----",
	} {
		fields := "From: it@phish.example\nDate: x\nSubject: Verify now\nTo: ann@corp.example\n"
		if got, ok := forwardIn("look", "hello\n"+mark+"\n"+fields, false); !ok || got.From != "it@phish.example" || got.Subject != "Verify now" {
			t.Errorf("%s: %+v", program, got)
		}
		if got, ok := forwardIn("look", mark+"\nno, wait:\n"+fields, false); ok {
			t.Errorf("%s, a line between: %+v, which may be a quotation", program, got)
		}
	}
}

// TestForwardFields holds what is read of the fields, and what is no forward.
func TestForwardFields(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{ // sender, name, recipients, subject, date
		"an address alone":                {"From: it@phish.example\nTo: ann@corp.example\nSubject: x", "it@phish.example||ann@corp.example|x|"},
		"a name alone":                    {"From: The Bank\nTo: Ann\nSubject: x", "|The Bank|Ann|x|"},
		"Outlook's link":                  {"From: Bank [mailto:it@phish.example]\nTo: ann@corp.example\nSubject: x", "it@phish.example|Bank|ann@corp.example|x|"},
		"an address and its link":         {"From: it@phish.example <mailto:it@phish.example>\nTo: ann@corp.example\nSubject: x", "it@phish.example||ann@corp.example|x|"},
		"a name, an address and its link": {"From: Bank <it@phish.example<mailto:it@phish.example>>\nTo: ann@corp.example\nSubject: x", "it@phish.example|Bank|ann@corp.example|x|"},
		"several recipients":              {"From: it@phish.example\nTo: Ann <ann@corp.example>, bob@corp.example\nCc: c@corp.example\nSubject: x", "it@phish.example||ann@corp.example, bob@corp.example|x|"},
		"recipients on a second line":     {"From: it@phish.example\nTo: ann@corp.example,\n  bob@corp.example\nSubject: x", "it@phish.example||ann@corp.example, bob@corp.example|x|"},
		"no subject in the subject":       {"From: it@phish.example\nTo: ann@corp.example\nSubject:", "it@phish.example||ann@corp.example||"},
		"the subject first":               {"Subject: x\nDate: y\nFrom: it@phish.example\nTo: ann@corp.example", "it@phish.example||ann@corp.example|x|"},
		"no recipients but a date":        {"From: it@phish.example\nSent: yesterday\nSubject: x", "it@phish.example|||x|"},
		"a date with an offset":           {"From: it@phish.example\nSent: Sat, 28 Nov 2026 09:00:00 +0100\nSubject: x", "it@phish.example|||x|2026-11-28T08:00:00Z"},
		"a date with a zone":              {"From: it@phish.example\nSent: 28 Nov 2026 03:00 EST\nSubject: x", "it@phish.example|||x|2026-11-28T08:00:00Z"},
		"a date of ISO 8601":              {"From: it@phish.example\nSent: 2026-11-28T08:00:00Z\nSubject: x", "it@phish.example|||x|2026-11-28T08:00:00Z"},
		"a date of the reader's clock":    {"From: it@phish.example\nSent: Saturday, 28 November 2026 08:00\nSubject: x", "it@phish.example|||x|"},
		"a zone that is a word":           {"From: it@phish.example\nSent: 28 Nov 2026 08:00 in the estate\nSubject: x", "it@phish.example|||x|"},
		"no subject line":                 {"From: it@phish.example\nTo: ann@corp.example\nDate: x", ""},
		"no sender":                       {"To: ann@corp.example\nDate: x\nSubject: x", ""},
		"an empty sender":                 {"From:\nTo: ann@corp.example\nDate: x\nSubject: x", ""},
		"neither date nor recipients":     {"From: it@phish.example\nSubject: x", ""},
		"an empty line between":           {"From: it@phish.example\nTo: ann@corp.example\n\nSubject: x", ""},
		"two lines without a label":       {"From: it@phish.example\nTo: ann@corp.example\nmore\nand more\nSubject: x", ""},
		"the sender twice":                {"From: a\nFrom: it@phish.example\nTo: ann@corp.example\nSubject: x", "it@phish.example||ann@corp.example|x|"},
		"a label that is too long":        {strings.Repeat("From", 11) + ": it@phish.example\nTo: ann@corp.example\nSubject: x", ""},
		"behind what is read":             {strings.Repeat("hello\n", maxForwardText/6+1) + "From: it@phish.example\nTo: ann@corp.example\nSubject: x", ""},
	} {
		for _, end := range []string{"\n", "\r\n"} {
			f, ok := forwardIn("FW: x", "Please check.\n\n"+strings.ReplaceAll(tt.text, "\n", end), false)
			got := ""
			if ok {
				got = strings.Join([]string{f.From, f.FromName, f.To, f.Subject, f.Date}, "|")
			}
			if got != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
		}
	}
}

// TestForwardChain follows forwards of forwards to the first email, and not without end.
func TestForwardChain(t *testing.T) {
	block := func(from, subject string) string {
		return "From: " + from + "\nTo: x@corp.example\nSubject: " + subject + "\n\n"
	}
	var text strings.Builder
	for i := range maxForwards + 5 {
		fmt.Fprint(&text, block(fmt.Sprintf("p%d@corp.example", i), "FW: x"))
	}
	for name, tt := range map[string]struct{ text, from, by string }{
		"one":                        {block("a@evil.example", "x"), "a@evil.example", ""},
		"two":                        {block("bob@corp.example", "WG: x") + block("a@evil.example", "x"), "a@evil.example", "bob@corp.example"},
		"three languages":            {block("bob@corp.example", "WG: TR : x") + block("eve@corp.example", "TR : x") + block("a@evil.example", "x"), "a@evil.example", "eve@corp.example"},
		"the inner one is an answer": {block("bob@corp.example", "Re: x") + block("a@evil.example", "x"), "bob@corp.example", ""},
		"the inner one is lost":      {block("bob@corp.example", "FW: x") + "gone", "bob@corp.example", ""},
		"too many":                   {text.String(), fmt.Sprintf("p%d@corp.example", maxForwards-1), fmt.Sprintf("p%d@corp.example", maxForwards-2)},
	} {
		if got, ok := forwardIn("FW: x", tt.text, false); !ok || got.From != tt.from || got.by != tt.by {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
