package file_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/content/file"
)

// tool returns the path of a judge. In CI none is missing.
func tool(t *testing.T, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed (Debian: %s); in CI no judge may be missing", name, from)
	}
	t.Skipf("%s is not installed (Debian: %s): its judgement was not asked for", name, from)
	return ""
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// read reads a file within ten seconds, as slow as a loaded machine may be.
func read(t testing.TB, name string, data []byte, passwords ...file.Password) file.Content {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return file.Read(ctx, file.Input{Name: name, Data: data, Passwords: passwords}, file.NewBudget())
}

// TestArchivesOfTools holds that what 7-Zip, Info-ZIP and tar pack is unpacked.
func TestArchivesOfTools(t *testing.T) {
	sevenZip, zip := tool(t, "7z", "7zip"), tool(t, "zip", "zip")
	dir := t.TempDir()
	content := map[string][]byte{
		"invoice.txt": bytes.Repeat([]byte("Pay to http://phish.example/ today.\n"), 300), "b.exe": append([]byte("MZ\x90"), bytes.Repeat([]byte{1, 7, 9, 200}, 3000)...),
		"empty": {}, "sub/deep file.js": []byte("location='http://x.example'"),
	}
	for name, data := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs := []string{"invoice.txt", "b.exe", "empty", "sub"}
	var cases [][]string
	for _, a := range []string{
		"-tzip", "-tzip -mx=0", "-tzip -mx=9", "-tzip -mm=BZip2", "-tzip -mm=Deflate -mx=1", "-tzip -psecret", "-tzip -psecret -mem=AES128", "-tzip -psecret -mem=AES192", "-tzip -psecret -mem=AES256",
		"-tzip -psecret -mem=AES256 -mx=0", "-tzip -psecret -mm=BZip2", "-t7z", "-t7z -mx=0", "-t7z -mx=9", "-t7z -m0=LZMA", "-t7z -m0=BZip2", "-t7z -m0=Deflate", "-t7z -ms=off", "-t7z -mhc=off",
		"-t7z -m0=LZMA2:d=1m", "-t7z -m0=LZMA -mf=BCJ2", "-t7z -m0=Delta:4 -m1=LZMA", "-t7z -m0=Copy", "-t7z -psecret", "-t7z -psecret -mhe=on", "-t7z -psecret -ms=off", "-t7z -psecret -m0=LZMA -mhe=on", "-t7z -psecret -m0=Copy", "-ttar",
	} {
		cases = append(cases, append([]string{sevenZip, "a", "-bd", "-y"}, strings.Fields(a)...))
	}
	for _, a := range []string{"", "-0", "-9", "-Z bzip2", "-P secret", "-P secret -0", "-fd", "-P secret -9 -fz"} {
		cases = append(cases, append([]string{zip, "-q", "-r"}, strings.Fields(a)...))
	}
	for i, c := range cases {
		t.Run(strings.Join(c[1:], " "), func(t *testing.T) {
			name := fmt.Sprintf("%d.bin", i)
			args := append(append([]string{}, c[1:]...), name)
			if c[0] == zip {
				args = append(append([]string{}, c[1:]...), name)
			}
			run(t, dir, c[0], append(args, inputs...)...)
			packed := name
			if _, err := os.Stat(filepath.Join(dir, packed)); err != nil {
				packed = name + ".zip"
			}
			data, err := os.ReadFile(filepath.Join(dir, packed))
			if err != nil {
				t.Fatal(err)
			}
			encrypted := strings.Contains(strings.Join(c, " "), "secret")
			checkMembers(t, read(t, name, data, file.Password{Text: "wrong", From: "subject"}, file.Password{Text: "secret", From: "text"}), content, encrypted)
			if encrypted {
				checkLocked(t, read(t, name, data, file.Password{Text: "wrong", From: "subject"}))
			}
		})
	}
}

