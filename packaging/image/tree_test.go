package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makeDeb builds a package of these files. Its own time differs each time.
func makeDeb(t *testing.T, control string, files map[string]string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("no dpkg-deb here")
	}
	folder := t.TempDir()
	files["DEBIAN/control"] = control
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o4755)); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(t.TempDir(), "package.deb")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", folder, deb).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	return deb
}

func packed(t *testing.T, tr tree) (names []string, raw []byte) {
	t.Helper()
	var out bytes.Buffer
	if err := tr.pack(&out, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(out.Bytes())); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, out.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode&0o6000 != 0 || h.ModTime.Unix() != 1 {
			t.Errorf("%s has the mode %o and the time %s", h.Name, h.Mode, h.ModTime)
		}
		names = append(names, h.Name)
	}
}

func TestTree(t *testing.T) {
	const control = "Package: one\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\nMaintainer: nobody <n@example.org>\nDescription: one\n"
	make := func() tree {
		tr := tree{}
		if err := tr.unpack(makeDeb(t, control, map[string]string{"bin/one": "#!", "usr/share/doc/one/copyright": "terms", "usr/share/man/man1/one.1": "page"})); err != nil {
			t.Fatal(err)
		}
		return tr
	}
	names, raw := packed(t, make())
	want := "usr/ usr/bin/ usr/bin/one usr/share/ usr/share/doc/ usr/share/doc/one/ usr/share/doc/one/copyright var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/info/ var/lib/dpkg/info/one:amd64.list var/lib/dpkg/status"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the tree is\n%s, want\n%s", got, want)
	}
	if _, again := packed(t, make()); !bytes.Equal(raw, again) {
		t.Error("two trees of the same files differ")
	}
	if status := string(make()[statusFile].data); !strings.HasPrefix(status, "Package: one\nStatus: install ok installed\n") || !strings.HasSuffix(status, "\n\n") {
		t.Errorf("dpkg's list is %q", status)
	}
}

func TestHardLinksComeLast(t *testing.T) {
	tr := tree{}
	link := &tar.Header{Name: "./bin/a", Typeflag: tar.TypeLink, Linkname: "./bin/b"}
	if err := errors.Join(tr.add(link, nil), tr.add(&tar.Header{Name: "./bin/b", Typeflag: tar.TypeReg, Mode: 0o755}, strings.NewReader("x"))); err != nil {
		t.Fatal(err)
	}
	if names, _ := packed(t, tr); strings.Join(names, " ") != "usr/ usr/bin/ usr/bin/b usr/bin/a" {
		t.Errorf("the order is %q", names)
	}
	if tr["usr/bin/a"].Linkname != "usr/bin/b" {
		t.Errorf("the link leads to %q", tr["usr/bin/a"].Linkname)
	}
}

func TestSystemNeedsItsPackages(t *testing.T) {
	if err := (tree{}).system(); err == nil {
		t.Error("an image without users and authorities was made")
	}
}
