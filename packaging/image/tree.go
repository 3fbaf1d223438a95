package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// tree is a file system: entries by their path, without a slash in front.
type tree map[string]*node

// node is one entry; data is of files only.
type node struct {
	tar.Header
	data []byte
}

// unwanted is what nobody looks at in a container. Terms of use stay.
var unwanted = regexp.MustCompile(`^usr/share/(man|info|locale|lintian|bash-completion|doc/.*/(changelog|NEWS|README|examples)|perl5|debconf|pixmaps|menu)(/|\.|$)`)

// statusFile tells scanners of images which packages are in it.
const statusFile = "var/lib/dpkg/status"

// unpack adds the files of a Debian package, and the package to the list of those that are there.
func (t tree) unpack(deb string) error {
	files, err := exec.Command("dpkg-deb", "--fsys-tarfile", deb).Output()
	if err != nil {
		return fmt.Errorf("dpkg-deb --fsys-tarfile: %w", err)
	}
	var list strings.Builder
	for r := tar.NewReader(bytes.NewReader(files)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if name := path.Join("/", h.Name); name != "/" { // dpkg does not take an empty name
			fmt.Fprintln(&list, name)
		}
		if err := t.add(h, r); err != nil {
			return err
		}
	}
	control, err := exec.Command("dpkg-deb", "--field", deb).Output()
	if err != nil {
		return fmt.Errorf("dpkg-deb --field: %w", err)
	}
	t.file(listFile(string(control)), 0o644, []byte(list.String()))
	known := ""
	if n := t[statusFile]; n != nil {
		known = string(n.data)
	}
	name, rest, _ := strings.Cut(string(control), "\n")
	t.file(statusFile, 0o644, []byte(known+name+"\nStatus: install ok installed\n"+rest+"\n"))
	return nil
}

// field finds the fields of a package's description.
var field = regexp.MustCompile(`(?m)^(Package|Architecture|Multi-Arch): (.*)$`)

// listFile is where dpkg keeps which files a package has.
func listFile(control string) string {
	fields := map[string]string{}
	for _, f := range field.FindAllStringSubmatch(control, -1) {
		fields[f[1]] = f[2]
	}
	name := fields["Package"]
	if fields["Multi-Arch"] == "same" {
		name += ":" + fields["Architecture"]
	}
	return "var/lib/dpkg/info/" + name + ".list"
}

// add adds one entry of a package.
func (t tree) add(h *tar.Header, content io.Reader) error {
	name := merged(path.Clean(h.Name))
	if name == "." || unwanted.MatchString(name) {
		return nil
	}
	if h.Typeflag == tar.TypeDir && t[name] != nil {
		return nil
	}
	n := &node{Header: tar.Header{Name: name, Typeflag: h.Typeflag, Mode: h.Mode & 0o7777, Uid: h.Uid, Gid: h.Gid, Linkname: h.Linkname}}
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeSymlink:
	case tar.TypeLink:
		n.Linkname = merged(path.Clean(h.Linkname))
	case tar.TypeReg:
		data, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		n.data = data
		n.Mode &^= 0o6000 // no set-user-ID programs in a container of one user
	default:
		return fmt.Errorf("%q is neither a file, a folder nor a link", h.Name)
	}
	t[name] = n
	return nil
}

// merged moves what packages of Debian 12 still put into /bin, /sbin and /lib to
// /usr, where those folders are links to, as on every Debian since.
func merged(name string) string {
	top, _, _ := strings.Cut(name, "/")
	if slices.Contains(topLinks, top) {
		return "usr/" + name
	}
	return name
}

var topLinks = []string{"bin", "lib", "lib64", "sbin"}

func (t tree) file(name string, mode int64, data []byte) {
	t[name] = &node{Header: tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}, data: data}
}

func (t tree) folder(name string, mode int64) {
	t[name] = &node{Header: tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: mode}}
}

func (t tree) link(name, target string) {
	t[name] = &node{Header: tar.Header{Name: name, Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: target}}
}

// pack writes the tree as a tar file: sorted, every folder in front of what is
// in it, hard links behind everything else, so that they find their targets.
func (t tree) pack(w io.Writer, when time.Time) error {
	for name := range maps.Clone(t) {
		for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
			if t[parent] == nil {
				t.folder(parent, 0o755)
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		if la, lb := t[a].Typeflag == tar.TypeLink, t[b].Typeflag == tar.TypeLink; la != lb {
			if la {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	out := tar.NewWriter(w)
	for _, name := range names {
		n := t[name]
		h := n.Header
		h.Size, h.ModTime, h.Format = int64(len(n.data)), when, tar.FormatPAX
		if h.Typeflag == tar.TypeDir {
			h.Name += "/"
		}
		if err := out.WriteHeader(&h); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := out.Write(n.data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}
