package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"path"
	"strings"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/message"
)

// foreign is a kind of file that can carry what harms and is not read. It is named, so that nobody
// takes its silence for emptiness.
type foreign struct {
	format string
	offset int // of the mark; from the end where it is negative
	mark   string
	code   string
	what   string
}

const (
	archiveKind  = message.CodeArchiveUnsupported
	documentKind = message.CodeFileUnsupported
)

// foreigners is the table: to name another kind, add a line.
var foreigners = []foreign{
	{"zstd", 0, "\x28\xB5\x2F\xFD", archiveKind, "Zstandard data"},
	{"lz4", 0, "\x04\x22\x4D\x18", archiveKind, "LZ4 data"},
	{"lzip", 0, "LZIP\x01", archiveKind, "lzip data"},
	{"lzma", 5, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00", archiveKind, "LZMA data"},
	{"compress", 0, "\x1F\x9D", archiveKind, "data of compress (.Z)"},
	{"lha", 2, "-lh", archiveKind, "an LHA archive"},
	{"ace", 7, "**ACE**", archiveKind, "an ACE archive"},
	{"arj", 0, "\x60\xEA", archiveKind, "an ARJ archive"},
	{"wim", 0, "MSWIM\x00\x00\x00", archiveKind, "a Windows image (WIM)"},
	{"ar", 0, "!<arch>\n", archiveKind, "an ar archive or a Debian package"},
	{"rpm", 0, "\xED\xAB\xEE\xDB", archiveKind, "an RPM package"},
	{"xar", 0, "xar!\x00", archiveKind, "a XAR archive or a package of macOS"},
	{"alz", 0, "ALZ\x01", archiveKind, "an ALZ archive"},
	{"egg", 0, "EGGA\x00", archiveKind, "an EGG archive"},
	{"zpaq", 0, "zPQ\x01", archiveKind, "a ZPAQ archive"},
	{"zpaq", 0, "zPQ\x02", archiveKind, "a ZPAQ archive"},
	{"stuffit", 0, "StuffIt ", archiveKind, "a StuffIt archive"},
	{"cpio", 0, "070701", archiveKind, "a cpio archive"},
	{"vhd", 0, "conectix", archiveKind, "a virtual disk (VHD)"},
	{"vhd", -512, "conectix", archiveKind, "a virtual disk (VHD)"},
	{"vhdx", 0, "vhdxfile", archiveKind, "a virtual disk (VHDX)"},
	{"vmdk", 0, "KDMV", archiveKind, "a virtual disk (VMDK)"},
	{"qcow", 0, "QFI\xFB", archiveKind, "a virtual disk (QCOW)"},
	{"dmg", -512, "koly", archiveKind, "a disk image of macOS (DMG)"},
	{"squashfs", 0, "hsqs", archiveKind, "a SquashFS image"},
	{"fat", 54, "FAT", archiveKind, "a disk image (FAT)"},
	{"fat", 82, "FAT32", archiveKind, "a disk image (FAT)"},
	{"ntfs", 3, "NTFS    ", archiveKind, "a disk image (NTFS)"},
	{"exfat", 3, "EXFAT   ", archiveKind, "a disk image (exFAT)"},
	{"gpt", 512, "EFI PART", archiveKind, "a disk image with partitions"},
	{"pst", 0, "!BDN", archiveKind, "a mailbox of Outlook (PST)"},
	{"chm", 0, "ITSF", archiveKind, "compiled help (CHM)"},
	{"onenote", 0, "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D", documentKind, "a section of OneNote"},
	{"rpmsg", 0, "\x76\xE8\x04\x60\xC4\x11\xE3\x86", message.CodeFileEncrypted, "a message that is protected by rights management (RPMSG)"},
	{"vbe", 0, "#@~^", documentKind, "an encoded script"},
	{"wordperfect", 0, "\xFFWPC", documentKind, "a document of WordPerfect"},
	{"access", 4, "Standard ", documentKind, "a database of Access"},
	{"djvu", 0, "AT&TFORM", documentKind, "a DjVu document"},
	{"tiff", 0, "II*\x00", documentKind, "a TIFF picture"},
	{"tiff", 0, "MM\x00*", documentKind, "a TIFF picture"},
	{"heif", 4, "ftypheic", documentKind, "a HEIC picture"},
	{"heif", 4, "ftypheix", documentKind, "a HEIC picture"},
	{"heif", 4, "ftypmif1", documentKind, "a HEIF picture"},
	{"avif", 4, "ftypavif", documentKind, "an AVIF picture"},
	{"jxl", 0, "\x00\x00\x00\x0CJXL ", documentKind, "a JPEG XL picture"},
	{"jp2", 0, "\x00\x00\x00\x0CjP  ", documentKind, "a JPEG 2000 picture"},
	{"psd", 0, "8BPS", documentKind, "a picture of Photoshop"},
	{"emf", 40, " EMF", documentKind, "a Windows metafile"},
	{"wmf", 0, "\xD7\xCD\xC6\x9A", documentKind, "a Windows metafile"},
}

func (f foreign) is(data []byte) bool {
	at := f.offset
	if at < 0 {
		at += len(data)
	}
	if at < 0 || !bytes.HasPrefix(data[min(at, len(data)):], []byte(f.mark)) {
		return false
	}
	head := data[:min(len(data), 64)]
	switch f.format {
	case "stuffit", "squashfs", "djvu", "vmdk", "pst", "chm", "access": // words, unless the bytes of a number follow
		return bytes.IndexByte(head, 0) >= 0
	case "cpio":
		return len(data) >= 110 && len(bytes.Trim(data[6:110], "0123456789abcdefABCDEF")) == 0
	case "arj":
		return len(data) > 3 && int(binary.LittleEndian.Uint16(data[2:])) <= 2600 // a header's size
	case "lha":
		return len(data) > 6 && data[6] == '-'
	case "lzma":
		return data[0] == 0x5D
	case "fat", "ntfs", "exfat":
		return len(data) >= 512 && data[510] == 0x55 && data[511] == 0xAA
	}
	return true
}

// sniffForeign is the format of a file of the table, "" for others.
func sniffForeign(data []byte) string {
	for _, f := range foreigners {
		if f.is(data) {
			return f.format
		}
	}
	return ""
}

// isForeign reports whether a format is one of the table.
func isForeign(format string) bool {
	for _, f := range foreigners {
		if f.format == format {
			return true
		}
	}
	return false
}

// unpacked are the kinds whose content lies in them as it is, so that strings can be found.
var unpacked = map[string]bool{
	"cpio": true, "ar": true, "vhd": true, "fat": true, "ntfs": true, "exfat": true, "gpt": true, "onenote": true, "access": true, "wordperfect": true, "emf": true, "pst": true,
}

// readForeign says that a file of the table was not read, but for its strings where there are any.
func readForeign(c *Content, in Input) {
	for _, f := range foreigners {
		switch {
		case f.format != c.Format:
			continue
		case unpacked[f.format]:
			c.Add(f.code, "%s: only strings were searched", f.what)
			if !in.Check {
				addText(c, "strings", printable(in.Data[:min(len(in.Data), maxStrings)]))
			}
		default:
			c.Add(f.code, "%s; it was not read", f.what)
		}
		return
	}
}

// diskNames are of files whose mark is at the end, or far behind the beginning.
var diskNames = map[string]bool{".iso": true, ".img": true, ".ima": true, ".vhd": true, ".dmg": true}

func isDiskName(name string) bool { return diskNames[strings.ToLower(path.Ext(name))] }

// endsInZIP reports whether a file ends as a ZIP does, whatever it begins with: a program that
// unpacks itself, or a picture that is an archive to who renames it.
func endsInZIP(data []byte) bool {
	const record, comment = 22, 1<<16 - 1 // bytes of the end record, and the most behind it
	whole := data[max(0, len(data)-record-comment):]
	tail := bytes.TrimRight(whole, "\x00")
	for at := len(tail); ; {
		if at = bytes.LastIndex(tail[:at], []byte("PK\x05\x06")); at < 0 {
			return false
		}
		var size [2]byte // of the comment; what is cut off counts as zero
		copy(size[:], whole[min(at+record-len(size), len(whole)):])
		end := at + record + int(binary.LittleEndian.Uint16(size[:]))
		if end >= len(tail) && end <= len(tail)+record {
			return archive.Directory(data) == nil
		}
	}
}

// appended adds what a ZIP holds that stands behind a file of another format.
func appended(ctx context.Context, c *Content, in Input, b *Budget) {
	if !endsInZIP(in.Data) {
		return
	}
	z := archive.Read(ctx, "zip", in.Name, in.Data, in.Passwords, b)
	c.Members = append(c.Members, z.Members...)
	c.Problems = append(c.Problems, z.Problems...)
}
