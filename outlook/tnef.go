package outlook

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Attributes of a TNEF stream ([MS-OXTNEF], section 2.1.3.3), of which the lower word is the id.
const (
	tnefFrom          = 0x8000
	tnefSubject       = 0x8004
	tnefDateSent      = 0x8005
	tnefDateReceived  = 0x8006
	tnefClass         = 0x8008
	tnefBody          = 0x800C
	tnefAttachData    = 0x800F
	tnefAttachTitle   = 0x8010
	tnefTransportName = 0x9001
	tnefRendData      = 0x9002
	tnefProps         = 0x9003
	tnefRecipients    = 0x9004
	tnefAttachProps   = 0x9005
	tnefCodePage      = 0x9007
)

// tnefAttributeLimit bounds the attributes of one stream; an email has some twenty, and six for each attachment.
const tnefAttributeLimit = 100_000

// ReadTNEF reads a TNEF stream ([MS-OXTNEF]), the winmail.dat that Outlook
// and Exchange attach to emails for programs of their own. It never fails as a
// whole, as [ReadMSG].
func ReadTNEF(data []byte, l message.Limits) *Message {
	o := &Message{Kind: KindTNEF}
	defer o.rescue()
	if !IsTNEF(data) {
		o.problem(message.CodeOutlookDamaged, "it is not a TNEF stream")
		return o
	}
	parts := l.Parts
	readTNEF(o, data, l, &parts, nil, 0)
	return o
}

// tnefReader reads one stream. Attributes of an attachment follow its tnefRendData.
type tnefReader struct {
	o           *Message
	limits      message.Limits
	parts       *int // attachments left
	depth       int
	around      []int // code pages of the enclosing message
	props       *properties
	old         properties // attributes that are no MAPI properties, under the ids of those that say the same
	recipients  []*properties
	attachments []*tnefAttachment
}

type tnefAttachment struct {
	title, transport []byte
	data             []byte
	props            *properties
}

func readTNEF(o *Message, data []byte, l message.Limits, parts *int, codePages []int, depth int) {
	r := &tnefReader{o: o, limits: l, parts: parts, depth: depth, around: codePages}
	r.props, r.old.props = r.newProps(), map[uint16]property{}
	r.attributes(data[min(len(data), 6):]) // signature and key
	r.merge()
	o.fill(r.props, l)
	for _, p := range r.recipients {
		p.codePages = r.props.codePages
		o.recipient(p)
	}
	o.displayed(r.props)
	for _, a := range r.attachments {
		r.attachment(a)
	}
}

func (r *tnefReader) newProps() *properties {
	return &properties{props: map[uint16]property{}, bad: r.o.badCodePage, codePages: r.around}
}

// attributes reads level, id, length, data and checksum of each.
func (r *tnefReader) attributes(data []byte) {
	const header = 9
	for n := 0; len(data) > 0; n++ {
		if n >= tnefAttributeLimit {
			r.o.problem(message.CodeOutlookLimit, "more than %d TNEF attributes; the rest is not read", tnefAttributeLimit)
			return
		}
		if len(data) < header || data[0] != 1 && data[0] != 2 {
			r.trailing(data)
			return
		}
		id, size := binary.LittleEndian.Uint16(data[1:]), int64(binary.LittleEndian.Uint32(data[5:]))
		data = data[header:]
		if size > int64(len(data)) {
			r.o.problem(message.CodeOutlookTruncated, "the TNEF attribute 0x%04X has %d of %d bytes", id, len(data), size)
			r.attribute(id, data)
			return
		}
		value := data[:size]
		data = data[size:]
		if len(data) < 2 {
			r.o.problem(message.CodeOutlookTruncated, "the TNEF stream ends before a checksum")
		} else if tnefSum(value) != binary.LittleEndian.Uint16(data) {
			r.o.problem(message.CodeOutlookChecksum, "the checksum of the TNEF attribute 0x%04X is wrong", id)
		}
		data = data[min(2, len(data)):]
		r.attribute(id, value)
	}
	if r.depth == 0 && len(r.props.props)+len(r.old.props)+len(r.attachments) == 0 {
		r.o.problem(message.CodeOutlookDamaged, "the TNEF stream holds nothing")
	}
}

// trailing judges bytes that are no attribute. Zeros are padding.
func (r *tnefReader) trailing(data []byte) {
	if len(bytes.Trim(data, "\x00\r\n")) == 0 {
		return
	}
	r.o.problem(message.CodeOutlookDamaged, "the TNEF stream goes on with %d bytes that are no attribute", len(data))
}

