package outlook

import (
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// fill reads a message's own properties.
func (o *Message) fill(p *properties, l message.Limits) {
	o.Class = p.line(propMessageClass)
	o.Subject = wholeSubject(p)
	o.MessageID = trimID(p.line(propMessageID))
	o.InReplyTo = trimIDs(p.line(propInReplyTo))
	o.References = trimIDs(p.line(propReferences))
	o.Sent, o.Received = p.time(propClientSubmitTime), p.time(propDeliveryTime)
	o.fillHeader(p, l)
	o.fillSender(p)
	o.fillBody(p)
}

// wholeSubject returns the whole subject.
func wholeSubject(p *properties) string {
	subject := p.text(propSubject)
	// A subject may begin with U+0001 and a character that counts the prefix ([MS-OXCMSG], section 3.2.5.2).
	if rest, ok := strings.CutPrefix(subject, "\x01"); ok {
		for i := range rest {
			if i > 0 {
				rest = rest[i:]
				break
			}
		}
		subject = rest
	}
	if subject == "" {
		subject = p.text(propSubjectPrefix) + p.text(propNormalizedSubject)
	}
	return oneLine(subject)
}

func trimID(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<") && strings.HasSuffix(text, ">") {
		text = text[1 : len(text)-1]
	}
	return strings.TrimSpace(text)
}

func trimIDs(text string) string {
	ids := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
	for i := range ids {
		ids[i] = trimID(ids[i])
	}
	return strings.Join(ids, " ")
}

// exchangeHeaderLine is what Exchange puts before the headers of an email that came by SMTP.
const exchangeHeaderLine = "Microsoft Mail Internet Headers Version 2.0"

// fillHeader parses the transport headers and takes from them what the properties do not say.
func (o *Message) fillHeader(p *properties, l message.Limits) {
	text := strings.TrimLeft(p.text(propTransportHeaders), " \t\r\n")
	text = strings.TrimLeft(strings.TrimPrefix(text, exchangeHeaderLine), " \t\r\n")
	if text == "" {
		return
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\r\n"
	}
	m := message.ParseHeader([]byte(text+"\r\n"), l)
	o.Header = m.Header
	for _, problem := range m.Problems {
		o.problem(problem.Code, "%s", problem.Detail)
	}
	o.From, o.Sender = firstAddress(m.Addresses("From")), firstAddress(m.Addresses("Sender"))
	o.ReplyTo = m.Addresses("Reply-To")
	if o.MessageID == "" {
		o.MessageID = trimID(firstOf(m.Header.Values("Message-ID")))
	}
	if o.InReplyTo == "" {
		o.InReplyTo = trimIDs(strings.Join(m.Header.Values("In-Reply-To"), " "))
	}
	if o.References == "" {
		o.References = trimIDs(strings.Join(m.Header.Values("References"), " "))
	}
	if o.Subject == "" {
		o.Subject = strings.TrimSpace(firstOf(m.Header.Values("Subject")))
	}
}

func firstOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func firstAddress(list []message.Address) message.Address {
	if len(list) == 0 {
		return message.Address{}
	}
	return list[0]
}

// fillSender takes the addresses of the properties where they are SMTP
// addresses, else those of the transport headers.
func (o *Message) fillSender(p *properties) {
	from := p.address(addressIDs{propRepresentingName, propRepresentingSMTP, propRepresentingType, propRepresentingEmail, propRepresentingEntry})
	sender := p.address(addressIDs{propSenderName, propSenderSMTP, propSenderType, propSenderEmail, propSenderEntry})
	if from.Addr == "" && (sender.Addr != "" || from.Name == "") {
		from = sender
	}
	if sender.Addr == from.Addr || sender.Addr == "" {
		sender = o.Sender
	}
	if o.From.Addr != "" && isSMTP(from.Addr) && !strings.EqualFold(o.From.Addr, from.Addr) {
		o.problem(message.CodeOutlookHeaders, "Outlook shows it as from %s, its transport headers say %s", quote.Text(from.Addr, quote.Name), quote.Text(o.From.Addr, quote.Name))
	}
	if isSMTP(from.Addr) || o.From.Addr == "" {
		o.From = from
	}
	if isSMTP(sender.Addr) || o.Sender.Addr == "" {
		o.Sender = sender
	}
	if len(o.ReplyTo) == 0 {
		o.ReplyTo = p.flatEntries(p.binary(propReplyEntries))
	}
	if len(o.ReplyTo) == 0 {
		for name := range strings.SplitSeq(p.line(propReplyNames), ";") {
			if name = strings.TrimSpace(name); isSMTP(name) && len(o.ReplyTo) < recipientLimit {
				o.ReplyTo = append(o.ReplyTo, message.Address{Addr: name})
			}
		}
	}
	if o.From.Addr == "" && strings.Contains(o.From.Name, "@") {
		o.problem(message.CodeOutlookAddress, "the sender has no address; %s is only the name that is shown", quote.Text(o.From.Name, quote.Name))
	}
	if o.From.Addr != "" && !isSMTP(o.From.Addr) {
		o.problem(message.CodeOutlookAddress, "the sender's address %s is not an SMTP address", quote.Text(o.From.Addr, quote.Name))
	}
	o.From, o.Sender = named(o.From), named(o.Sender)
}

