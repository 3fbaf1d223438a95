package outlook

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
	"unicode/utf16"
)

// testEntry is a stream (children nil) or a storage of a compound file to be written.
type testEntry struct {
	name     string
	data     []byte
	children []*testEntry
	storage  bool
}

// writeCFB makes a compound file: header, FAT, directory, mini FAT, mini
// stream, streams, in this order. Small streams go into the mini stream.
func writeCFB(top []*testEntry) []byte {
	w := &cfbWriter{}
	w.addDir("Root Entry", 5)
	w.link(0, top)
	return w.file()
}

type cfbWriter struct {
	dir     []cfbDirEntry
	mini    bytes.Buffer
	miniFAT []uint32
	big     [][]byte // contents of the large streams
}

type cfbDirEntry struct {
	name               string
	kind               byte
	left, right, child uint32
	data               []byte
	start              uint32 // in the mini stream
	big                int    // index+1 of a large stream
}

func (w *cfbWriter) addDir(name string, kind byte) int {
	w.dir = append(w.dir, cfbDirEntry{name: name, kind: kind, left: cfbNoStream, right: cfbNoStream, child: cfbNoStream, start: 0xFFFFFFFE})
	return len(w.dir) - 1
}

// link adds the children of an entry as a chain of right siblings, which is a legal tree.
func (w *cfbWriter) link(parent int, children []*testEntry) {
	last := -1
	for _, c := range children {
		kind := byte(2)
		if c.storage {
			kind = 1
		}
		i := w.addDir(c.name, kind)
		if last < 0 {
			w.dir[parent].child = uint32(i)
		} else {
			w.dir[last].right = uint32(i)
		}
		last = i
		w.dir[i].data = c.data
		switch {
		case c.storage:
			w.link(i, c.children)
		case len(c.data) >= 4096:
			w.big = append(w.big, c.data)
			w.dir[i].big = len(w.big)
		case len(c.data) > 0:
			w.dir[i].start = uint32(w.mini.Len() / 64)
			w.mini.Write(pad(c.data, 64))
			n := (len(c.data) + 63) / 64
			for k := 1; k < n; k++ {
				w.miniFAT = append(w.miniFAT, w.dir[i].start+uint32(k))
			}
			w.miniFAT = append(w.miniFAT, 0xFFFFFFFE)
		}
	}
}

func pad(data []byte, to int) []byte {
	return append(bytes.Clone(data), make([]byte, (to-len(data)%to)%to)...)
}

