package analysis

import (
	"strings"
	"sync"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// Mail programs write a few fields of a forwarded email into the text, in the
// language of who forwards it. Nothing but the order of labels tells them from prose,
// so what is read here is always marked as uncertain.

// forwardMarks are in the line above the fields.
var forwardMarks = pattern(`(?i)forwarded message|weitergeleiteten? nachricht|message (?:transféré|transmis|réexpédié)|mensaje reenviado|mensagem (?:re)?encaminhada|messaggio inoltrato|doorgestuurd bericht|vidarebefordrat|videresendt|przekazana wiadomość|przekazywanej wiadomości|переслан|пересылаем|перенаправлен|переадресован|přeposlan|přeposílan|továbbított|välitetty|προωθημέν|転送|转发|轉寄|전달된`)

// forwarded is what a text says of an email that it forwards.
type forwarded struct {
	From, FromName, To, Subject, Date string
	by                                string // who forwarded it, where that is not the sender of the text
}

// maxForwards is how many forwards of forwards are followed.
const maxForwards = 10

// maxForwardText bounds the text in which a forward is looked for, bytes.
const maxForwardText = 64 << 10

// forwardIn finds the email that a text forwards: the first whose fields stand in it,
// or where that is a forward again, the one behind it. A reply quotes its email in the same
// form; so the subject, a line above the fields or the report itself has to say that it is a forward.
func forwardIn(subject, text string, reported bool) (found forwarded, ok bool) {
	text, _ = quote.Cut(text, maxForwardText)
	lines := strings.Split(text, "\n")
	says := reported || forwardWords().MatchString(subject)
	for range maxForwards {
		block, above, rest, ok := nextBlock(lines)
		if !ok || !says && !forwardMarks().MatchString(above) {
			break
		}
		from := block.from()
		by := found.by
		if found != (forwarded{}) {
			by = found.From
		}
		found = forwarded{From: from.Addr, FromName: from.Name, To: block.to(), Subject: block["subject"], by: by}
		if at, ok := message.ParseDate(block["date"]); ok && zoned().MatchString(block["date"]) {
			found.Date = soar.Timestamp(at)
		}
		if !forwardWords().MatchString(found.Subject) {
			break
		}
		lines, says = rest, true
	}
	return found, found != (forwarded{})
}

// zoned tells dates that name their zone. Most programs write the time of the reader's own
// clock, and nothing says where that is.
var zoned = pattern(`(?i)[+-]\d{1,2}:?\d{2}\b|\b(?:utc|gmt|ut|[ecmp][sd]t|[cemw]es?t|mesz?|mez|bst|msk|jst|kst|ist)\b|\dz$`)

// fieldBlock is the fields of a forwarded email by their kinds.
type fieldBlock map[string]string

// nextBlock finds the next lines that are fields: a sender, a subject, and a date or a recipient.
func nextBlock(lines []string) (block fieldBlock, above string, rest []string, ok bool) {
	for i := 0; i < len(lines); i++ {
		if kind, _ := labelled(lines[i]); kind == "" {
			if strings.TrimSpace(lines[i]) != "" {
				above = lines[i]
			}
			continue
		}
		block, n := blockAt(lines[i:])
		if block["from"] != "" && (block["date"] != "" || block["to"] != "") && hasKey(block, "subject") {
			return block, above, lines[i+n:], true
		}
		i += n - 1
	}
	return nil, "", nil, false
}

func hasKey(m fieldBlock, key string) bool { _, ok := m[key]; return ok }

// blockAt reads the fields that start at a line. One line without a label may stand between two: a long list, folded.
func blockAt(lines []string) (block fieldBlock, n int) {
	block = fieldBlock{}
	last, missed := "", 0
	for i, line := range lines {
		kind, value := labelled(line)
		switch {
		case kind != "" && hasKey(block, kind):
			return block, max(n, 1)
		case kind != "":
			block[kind] = value
			last, missed, n = kind, 0, i+1
		case strings.TrimSpace(line) == "" || missed == 1:
			return block, max(n, 1)
		default:
			if missed++; last == "to" || last == "cc" {
				block[last] += " " + strings.TrimSpace(line)
			}
		}
	}
	return block, max(n, 1)
}

// maxLabel is the longest label, bytes.
const maxLabel = 40

// labelled tells which field a line is, "" for none: quotation marks in front, bold type and spaces are passed over.
func labelled(line string) (kind, value string) {
	line = strings.TrimLeft(line, "> \t*|")
	at := strings.IndexAny(line[:min(len(line), maxLabel)], ":\uFF1A")
	if at <= 0 {
		return "", ""
	}
	label := strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '*' || r == '\t' || r == '\u00A0' {
			return -1
		}
		return r
	}, line[:at]))
	value = strings.TrimPrefix(strings.TrimPrefix(line[at:], ":"), "\uFF1A")
	if kind = labelKinds()[label]; kind == "" {
		return "", ""
	}
	return kind, strings.TrimSpace(strings.Trim(strings.TrimSpace(value), "*"))
}

// labelKinds is the field of each label, in the languages of mail programs, lower case and without spaces.
var labelKinds = sync.OnceValue(func() map[string]string {
	kinds := map[string]string{}
	for kind, labels := range map[string]string{
		"from":    "from von de da van från fra od от від lähettäjä feladó kimden gönderen από מאת من 差出人 发件人 寄件者 寄件人 보낸사람",
		"date":    "sent date gesendet datum envoyé envoyéle enviado enviadoel enviada enviadaem fecha inviato data verzonden skickat sendt dato wysłano odesláno отправлено дата надіслано lähetetty päiväys elküldve dátum tarih gönderildi gönderilme ημερομηνία στάλθηκε נשלח תאריך تاريخالإرسال التاريخ 送信日時 日付 日時 发送时间 发送日期 日期 寄件日期 보낸날짜 날짜",
		"to":      "to an à para a aan till til do komu кому vastaanottaja címzett kime alıcı προς אל إلى 宛先 收件人 收件者 받는사람",
		"cc":      "cc kopie kopia копия копія cópia másolat bilgi 抄送 副本 참조 עותק",
		"subject": "subject betreff objet asunto assunto oggetto onderwerp ämne emne temat předmět тема aihe tárgy konu θέμα נושא الموضوع 件名 主题 主旨 제목",
	} {
		for label := range strings.FieldsSeq(labels) {
			kinds[label] = kind
		}
	}
	return kinds
})

// from is the sender.
func (b fieldBlock) from() message.Address {
	list := addressesIn(b["from"])
	if len(list) == 0 {
		return message.Address{}
	}
	return list[0]
}

// to is the recipients, by name where there is no address.
func (b fieldBlock) to() string {
	var all []string
	for _, a := range addressesIn(b["to"]) {
		if a.Addr == "" {
			a.Addr = a.Name
		}
		all = append(all, a.Addr)
	}
	return strings.Join(all, ", ")
}

// addressesIn reads a list as programs write it into a text: "Jane Doe [mailto:jane@…]", bold names.
func addressesIn(text string) []message.Address {
	text = strings.NewReplacer("*", "", "[mailto:", "<", "]", ">", "\n", " ", "\r", " ").Replace(text)
	if i := strings.Index(text, "<mailto:"); i > 0 && strings.Contains(text[:i], "@") { // an address and its link
		text = text[:i]
	}
	return message.ParseHeader([]byte("From: "+text+"\r\n\r\n"), message.DefaultLimits()).Addresses("From")
}
