package content_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// lockedBy is an archive of 7-Zip (zip, 7z) or Info-ZIP (info) that a password opens.
func lockedBy(t *testing.T, form, password string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "inside.txt"), []byte("http://phish.example/inside"), 0o600); err != nil {
		t.Fatal(err)
	}
	switch form {
	case "info":
		judge(t, dir, "zip", "-P", password, "a.arc.zip", "inside.txt")
	case "7z":
		judge(t, dir, "7z", "a", "-p"+password, "-mhe=on", "-t7z", "a.arc.zip", "inside.txt")
	default:
		judge(t, dir, "7z", "a", "-p"+password, "-mem=AES256", "-tzip", "a.arc.zip", "inside.txt")
	}
	data, err := os.ReadFile(filepath.Join(dir, "a.arc.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// part is one part of a multipart email.
func part(mediaType, name string, data []byte) string {
	extra := ""
	if name != "" {
		extra = named(name)
	}
	return "--b\r\nContent-Type: " + mediaType + "\r\n" + extra + "Content-Transfer-Encoding: base64\r\n\r\n" + base64Lines(data) + "\r\n"
}

// TestWhereThePasswordStands holds that a password is found wherever an email can carry it, and that
// opened_with says where. The archives are made by 7-Zip and Info-ZIP. To add a place, add a line.
func TestWhereThePasswordStands(t *testing.T) {
	const word = "Zwiebel77"
	text := func(s string) string { return part("text/plain; charset=utf-8", "", []byte(s)) }
	page := func(s string) string { return part("text/html; charset=utf-8", "", []byte(s)) }
	nested := "From: b@phish.example\r\nSubject: second\r\n\r\nThe password for it: " + word + "\r\n"
	for name, c := range map[string]struct {
		form, password, subject, parts, opened string
	}{
		"a text":                  {"7z", word, "x", text("Password: " + word), "text"},
		"a text in Chinese":       {"7z", "abc123", "x", text("附件密码：abc123，请查收"), "text"},
		"a text in Japanese":      {"zip", "1234z", "x", text("パスワードは1234zです。"), "text"},
		"full width, folded":      {"info", "1234z", "x", text("パスワード：１２３４ｚです。"), "text"},
		"full width, as it is":    {"7z", "１２３４ｚ", "x", text("パスワード：１２３４ｚ"), "text"},
		"a slash":                 {"info", word, "x", text("pass/" + word), "text"},
		"dashes":                  {"zip", word, "x", text("It is —" + word + "— as ever"), "text"},
		"an arrow":                {"zip", word, "x", text("->" + word), "text"},
		"a semicolon":             {"zip", word, "x", text("pw=" + word + ";"), "text"},
		"zero width":              {"info", word, "x", text("Password: \u200bZwie\u200bbel77\u200d"), "text"},
		"spaced letters":          {"7z", "zwiebel", "x", text("the password is z w i e b e l"), "text"},
		"a phrase":                {"info", "my dear Watson", "x", text("Password: \"my dear Watson\""), "text"},
		"a comment":               {"zip", word, "x", page("<p>See it.<!-- key " + word + " --></p>"), "text"},
		"a picture's text":        {"zip", word, "x", page("<p>See it.<img src=a.png alt='Password: " + word + "'></p>"), "text"},
		"a title":                 {"zip", word, "x", page("<p title='" + word + "'>See it.</p>"), "text"},
		"hidden text":             {"zip", word, "x", page("<p>See it.</p><div style='display:none'>pw " + word + "</div>"), "text"},
		"letters in elements":     {"zip", "zwiebel", "x", page("<p>Password: <b>z</b><i>w</i><b>iebel</b></p>"), "text"},
		"the subject":             {"7z", word, "Your code: " + word, text("See it."), "subject"},
		"the subject, encoded":    {"7z", "密码的", "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte("密码：密码的")) + "?=", text("See it."), "subject"},
		"a file name":             {"zip", "4711x", "x", text("See it.") + part("image/png", "pw_4711x.png", []byte("no picture")), "filename"},
		"an attached text":        {"zip", word, "x", text("See it.") + part("application/octet-stream", "pw.txt", []byte("Password: "+word)), "file"},
		"an attached text/plain":  {"zip", word, "x", text("See it.") + part("text/plain", "pw.txt", []byte("Password: "+word)), "text"},
		"a calendar":              {"zip", word, "x", text("See it.") + part("text/calendar", "a.ics", []byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:Password: "+word+"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")), "file"},
		"a document":              {"zip", word, "x", text("See it.") + part("application/octet-stream", "a.docx", zipOf(t, member{"[Content_Types].xml", []byte("<Types/>")}, member{"word/document.xml", []byte("<w:document xmlns:w=\"w\"><w:p><w:t>Password: " + word + "</w:t></w:p></w:document>")})), "file"},
		"a nested email":          {"zip", word, "x", text("See it.") + "--b\r\nContent-Type: message/rfc822\r\n\r\n" + nested, "text"},
		"an email as a file":      {"zip", word, "x", text("See it.") + part("application/octet-stream", "a.eml", []byte(nested)), "text"},
		"nowhere, infected":       {"7z", "infected", "x", text("See it."), "well_known"},
		"nowhere, 1234":           {"info", "1234", "x", text("See it."), "well_known"},
		"nowhere, and not common": {"zip", word, "x", text("See it."), ""},
	} {
		t.Run(name, func(t *testing.T) {
			raw := fmt.Appendf(nil, "From: a@b.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n%s%s--b--\r\n",
				c.subject, c.parts, part("application/octet-stream", "a.arc", lockedBy(t, c.form, c.password)))
			opens(t, raw, "!inside.txt", c.opened)
		})
	}
}

// opens holds what opened the file whose path ends so.
func opens(t *testing.T, raw []byte, ending, opened string) {
	t.Helper()
	for _, m := range content.OpenFiles(raw, content.KindEML, content.Options{Limits: message.DefaultLimits()}) {
		for _, f := range m.Files {
			if strings.HasSuffix(f.Path, ending) {
				if f.OpenedWith != opened || (len(f.Texts) > 0) != (opened != "") {
					t.Errorf("%s is opened with %q, not %q: %v", f.Path, f.OpenedWith, opened, f.Problems)
				}
				return
			}
		}
	}
	if opened != "" {
		t.Error("nothing was opened")
	}
}

// TestPasswordBesideTheArchive holds that what stands beside an archive in another opens it.
func TestPasswordBesideTheArchive(t *testing.T) {
	for name, c := range map[string]struct {
		beside member
		opened string
	}{
		"a text": {member{"read me.txt", []byte("Password: Zwiebel77")}, "file"},
		"a name": {member{"password is Zwiebel77.txt", nil}, "filename"},
	} {
		outer := zipOf(t, member{"a.zip", lockedBy(t, "zip", "Zwiebel77")}, c.beside)
		t.Run(name, func(t *testing.T) {
			opens(t, carrier("application/zip", named("o.zip"), true, outer), "!inside.txt", c.opened)
		})
	}
}

// TestPasswordTextsAreBounded holds that of the texts of an email no more than a mebibyte is searched for
// passwords, and that those of a message in an archive are tried before those around it.
func TestPasswordTextsAreBounded(t *testing.T) {
	long := part("text/plain", "", []byte(strings.Repeat("many words ", 8000)))
	locked := lockedBy(t, "info", "Zwiebel77")
	mail := func(parts string) []byte {
		return []byte("From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + "--b--\r\n")
	}
	last := part("text/plain", "", []byte("Password: Zwiebel77")) + part("application/octet-stream", "a.arc", locked)
	opens(t, mail(strings.Repeat(long, 10)+last), "!inside.txt", "text")
	opens(t, mail(strings.Repeat(long, 20)+last), "!inside.txt", "")
	inner := mail(last)
	opens(t, mail(strings.Repeat(long, 10)+part("application/octet-stream", "b.zip", locked)+part("application/zip", "o.zip", zipOf(t, member{"m.eml", inner}))), "a.arc!inside.txt", "text")
}
