package outlook

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/message"
)

// directoryOf finds the directory entries of a file that the tests wrote: they
// begin at a sector with the root's name.
func directoryOf(t *testing.T, file []byte) (entries []int) {
	t.Helper()
	start := bytes.Index(file, []byte("R\x00o\x00o\x00t\x00 \x00E\x00n\x00t\x00r\x00y\x00"))
	if start < 0 || start%cfbHeaderSize != 0 {
		t.Fatalf("no directory: %d", start)
	}
	for at := start; at+cfbEntrySize <= len(file) && file[at+66] <= 5 && (file[at+66] != 0 || at-start < cfbHeaderSize); at += cfbEntrySize {
		if file[at+66] == 1 || file[at+66] == 2 || file[at+66] == 5 {
			entries = append(entries, at)
		}
	}
	if len(entries) < 20 {
		t.Fatalf("only %d entries", len(entries))
	}
	return entries
}

// TestLostLinks cuts every link of the directory in turn: what it led to is read
// all the same, and the file is said to be damaged.
func TestLostLinks(t *testing.T) {
	whole := writeMSG(sampleMSG())
	want := ReadMSG(whole, message.DefaultLimits())
	cut := 0
	for _, entry := range directoryOf(t, whole) {
		for _, link := range []int{68, 72, 76} {
			if binary.LittleEndian.Uint32(whole[entry+link:]) == cfbNoStream {
				continue
			}
			cut++
			file := slices.Clone(whole)
			binary.LittleEndian.PutUint32(file[entry+link:], cfbNoStream)
			got := ReadMSG(file, message.DefaultLimits())
			if !strings.Contains(codes(got), message.CodeOutlookDamaged) {
				t.Errorf("link %d of entry %d: silent", link, entry)
			}
			if got.Subject != want.Subject || got.BodyText != want.BodyText || len(got.Recipients) != len(want.Recipients) || len(got.Attachments) != len(want.Attachments) {
				t.Errorf("link %d of entry %d: %q, %d bytes of text, %d recipients, %d attachments", link, entry, got.Subject, len(got.BodyText), len(got.Recipients), len(got.Attachments))
			}
		}
	}
	if cut < 20 {
		t.Errorf("only %d links were cut", cut)
	}
}

// TestShortStream: a stream shorter than its property says is damage, not a short text.
func TestShortStream(t *testing.T) {
	whole := writeMSG(sampleMSG())
	if got := codes(ReadMSG(whole, message.DefaultLimits())); strings.Contains(got, message.CodeOutlookDamaged) {
		t.Fatalf("the whole file: %s", got)
	}
	shortened := 0
	for _, entry := range directoryOf(t, whole) {
		name := decodeUTF16(whole[entry : entry+64])
		size := binary.LittleEndian.Uint32(whole[entry+120:])
		if !strings.HasPrefix(name, msgStream+"1000001") && !strings.HasPrefix(name, msgStream+"37010102") || size < 8 {
			continue
		}
		shortened++
		file := slices.Clone(whole)
		binary.LittleEndian.PutUint32(file[entry+120:], size-6)
		read := ReadMSG(file, message.DefaultLimits())
		got := codes(read)
		for _, a := range read.Attachments {
			if a.Embedded != nil {
				got += codes(a.Embedded)
			}
		}
		if !strings.Contains(got, message.CodeOutlookDamaged) {
			t.Errorf("%s: %q", strings.TrimRight(name, "\x00"), got)
		}
	}
	if shortened < 2 {
		t.Errorf("only %d streams were shortened", shortened)
	}
}
