package file_test

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

const aPage = `<html><a href="http://x.example/">x</a></html>`

// sector is the first of a disk with a mark in it.
func sector(at int, mark, rest string) string {
	s := []byte(strings.Repeat("\x00", 512))
	copy(s[at:], mark)
	s[510], s[511] = 0x55, 0xAA
	return string(s) + rest
}

// unreadKinds are files of kinds that are not read, by how they begin, and what names them; text is
// what is found in them all the same. To add one, add a line.
var unreadKinds = []struct{ name, data, format, code, text string }{
	{"a.zst", "\x28\xB5\x2F\xFD\x04\x00xxxx", "zstd", "archive_unsupported", ""},
	{"a.lz4", "\x04\x22\x4D\x18\x64\x40\xA7", "lz4", "archive_unsupported", ""},
	{"a.lz", "LZIP\x01\x0C\x00\x22", "lzip", "archive_unsupported", ""},
	{"a.lzma", "\x5D\x00\x00\x80\x00" + strings.Repeat("\xFF", 8) + "\x00\x34", "lzma", "archive_unsupported", ""},
	{"a.tar.Z", "\x1F\x9D\x90\x68\xCA", "compress", "archive_unsupported", ""},
	{"a.lzh", "\x24\x5E-lh5-\x20\x00\x00\x00", "lha", "archive_unsupported", ""},
	{"a.ace", "\x00\x00\x31\x00\x00\x00\x90**ACE**\x14\x14", "ace", "archive_unsupported", ""},
	{"a.arj", "\x60\xEA\x2C\x00\x22\x0B", "arj", "archive_unsupported", ""},
	{"a.wim", "MSWIM\x00\x00\x00\xD0\x00", "wim", "archive_unsupported", ""},
	{"a.deb", "!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\nhttp://x.example/ar", "ar", "archive_unsupported", "http://x.example/ar"},
	{"a.rpm", "\xED\xAB\xEE\xDB\x03\x00", "rpm", "archive_unsupported", ""},
	{"a.pkg", "xar!\x00\x1C\x00\x01", "xar", "archive_unsupported", ""},
	{"a.cpio", "070701" + strings.Repeat("0A", 52) + "http://x.example/cpio", "cpio", "archive_unsupported", "http://x.example/cpio"},
	{"a.vhd", strings.Repeat("\x00", 2048) + aPage + "conectix" + strings.Repeat("\x00", 504), "vhd", "archive_unsupported", "http://x.example/"},
	{"a.vhdx", "vhdxfileM\x00i\x00", "vhdx", "archive_unsupported", ""},
	{"a.vmdk", "KDMV\x01\x00\x00\x00", "vmdk", "archive_unsupported", ""},
	{"a.dmg", strings.Repeat("x", 700) + "koly" + strings.Repeat("\x00", 508), "dmg", "archive_unsupported", ""},
	{"a.img", sector(54, "FAT12   ", aPage), "fat", "archive_unsupported", "http://x.example/"},
	{"disk.bin", sector(82, "FAT32   ", ""), "fat", "archive_unsupported", ""},
	{"a.img", sector(3, "NTFS    ", ""), "ntfs", "archive_unsupported", ""},
	{"a.img", sector(0, "", "EFI PART"), "gpt", "archive_unsupported", ""},
	{"a.pst", "!BDN\x00\x00\x00\x00SM", "pst", "archive_unsupported", ""},
	{"a.chm", "ITSF\x03\x00\x00\x00", "chm", "archive_unsupported", ""},
	{"a.one", "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78" + strings.Repeat("\x00", 600) + "http://x.example/one", "onenote", "file_unsupported", "http://x.example/one"},
	{"message.rpmsg", "\x76\xE8\x04\x60\xC4\x11\xE3\x86\xA0", "rpmsg", "file_encrypted", ""},
	{"a.vbe", "#@~^XAAAAA==\x7Fxx", "vbe", "file_unsupported", ""},
	{"a.wpd", "\xFFWPC\x10\x00", "wordperfect", "file_unsupported", ""},
	{"a.accdb", "\x00\x01\x00\x00Standard ACE DB\x00", "access", "file_unsupported", ""},
	{"a.djvu", "AT&TFORM\x00\x00\x10\x00DJVU", "djvu", "file_unsupported", ""},
	{"a.tif", "II*\x00\x08\x00\x00\x00", "tiff", "file_unsupported", ""},
	{"a.png", "MM\x00*\x00\x00\x00\x08", "tiff", "file_unsupported", ""},
	{"a.heic", "\x00\x00\x00\x18ftypheic\x00", "heif", "file_unsupported", ""},
	{"a.avif", "\x00\x00\x00\x1Cftypavif\x00", "avif", "file_unsupported", ""},
	{"a.jp2", "\x00\x00\x00\x0CjP  \r\n\x87\n", "jp2", "file_unsupported", ""},
	{"a.emf", "\x01\x00\x00\x00" + strings.Repeat("\x00", 36) + " EMF\x00\x00\x01\x00", "emf", "file_unsupported", ""},
	{"a.wmf", "\xD7\xCD\xC6\x9A\x00\x00", "wmf", "file_unsupported", ""},
	// Words that begin alike are texts.
	{"a.txt", "070701 was the day, see http://x.example/", "text", "", "http://x.example/"},
	{"a.txt", "StuffIt Deluxe is a program", "text", "", "StuffIt Deluxe"},
	{"a.txt", "AT&TFORM and others", "text", "", "AT&TFORM"},
	{"a.txt", "KDMV is a station", "text", "", "KDMV"},
	{"a.txt", "xar! he cried", "text", "", "xar!"},
	{"a.txt", "LZIP and LZ4", "text", "", "LZIP"},
	{"a.bin", "\x01\x02\x03\x04 of no known kind", "", "", ""},
}

