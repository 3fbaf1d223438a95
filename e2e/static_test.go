//go:build linux

package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/imapmem"
)

// TestStaticBinaryInAnEmptyRoot runs what the image holds where nothing else
// is: no C library, no /etc, no /dev. It needs root, for chroot.
func TestStaticBinaryInAnEmptyRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("chroot needs root")
	}
	root := t.TempDir()
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "imap-integration"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	server, err := imapmem.Start("soc@corp.example", "password-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if _, err := server.Append("INBOX", []byte("Subject: In the root\r\n\r\nx\r\n"), time.Now()); err != nil {
		t.Fatal(err)
	}
	params, err := json.Marshal(map[string]any{
		"imap_server": "127.0.0.1", "port": server.Port, "connection_security": "none", "username": "soc@corp.example",
		"password": "password-1", "cloud_soar_api_url": "local:/soar.db",
	})
	if err != nil {
		t.Fatal(err)
	}
	inRoot(t, root, nil, "manifest", "check")
	inRoot(t, root, params, "test-settings")
	if out := inRoot(t, root, params, "incoming-mail-daemon"); !strings.Contains(out, `"subject":"In the root"`) {
		t.Errorf("the daemon printed %q", out)
	}
}

// inRoot runs the program with root as its root and wants success.
func inRoot(t *testing.T, root string, stdin []byte, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command("/imap-integration", args...)
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	c.Dir, c.Env = "/", []string{}
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := c.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%s: %v, %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String()
}
