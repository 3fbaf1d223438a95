package outlook

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

// Property types ([MS-OXCDATA], section 2.11.1).
const (
	mapiShort   = 0x0002
	mapiLong    = 0x0003
	mapiFloat   = 0x0004
	mapiError   = 0x000A
	mapiBool    = 0x000B
	mapiObject  = 0x000D
	mapiString8 = 0x001E
	mapiUnicode = 0x001F
	mapiTime    = 0x0040
	mapiGUID    = 0x0048
	mapiBinary  = 0x0102
	mapiMulti   = 0x1000 // flag: several values
)

// Property ids ([MS-OXPROPS]).
const (
	propMessageClass       = 0x001A
	propRepresentingEntry  = 0x0041
	propSenderEntry        = 0x0C19
	propEntry              = 0x0FFF
	propSubject            = 0x0037
	propClientSubmitTime   = 0x0039
	propSubjectPrefix      = 0x003D
	propRepresentingName   = 0x0042
	propReplyEntries       = 0x004F
	propReplyNames         = 0x0050
	propRepresentingType   = 0x0064
	propRepresentingEmail  = 0x0065
	propTransportHeaders   = 0x007D
	propRecipientType      = 0x0C15
	propSenderName         = 0x0C1A
	propSenderType         = 0x0C1E
	propSenderEmail        = 0x0C1F
	propDisplayBcc         = 0x0E02
	propDisplayCc          = 0x0E03
	propDisplayTo          = 0x0E04
	propDeliveryTime       = 0x0E06
	propNormalizedSubject  = 0x0E1D
	propBody               = 0x1000
	propRTF                = 0x1009
	propHTML               = 0x1013
	propMessageID          = 0x1035
	propReferences         = 0x1039
	propInReplyTo          = 0x1042
	propDisplayName        = 0x3001
	propAddressType        = 0x3002
	propEmail              = 0x3003
	propAttachData         = 0x3701
	propAttachName         = 0x3704
	propAttachLongName     = 0x3707
	propAttachType         = 0x370E
	propAttachContentID    = 0x3712
	propAttachFlags        = 0x3714
	propAttachTransport    = 0x370C
	propSMTP               = 0x39FE
	propInternetCodePage   = 0x3FDE
	propLocale             = 0x3FF1
	propMessageCodePage    = 0x3FFD
	propSenderSMTP         = 0x5D01
	propRepresentingSMTP   = 0x5D02
	propRecipientName      = 0x5FF6
	propAttachHidden       = 0x7FFE
	attachFlagRenderedHere = 4 // the HTML body shows it
)

// property is one property. Of a fixed-size one, data holds the value's bytes.
type property struct {
	kind uint16
	data []byte
}

// properties are the properties of one object, by id.
type properties struct {
	props     map[uint16]property
	sizes     map[uint16]uint32 // of streams, as the property stream of a .msg gives them
	codePages []int             // that string8 properties may be in, the most trusted first
	bad       func(int)         // called with a code page in which a text could not be read
}

func (p *properties) has(id uint16) bool {
	_, ok := p.props[id]
	return ok
}

// text returns a string property, "" where there is none.
func (p *properties) text(id uint16) string {
	prop, ok := p.props[id]
	if !ok {
		return ""
	}
	switch prop.kind {
	case mapiUnicode:
		return trimNUL(decodeUTF16(prop.data))
	case mapiString8, mapiBinary:
		return trimNUL(p.decode(prop.data, p.codePages...))
	}
	return ""
}

// line returns a string property that belongs on one line.
func (p *properties) line(id uint16) string {
	return oneLine(p.text(id))
}

// oneLine makes a text one line.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' }), " "))
}

// decode reads a text in the first of some code pages in which it makes sense.
func (p *properties) decode(data []byte, numbers ...int) string {
	text, number, ok := decodePlausible(data, numbers)
	if !ok && p.bad != nil {
		p.bad(number)
	}
	return text
}

// trimNUL drops what C programs put behind a string.
func trimNUL(text string) string { return strings.TrimRight(text, "\x00") }

// number returns an integer or boolean property, 0 where there is none.
func (p *properties) number(id uint16) int {
	prop := p.props[id]
	switch {
	case prop.kind == mapiLong && len(prop.data) >= 4:
		return int(int32(binary.LittleEndian.Uint32(prop.data)))
	case (prop.kind == mapiShort || prop.kind == mapiBool) && len(prop.data) >= 2:
		return int(binary.LittleEndian.Uint16(prop.data))
	}
	return 0
}

func (p *properties) binary(id uint16) []byte {
	prop := p.props[id]
	if prop.kind == mapiBinary || prop.kind == mapiObject || prop.kind == mapiString8 || prop.kind == mapiUnicode {
		return prop.data
	}
	return nil
}

// fileTimeEpoch is 1970 in the units of a FILETIME: 100 ns since 1601.
const fileTimeEpoch = 116444736000000000

