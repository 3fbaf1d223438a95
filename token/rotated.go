package token

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"

	"example.org/imap-integration/secret"
)

// maxRotatedFile bounds what is read of the file.
const maxRotatedFile = 64 << 10

// rotatedFile is the file's content. For says which oauth2_refresh_token it
// goes back to, so that a new one in the settings counts at once.
type rotatedFile struct {
	For          string `json:"for"` // the first 16 hex digits of its SHA-256
	RefreshToken string `json:"refresh_token"`
	Saved        string `json:"saved"` // RFC 3339, UTC
}

// Rotated returns the refresh token that the provider gave in place of the one
// in the settings, and whether it did.
func (s *Source) Rotated() (secret.String, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh, s.rotated
}

// RefreshExpires is when the refresh token ends, where the provider said so.
func (s *Source) RefreshExpires() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refreshEnds, !s.refreshEnds.IsZero()
}

// newest is the refresh token to use: this run's, the file's, the settings'.
func (s *Source) newest() secret.String {
	if s.rotated || s.conf.RotatedFile == "" {
		return s.refresh
	}
	kept, err := readRotated(s.conf.RotatedFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.conf.Log.Warn("the file with the newest refresh token is not used", "reason", err)
	case kept.For == digest(s.conf.RefreshToken) && kept.RefreshToken != "":
		s.refresh = secret.New(kept.RefreshToken)
	}
	return s.refresh
}

// keepRefresh notes a refresh token that came with an access token, and saves
// it before anything else can fail.
func (s *Source) keepRefresh(t *oauth2.Token) {
	if s.conf.Method != RefreshToken {
		return
	}
	if left, ok := seconds(t.Extra("refresh_token_expires_in")); ok {
		s.refreshEnds = s.conf.Now().Add(left)
	}
	if t.RefreshToken == "" || t.RefreshToken == s.refresh.Reveal() {
		return
	}
	s.refresh, s.rotated = secret.New(t.RefreshToken), true
	if s.conf.RotatedFile == "" {
		s.conf.Log.Warn("the provider replaced the refresh token, and the new one is not kept: " +
			"when logins begin to fail, sign in again; or name a file with --refresh-token-file, which keeps it")
		return
	}
	if err := writeRotated(s.conf.RotatedFile, s.conf.RefreshToken, s.refresh, s.conf.Now()); err != nil {
		s.conf.Log.Error("the provider replaced the refresh token, and the new one could not be saved", "error", err)
		return
	}
	s.conf.Log.Info("the provider replaced the refresh token; the new one is saved", "file", s.conf.RotatedFile)
}

func seconds(v any) (time.Duration, bool) {
	n, ok := v.(float64)
	return time.Duration(n) * time.Second, ok && n > 0 && n < 1e9
}

func digest(s secret.String) string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// readRotated refuses whatever is not a plain file of moderate size.
func readRotated(path string) (rotatedFile, error) {
	var f rotatedFile
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return f, err
	case !info.Mode().IsRegular():
		return f, fmt.Errorf("%q is not a plain file", path)
	case info.Size() > maxRotatedFile:
		return f, fmt.Errorf("%q is larger than 64 KiB", path)
	case info.Mode().Perm()&0o077 != 0:
		return f, fmt.Errorf("%q can be read by others; chmod 600 it", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if json.Unmarshal(data, &f) != nil {
		return f, fmt.Errorf("%q is not a file that was written here", path) // the error may quote the content
	}
	return f, nil
}

// writeRotated replaces the file: written beside it (0600), synced, renamed.
func writeRotated(path string, of, newest secret.String, now time.Time) error {
	data, err := json.Marshal(rotatedFile{digest(of), newest.Reveal(), now.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".refresh-token-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails once it is renamed
	if _, err = tmp.Write(append(data, '\n')); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
