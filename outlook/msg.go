package outlook

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// ReadMSG reads an Outlook .msg file ([MS-OXMSG]). It never fails as a whole: of
// a damaged file it returns what can be read, and what is wrong stands in
// Problems. The limits that count are Depth (embedded messages), Parts (attachments) and those of the header.
func ReadMSG(data []byte, l message.Limits) *Message {
	o := &Message{Kind: KindMSG}
	defer o.rescue()
	if !IsCompoundFile(data) {
		o.problem(message.CodeOutlookDamaged, "it is not a compound file")
		return o
	}
	f, err := openCFB(data)
	if f.cut {
		o.problem(message.CodeOutlookTruncated, "the file ends before its last sector")
	}
	if err != nil {
		o.problem(message.CodeOutlookDamaged, "the compound file cannot be read: %s", strings.TrimPrefix(err.Error(), "mscfb: "))
		return o
	}
	if f.noMini {
		o.problem(message.CodeOutlookDamaged, "the small streams of the compound file cannot be read")
	}
	if f.crossed {
		o.problem(message.CodeOutlookDamaged, "chains of sectors of the compound file run into each other; parts of it may stand in the wrong place")
	}
	if f.badLinks() {
		o.problem(message.CodeOutlookDamaged, "the directory of the compound file has links that lead nowhere")
	}
	if f.orphans > 0 {
		o.problem(message.CodeOutlookDamaged, "%d entries of the compound file's directory are in none of its storages; they were read where they may belong", f.orphans)
	}
	r := &msgReader{file: f, limits: l}
	r.message(o, f.root, msgTop, nil, 0)
	if f.cut {
		o.problem(message.CodeOutlookTruncated, "the file ends before its last sector")
	}
	return o
}

// msgReader reads the messages of one file.
type msgReader struct {
	file        *cfbFile
	limits      message.Limits
	attachments int
}

// Sizes of what stands before the entries of a property stream ([MS-OXMSG], section 2.4.1).
const (
	msgTop      = 32
	msgEmbedded = 24
	msgPart     = 8 // recipients and attachments
)

const (
	msgProperties = "__properties_version1.0"
	msgStream     = "__substg1.0_"
	msgRecipient  = "__recip_version1.0_"
	msgAttachment = "__attach_version1.0_"

	msgEmbeddedObject = msgStream + "3701000D"
)

// message fills o from a storage.
func (r *msgReader) message(o *Message, n *cfbNode, header int, codePages []int, depth int) {
	p := r.props(o, n, header)
	p.findCodePages(codePages)
	o.fill(p, r.limits)
	for _, c := range r.storages(n, msgRecipient) {
		rp := r.props(o, c, msgPart)
		rp.codePages = p.codePages
		o.recipient(rp)
	}
	o.displayed(p)
	for _, c := range r.storages(n, msgAttachment) {
		if r.attachments++; r.attachments > r.limits.Parts {
			o.problem(message.CodeLimitParts, "more than %d attachments; the rest is left out", r.limits.Parts)
			return
		}
		r.attachment(o, c, p.codePages, depth)
	}
	if len(p.props) == 0 {
		o.problem(message.CodeOutlookDamaged, "it holds no properties of a message")
	}
}

// storages lists the storages of this kind, in the order of their numbers.
func (r *msgReader) storages(n *cfbNode, prefix string) []*cfbNode {
	var out []*cfbNode
	for _, c := range n.children {
		if c.storage && strings.HasPrefix(c.name, prefix) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *cfbNode) int { return strings.Compare(a.name, b.name) })
	return out
}

func (r *msgReader) attachment(o *Message, n *cfbNode, codePages []int, depth int) {
	p := r.props(o, n, msgPart)
	p.codePages = codePages
	a := o.attachment(p)
	a.Data = p.binary(propAttachData)
	object := n.child(msgEmbeddedObject)
	switch {
	case object == nil || !object.storage:
	case object.child(msgProperties) != nil:
		a.Data, a.ContentType = nil, embeddedType
		a.Embedded = &Message{Kind: KindMSG}
		if depth+1 >= r.limits.Depth {
			a.Embedded.problem(message.CodeLimitDepth, "messages are nested more than %d deep; this one is not read", r.limits.Depth)
		} else {
			r.message(a.Embedded, object, msgEmbedded, codePages, depth+1)
		}
	default:
		a.Data = r.object(o, object)
	}
	o.Attachments = append(o.Attachments, a)
}

// embeddedType is the type of a message that has no bytes of its own.
const embeddedType = "application/vnd.ms-outlook"

