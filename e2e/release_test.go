//go:build linux

package e2e_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/imapmem"
)

// What the targets dist, image and deb of the Makefile make is tried here as a
// stranger would. They build the program for several machines, so they are of make test-long.

// makeTarget runs make in the root of the project and returns the folder of what it made.
func makeTarget(t *testing.T, args ...string) string {
	t.Helper()
	out := t.TempDir()
	c := exec.Command("make", append([]string{"OUT=" + out, "EPOCH=1000000000", "VERSION=v9.8.7", "REVISION=0123456789abcdef"}, args...)...)
	c.Dir = ".."
	if text, err := c.CombinedOutput(); strings.Contains(string(text), "cannot be fetched") {
		t.Skipf("Debian's packages cannot be reached from here: %s", text)
	} else if err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return out
}

// digests are those of the files of a folder that fit a pattern.
func digests(t *testing.T, folder, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s, %v", pattern, folder, err)
	}
	sums := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sums[filepath.Base(name)] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return sums
}

// TestDistLong makes the archives twice, with other settings of the environment the
// second time, and wants equal bytes; then it runs what is in one.
func TestDistLong(t *testing.T) {
	first := makeTarget(t, "dist", "TARGETS=linux/amd64 windows/amd64") // the CI workflow builds the others
	t.Setenv("GOFLAGS", "-tags=somebody")
	t.Setenv("TZ", "Asia/Tokyo")
	second := makeTarget(t, "dist", "TARGETS=linux/amd64")
	sums := digests(t, first, "imap-integration_*")
	if len(sums) != 4 {
		t.Errorf("%d files were made, not an archive and a bill of materials for each of two systems", len(sums))
	}
	for name, sum := range digests(t, second, "imap-integration_*") {
		if sums[name] != sum {
			t.Errorf("%s differs between two builds", name)
		}
	}
	check := exec.Command("sha256sum", "-c", "SHA256SUMS")
	check.Dir = first
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum -c: %v\n%s", err, out)
	}
	root := t.TempDir()
	unpackTarGZ(t, filepath.Join(first, "imap-integration_9.8.7_linux_amd64.tar.gz"), root)
	root = filepath.Join(root, "imap-integration_9.8.7_linux_amd64")
	for _, name := range []string{
		"LICENSE", "README.md", "SECURITY.md", "integration.yaml", "actions/incoming-mail-daemon.yaml", "docs/contract.md",
		"man/man1/imap-integration-incoming-mail-daemon.1", "completion/imap-integration.bash", "completion/imap-integration.powershell",
		"licences/INDEX.txt", "licences/go/LICENSE", "licences/pdfium/LICENSE.txt",
	} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Size() == 0 {
			t.Errorf("the archive has no %s (%v)", name, err)
		}
	}
	holdBill(t, filepath.Join(root, "imap-integration"), filepath.Join(first, "imap-integration_9.8.7_linux_amd64.cdx.json"), filepath.Join(root, "licences"))
}

// holdBill compares what the program says that it is made of with its bill of materials and with the licences beside it.
func holdBill(t *testing.T, program, bill, licences string) {
	t.Helper()
	out, err := exec.Command(program, "version", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Version, Revision string
		Modules           []struct{ Path, Version, Sum string }
	}
	if err := json.Unmarshal(out, &made); err != nil || made.Version != "9.8.7" || made.Revision != "0123456789abcdef" || len(made.Modules) < 20 {
		t.Fatalf("version --json: %v, %s", err, out)
	}
	text, err := os.ReadFile(bill)
	if err != nil {
		t.Fatal(err)
	}
	var listed struct {
		BomFormat  string
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(text, &listed); err != nil || listed.BomFormat != "CycloneDX" {
		t.Fatalf("%s: %v", bill, err)
	}
	known := map[string]bool{}
	for _, c := range listed.Components {
		known[c.Name+"@"+c.Version] = true
	}
	for _, m := range made.Modules {
		name := m.Path + "@" + m.Version
		if !known[name] {
			t.Errorf("%s is in the program and not in the bill of materials", name)
		}
		if found, err := filepath.Glob(filepath.Join(licences, name, "*")); err != nil || len(found) == 0 {
			t.Errorf("%s is in the program and its licence not in the archive", name)
		}
	}
}

func unpackTarGZ(t *testing.T, archive, into string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	unpackTar(t, z, into)
}

// unpackTar unpacks as root does: with owners, so that a program of another user can be tried.
func unpackTar(t *testing.T, r io.Reader, into string) {
	t.Helper()
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := unpackEntry(filepath.Join(into, h.Name), into, h, archive); err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
	}
}

