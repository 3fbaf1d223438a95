package outlook

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
)

func TestReadTNEF(t *testing.T) {
	o := ReadTNEF(writeTNEF(sampleMSG()), message.DefaultLimits())
	want := wantSummary("tnef")
	if diff := cmp.Diff(want, summary(o)); diff != "" {
		t.Error(diff)
	}
}

// tnefAttr makes one attribute.
func tnefAttr(level byte, id uint16, data string) string {
	b := []byte{level}
	b = binary.LittleEndian.AppendUint16(b, id)
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	return string(binary.LittleEndian.AppendUint16(b, tnefSum([]byte(data))))
}

const tnefStart = "\x78\x9F\x3E\x22\x01\x00"

func TestTNEFOldAttributes(t *testing.T) {
	name, address := "Ann\x00", "SMTP:ann@example.org\x00"
	from := string([]byte{4, 0, 0, 0, byte(len(name)), 0, byte(len(address)), 0}) + name + address
	data := tnefStart +
		tnefAttr(1, tnefClass, "IPM.Microsoft Mail.Note\x00") +
		tnefAttr(1, tnefFrom, from) +
		tnefAttr(1, tnefSubject, "Gr\xfc\xdfe\x00") +
		tnefAttr(1, tnefDateSent, "\xEA\x07\x03\x00\x02\x00\x0A\x00\x00\x00\x00\x00\x01\x00") +
		tnefAttr(1, tnefBody, "hello\x00") +
		tnefAttr(1, tnefCodePage, "\xE4\x04\x00\x00\x00\x00\x00\x00") +
		tnefAttr(2, tnefRendData, strings.Repeat("\x00", 14)) +
		tnefAttr(2, tnefAttachTitle, "r\xe9sum\xe9.doc\x00") +
		tnefAttr(2, tnefAttachData, "data")
	want := []string{
		`tnef IPM.Note "Grüße"`,
		`ids "" "" ""`,
		`from {"Ann" "ann@example.org"} sender {"" ""} reply-to []`,
		`sent 1772445600 received 0`,
		`text "hello" html ""`,
		`attachment "résumé.doc" application/octet-stream cid "" inline false 4 bytes`,
	}
	if diff := cmp.Diff(want, summary(ReadTNEF([]byte(data), message.DefaultLimits()))); diff != "" {
		t.Error(diff)
	}
}

func TestTNEFDamaged(t *testing.T) {
	whole := writeTNEF(sampleMSG())
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, []byte("%PDF"))] ^= 1
	for _, tc := range []struct {
		name, data, problem string
	}{
		{"checksum", string(flipped), message.CodeOutlookChecksum},
		{"cut", string(whole[:len(whole)-1]), message.CodeOutlookTruncated},
		{"padding behind it", string(whole) + "\x00\x00\r\n", ""},
		{"junk behind it", string(whole) + "\x07junk", message.CodeOutlookDamaged},
		{"nothing in it", tnefStart, message.CodeOutlookDamaged},
		{"length 2^32-1", tnefStart + "\x01\x04\x80\x01\x00\xFF\xFF\xFF\xFFhello", message.CodeOutlookTruncated},
		{"2^32-1 properties", tnefStart + tnefAttr(1, tnefProps, "\xFF\xFF\xFF\xFF\x1F\x00\x37\x00"), message.CodeOutlookDamaged},
		{"a value of 2^32-1 bytes", tnefStart + tnefAttr(1, tnefProps, "\x01\x00\x00\x00\x1F\x00\x37\x00\x01\x00\x00\x00\xFF\xFF\xFF\xFF"), message.CodeOutlookDamaged},
		{"2^32-1 values", tnefStart + tnefAttr(1, tnefProps, "\x01\x00\x00\x00\x1F\x10\x37\x00\xFF\xFF\xFF\xFF\x00\x00\x00\x00"), message.CodeOutlookDamaged},
		{"an unknown type", tnefStart + tnefAttr(1, tnefProps, "\x01\x00\x00\x00\x99\x00\x37\x00"), message.CodeOutlookDamaged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := ReadTNEF([]byte(tc.data), message.DefaultLimits())
			if !strings.HasPrefix(codes(o)+" ", tc.problem+" ") {
				t.Errorf("problems %v, want %q first", o.Problems, tc.problem)
			}
		})
	}
}

func TestTNEFCut(t *testing.T) {
	whole := writeTNEF(sampleMSG())
	for n := 4; n < len(whole); n += 7 {
		ReadTNEF(whole[:n], message.DefaultLimits())
	}
	o := ReadTNEF(whole[:len(whole)*3/4], message.DefaultLimits())
	if o.Subject == "" || codes(o) == "" {
		t.Errorf("subject %q, problems %v", o.Subject, o.Problems)
	}
}

func TestTNEFDepth(t *testing.T) {
	limits := message.DefaultLimits()
	limits.Depth = 3
	o := ReadTNEF(writeTNEF(nestedMSG(10)), limits)
	o = o.Attachments[0].Embedded.Attachments[0].Embedded.Attachments[0].Embedded
	if len(o.Attachments) != 0 || codes(o) != message.CodeLimitDepth {
		t.Errorf("%q", summary(o))
	}
}

func TestTNEFObjects(t *testing.T) {
	ole := append([]byte("0123456789abcdef"), "content"...)
	props := tnefPropList(nil)
	props[0] = 1
	props = binary.LittleEndian.AppendUint16(props, mapiObject)
	props = binary.LittleEndian.AppendUint16(props, propAttachData)
	props = append(props, tnefValue(ole)...)
	data := tnefStart + tnefAttr(2, tnefRendData, "") + tnefAttr(2, tnefAttachProps, string(props))
	o := ReadTNEF([]byte(data), message.DefaultLimits())
	if len(o.Attachments) != 1 || string(o.Attachments[0].Data) != "content" || codes(o) != message.CodeOutlookObject {
		t.Errorf("%q", summary(o))
	}
}