// object returns the content of an OLE object where it has a stream that is just that.
func (r *msgReader) object(o *Message, n *cfbNode) []byte {
	for _, name := range []string{"CONTENTS", "Package", "\x01Ole10Native"} {
		if c := n.child(name); c != nil && !c.storage {
			return r.read(o, c)
		}
	}
	o.problem(message.CodeOutlookObject, "an attachment is an OLE object, whose content has no form as a file")
	return nil
}

// read returns a stream; what is wrong with it becomes a problem.
func (r *msgReader) read(o *Message, n *cfbNode) []byte {
	data, err := r.file.read(n)
	switch {
	case err == nil:
	case errors.Is(err, errCFBWork):
		o.problem(message.CodeOutlookLimit, "the streams of the file claim to be larger than the file; the rest is not read")
	case errors.Is(err, io.ErrUnexpectedEOF):
		o.problem(message.CodeOutlookTruncated, "the stream %s ends too early", quote.Text(n.name, quote.Name))
	default:
		o.problem(message.CodeOutlookDamaged, "the stream %s cannot be read whole: %v", quote.Text(n.name, quote.Name), strings.TrimPrefix(err.Error(), "mscfb: "))
	}
	return data
}

// props reads the properties of a storage: the fixed-size ones stand in one
// stream, each of the others is a stream named by its tag.
func (r *msgReader) props(o *Message, n *cfbNode, header int) *properties {
	p := &properties{props: map[uint16]property{}, bad: o.badCodePage}
	for _, c := range n.children {
		if c.name == msgProperties && !c.storage {
			p.fixed(r.read(o, c), header)
		}
		tag, ok := strings.CutPrefix(c.name, msgStream)
		if !ok || c.storage || len(tag) != 8 {
			continue
		}
		id, err := strconv.ParseUint(tag[:4], 16, 16)
		kind, err2 := strconv.ParseUint(tag[4:], 16, 16)
		if err != nil || err2 != nil || !msgWanted(uint16(id)) {
			continue
		}
		// Of two types of one property, the one that needs no code page counts.
		if old, twice := p.props[uint16(id)]; twice && old.kind == mapiUnicode {
			continue
		}
		p.props[uint16(id)] = property{kind: uint16(kind), data: r.read(o, c)}
	}
	r.checkSizes(o, p)
	return p
}

// checkSizes compares streams with the sizes that the property stream gives them
// ([MS-OXMSG], section 2.4.2.2), which include the NUL behind a string.
func (r *msgReader) checkSizes(o *Message, p *properties) {
	for _, id := range slices.Sorted(maps.Keys(p.sizes)) {
		if !msgWanted(id) {
			continue
		}
		prop, ok := p.props[id]
		want, end := int64(p.sizes[id]), map[uint16]int64{mapiUnicode: 2, mapiString8: 1}[prop.kind]
		switch have := int64(len(prop.data)); {
		case !ok && want > 2:
			o.problem(message.CodeOutlookDamaged, "the property %04X of %d bytes has no stream", id, want)
		case ok && have < want-end:
			o.problem(message.CodeOutlookDamaged, "the property %04X has %d of %d bytes", id, have, want-end)
		}
	}
}

// fixed reads a property stream.
func (p *properties) fixed(data []byte, header int) {
	for data = data[min(header, len(data)):]; len(data) >= 16; data = data[16:] {
		kind, id := binary.LittleEndian.Uint16(data), binary.LittleEndian.Uint16(data[2:])
		switch kind {
		case mapiShort, mapiLong, mapiBool, mapiTime:
			p.props[id] = property{kind: kind, data: data[8:16]}
		case mapiString8, mapiUnicode, mapiBinary:
			if p.sizes == nil {
				p.sizes = map[uint16]uint32{}
			}
			p.sizes[id] = binary.LittleEndian.Uint32(data[8:])
		}
	}
}

// badCodePage notes that a text is not in the code page it should be in.
func (o *Message) badCodePage(number int) {
	o.problem(message.CodeOutlookCharset, "a text cannot be read in code page %d", number)
}

// msgWanted reports whether a property is looked at: only those are read from the file.
func msgWanted(id uint16) bool {
	switch id {
	case propRepresentingEntry, propSenderEntry, propEntry, propMessageClass, propSubject, propSubjectPrefix, propNormalizedSubject, propRepresentingName, propReplyEntries, propReplyNames,
		propRepresentingType, propRepresentingEmail, propRepresentingSMTP, propTransportHeaders, propSenderName, propSenderType,
		propSenderEmail, propSenderSMTP, propDisplayTo, propDisplayCc, propDisplayBcc, propBody, propRTF, propHTML, propMessageID,
		propReferences, propInReplyTo, propDisplayName, propAddressType, propEmail, propSMTP, propRecipientName, propAttachData,
		propAttachName, propAttachLongName, propAttachTransport, propAttachType, propAttachContentID:
		return true
	}
	return false
}