// TestUnreadKinds holds that files of kinds that are not read are named, in the record too.
func TestUnreadKinds(t *testing.T) {
	for _, k := range unreadKinds {
		for _, check := range []bool{false, true} {
			c := file.Read(t.Context(), file.Input{Name: k.name, Data: []byte(k.data), Check: check}, file.NewBudget())
			var codes, texts []string
			for _, p := range c.Problems {
				codes = append(codes, p.Code)
			}
			for _, text := range c.Texts {
				texts = append(texts, text.Body)
			}
			if got := strings.Join(codes, " "); c.Format != k.format || got != k.code {
				t.Errorf("%s %.12q: format %q, problems %q; want %q, %q", k.name, k.data, c.Format, got, k.format, k.code)
			}
			if !check && !strings.Contains(strings.Join(texts, "\n"), k.text) {
				t.Errorf("%s: texts %q, %q is missing", k.name, texts, k.text)
			}
		}
		if k.code != "" && !file.MayFail(k.name, []byte(k.data)[:min(len(k.data), 512)]) {
			t.Errorf("%s %.12q: its beginning does not tell that it has to be looked at", k.name, k.data)
		}
	}
}

// TestFilesInOthers holds which files are found in others that are no archives: behind a picture or
// a program, in a page's script, in a calendar.
func TestFilesInOthers(t *testing.T) {
	zip := string(filetest.Zip(filetest.File{Name: "a.html", Data: []byte(strings.Repeat(aPage, 5))}))
	encoded := base64.StdEncoding.EncodeToString([]byte(zip))
	png := "\x89PNG\r\n\x1a\n"
	for name, c := range map[string]struct {
		data  string
		names []string
	}{
		"picture.png":         {png + zip, []string{"a.html"}},
		"program.exe":         {"MZ\x90\x00" + strings.Repeat("\x00\xFE", 300) + zip, []string{"a.html"}},
		"zeros behind.gif":    {"GIF89a" + zip + strings.Repeat("\x00", 100), []string{"a.html"}},
		"cut.png":             {png + zip[:len(zip)-30], nil},
		"words behind.exe":    {"MZ\x90\x00\xFE\xFF" + zip + strings.Repeat("no ", 30), nil},
		"smuggled.html":       {"<html><script>f='" + encoded + "'</script>", []string{"script-1"}},
		"unpadded.html":       {"<html><script>f=`" + strings.TrimRight(encoded, "=") + "`</script>", []string{"script-1"}},
		"a program.html":      {"<html><script>f=\"" + base64.StdEncoding.EncodeToString([]byte("MZ"+strings.Repeat("\x00", 200))) + "\"</script>", []string{"script-1"}},
		"two.svg":             {"<svg><script>a('" + encoded + "', '" + encoded + "')</script></svg>", []string{"script-1", "script-2"}},
		"a picture shown.htm": {"<html><img src='data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(png+strings.Repeat("x", 200))) + "'>", []string{"picture-1"}},
		"words.html":          {"<html><p title='" + strings.Repeat("word", 60) + "'>", nil},
		"invite.ics":          {"BEGIN:VCALENDAR\r\nATTACH;VALUE=BINARY;ENCODING=BASE64:" + encoded[:60] + "\r\n " + encoded[60:] + "\r\nEND:VCALENDAR\r\n", []string{"attach"}},
		"data.ics":            {"BEGIN:VCALENDAR\r\nATTACH:data:application/zip;base64," + encoded + "\r\nEND:VCALENDAR\r\n", []string{"attach"}},
		"lines.txt":           {strings.ReplaceAll(encoded, "A", "\r\nA") + "\r\n", []string{"decoded"}},
		"certutil.txt":        {"-----BEGIN CERTIFICATE-----\r\n" + encoded + "\r\n-----END CERTIFICATE-----\r\n", []string{"decoded"}},
		"url-safe.txt":        {strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(encoded, "=")), []string{"decoded"}},
		"digits.txt":          {hex.EncodeToString([]byte(zip)), []string{"decoded"}},
		"program.txt":         {base64.StdEncoding.EncodeToString([]byte("MZ" + strings.Repeat("\x00\xFE", 200))), []string{"decoded"}},
		"a page.txt":          {base64.StdEncoding.EncodeToString([]byte(strings.Repeat(aPage, 5))), []string{"decoded"}},
		"noise.txt":           {strings.Repeat("word", 60), nil},
		"prose.txt":           {encoded + " and so on.", nil},
		"certificate.pem":     {"-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString([]byte("\x30\x82\x01\x00"+strings.Repeat("\x00\xFE", 200))) + "\n-----END CERTIFICATE-----\n", nil},
		"contact.vcf":         {"BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\r\nEND:VCARD\r\n", []string{"photo"}},
	} {
		var names []string
		found := file.Read(t.Context(), file.Input{Name: name, Data: []byte(c.data)}, file.NewBudget())
		for _, m := range found.Members {
			if m.Read {
				names = append(names, m.Name)
			}
		}
		if !slices.Equal(names, c.names) {
			t.Errorf("%s: %q, want %q; problems %v", name, names, c.names, found.Problems)
		}
	}
	damaged := file.Read(t.Context(), file.Input{Name: "a.ics", Data: []byte("BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64:!!!\r\n")}, file.NewBudget())
	if len(damaged.Problems) != 1 || damaged.Problems[0].Code != "file_damaged" {
		t.Errorf("base64 that is none: %v", damaged.Problems)
	}
	many := file.Read(t.Context(), file.Input{Name: "a.ics", Data: []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat("ATTACH;ENCODING=BASE64:YWJj\r\n", 3000))}, file.NewBudget())
	if len(many.Members) != 2000 || len(many.Problems) != 1 || many.Problems[0].Code != "limit_archive" {
		t.Errorf("%d files of one calendar, problems %v", len(many.Members), many.Problems)
	}
}
