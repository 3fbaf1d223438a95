package file_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

// TestHostileFilesLong holds that each bomb ends, and that its problem is named.
func TestHostileFilesLong(t *testing.T) { defuse(t, false) }

// TestBombsLong holds it of those that take as much as a file may.
func TestBombsLong(t *testing.T) { defuse(t, true) }

func defuse(t *testing.T, full bool) {
	list := filetest.Bombs()
	if len(list) < 60 {
		t.Errorf("only %d files", len(list))
	}
	for _, b := range list {
		if b.Full != full {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			var codes []string
			for _, f := range file.Walk(ctx, "2", file.Input{Name: b.Name, Data: b.Data, Passwords: file.Passwords(in("text", "the password is 1234"))}, file.NewBudget()) {
				for _, p := range f.Problems {
					codes = append(codes, p.Code)
				}
			}
			if ctx.Err() != nil {
				t.Error("it took until the end of the time")
			}
			if !b.Named(codes) {
				t.Errorf("problems %v, %s is missing", codes[:min(len(codes), 20)], b.Code)
			}
		})
	}
}

// TestTimeOver holds that reading ends with its context, and says so.
func TestTimeOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := file.Read(ctx, file.Input{Name: "a.zip", Data: filetest.Zip(filetest.File{Name: "a", Data: make([]byte, 1<<20)})}, file.NewBudget())
	if len(c.Problems) == 0 || c.Problems[0].Code != "limit_archive" {
		t.Errorf("%v", c.Problems)
	}
}

// FuzzRead holds that no bytes make a reader panic or give more than the budget
// allows, and that what has a known format gives something or says why not.
func FuzzRead(f *testing.F) {
	forms, err := os.ReadDir("testdata/forms")
	if err != nil {
		f.Fatal(err)
	}
	for _, form := range forms {
		data, err := os.ReadFile(filepath.Join("testdata", "forms", form.Name()))
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 5000 {
			f.Add(form.Name(), data)
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if file.Sniff(name, "", data) == "pdf" {
			t.Skip("PDFium is in a sandbox, and half a second for each is too slow here")
		}
		b := file.NewBudget()
		before := *b
		c := file.Read(t.Context(), file.Input{Name: name, Data: data, Passwords: file.Passwords(in("text", "one two"))}, b)
		if b.Bytes < 0 || b.Members < 0 || b.Pixels < 0 || b.Pages < 0 || b.Bytes > before.Bytes {
			t.Errorf("the budget is %+v", *b)
		}
		var unpacked int64
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
