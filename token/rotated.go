package token

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"golang.org/x/oauth2"

	"example.org/imap-integration/privatefile"
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

// rotation is the refresh token of a run: that of the settings until the provider replaces it.
type rotation struct {
	given   secret.String // oauth2_refresh_token
	file    string        // keeps the newest; "": none
	newest  secret.String
	rotated bool
	ends    time.Time // zero: unknown
}

// token is the refresh token to use: this run's, the file's, the settings'.
func (r *rotation) token(log *slog.Logger) secret.String {
	if r.rotated || r.file == "" {
		return r.newest
	}
	kept, err := readRotated(r.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		log.Warn("the file with the newest refresh token is not used", "reason", err)
	case kept.For == digest(r.given) && kept.RefreshToken != "":
		r.newest = secret.New(kept.RefreshToken)
	}
	return r.newest
}

// keep notes a refresh token that came with an access token, and saves it
// before anything else can fail.
func (r *rotation) keep(t *oauth2.Token, now time.Time, log *slog.Logger) {
	if left, ok := seconds(t.Extra("refresh_token_expires_in")); ok {
		r.ends = now.Add(left)
	}
	if t.RefreshToken == "" || t.RefreshToken == r.newest.Reveal() {
		return
	}
	r.newest, r.rotated = secret.New(t.RefreshToken), true
	if r.file == "" {
		log.Warn("the provider replaced the refresh token, and the new one is not kept: " +
			"when logins begin to fail, sign in again; or name a file with --refresh-token-file, which keeps it")
		return
	}
	if err := writeRotated(r.file, r.given, r.newest, now); err != nil {
		log.Error("the provider replaced the refresh token, and the new one could not be saved", "error", err)
		return
	}
	log.Info("the provider replaced the refresh token; the new one is saved", "file", r.file)
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

// writeRotated replaces the file.
func writeRotated(path string, of, newest secret.String, now time.Time) error {
	data, err := json.Marshal(rotatedFile{digest(of), newest.Reveal(), now.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return privatefile.Replace(path, append(data, '\n'))
}