func checkMembers(t *testing.T, c file.Content, want map[string][]byte, encrypted bool) {
	t.Helper()
	if len(c.Problems) > 0 || len(c.Members) != len(want) {
		t.Errorf("%d members and the problems %v; packed were %d", len(c.Members), c.Problems, len(want))
	}
	for _, m := range c.Members {
		data, ok := want[filepath.ToSlash(m.Name)]
		if !ok || !m.Read || !bytes.Equal(m.Data, data) || m.Size != int64(len(data)) || len(m.Problems) > 0 {
			t.Errorf("member %q: known %t, read %t, %d bytes for %d, problems %v", m.Name, ok, m.Read, len(m.Data), len(data), m.Problems)
		}
		if opened := m.OpenedWith == "text"; opened != encrypted && len(data) > 0 {
			t.Errorf("member %q: opened with %q", m.Name, m.OpenedWith)
		}
	}
}

// checkLocked holds that an archive that no password opens is named as such.
func checkLocked(t *testing.T, c file.Content) {
	t.Helper()
	problems := c.Problems
	for _, m := range c.Members {
		problems = append(problems, m.Problems...)
	}
	if len(problems) == 0 || problems[0].Code != "archive_encrypted" {
		t.Errorf("without the password: problems %v", problems)
	}
}

// TestStreamsOfTools does so for the formats of one file.
func TestStreamsOfTools(t *testing.T) {
	sevenZip := tool(t, "7z", "7zip")
	dir := t.TempDir()
	data := bytes.Repeat([]byte("one line of many\n"), 500)
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, ext := range map[string]string{"gzip": "gz", "bzip2": "bz2", "xz": "xz"} {
		run(t, dir, sevenZip, "a", "-bd", "-t"+kind, "a.txt."+ext, "a.txt")
		packed, err := os.ReadFile(filepath.Join(dir, "a.txt."+ext))
		if err != nil {
			t.Fatal(err)
		}
		checkMembers(t, read(t, "a.txt."+ext, packed), map[string][]byte{"a.txt": data}, false)
	}
}

// TestCodesOfQrencode holds that codes are read as zbarimg reads them.
func TestCodesOfQrencode(t *testing.T) {
	qrencode, zbarimg := tool(t, "qrencode", "qrencode"), tool(t, "zbarimg", "zbar-tools")
	dir := t.TempDir()
	for i, text := range []string{"http://phish.example/login", "HTTPS://UPPER.EXAMPLE/A", "https://long.example/" + strings.Repeat("abc123", 30), "12345678"} {
		for _, options := range []string{"-s 3", "-s 2", "-s 10", "-s 4 -m 1", "-s 4 -l H", "-s 3 --foreground=ffffff --background=000000", "-s 5 --foreground=123456 --background=ffeedd", "-s 4 -v 12"} {
			t.Run(fmt.Sprintf("%d %s", i, options), func(t *testing.T) {
				run(t, dir, qrencode, append(strings.Fields(options), "-o", "q.png", text)...)
				data, err := os.ReadFile(filepath.Join(dir, "q.png"))
				if err != nil {
					t.Fatal(err)
				}
				judged, _ := exec.Command(zbarimg, "-q", "--raw", "--nodbus", filepath.Join(dir, "q.png")).Output()
				c := read(t, "q.png", data)
				if len(c.Links) != 1 || c.Links[0].URL != text {
					t.Errorf("%+v; zbarimg reads %q, encoded is %q", c, judged, text)
				}
			})
		}
	}
}

func linkTo(target string) func(file.Link) bool {
	return func(l file.Link) bool { return l.URL == target }
}

// judgeCode reports whether zbarimg reads a code in a picture. It knows no WebP on
// some systems: then the judgement is no.
func judgeCode(t *testing.T, dir, zbarimg, format string, data []byte) bool {
	t.Helper()
	path := filepath.Join(dir, "judge."+format)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(zbarimg, "-q", "--raw", "--nodbus", path).Output()
	return len(bytes.TrimSpace(out)) > 0
}
