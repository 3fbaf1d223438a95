package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry adds a file to an archive.
type entry func(name string, mode fs.FileMode, data []byte) error

// packTar packs a folder under its own name as .tar.gz.
func packTar(archive, folder string, when time.Time) error {
	return toFile(archive, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression) // no name and no time in its header
		if err != nil {
			return err
		}
		t := tar.NewWriter(z)
		err = eachFile(folder, func(name string, mode fs.FileMode, data []byte) error {
			h := &tar.Header{Name: name, Mode: int64(mode), Size: int64(len(data)), ModTime: when, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
			if err := t.WriteHeader(h); err != nil {
				return err
			}
			_, err := t.Write(data)
			return err
		})
		return errors.Join(err, t.Close(), z.Close())
	})
}

// packZIP packs a folder under its own name as .zip.
func packZIP(archive, folder string, when time.Time) error {
	return toFile(archive, func(w io.Writer) error {
		z := zip.NewWriter(w)
		err := eachFile(folder, func(name string, mode fs.FileMode, data []byte) error {
			h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: when}
			h.SetMode(mode)
			f, err := z.CreateHeader(h)
			if err != nil {
				return err
			}
			_, err = f.Write(data)
			return err
		})
		return errors.Join(err, z.Close())
	})
}

// eachFile hands over the files of a folder in the order of their names.
func eachFile(folder string, add entry) error {
	return filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(relative, "imap-integration") {
			mode = 0o755
		}
		return add(path.Join(filepath.Base(folder), filepath.ToSlash(relative)), mode, data)
	})
}

// toFile writes a file; what was not written whole is removed.
func toFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// writeSums writes SHA256SUMS, which sha256sum -c reads.
func writeSums(folder string, names []string) error {
	slices.Sort(names)
	var sums strings.Builder
	for _, name := range names {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		digest := sha256.New()
		_, err = io.Copy(digest, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", digest.Sum(nil), name)
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
