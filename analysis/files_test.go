package analysis_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// carrying is an email with one attached file.
func carrying(text, name string, data []byte) []byte {
	return fmt.Appendf(nil, "From: a@sender.example\r\nSubject: Your files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n%s\r\n"+
		"--b\r\nContent-Type: application/octet-stream; name=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n", text, name, base64.StdEncoding.EncodeToString(data))
}

func zipOf(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLinksInFiles holds that a link is an indicator wherever a file has it, and which file that is.
func TestLinksInFiles(t *testing.T) {
	shortcut := []byte("[InternetShortcut]\r\nURL=http://phish.example.org/x\r\n")
	calendar := []byte("BEGIN:VCALENDAR\r\nDESCRIPTION:pay at http://phish.exa\r\n mple.org/x now\r\n")
	page := []byte(`<html><a href="http://phish.example.org/x">here</a></html>`)
	for name, c := range map[string]struct {
		file string
		data []byte
		part string
	}{
		"shortcut":      {"a.url", shortcut, "2"},
		"calendar":      {"a.bin", calendar, "2"},
		"page":          {"scan.pdf", page, "2"},
		"in an archive": {"a.zip", zipOf(t, "b.url", shortcut), "2!a.zip!b.url"},
		"in two":        {"a.zip", zipOf(t, "b.zip", zipOf(t, "c.html", page)), "2!a.zip!b.zip!c.html"},
		"under a name":  {"photo.jpg", zipOf(t, "b.url", shortcut), "2!photo.jpg!b.url"},
		"a message":     {"a.zip", zipOf(t, "m.eml", append([]byte("From: x@y.example\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"), base64.StdEncoding.EncodeToString(page)...)), "2!a.zip!m.eml!1"},
		"its file":      {"a.zip", zipOf(t, "m.eml", carrying("see", "b.zip", zipOf(t, "c.url", shortcut))), "2!a.zip!m.eml!2!b.zip!c.url"},
		"rich text":     {"a.doc", []byte(`{\rtf1{\field{\*\fldinst{HYPERLINK "http://phish.example.org/x"}}{\fldrslt here}}}`), "2"},
	} {
		t.Run(name, func(t *testing.T) {
			a := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
			a.Add(soar.Record{}, carrying("See the file.", c.file, c.data), analysis.KindEML)
			r := a.Report()
			i := slices.IndexFunc(r.Indicators, func(i analysis.Indicator) bool { return i.Value == "http://phish.example.org/x" })
			if i < 0 || !slices.ContainsFunc(r.Indicators[i].Seen, func(s analysis.Seen) bool { return s.Part == c.part }) {
				t.Errorf("indicators %+v, problems %v", r.Indicators, r.Problems)
			}
			var files []analysis.FoundFile
			for _, m := range r.Messages {
				files = append(files, m.Files...)
			}
			if !slices.ContainsFunc(files, func(f analysis.FoundFile) bool {
				return f.Part == strings.TrimSuffix(c.part, "!1") && len(f.SHA256) == 64
			}) {
				t.Errorf("files %+v", files)
			}
		})
	}
}

// locked is a ZIP of Info-ZIP with the file note.txt, encrypted by zip -P swordfish.
const locked = "UEsDBAoACQAAAOM7fF3IGKFZKgAAAB4AAAAIAAAAbm90ZS50eHRXits3f7He9vOg6MELKi+nZf8hKsmseZLbsHIaFQHwiJiHU0hqNdDiQTJQSwcIyBihWSoAAAAeAAAAUEsBAh4DCgAJAAAA4zt8XcgYoVkqAAAAHgAAAAgAAAAAAAAAAQAAAKSBAAAAAG5vdGUudHh0UEsFBgAAAAABAAEANgAAAGAAAAAAAA=="

// TestPasswords holds that a password in the text or of the user opens an archive, and that one without is named.
func TestPasswords(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(locked)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text      string
		passwords []string
		opened    string
	}{
		{"The password is: swordfish.", nil, "text"},
		{"Look.", []string{"wrong", "swordfish"}, "archive_passwords"},
		{"Look.", nil, ""},
	} {
		a := analysis.New(analysis.Options{Limits: message.DefaultLimits(), Passwords: c.passwords})
		a.Add(soar.Record{}, carrying(c.text, "a.zip", data), analysis.KindEML)
		r := a.Report()
		files := r.Messages[0].Files
		if len(files) != 2 || files[1].OpenedWith != c.opened || (files[1].SHA256 != "") != (c.opened != "") {
			t.Errorf("%q: files %+v", c.text, files)
		}
		named := slices.ContainsFunc(r.Problems, func(p analysis.FoundProblem) bool {
			return p.Code == "archive_encrypted" && strings.HasPrefix(p.Detail, "2!a.zip!note.txt: ")
		})
		if named != (c.opened == "") {
			t.Errorf("%q: problems %v", c.text, r.Problems)
		}
	}
}
