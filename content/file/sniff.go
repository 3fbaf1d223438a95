package file

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/content/file/archive"
)

// starts are the formats that their first bytes tell.
var starts = []struct{ start, format string }{
	{"7z\xBC\xAF\x27\x1C", "7z"},
	{"Rar!\x1A\x07", "rar"},
	{"\x1F\x8B\x08", "gzip"},
	{"BZh", "bzip2"},
	{"\xFD7zXZ\x00", "xz"},
	{"MSCF\x00\x00\x00\x00", "cab"},
	{"\x89PNG\r\n\x1A\n", "png"},
	{"\xFF\xD8\xFF", "jpeg"},
	{"GIF87a", "gif"},
	{"GIF89a", "gif"},
	{"{\\rt", "rtf"},
	{"L\x00\x00\x00\x01\x14\x02\x00", "lnk"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "ole"},
	{"bplist00", "webloc"},
	{"-----BEGIN PGP MESSAGE-----", "pgp"},
}

// isoStart is how many bytes a disc image has in front of its descriptors: zeros, or what boots.
const isoStart = 16 * 2048

// mayBeImage reports whether a file may be a disc image, whose mark is far behind its beginning.
func mayBeImage(name string, start []byte) bool {
	return isDiskName(name) || len(bytes.TrimLeft(start, "\x00")) == 0 && len(start) > 0
}

var pictures = map[string]bool{"png": true, "jpeg": true, "gif": true, "bmp": true, "webp": true}

// Sniff says what format a file has: by its bytes, and among texts by its name and
// declared type too. "" means that it is none that is read.
func Sniff(name, mediaType string, data []byte) string {
	if f := sniffBytes(name, data); f != "" {
		return f
	}
	return sniffText(name, mediaType, data)
}

// sniffBytes tells the formats that are no text.
func sniffBytes(name string, data []byte) string {
	for _, s := range starts {
		if bytes.HasPrefix(data, []byte(s.start)) {
			return s.format
		}
	}
	at := func(offset int, s string) bool {
		return len(data) >= offset+len(s) && string(data[offset:offset+len(s)]) == s
	}
	switch {
	case at(0, "PK\x03\x04"), at(0, "PK\x05\x06"), at(0, "PK00PK\x03\x04"):
		return sniffZIP(data)
	case at(0, "RIFF") && at(8, "WEBP"):
		return "webp"
	case at(0, "BM") && len(data) > 26 && data[14] < 128 && at(15, "\x00\x00\x00"):
		return "bmp"
	case at(257, "ustar"), archive.IsTarHeader(data):
		return "tar"
	case at(isoStart+1, "CD001"), at(isoStart+1, "BEA01"):
		return "iso"
	// Readers accept a PDF whose header stands in the first kilobyte.
	case bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")):
		return "pdf"
	}
	if strings.HasSuffix(strings.ToLower(name), ".zip") && bytes.Contains(data[max(0, len(data)-(66<<10)):], []byte("PK\x05\x06")) || endsInZIP(data) {
		return "zip" // with something in front
	}
	return sniffForeign(data)
}

// sniffZIP tells documents from archives by the first names in it.
func sniffZIP(data []byte) string {
	head, tail := data[:min(len(data), 4096)], data[max(0, len(data)-(64<<10)):]
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) || bytes.Contains(tail, []byte(s)) }
	switch {
	case has("[Content_Types].xml"):
		return "ooxml"
	case bytes.Contains(head, []byte("mimetypeapplication/vnd.oasis.opendocument")), has("META-INF/manifest.xml") && has("content.xml"):
		return "odf"
	}
	return "zip"
}

// textMarks are what the start of a text says, in lower case.
var textMarks = []struct{ mark, format string }{
	{"begin:vcalendar", "ics"},
	{"begin:vcard", "vcard"},
	{"[internetshortcut", "url"},
	{"<!doctype plist", "webloc"},
	{"<plist", "webloc"},
	{"<svg", "svg"},
	{"<!doctype html", "html"},
	{"<html", "html"},
	{"<head", "html"},
	{"<body", "html"},
	{"<script", "html"},
	{"<meta", "html"},
	{"<a ", "html"},
	{"<div", "html"},
	{"<table", "html"},
}

var textNames = map[string]string{
	".htm": "html", ".html": "html", ".shtml": "html", ".xhtml": "html", ".xht": "html", ".hta": "html", ".svg": "svg",
	".mht": "mhtml", ".mhtml": "mhtml", ".ics": "ics", ".vcf": "vcard", ".url": "url", ".webloc": "webloc",
	"text/html": "html", "application/xhtml+xml": "html", "image/svg+xml": "svg", "text/calendar": "ics", "text/vcard": "vcard",
}

func sniffText(name, mediaType string, data []byte) string {
	head := strings.ToLower(decodeText(data[:min(len(data), 2048)]))
	if !isText(head) {
		return ""
	}
	if strings.Contains(head, "mime-version:") && strings.Contains(head, "multipart/related") && named(name, mediaType) == "mhtml" {
		return "mhtml"
	}
	for _, m := range textMarks {
		if i := strings.Index(head, m.mark); i >= 0 && (strings.HasPrefix(m.mark, "<") || strings.TrimSpace(head[:i]) == "") {
			return m.format
		}
	}
	if f := named(name, mediaType); f != "" && f != "mhtml" {
		return f
	}
	return "text"
}

func named(name, mediaType string) string {
	if f := textNames[strings.ToLower(path.Ext(name))]; f != "" {
		return f
	}
	return textNames[strings.ToLower(mediaType)]
}

// isText reports whether a decoded start has no control characters that no text has.
func isText(s string) bool {
	odd := 0
	for _, r := range s {
		if r == utf8.RuneError || r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b", r) {
			odd++
		}
	}
	return s != "" && odd*50 <= len(s)
}