func unpackEntry(name, root string, h *tar.Header, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
	case tar.TypeSymlink:
		return os.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return os.Link(filepath.Join(root, h.Linkname), name)
	default:
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(name, h.Uid, h.Gid); err != nil {
			return err
		}
	}
	mode := os.FileMode(h.Mode & 0o777)
	if h.Mode&0o1000 != 0 {
		mode |= os.ModeSticky
	}
	return os.Chmod(name, mode)
}

// ociImage is what a test needs of an image in an archive.
type ociImage struct {
	Architecture string
	Config       struct {
		User, WorkingDir string
		Env, Cmd         []string
		Labels           map[string]string
	}
	root string // where its layers are unpacked
}

// openImage reads the archive as docker load does, by manifest.json, and checks the digests as podman load does.
func openImage(t *testing.T, archive string) ociImage {
	t.Helper()
	folder := t.TempDir()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpackTar(t, f, folder)
	blobs, err := filepath.Glob(filepath.Join(folder, "blobs/sha256/*"))
	if err != nil || len(blobs) != 4 {
		t.Errorf("%d blobs, %v; wanted a manifest, a configuration and two layers", len(blobs), err)
	}
	for name, sum := range digests(t, folder, "blobs/sha256/*") {
		if name != sum {
			t.Errorf("the blob %s has the digest %s", name, sum)
		}
	}
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	readJSON(t, filepath.Join(folder, "manifest.json"), &manifest)
	var image ociImage
	readJSON(t, filepath.Join(folder, manifest[0].Config), &image)
	image.root = t.TempDir()
	if err := os.Chmod(image.root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest[0].Layers {
		unpackTarGZ(t, filepath.Join(folder, layer), image.root)
	}
	return image
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// run runs a command in the container that the image would become, on a root that
// its user cannot write to, as the platform may start it.
func (i ociImage) run(t *testing.T, env []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(args[0], args[1:]...)
	c.Path = args[0]
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root, Credential: &syscall.Credential{Uid: 10001, Gid: 10001}}
	c.Dir, c.Env = "/", append(append([]string{}, i.Config.Env...), env...)
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	return out.String(), errs.String(), err
}

// TestImageLong makes the image, twice for one machine, looks at it as engines do, and
// runs the platform's own scripts in it.
func TestImageLong(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("the image's packages need Debian's apt-get and dpkg-deb")
	}
	first, second := makeTarget(t, "image"), makeTarget(t, "image", "MACHINES=amd64")
	sums := digests(t, first, "*_image_*.tar")
	for name, sum := range digests(t, second, "*_image_*.tar") {
		if sums[name] != sum {
			t.Errorf("%s differs between two builds", name)
		}
	}
	for _, machine := range []string{"amd64", "arm64"} {
		t.Run(machine, func(t *testing.T) {
			archive := filepath.Join(first, "imap-integration_9.8.7_image_"+machine+".tar")
			inspect(t, archive)
			image := openImage(t, archive)
			if image.Architecture != machine || image.Config.User != "10001:10001" || image.Config.Labels["org.opencontainers.image.version"] != "9.8.7" {
				t.Errorf("the configuration is %+v", image)
			}
			holdAuthorities(t, image.root)
			if machine == "amd64" {
				tryImage(t, image)
			}
		})
	}
}

// inspect lets skopeo read the archive in both ways.
func inspect(t *testing.T, archive string) {
	t.Helper()
	if _, err := exec.LookPath("skopeo"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("skopeo is missing, and in CI nothing may be skipped")
		}
		t.Log("no skopeo here: only this test reads the archive")
		return
	}
	for _, kind := range []string{"oci-archive:", "docker-archive:"} {
		copied := exec.Command("skopeo", "--insecure-policy", "copy", kind+archive, "dir:"+t.TempDir())
		if out, err := copied.CombinedOutput(); err != nil {
			t.Errorf("skopeo copy %s: %v\n%s", kind, err, out)
		}
	}
}

// holdAuthorities wants every certificate of the bundle to be one that Go reads.
func holdAuthorities(t *testing.T, root string) {
	t.Helper()
	bundle, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Errorf("certificate %d: %v", count, err)
		}
		count++
	}
	if count < 100 || count != bytes.Count(bundle, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("%d certificates can be read", count)
	}
}