// named makes an address that none outside of its own system can write to, an X.500 name
// of Exchange for the most part, a name where there is no other: it is no address.
func named(a message.Address) message.Address {
	if a.Addr == "" || isSMTP(a.Addr) {
		return a
	}
	if a.Name == "" {
		a.Name = a.Addr
	}
	return message.Address{Name: a.Name}
}

// fillBody finds the texts: PR_BODY, PR_HTML, and what the RTF holds of those that are missing.
func (o *Message) fillBody(p *properties) {
	o.BodyText = p.text(propBody)
	o.BodyHTML = o.htmlBody(p)
	if rtf := p.binary(propRTF); len(rtf) > 0 && (o.BodyText == "" || o.BodyHTML == "") {
		o.fillFromRTF(rtf)
	}
	if strings.TrimSpace(o.BodyText) == "" && o.BodyHTML != "" {
		o.BodyText = message.HTMLText(o.BodyHTML)
	}
	o.BodyText, o.BodyHTML = lineEnds(o.BodyText), lineEnds(o.BodyHTML)
}

// lineEnds gives a body the line ends of all texts here: LF.
func lineEnds(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.ToValidUTF8(text, "\uFFFD")
}

// htmlBody decodes PR_HTML, which is in the Internet code page where it is bytes; without one, it is read
// as its meta element says.
func (o *Message) htmlBody(p *properties) string {
	prop, ok := p.props[propHTML]
	if !ok {
		return ""
	}
	if prop.kind != mapiBinary {
		return p.text(propHTML)
	}
	if p.number(propInternetCodePage) == 0 && !utf8.Valid(prop.data) {
		if meta := message.MetaCharset(prop.data[:min(len(prop.data), 4<<10)]); meta != "" {
			if text, ok := message.DecodeCharset(prop.data, meta); ok {
				return trimNUL(text)
			}
		}
	}
	return trimNUL(p.decode(prop.data, p.codePages...))
}

func (o *Message) fillFromRTF(compressed []byte) {
	rtf, problem := decompressRTF(compressed)
	if problem != nil {
		o.Problems = append(o.Problems, *problem)
	}
	text, isHTML, problem := rtfContent(rtf)
	if problem != nil {
		o.Problems = append(o.Problems, *problem)
	}
	switch {
	case isHTML && o.BodyHTML == "":
		o.BodyHTML = text
	case !isHTML && strings.TrimSpace(o.BodyText) == "":
		o.BodyText = text
	}
}

// recipient reads one recipient's properties.
func (o *Message) recipient(p *properties) {
	if len(o.Recipients) >= recipientLimit {
		o.problem(message.CodeOutlookLimit, "more than %d recipients; the rest is left out", recipientLimit)
		return
	}
	r := Recipient{Address: p.address(addressIDs{propDisplayName, propSMTP, propAddressType, propEmail, propEntry}), Kind: "to"}
	if name := p.line(propRecipientName); r.Name == "" && name != r.Addr {
		r.Name = name
	}
	switch kind := p.number(propRecipientType) & 0xF; {
	case kind == 0 && p.has(propRecipientType):
		return // the originator
	case kind == 2:
		r.Kind = "cc"
	case kind == 3:
		r.Kind = "bcc"
	}
	if r.Addr != "" && !isSMTP(r.Addr) {
		o.problem(message.CodeOutlookAddress, "the recipient's address %s is not an SMTP address", quote.Text(r.Addr, quote.Name))
	}
	if r.Address = named(r.Address); r.Addr != "" || r.Name != "" {
		o.Recipients = append(o.Recipients, r)
	}
}

// displayed takes recipients from the names that Outlook shows, where the file has no table of recipients.
func (o *Message) displayed(p *properties) {
	if len(o.Recipients) > 0 {
		return
	}
	for _, list := range []struct {
		id   uint16
		kind string
	}{{propDisplayTo, "to"}, {propDisplayCc, "cc"}, {propDisplayBcc, "bcc"}} {
		for name := range strings.SplitSeq(p.line(list.id), ";") {
			name = strings.TrimSpace(name)
			if name == "" || len(o.Recipients) >= recipientLimit {
				continue
			}
			r := Recipient{Address: message.Address{Name: name}, Kind: list.kind}
			if isSMTP(name) {
				r.Address = message.Address{Addr: name}
			}
			o.Recipients = append(o.Recipients, r)
		}
	}
}

// attachment reads what the properties say of an attachment; its data and its embedded message are the caller's.
func (o *Message) attachment(p *properties) Attachment {
	a := Attachment{
		Filename:    p.line(propAttachLongName),
		ContentType: strings.ToLower(strings.TrimSpace(p.line(propAttachType))),
		ContentID:   trimID(p.line(propAttachContentID)),
		Inline:      p.number(propAttachHidden) != 0 || p.number(propAttachFlags)&attachFlagRenderedHere != 0,
	}
	for _, id := range []uint16{propAttachName, propAttachTransport, propDisplayName} {
		if a.Filename == "" {
			a.Filename = p.line(id)
		}
	}
	if a.ContentType, _, _ = strings.Cut(a.ContentType, ";"); a.ContentType == "" {
		a.ContentType = "application/octet-stream"
	}
	a.ContentType = strings.TrimSpace(a.ContentType)
	return a
}
