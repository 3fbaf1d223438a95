package content_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// member is a file to be packed.
type member struct {
	name string
	data []byte
}

func zipOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// filesOf renders what OpenFiles makes of an email, a line for each message and file.
func filesOf(raw []byte, o content.Options) (lines []string) {
	o.Limits = message.DefaultLimits()
	for _, m := range content.OpenFiles(raw, content.KindEML, o) {
		lines = append(lines, strings.TrimSpace("message "+m.Path))
		for _, f := range m.Files {
			lines = append(lines, fmt.Sprintf("%s %s", f.Format, f.Path))
		}
	}
	return lines
}

// TestFilesInOrder holds the paths of files and messages, and that each stands
// before what is in it, messages in archives at the places of their archives.
func TestFilesInOrder(t *testing.T) {
	page := []byte("<html><a href=http://phish.example/x>x</a></html>")
	inner := carrier("application/zip", named("in.zip"), true, zipOf(t, member{"page.html", page}))
	outer := zipOf(t, member{"a.txt", []byte("text")}, member{"mail.eml", inner}, member{"b.html", page})
	raw := []byte("From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" +
		"--o\r\nContent-Type: message/rfc822\r\n\r\n" + phish + "\r\n--o\r\nContent-Type: application/zip; name=o.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(outer) +
		"\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" + phish + "\r\n--o--\r\n")
	want := []string{
		"message", "zip 2", "text 2!o.zip!a.txt", "eml 2!o.zip!mail.eml", "html 2!o.zip!b.html",
		"message 1", "message 2!o.zip!mail.eml", "zip 2!o.zip!mail.eml!2", "html 2!o.zip!mail.eml!2!in.zip!page.html", "message 3",
	}
	if got := filesOf(raw, content.Options{}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestMessagesInArchives holds that messages in archives in messages end at three archives, and that this is said.
func TestMessagesInArchives(t *testing.T) {
	raw := []byte(phish)
	for range 6 {
		raw = carrier("application/zip", named("a.zip"), true, zipOf(t, member{"m.eml", raw}))
	}
	all := content.OpenFiles(raw, content.KindEML, content.Options{Limits: message.DefaultLimits()})
	last := all[len(all)-1]
	if len(all) != 4 || !strings.HasSuffix(last.Path, "m.eml") || len(last.Files) != 2 || len(last.Files[1].Problems) != 1 || last.Files[1].Problems[0].Code != message.CodeLimitArchive {
		t.Errorf("%d messages, the last is %s with %+v", len(all), last.Path, last.Files)
	}
}

// TestHiddenAsText holds that a file is read as what its bytes are where its part says that it is a text.
func TestHiddenAsText(t *testing.T) {
	for _, mediaType := range []string{"text/plain", "text/html"} {
		raw := carrier(mediaType, named("notes.txt"), true, zipOf(t, member{"a.url", []byte("[InternetShortcut]\r\nURL=http://phish.example/x\r\n")}))
		if got := filesOf(raw, content.Options{}); !slices.Contains(got, "url 2!notes.txt!a.url") {
			t.Errorf("%s: %q", mediaType, got)
		}
		m := message.Parse(raw, message.DefaultLimits())
		if !slices.Contains(slices.Collect(content.Searchable(m, message.DefaultLimits())), "http://phish.example/x") {
			t.Errorf("%s: the filters do not see the link", mediaType)
		}
	}
}

// TestUnread holds that what cannot be read of files is named in the record too,
// in the words of the analysis, and that what can be read is not.
func TestUnread(t *testing.T) {
	sound := zipOf(t, member{"a.txt", bytes.Repeat([]byte("sound "), 100)})
	locked := bytes.Clone(sound)
	for _, at := range []int{6, bytes.Index(sound, []byte("PK\x01\x02")) + 8} {
		locked[at] |= 1 // the mark of encryption
	}
	damaged := bytes.Clone(sound)
	damaged[40] ^= 0x55
	for name, c := range map[string]struct {
		file  []byte
		wants string
	}{
		"sound.zip":        {sound, ""},
		"locked.zip":       {locked, "archive_encrypted 2!locked.zip!a.txt"},
		"damaged.zip":      {damaged, "archive_damaged 2!damaged.zip!a.txt"},
		"cut.zip":          {sound[:60], "archive_damaged 2"},
		"inner.zip":        {zipOf(t, member{"b.zip", locked}), "archive_encrypted 2!inner.zip!b.zip!a.txt"},
		"mail.zip":         {zipOf(t, member{"m.eml", carrier("application/zip", named("l.zip"), true, locked)}), "archive_encrypted 2!mail.zip!m.eml!2!l.zip!a.txt"},
		"old.doc":          {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), "file_unsupported 2"},
		"locked.docx":      {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"...), "file_encrypted 2"},
		"cut.docx":         {zipOf(t, member{"[Content_Types].xml", []byte("<Types/>")})[:60], "archive_damaged 2"},
		"a.docx":           {zipOf(t, member{"[Content_Types].xml", []byte("<Types/>")}), ""},
		"huge.gif":         {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "limit_file 2"},
		"secret.asc":       {[]byte("-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n"), "file_encrypted 2"},
		"junk.7z":          {[]byte("7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("\xff", 24)), "archive_damaged 2"},
		"udf.iso":          {append(make([]byte, 0x8000), append([]byte("\x00BEA01\x01"), make([]byte, 4096)...)...), "archive_unsupported 2"},
		"a.txt":            {[]byte("text"), ""},
		"unknown.bin":      {bytes.Repeat([]byte{1, 2, 0xff}, 300), ""},
		"damaged as.png":   {damaged, "archive_damaged 2!damaged as.png!a.txt"},
		"numbers in a.tar": {bytes.Repeat([]byte("12345678"), 100), ""},
	} {
		raw := carrier("application/octet-stream", named(name), true, c.file)
		var got, analyzed []string
		_, problems := content.ForRecord(message.Parse(raw, message.DefaultLimits()), message.DefaultLimits())
		for _, p := range problems {
			got = append(got, p.Code+" "+p.Detail)
		}
		for _, m := range content.OpenFiles(raw, content.KindEML, content.Options{Limits: message.DefaultLimits()}) {
			for _, f := range m.Files {
				for _, p := range f.Problems {
					analyzed = append(analyzed, p.Code+" "+p.Detail)
				}
			}
		}
		if c.wants == "" && len(got) > 0 || c.wants != "" && (len(got) == 0 || !strings.HasPrefix(got[0], c.wants+": ")) {
			t.Errorf("%s: %q, want %q", name, got, c.wants)
		}
		for _, p := range got {
			if !slices.Contains(analyzed, p) {
				t.Errorf("%s: %q is not what the analysis says: %q", name, p, analyzed)
			}
		}
	}
}
