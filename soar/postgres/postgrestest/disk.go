package postgrestest

import (
	"errors"
	"fmt"
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
	d := &SmallDisk{dir: s.path("small")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700,uid=%d,gid=%d", bytes, nobody, nobody))
	if errors.Is(err, syscall.EPERM) {
		t.Skip("skipped: this user may not mount a small disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // behind the end of PostgreSQL, which has files open there
		if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.SQL("postgres", "CREATE TABLESPACE small LOCATION '"+d.dir+"'"); err != nil {
		t.Fatal(err)
	}
	d.Database = "small"
	if _, err := s.SQL("postgres", "CREATE DATABASE small TABLESPACE small"); err != nil {
		t.Fatal(err)
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