func tnefSum(data []byte) uint16 {
	var sum uint16
	for _, c := range data {
		sum += uint16(c)
	}
	return sum
}

func (r *tnefReader) attribute(id uint16, value []byte) {
	switch id {
	case tnefProps:
		r.propList(r.props, value)
	case tnefRecipients:
		r.recipientTable(value)
	case tnefRendData:
		if len(r.attachments) == 0 || *r.parts > 0 {
			*r.parts--
			r.attachments = append(r.attachments, &tnefAttachment{props: r.newProps()})
		} else {
			r.o.problem(message.CodeLimitParts, "more than %d attachments; the rest is left out", r.limits.Parts)
		}
	case tnefAttachData, tnefAttachTitle, tnefTransportName, tnefAttachProps:
		r.attachAttribute(id, value)
	case tnefCodePage:
		if len(value) >= 4 {
			r.old.props[propMessageCodePage] = property{mapiLong, value}
		}
	case tnefSubject:
		r.old.props[propSubject] = property{mapiString8, value}
	case tnefBody:
		r.old.props[propBody] = property{mapiString8, value}
	case tnefClass:
		r.old.props[propMessageClass] = property{mapiString8, bytes.Replace(value, []byte("IPM.Microsoft Mail."), []byte("IPM."), 1)}
	case tnefDateSent:
		r.old.props[propClientSubmitTime] = tnefTime(value)
	case tnefDateReceived:
		r.old.props[propDeliveryTime] = tnefTime(value)
	case tnefFrom:
		r.from(value)
	}
}

func (r *tnefReader) attachAttribute(id uint16, value []byte) {
	if len(r.attachments) == 0 {
		// QUIRK(Exchange 5.5): the first attachment may come without its rendering data.
		r.attribute(tnefRendData, nil)
	}
	a := r.attachments[len(r.attachments)-1]
	switch id {
	case tnefAttachData:
		a.data = value
	case tnefAttachTitle:
		a.title = value
	case tnefTransportName:
		a.transport = value
	case tnefAttachProps:
		r.propList(a.props, value)
	}
}

// from reads attFrom, a TRP structure: a name and an address "SMTP:user@host" ([MS-OXTNEF], section 2.1.3.3.4).
func (r *tnefReader) from(value []byte) {
	if len(value) < 8 {
		return
	}
	name, address := int(binary.LittleEndian.Uint16(value[4:])), int(binary.LittleEndian.Uint16(value[6:]))
	rest := value[8:]
	name = min(name, len(rest))
	r.old.props[propSenderName] = property{mapiString8, rest[:name]}
	rest = rest[name:]
	text := rest[:min(address, len(rest))]
	if i := bytes.IndexByte(text, ':'); i >= 0 {
		r.old.props[propSenderType] = property{mapiString8, text[:i]}
		text = text[i+1:]
	}
	r.old.props[propSenderEmail] = property{mapiString8, text}
}

func tnefTime(value []byte) property {
	t := tnefDate(value)
	if t.IsZero() {
		return property{kind: mapiTime}
	}
	return property{mapiTime, binary.LittleEndian.AppendUint64(nil, uint64(t.Unix())*1e7+fileTimeEpoch)}
}

// tnefDate reads seven words: year, month, day, hour, minute, second, day of the week.
func tnefDate(value []byte) time.Time {
	if len(value) < 12 {
		return time.Time{}
	}
	var w [6]int
	for i := range w {
		w[i] = int(binary.LittleEndian.Uint16(value[2*i:]))
	}
	if w[0] < 1970 || w[0] > 9999 || w[1] < 1 || w[1] > 12 || w[2] < 1 || w[2] > 31 || w[3] > 23 || w[4] > 59 || w[5] > 60 {
		return time.Time{}
	}
	return time.Date(w[0], time.Month(w[1]), w[2], w[3], w[4], w[5], 0, time.UTC)
}

// merge adds the old attributes where there is no property of the same meaning.
func (r *tnefReader) merge() {
	sender := r.props.has(propSenderEmail) // an address whole from one place
	for id, prop := range r.old.props {
		ofSender := id == propSenderName || id == propSenderType || id == propSenderEmail
		if !r.props.has(id) && !(ofSender && sender) {
			r.props.props[id] = prop
		}
	}
	r.props.findCodePages(r.around)
}

// recipientTable reads attRecipTable: rows of properties.
func (r *tnefReader) recipientTable(value []byte) {
	if len(value) < 4 {
		return
	}
	rows := binary.LittleEndian.Uint32(value)
	value = value[4:]
	for ; rows > 0 && len(value) >= 4; rows-- {
		if len(r.recipients) >= recipientLimit {
			r.o.problem(message.CodeOutlookLimit, "more than %d recipients; the rest is left out", recipientLimit)
			return
		}
		p := r.newProps()
		value = r.propList(p, value)
		r.recipients = append(r.recipients, p)
	}
}