func (w *cfbWriter) file() []byte {
	sectors := func(n int) int { return (n + 511) / 512 }
	dir, miniFAT, mini := sectors(len(w.dir)*128), sectors(len(w.miniFAT)*4), sectors(w.mini.Len())
	rest := dir + miniFAT + mini
	for _, b := range w.big {
		rest += sectors(len(b))
	}
	fat, difat := 1, 0
	for fat*128 < fat+difat+rest {
		fat++
		difat = max(0, (fat-109+126)/127)
	}
	table := make([]uint32, 0, fat*128)
	for range fat {
		table = append(table, 0xFFFFFFFD)
	}
	for range difat {
		table = append(table, 0xFFFFFFFC)
	}
	chain := func(n int) uint32 {
		start := uint32(len(table))
		if n == 0 {
			return 0xFFFFFFFE
		}
		for k := 1; k < n; k++ {
			table = append(table, start+uint32(k))
		}
		table = append(table, 0xFFFFFFFE)
		return start
	}
	dirStart, miniFATStart, miniStart := chain(dir), chain(miniFAT), chain(mini)
	starts := make([]uint32, len(w.big))
	for i, b := range w.big {
		starts[i] = chain(sectors(len(b)))
	}
	for len(table) < fat*128 {
		table = append(table, cfbFreeSector)
	}
	w.dir[0].start = miniStart

	var out bytes.Buffer
	u16 := func(v ...uint16) { _ = binary.Write(&out, binary.LittleEndian, v) }
	u32 := func(v ...uint32) { _ = binary.Write(&out, binary.LittleEndian, v) }
	out.WriteString("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	out.Write(make([]byte, 16))
	u16(0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0)
	difatStart := uint32(0xFFFFFFFE)
	if difat > 0 {
		difatStart = uint32(fat)
	}
	u32(0, uint32(fat), dirStart, 0, 4096, miniFATStart, uint32(miniFAT), difatStart, uint32(difat))
	for i := range 109 {
		if i < fat {
			u32(uint32(i))
		} else {
			u32(cfbFreeSector)
		}
	}
	u32(table...)
	for i := range difat {
		for j := 109 + i*127; j < 109+(i+1)*127; j++ {
			if j < fat {
				u32(uint32(j))
			} else {
				u32(cfbFreeSector)
			}
		}
		if next := uint32(fat + i + 1); i+1 < difat {
			u32(next)
		} else {
			u32(0xFFFFFFFE)
		}
	}
	var d bytes.Buffer
	for i, e := range w.dir {
		d.Write(w.dirEntry(i, e, starts))
	}
	for d.Len()%512 != 0 {
		blank := make([]byte, 128)
		copy(blank[68:], bytes.Repeat([]byte{0xFF}, 12))
		d.Write(blank)
	}
	out.Write(d.Bytes())
	for len(w.miniFAT)%128 != 0 {
		w.miniFAT = append(w.miniFAT, cfbFreeSector)
	}
	u32(w.miniFAT...)
	out.Write(pad(w.mini.Bytes(), 512))
	for _, b := range w.big {
		out.Write(pad(b, 512))
	}
	return out.Bytes()
}

func (w *cfbWriter) dirEntry(i int, e cfbDirEntry, starts []uint32) []byte {
	b := make([]byte, 128)
	name := utf16LE(e.name)
	copy(b, name)
	binary.LittleEndian.PutUint16(b[64:], uint16(len(name)+2))
	b[66], b[67] = e.kind, 1
	binary.LittleEndian.PutUint32(b[68:], e.left)
	binary.LittleEndian.PutUint32(b[72:], e.right)
	binary.LittleEndian.PutUint32(b[76:], e.child)
	start, size := e.start, len(e.data)
	if e.big > 0 {
		start = starts[e.big-1]
	}
	if i == 0 {
		size = w.mini.Len()
	}
	binary.LittleEndian.PutUint32(b[116:], start)
	binary.LittleEndian.PutUint32(b[120:], uint32(size))
	return b
}

func utf16LE(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// testProp is a property of a test message. A string is PT_UNICODE, []byte
// PT_BINARY, int PT_LONG, bool PT_BOOLEAN, time.Time PT_SYSTIME, ansi PT_STRING8.
type testProp struct {
	id    uint16
	value any
}

// ansi is a string in the message's code page.
type ansi string

func (p testProp) kind() uint16 {
	switch p.value.(type) {
	case string:
		return mapiUnicode
	case ansi:
		return mapiString8
	case []byte:
		return mapiBinary
	case int:
		return mapiLong
	case bool:
		return mapiBool
	case time.Time:
		return mapiTime
	}
	panic(fmt.Sprintf("%T", p.value))
}

// bytes returns the value, and whether it is of fixed size.
func (p testProp) bytes() (data []byte, fixed bool) {
	switch v := p.value.(type) {
	case string:
		return utf16LE(v), false
	case ansi:
		return []byte(v), false
	case []byte:
		return v, false
	case int:
		return binary.LittleEndian.AppendUint32(nil, uint32(v)), true
	case bool:
		if v {
			return []byte{1, 0}, true
		}
		return []byte{0, 0}, true
	case time.Time:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.UnixNano()/100+fileTimeEpoch)), true
	}
	panic(fmt.Sprintf("%T", p.value))
}

// testMSG is a message to be written as .msg or as TNEF.
type testMSG struct {
	props       []testProp
	recipients  [][]testProp
	attachments []testAttachment
}

type testAttachment struct {
	props    []testProp
	data     []byte
	embedded *testMSG
}

// writeMSG makes a .msg file.
func writeMSG(m *testMSG) []byte { return writeCFB(m.entries(msgTop)) }