func (p *properties) time(id uint16) time.Time {
	prop := p.props[id]
	if prop.kind != mapiTime || len(prop.data) < 8 {
		return time.Time{}
	}
	return fileTime(binary.LittleEndian.Uint64(prop.data))
}

// fileTime is the zero time for a value that no email has.
func fileTime(ticks uint64) time.Time {
	if ticks == 0 || ticks > 1<<62 {
		return time.Time{}
	}
	since := int64(ticks) - fileTimeEpoch
	t := time.Unix(since/1e7, since%1e7*100).UTC()
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// findCodePages sets the code pages of string8 properties, in the order of trust: what the
// message says of its Internet form, of itself, its locale's, and those of the enclosing message.
func (p *properties) findCodePages(around []int) {
	p.codePages = nil
	for _, number := range append([]int{p.number(propInternetCodePage), p.number(propMessageCodePage), codePageOfLocale(p.number(propLocale))}, around...) {
		if number > 0 && !slices.Contains(p.codePages, number) {
			p.codePages = append(p.codePages, number)
		}
	}
}

// addressIDs are the properties that name one person.
type addressIDs struct{ name, smtp, kind, email, entry uint16 }

// address picks an address from an object's properties: the SMTP address, the one of its type, that in
// a one-off entry id. It is never the display name, which its sender chooses; where there is nothing but
// an Exchange name (X.500), that is the address.
func (p *properties) address(ids addressIDs) message.Address {
	a := message.Address{Name: p.line(ids.name), Addr: trimScheme(p.line(ids.smtp))}
	entry, _ := p.entryAddress(p.binary(ids.entry))
	for _, addr := range []string{trimScheme(p.line(ids.email)), trimScheme(entry.Addr)} {
		if !isSMTP(a.Addr) && (a.Addr == "" || isSMTP(addr)) {
			a.Addr = addr
		}
	}
	if a.Name == "" {
		a.Name = entry.Name
	}
	if a.Name == a.Addr {
		a.Name = ""
	}
	return a
}

func trimScheme(addr string) string {
	if len(addr) > 5 && strings.EqualFold(addr[:5], "SMTP:") {
		addr = addr[5:]
	}
	return strings.Trim(addr, "<>' ")
}

// isSMTP reports whether an address looks like user@domain.
func isSMTP(addr string) bool {
	at := strings.LastIndexByte(addr, '@')
	return at > 0 && at < len(addr)-1 && !strings.ContainsAny(addr, " <>/\"\t")
}

// oneOff is the provider of an entry id that holds an address itself ([MS-OXCDATA], section 2.2.5.1).
var oneOff = []byte("\x81\x2B\x1F\xA4\xBE\xA3\x10\x19\x9D\x6E\x00\xDD\x01\x0F\x54\x02")

// exchangeUser is the provider of an entry id that holds an Exchange name ([MS-OXCDATA], section 2.2.5.2).
var exchangeUser = []byte("\xDC\xA7\x40\xC8\xC0\x42\x10\x1A\xB4\xB9\x08\x00\x2B\x2F\xE1\x82")

// flatEntries reads the addresses of a FLATENTRYLIST ([MS-OXCDATA], section 2.3.3).
func (p *properties) flatEntries(list []byte) []message.Address {
	if len(list) < 8 {
		return nil
	}
	var out []message.Address
	for list = list[8:]; len(list) >= 4 && len(out) < recipientLimit; {
		size := int(binary.LittleEndian.Uint32(list))
		list = list[4:]
		if size <= 0 || size > len(list) {
			break
		}
		if a, ok := p.entryAddress(list[:size]); ok {
			out = append(out, a)
		}
		list = list[min((size+3)&^3, len(list)):]
	}
	return out
}

// entryAddress reads the address in an entry id.
func (p *properties) entryAddress(entry []byte) (message.Address, bool) {
	if len(entry) > 28 && bytes.Equal(entry[4:20], exchangeUser) {
		name, _ := p.terminated(entry[28:], false)
		return message.Address{Addr: name}, name != ""
	}
	if len(entry) < 24 || !bytes.Equal(entry[4:20], oneOff) {
		return message.Address{}, false
	}
	wide := binary.LittleEndian.Uint16(entry[22:])&0x8000 != 0
	rest := entry[24:]
	var part [3]string // name, type, address
	for i := range part {
		part[i], rest = p.terminated(rest, wide)
	}
	if part[2] == "" {
		return message.Address{}, false
	}
	if part[0] == part[2] {
		part[0] = ""
	}
	return message.Address{Name: part[0], Addr: part[2]}, true
}

// terminated takes a string up to its NUL.
func (p *properties) terminated(data []byte, wide bool) (text string, rest []byte) {
	if !wide {
		before, after, _ := bytes.Cut(data, []byte{0})
		return p.decode(before, p.codePages...), after
	}
	for i := 0; i+1 < len(data); i += 2 {
		if data[i] == 0 && data[i+1] == 0 {
			return decodeUTF16(data[:i]), data[i+2:]
		}
	}
	return decodeUTF16(data), nil
}

// recipientLimit bounds the recipients of one message.
const recipientLimit = 10_000
