package archive_test

import (
	"bytes"
	"slices"
	"testing"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/content/file/filetest"
	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// codes are those of all problems of a content.
func codes(c held.Content) (all []string) {
	for _, p := range c.Problems {
		all = append(all, p.Code)
	}
	for _, m := range c.Members {
		for _, p := range m.Problems {
			all = append(all, p.Code)
		}
	}
	return all
}

// TestBudget holds that what is read is charged, and that each limit ends the reading with its problem.
func TestBudget(t *testing.T) {
	packed := filetest.Zip(filetest.File{Name: "a", Data: make([]byte, 1000)}, filetest.File{Name: "b", Data: make([]byte, 1000)})
	for name, c := range map[string]struct {
		given, left held.Budget
		read        int
		code        string
	}{
		"enough":       {held.Budget{Bytes: 5000, Members: 5, Tries: 5}, held.Budget{Bytes: 3000, Members: 3, Tries: 5}, 2, ""},
		"exactly":      {held.Budget{Bytes: 2000, Members: 2}, held.Budget{}, 2, ""},
		"few bytes":    {held.Budget{Bytes: 1500, Members: 5}, held.Budget{Bytes: 500, Members: 3}, 1, message.CodeLimitArchive},
		"one member":   {held.Budget{Bytes: 5000, Members: 1}, held.Budget{Bytes: 4000}, 1, message.CodeLimitArchive},
		"nothing left": {held.Budget{}, held.Budget{}, 0, message.CodeLimitArchive},
	} {
		b := c.given
		got := archive.Read(t.Context(), "zip", "a.zip", packed, nil, &b)
		read := 0
		for _, m := range got.Members {
			if m.Read {
				read++
			}
		}
		if b != c.left || read != c.read || c.code == "" && len(codes(got)) > 0 || c.code != "" && !slices.Contains(codes(got), c.code) {
			t.Errorf("%s: %d members read, left %+v, problems %v", name, read, b, codes(got))
		}
	}
}

// TestDirectory holds that a ZIP is told from what is none by its directory.
func TestDirectory(t *testing.T) {
	sound := filetest.Zip(filetest.File{Name: "../a", Data: []byte("x")})
	if err := archive.Directory(sound); err != nil {
		t.Error(err)
	}
	if err := archive.Directory(sound[:len(sound)-10]); err == nil {
		t.Error("a ZIP without its end has a directory")
	}
}

// FuzzRead holds that no bytes make a reader of archives panic, charge less than it
// unpacked, or keep silent about a member that it did not read.
func FuzzRead(f *testing.F) {
	f.Add("zip", filetest.Zip(filetest.File{Name: "a", Data: []byte("content")}))
	f.Add("zip", bytes.Repeat(filetest.Zip(filetest.File{Name: "a", Data: []byte("content")}), 2))
	f.Add("tar", filetest.Tar("a", []byte("content")))
	f.Add("tar", bytes.Repeat(filetest.Tar("a", []byte("content")), 2))
	f.Add("gzip", filetest.Gzip([]byte("content")))
	f.Add("rar", []byte("Rar!\x1a\x07\x01\x00\x33\x92\xb5\xe5\x0a\x01\x05\x06\x00\x05\x01\x01\x80\x80\x00"))
	f.Add("cab", []byte("MSCF\x00\x00\x00\x00\x50\x00\x00\x00\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x00\x00\x00\x03\x01\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x47\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00a\x00\x00\x00\x00\x00\x01\x00\x01\x00x"))
	f.Add("7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04\x8d\x9b\xd5\x0f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add("iso", append(make([]byte, 0x8000), "\x01CD001\x01"...))
	f.Add("bzip2", []byte("BZh91AY&SY"))
	f.Add("xz", []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"))
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		if !archive.Formats(format) {
			t.Skip()
		}
		before := held.Budget{Bytes: 1 << 20, Members: 50, Tries: 20}
		b := before
		c := archive.Read(t.Context(), format, "a", data, []held.Password{{Text: "x"}, {Text: "secret"}}, &b)
		if b.Bytes < 0 || b.Members < 0 || b.Tries < 0 {
			t.Errorf("the budget is %+v", b)
		}
		unpacked := int64(0)
		for _, m := range c.Members {
			unpacked += int64(len(m.Data))
			if !m.Read && len(m.Problems) == 0 {
				t.Errorf("member %q was not read and nothing says why", m.Name)
			}
		}
		if unpacked > before.Bytes-b.Bytes {
			t.Errorf("%d bytes were unpacked, %d were counted", unpacked, before.Bytes-b.Bytes)
		}
	})
}
