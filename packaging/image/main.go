// Command image assembles the container image without a container engine: the
// unpacked packages of Debian as the lower layer, the program as the upper one,
// in one archive that docker load and podman load both take.
//
// The same packages, program and commit give the same bytes: every file bears the
// time of the commit, entries are sorted, and no maintainer script runs. What those
// would have done and a bridge needs (the bundle of authorities, the users, the
// time zone) is done here, see system. It is run by make image.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// settings are the inputs of one image.
type settings struct {
	machine  string // as Debian and OCI call it: amd64, arm64
	debs     string // folder with the packages
	program  string // the static binary
	out      string
	tag      string
	version  string
	revision string
	time     time.Time
}

func main() {
	var s settings
	epoch := flag.Int64("epoch", 0, "time of every file, in seconds since 1970")
	flag.StringVar(&s.machine, "machine", "amd64", "amd64 or arm64")
	flag.StringVar(&s.debs, "debs", "", "folder with the Debian packages")
	flag.StringVar(&s.program, "program", "", "the program, built for that machine")
	flag.StringVar(&s.out, "out", "", "archive to write")
	flag.StringVar(&s.tag, "tag", "imap-integration:latest", "name under which it is loaded")
	flag.StringVar(&s.version, "version", "", "version of the program")
	flag.StringVar(&s.revision, "revision", "", "commit of the program")
	flag.Parse()
	s.time = time.Unix(*epoch, 0).UTC()
	if err := s.make(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// make reads the packages, adds what is ours, and writes the archive.
func (s settings) make() error {
	debs, err := filepath.Glob(filepath.Join(s.debs, "*.deb")) // sorted
	if err != nil || len(debs) == 0 {
		return fmt.Errorf("no packages in %q (%v)", s.debs, err)
	}
	lower := tree{}
	for _, deb := range debs {
		if err := lower.unpack(deb); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
	}
	if err := lower.system(); err != nil {
		return err
	}
	program, err := os.ReadFile(s.program)
	if err != nil {
		return err
	}
	upper := tree{}
	upper.file("usr/local/bin/imap-integration", 0o755, program)
	upper.folder(home, 0o700)
	upper[home].Uid, upper[home].Gid = user, user
	image, err := s.assemble(lower, upper)
	if err != nil {
		return err
	}
	return s.write(image)
}