func (m *testMSG) entries(header int) []*testEntry {
	out := propEntries(m.props, header)
	for i, r := range m.recipients {
		out = append(out, &testEntry{name: fmt.Sprintf("%s#%08X", msgRecipient, i), storage: true, children: propEntries(r, msgPart)})
	}
	for i, a := range m.attachments {
		props := a.props
		if a.embedded == nil {
			props = append(props[:len(props):len(props)], testProp{propAttachData, a.data})
		}
		children := propEntries(props, msgPart)
		if a.embedded != nil {
			children = append(children, &testEntry{name: msgStream + "3701000D", storage: true, children: a.embedded.entries(msgEmbedded)})
		}
		out = append(out, &testEntry{name: fmt.Sprintf("%s#%08X", msgAttachment, i), storage: true, children: children})
	}
	return out
}

func propEntries(props []testProp, header int) []*testEntry {
	table := make([]byte, header)
	var out []*testEntry
	for _, p := range props {
		data, fixed := p.bytes()
		entry := make([]byte, 16)
		binary.LittleEndian.PutUint16(entry, p.kind())
		binary.LittleEndian.PutUint16(entry[2:], p.id)
		if fixed {
			copy(entry[8:], data)
		} else {
			binary.LittleEndian.PutUint32(entry[8:], uint32(len(data)))
			out = append(out, &testEntry{name: fmt.Sprintf("%s%04X%04X", msgStream, p.id, p.kind()), data: data})
		}
		table = append(table, entry...)
	}
	return append(out, &testEntry{name: msgProperties, data: table})
}

// writeTNEF makes a winmail.dat.
func writeTNEF(m *testMSG) []byte {
	var b bytes.Buffer
	b.WriteString("\x78\x9F\x3E\x22\x01\x00")
	attribute := func(level byte, kind, id uint16, data []byte) {
		b.WriteByte(level)
		_ = binary.Write(&b, binary.LittleEndian, []uint16{id, kind})
		_ = binary.Write(&b, binary.LittleEndian, uint32(len(data)))
		b.Write(data)
		_ = binary.Write(&b, binary.LittleEndian, tnefSum(data))
	}
	attribute(1, 8, 0x9006, []byte{0, 0, 1, 0})
	attribute(1, 6, tnefCodePage, []byte{0xE4, 4, 0, 0, 0, 0, 0, 0})
	attribute(1, 6, tnefProps, tnefPropList(m.props))
	if len(m.recipients) > 0 {
		rows := binary.LittleEndian.AppendUint32(nil, uint32(len(m.recipients)))
		for _, r := range m.recipients {
			rows = append(rows, tnefPropList(r)...)
		}
		attribute(1, 6, tnefRecipients, rows)
	}
	for _, a := range m.attachments {
		attribute(2, 6, tnefRendData, make([]byte, 14))
		attribute(2, 1, tnefAttachTitle, []byte("SHORT~1.DAT\x00"))
		props := tnefPropList(a.props)
		if a.embedded != nil {
			object := append(bytes.Clone(messageObject), writeTNEF(a.embedded)...)
			binary.LittleEndian.PutUint32(props, uint32(len(a.props)+1))
			props = binary.LittleEndian.AppendUint16(props, mapiObject)
			props = binary.LittleEndian.AppendUint16(props, propAttachData)
			props = append(props, tnefValue(object)...)
		} else {
			attribute(2, 6, tnefAttachData, a.data)
		}
		attribute(2, 6, tnefAttachProps, props)
	}
	return b.Bytes()
}

func tnefPropList(props []testProp) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(props)))
	for _, p := range props {
		b = binary.LittleEndian.AppendUint16(b, p.kind())
		b = binary.LittleEndian.AppendUint16(b, p.id)
		data, fixed := p.bytes()
		if fixed {
			b = append(b, pad(data, 4)...)
		} else {
			b = append(b, tnefValue(data)...)
		}
	}
	return b
}

func tnefValue(data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, pad(data, 4)...)
}

// compressRTF packs RTF as literals only, which is legal LZFu.
func compressRTF(rtf string) []byte {
	var body bytes.Buffer
	for i := 0; i < len(rtf); i += 8 {
		body.WriteByte(0)
		body.WriteString(rtf[i:min(i+8, len(rtf))])
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(body.Len()+12))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(rtf)))
	out = append(out, "LZFu"...)
	out = binary.LittleEndian.AppendUint32(out, ^crc32.Update(0xFFFFFFFF, crc32.IEEETable, body.Bytes()))
	return append(out, body.Bytes()...)
}
