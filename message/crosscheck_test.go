package message

import (
	"slices"
	"strings"
	"testing"
)

// seen is everything that a reader of an email can come upon: texts and the names and contents of files.
func seen(m *Message) string {
	var out strings.Builder
	for s := range m.Searchable() {
		out.WriteString(s + "\n")
	}
	for _, a := range m.Attachments() {
		content, _ := m.Content(a.Part)
		out.WriteString(a.Filename + "\n" + string(content) + "\n")
	}
	return out.String()
}

// TestAmbiguous are emails that programs read differently. Whatever one of them shows must be
// seen here, the disagreement named, and nothing listed twice.
func TestAmbiguous(t *testing.T) {
	const (
		evil  = "Content-Type: application/zip; name=evil.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nRVZJTA==\r\n" // EVIL
		good  = "Content-Type: text/plain\r\n\r\nharmless\r\n"
		multi = "Content-Type: multipart/mixed; boundary="
	)
	for name, tt := range map[string]struct {
		mail string
		show []string // what must be seen
		code string   // the problem that says why; "" where the email is not ambiguous to any of them
	}{
		"two Content-Types, the second with parts": {"Content-Type: text/plain\r\n" + multi + "b\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"evil.zip", "EVIL"}, CodeDuplicateHeader},
		"two Content-Types, the first with parts":  {multi + "b\r\nContent-Type: text/plain\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"evil.zip", "EVIL"}, CodeDuplicateHeader},
		"two boundaries":                            {multi + "a; boundary=b\r\n\r\n--a\r\n" + good + "--a--\r\n--b\r\n" + evil + "--b--\r\n", []string{"harmless", "evil.zip", "EVIL"}, CodeDuplicateParameter},
		"a boundary in quotes that never end":       {multi + "\"b\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, ""},
		"a boundary with a comment":                 {multi + "b (x)\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, ""},
		"a boundary in pieces":                      {"Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\r\n\r\n--bc\r\n" + evil + "--bc--\r\n", []string{"EVIL"}, CodeBoundaryAmbiguous},
		"delimiters that go on":                     {multi + "b\r\n\r\n--b\r\n" + good + "--bx\r\n" + evil + "--b--\r\n", []string{"harmless", "EVIL"}, CodeBoundaryJunk},
		"delimiters with blanks in front":           {multi + "b\r\n\r\n --b\r\n" + evil + " --b--\r\n", []string{"EVIL"}, CodeBoundaryAmbiguous},
		"no end":                                    {multi + "b\r\n\r\n--b\r\n" + good + "--b\r\n" + evil, []string{"harmless", "EVIL"}, CodeMissingEnd},
		"parts behind the end":                      {multi + "b\r\n\r\n--b\r\n" + good + "--b--\r\n--b\r\n" + evil + "--b--\r\n", []string{"harmless", "EVIL"}, CodePartsAfterEnd},
		"no boundary at all":                        {"Content-Type: multipart/mixed\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, CodeBoundaryMissing},
		"another boundary than declared":            {multi + "declared\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, CodeBoundaryMissing},
		"no parts":                                  {multi + "b\r\n\r\njust a text\r\n", []string{"just a text"}, CodeNoParts},
		"the boundary of the multipart around it":   {multi + "b\r\n\r\n--b\r\n" + multi + "b\r\n\r\n--b\r\n" + evil + "--b--\r\n--b--\r\n", []string{"EVIL"}, CodeBoundaryReused},
		"an encoded multipart":                      {multi + "b\r\nContent-Transfer-Encoding: base64\r\n\r\nLS1iDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW4NCg0KRVZJTA0KLS1iLS0NCg==\r\n", []string{"EVIL"}, CodeEncodedComposite},
		"an encoded message":                        {"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogcw0KDQpFVklMDQo=\r\n", []string{"EVIL"}, CodeEncodedComposite},
		"a type that is no multipart":               {"Content-Type: application/x-mixed; boundary=b\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, CodeBoundaryAmbiguous},
		"MIME fields behind the empty line":         {"Subject: s\r\n\r\n" + multi + "b\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, CodeMissingBlankLine},
		"a header without the empty line behind it": {"Subject: s\r\nhello there\r\n\r\nmore\r\n", []string{"hello there", "more"}, CodeBadHeaderLine},
		"an encoding among others":                  {"Content-Type: application/zip; name=evil.zip\r\nContent-Transfer-Encoding: x, base64\r\n\r\nRVZJTA==\r\n", []string{"EVIL"}, CodeUnknownEncoding},
		"two encodings":                             {"Content-Type: application/zip; name=evil.zip\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\nRVZJTA==\r\n", []string{"EVIL"}, CodeDuplicateHeader},
		"base64 that goes on behind its padding":    {"Content-Type: application/zip; name=evil.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nR09PRA==RVZJTA==\r\n", []string{"GOODEVIL"}, CodeBase64Joined},
		"base64 with characters between":            {"Content-Type: application/zip; name=evil.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nRV!ZJ*TA==\r\n", []string{"EVIL"}, CodeBase64Junk},
		"two names":                                 {"Content-Type: application/zip; name=evil.zip\r\nContent-Disposition: attachment; filename=good.txt\r\n\r\nx", []string{"evil.zip", "good.txt"}, CodeFilenameAmbiguous},
		"a name twice":                              {"Content-Disposition: attachment; filename=good.txt; filename=evil.exe\r\n\r\nx", []string{"good.txt", "evil.exe"}, CodeFilenameAmbiguous},
		"a name in two ways":                        {"Content-Disposition: attachment; filename=good.txt; filename*=utf-8''evil.exe\r\n\r\nx", []string{"good.txt", "evil.exe"}, CodeFilenameAmbiguous},
		"lines that end in CR":                      {strings.ReplaceAll(multi+"b\r\n\r\n--b\r\n"+evil+"--b--\r\n", "\r\n", "\r"), []string{"EVIL"}, CodeBareCR},
		"a NUL in a type":                           {"Content-Type: multi\x00part/mixed; boundary=b\r\n\r\n--b\r\n" + evil + "--b--\r\n", []string{"EVIL"}, CodeBoundaryAmbiguous},
		"sound":                                     {multi + "b\r\n\r\n--b\r\n" + good + "--b\r\n" + evil + "--b--\r\n", []string{"harmless", "evil.zip", "EVIL"}, ""},
	} {
		m := Parse([]byte("From: a@b.example\r\n"+tt.mail), DefaultLimits())
		all := seen(m)
		for _, want := range tt.show {
			if !strings.Contains(all, want) {
				t.Errorf("%s: %q is not seen: %q, %v", name, want, all, m.Problems)
			}
		}
		if tt.code != "" && !hasCode(m, tt.code) {
			t.Errorf("%s: no %s: %v", name, tt.code, m.Problems)
		}
		var listed []string
		for _, a := range m.Attachments() {
			if key := a.Filename + " " + a.SHA256; a.Filename != "" {
				if slices.Contains(listed, key) {
					t.Errorf("%s: %s is listed twice", name, a.Filename)
				}
				listed = append(listed, key)
			}
		}
	}
}

// TestSecondReader holds when the second reader is asked and what becomes of its opinion.
func TestSecondReader(t *testing.T) {
	huge := "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("--x\r\n", secondMaxDashes+1)
	m := Parse([]byte(huge), DefaultLimits())
	if !hasCode(m, CodeNotCrossChecked) || !hasCode(m, CodeMissingEnd) {
		t.Errorf("an email that would cost the second reader too much: %v", m.Problems)
	}
	for text, want := range map[string]int{"a: b\r\n c\r\n d\r\n\r\nx": 14, "": 0, "abc": 3, "a\n b": 4} {
		if got := longestField([]byte(text)); got != want {
			t.Errorf("the longest field of %q has %d bytes, want %d", text, got, want)
		}
	}
	if parts, asked := secondReader(newMessage([]byte("\x00\xff--"), DefaultLimits()), "alt1"); !asked || len(parts) > 1 {
		t.Errorf("%d parts of what is no email", len(parts))
	}
}

// TestReadingsOfBoundaries holds how many ways there are to read a boundary: one where nothing is odd.
func TestReadingsOfBoundaries(t *testing.T) {
	for raw, want := range map[string][]string{
		`multipart/mixed; boundary=b`:                 {"b"},
		`multipart/mixed; boundary="b"`:               {"b"},
		`multipart/mixed; boundary="b"; x=y`:          {"b"},
		`multipart/mixed; x="boundary=c"; boundary=b`: {"b", `c"; boundary=b`, "c"},
		`multipart/mixed; boundary="a b"`:             {"a b", `"a b"`, "a", "ab"},
		`multipart/mixed; boundary=a b`:               {"a b", "a", "ab"},
		`multipart/mixed`:                             nil,
	} {
		got := boundaries(raw, parseMedia(raw, DefaultLimits()))
		if len(want) > 0 && (len(got) == 0 || got[0] != want[0]) || len(want) == 0 && len(got) > 0 {
			t.Errorf("%s: %q, want %q first", raw, got, want)
		}
		for _, b := range want {
			if !slices.Contains(got, b) {
				t.Errorf("%s: %q is missing in %q", raw, b, got)
			}
		}
		if len(want) == 1 && len(got) != 1 {
			t.Errorf("%s: %q", raw, got)
		}
	}
}