// tryImage runs the scripts of the manifest with bash, parameters in the environment.
func tryImage(t *testing.T, image ociImage) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("chroot needs root; the image was made and read")
	}
	server, err := imapmem.Start("soc@corp.example", "password-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if _, err := server.Append("INBOX", []byte("Subject: In the image\r\n\r\nx\r\n"), time.Now()); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(image.root, "data") // a volume; nothing else can be written to
	if err := errors.Join(os.WriteFile(filepath.Join(image.root, "dev/null"), nil, 0o666), os.Mkdir(store, 0o700), os.Chown(store, 10001, 10001), os.Chmod(filepath.Join(image.root, "tmp"), 0o555),
		os.Chmod(filepath.Join(image.root, "var/tmp"), 0o555), os.Chown(filepath.Join(image.root, "var/lib/imap-integration"), 0, 0)); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"imap_server=127.0.0.1", fmt.Sprintf("port=%d", server.Port), "connection_security=none", "username=soc@corp.example",
		"password=password-1", "cloud_soar_api_url=local:/data/soar.db",
	}
	for script, want := range map[string]string{
		"TZ=Europe/Berlin date -d @0 +%Z; id -un":                   `^CET\nimap-integration\n$`,
		scriptOf(t, "../integration.yaml", "test_connection_code"):  `"status":"ok"`,
		scriptOf(t, "../actions/incoming-mail-daemon.yaml", "code"): `"subject":"In the image"`,
	} {
		stdout, stderr, err := image.run(t, env, "/bin/bash", "-c", script)
		if err != nil || stderr != "" || !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("%s: %v\n%s\n%s", script, err, stdout, stderr)
		}
	}
}

// scriptOf takes a script out of a file of the manifest.
func scriptOf(t *testing.T, file, key string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), key+": |\n")
	line, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	if !found || !strings.Contains(line, "imap-integration") {
		t.Fatalf("%s has no %s", file, key)
	}
	return line
}

// TestDebianPackageLong installs the package into the root of the image, which has
// dpkg, uses it and removes it again.
func TestDebianPackageLong(t *testing.T) {
	for _, needed := range []string{"dpkg", "dpkg-deb"} {
		if _, err := exec.LookPath(needed); err != nil || os.Geteuid() != 0 {
			t.Skip("a package is installed by Debian's dpkg, as root")
		}
	}
	out := makeTarget(t, "deb", "TARGETS=linux/amd64")
	if again := makeTarget(t, "deb", "TARGETS=linux/amd64"); digests(t, out, "*.deb")["imap-integration_9.8.7_amd64.deb"] != digests(t, again, "*.deb")["imap-integration_9.8.7_amd64.deb"] {
		t.Error("two builds of the package differ")
	}
	image := openImage(t, filepath.Join(makeTarget(t, "image", "MACHINES=amd64"), "imap-integration_9.8.7_image_amd64.tar"))
	if err := os.Remove(filepath.Join(image.root, "usr/local/bin/imap-integration")); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) string {
		c := exec.Command("dpkg", append([]string{"--root=" + image.root}, args...)...)
		text, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("dpkg %s: %v\n%s", strings.Join(args, " "), err, text)
		}
		return string(text)
	}
	dpkg("--install", filepath.Join(out, "imap-integration_9.8.7_amd64.deb"))
	if stdout, stderr, err := image.run(t, nil, "/usr/bin/imap-integration", "version"); err != nil || !strings.Contains(stdout, "9.8.7") {
		t.Errorf("version: %v %s %s", err, stdout, stderr)
	}
	verifyUnits(t, image.root)
	kept := filepath.Join(image.root, "var/lib/imap-integration/soar.db")
	if err := os.WriteFile(kept, []byte("emails"), 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg("--remove", "imap-integration")
	if left, err := filepath.Glob(filepath.Join(image.root, "usr/share/*/imap-integration*")); err != nil || len(left) > 0 {
		t.Errorf("after the removal there is still %q, %v", left, err)
	}
	if said := dpkg("--purge", "imap-integration"); !strings.Contains(said, "/var/lib/imap-integration") {
		t.Errorf("the purge does not say where the emails are: %s", said)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("the emails are gone: %v", err)
	}
}

// verifyUnits lets systemd read the units where they are installed.
func verifyUnits(t *testing.T, root string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("no systemd-analyze here: the units were not judged")
		return
	}
	units := t.TempDir()
	for from, to := range map[string]string{"imap-integration@.service": "imap-integration@soc.service", "imap-integration-serve.service": "imap-integration-serve.service"} {
		text, err := os.ReadFile(filepath.Join(root, "lib/systemd/system", from))
		if err != nil {
			t.Fatal(err)
		}
		// The program is not installed on this machine, which systemd would find wrong.
		text = bytes.ReplaceAll(text, []byte("=/usr/bin/imap-integration"), []byte("=/bin/true"))
		if err := os.WriteFile(filepath.Join(units, to), text, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(units, to)).CombinedOutput()
		if err != nil || strings.Contains(string(out), "imap-integration") {
			t.Errorf("systemd-analyze verify %s: %v\n%s", to, err, out)
		}
	}
}