// propList reads a count and as many properties, and returns what comes behind them.
func (r *tnefReader) propList(p *properties, data []byte) []byte {
	in := &tnefCursor{data: data}
	for count := in.uint32(); count > 0 && !in.short; count-- {
		kind, id := in.uint16(), in.uint16()
		if id >= 0x8000 {
			in.named()
		}
		value := in.value(kind)
		if in.short {
			break
		}
		if old, twice := p.props[id]; id < 0x8000 && kind&mapiMulti == 0 && (!twice || old.kind != mapiUnicode) {
			p.props[id] = property{kind, value}
		}
	}
	if in.short {
		r.o.problem(message.CodeOutlookDamaged, "a list of MAPI properties in the TNEF stream ends too early")
	}
	return in.data
}

// tnefCursor reads numbers and values; short is set where there is less than asked for.
type tnefCursor struct {
	data  []byte
	short bool
}

func (c *tnefCursor) take(n int64) []byte {
	if c.short || n < 0 || n > int64(len(c.data)) {
		c.short, c.data = true, nil
		return nil
	}
	out := c.data[:n]
	c.data = c.data[n:]
	return out
}

func (c *tnefCursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *tnefCursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// padded takes n bytes and the padding to a multiple of four. The last padding may be missing.
func (c *tnefCursor) padded(n int64) []byte {
	out := c.take(n)
	c.take(min((4-n%4)%4, int64(len(c.data))))
	return out
}

// named skips the name of a named property.
func (c *tnefCursor) named() {
	c.take(16)
	if kind := c.uint32(); kind == 0 {
		c.take(4)
	} else {
		c.padded(int64(c.uint32()))
	}
}

// value takes one property's value; of several values the last.
func (c *tnefCursor) value(kind uint16) []byte {
	size := tnefSizes[kind&^mapiMulti]
	switch kind &^ mapiMulti {
	case mapiString8, mapiUnicode, mapiObject, mapiBinary:
		var last []byte
		for n := c.uint32(); n > 0 && !c.short; n-- {
			last = c.padded(int64(c.uint32()))
		}
		return last
	}
	if size == 0 {
		c.short = true // an unknown type: where the next property begins is not known
		return nil
	}
	if kind&mapiMulti == 0 {
		return c.padded(size)
	}
	for n := c.uint32(); n > 0 && !c.short; n-- {
		c.padded(size)
	}
	return nil
}

// tnefSizes are the sizes of the fixed-size types, bytes.
var tnefSizes = map[uint16]int64{
	mapiShort: 2, mapiLong: 4, mapiFloat: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, mapiError: 4, mapiBool: 2, 0x0014: 8,
	mapiTime: 8, mapiGUID: 16, 0x0001: 4,
}

// messageObject is the interface id of an embedded message, IID_IMessage.
var messageObject = []byte("\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46")

func (r *tnefReader) attachment(t *tnefAttachment) {
	t.props.codePages = r.props.codePages
	a := r.o.attachment(t.props)
	for _, name := range [][]byte{t.transport, t.title} {
		if a.Filename == "" {
			a.Filename = strings.TrimSpace(trimNUL(t.props.decode(name, t.props.codePages...)))
		}
	}
	a.Data = t.data
	if object := t.props.binary(propAttachData); len(object) >= len(messageObject) && t.props.props[propAttachData].kind == mapiObject {
		content := object[len(messageObject):]
		if bytes.HasPrefix(object, messageObject) && IsTNEF(content) {
			r.embedded(&a, content)
		} else if len(t.data) == 0 {
			r.o.problem(message.CodeOutlookObject, "the attachment %s is an OLE object", quote.Text(a.Filename, quote.Name))
			a.Data = content
		}
	} else if len(t.data) == 0 && len(object) > 0 {
		a.Data = object
	}
	r.o.Attachments = append(r.o.Attachments, a)
}

func (r *tnefReader) embedded(a *Attachment, content []byte) {
	a.Data, a.ContentType = nil, embeddedType
	a.Embedded = &Message{Kind: KindTNEF}
	if r.depth+1 >= r.limits.Depth {
		a.Embedded.problem(message.CodeLimitDepth, "messages are nested more than %d deep; this one is not read", r.limits.Depth)
		return
	}
	readTNEF(a.Embedded, content, r.limits, r.parts, r.props.codePages, r.depth+1)
}
