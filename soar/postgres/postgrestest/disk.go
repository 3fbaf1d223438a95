package postgrestest

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// SmallDisk is a file system of its own, of few bytes, that holds a database.
type SmallDisk struct {
	Database string

	dir string
}

// SmallDisk makes a database on a disk of so many bytes. Only who may mount can do
// that; for others the test is skipped.
func (s *Server) SmallDisk(t testing.TB, bytes int) *SmallDisk {
	t.Helper()
	d := &SmallDisk{Database: "small", dir: s.path("small")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	unmount, err := mount(d.dir, bytes)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: this user may not mount a small disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []string{"CREATE TABLESPACE small LOCATION '" + d.dir + "'", "CREATE DATABASE small TABLESPACE small"} {
		if _, err := s.SQL("postgres", statement); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *SmallDisk) ballast() string { return d.dir + "/ballast" }

// Fill takes all room that is left.
func (d *SmallDisk) Fill(t testing.TB) {
	t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// Free gives it back.
func (d *SmallDisk) Free(t testing.TB) {
	t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		t.Fatal(err)
	}
}
