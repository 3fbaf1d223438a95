// Command dist makes what a stranger downloads: for each system a static program
// in an archive with its documents, and one list of digests over all of them.
//
// Two runs on the same commit write the same bytes, wherever they run: the
// program is built without paths and without the state of the work tree, every
// file of an archive bears the time of the commit, and nothing is taken from the
// clock, the user or the order of a folder. It is run by make dist, from the root
// of the project, and needs no network beyond the modules.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// release is what all archives of one run have in common.
type release struct {
	version   string
	revision  string // of the commit, "" where there is none
	time      time.Time
	out       string // folder of the archives
	tools     string // folder with cyclonedx-gomod
	documents string // folder with completion/ and man/, the same for all systems
}

func main() {
	var r release
	targets := flag.String("targets", "linux/amd64 linux/arm64 darwin/arm64 windows/amd64", "systems to build for")
	epoch := flag.Int64("epoch", 0, "time of every file, in seconds since 1970")
	flag.StringVar(&r.version, "version", "", "version of the release")
	flag.StringVar(&r.revision, "revision", "", "commit that is built")
	flag.StringVar(&r.out, "out", "dist", "folder for the archives")
	flag.StringVar(&r.tools, "tools", "", "folder with the program cyclonedx-gomod")
	flag.StringVar(&r.documents, "documents", "", "folder with completion and man")
	flag.Parse()
	r.time = time.Unix(*epoch, 0).UTC()
	if err := r.make(strings.Fields(*targets)); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// make builds one archive for each target and the digests over them.
func (r release) make(targets []string) error {
	if r.version == "" || r.documents == "" || r.tools == "" {
		return errors.New("-version, -documents and -tools are required; make dist sets them")
	}
	var names []string
	for _, t := range targets {
		system, machine, ok := strings.Cut(t, "/")
		if !ok {
			return fmt.Errorf("the target %q must be a system and a machine, such as linux/amd64", t)
		}
		made, err := r.target(system, machine)
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		names = append(names, made...)
	}
	return writeSums(r.out, names)
}

// target makes the archive and the bill of materials of one system, and returns their names.
func (r release) target(system, machine string) ([]string, error) {
	name := fmt.Sprintf("imap-integration_%s_%s_%s", r.version, system, machine)
	folder := filepath.Join(r.out, "work", name)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return nil, err
	}
	program := filepath.Join(folder, "imap-integration")
	if system == "windows" {
		program += ".exe"
	}
	if err := r.build(system, machine, program); err != nil {
		return nil, err
	}
	bill := name + ".cdx.json"
	if err := r.billOfMaterials(program, filepath.Join(r.out, bill)); err != nil {
		return nil, err
	}
	if err := copyLicences(program, filepath.Join(folder, "licences")); err != nil {
		return nil, err
	}
	if err := r.copyDocuments(folder); err != nil {
		return nil, err
	}
	archive := name + ".tar.gz"
	pack := packTar
	if system == "windows" {
		archive, pack = name+".zip", packZIP
	}
	return []string{archive, bill}, pack(filepath.Join(r.out, archive), folder, r.time)
}
