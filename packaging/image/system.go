package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	user = 10001 // of the container, and its group; not one of the system's own
	home = "var/lib/imap-integration"
)

// authorities is the file in which Go looks for the certificates of authorities on Debian.
const authorities = "etc/ssl/certs/ca-certificates.crt"

// system does what the packages' scripts would do at installation.
func (t tree) system() error {
	for _, top := range topLinks {
		if t["usr/"+top] == nil {
			t.folder("usr/"+top, 0o755)
		}
		t.link(top, "usr/"+top)
	}
	for _, f := range []string{"dev", "etc", "proc", "root", "run", "sys", "usr/local/bin", "var/tmp"} {
		if t[f] == nil {
			t.folder(f, 0o755)
		}
	}
	t.folder("tmp", 0o1777)
	t.folder("var/tmp", 0o1777)
	t.link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
	return errors.Join(t.users(), t.bundle())
}

// users makes the lists of users and groups: Debian's, and the one that runs the program.
func (t tree) users() error {
	own := map[string]string{
		"passwd": fmt.Sprintf("imap-integration:x:%d:%d::/%s:/bin/bash\n", user, user, home),
		"group":  fmt.Sprintf("imap-integration:x:%d:\n", user),
	}
	for _, name := range []string{"passwd", "group"} {
		master := t["usr/share/base-passwd/"+name+".master"]
		if master == nil {
			return fmt.Errorf("the package base-passwd has no %s.master", name)
		}
		text := strings.ReplaceAll(string(master.data), ":*:", ":x:")
		t.file("etc/"+name, 0o644, []byte(text+own[name]))
	}
	return nil
}

// bundle joins the certificates of the authorities that Debian trusts.
func (t tree) bundle() error {
	var all bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if strings.HasPrefix(name, "usr/share/ca-certificates/mozilla/") && strings.HasSuffix(name, ".crt") {
			all.Write(bytes.TrimSpace(t[name].data))
			all.WriteByte('\n')
		}
	}
	if all.Len() == 0 {
		return errors.New("the package ca-certificates has no certificates where they are expected")
	}
	t.file(authorities, 0o644, all.Bytes())
	return nil
}
