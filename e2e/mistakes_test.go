//go:build unix

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/transport/transporttest"
)

// told runs the program and returns what a person reads of it.
func told(t *testing.T, stdin string, args ...string) (out, errors string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command(binary, args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &stdout, &stderr
	_ = c.Run() // the status says it
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}

// TestMistakes: what people type wrong gets a sentence that says what is missing.
func TestMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	written := filepath.Join(dir, "written")
	if out, _, status := told(t, "", "manifest", "export", written); status != 0 || !strings.Contains(out, written) {
		t.Fatalf("export: %q, %d", out, status)
	}
	without := filepath.Join(dir, "without")
	if err := os.MkdirAll(without, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(written, "integration.yaml"))
	if err != nil || os.WriteFile(filepath.Join(without, "integration.yaml"), text, 0o600) != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"manifest", "check", written}, 0, ""},
		{[]string{"manifest", "check", filepath.Join(dir, "nowhere")}, 1, "there is no folder"},
		{[]string{"manifest", "check", dir}, 1, "has no integration.yaml"},
		{[]string{"manifest", "check", without}, 1, "has no action files"},
		{[]string{"manifest", "check", filepath.Join(written, "integration.yaml")}, 1, "is not a folder"},
		{[]string{"completion", "foo"}, 2, `completion has no "foo"; it has bash, fish, powershell and zsh`},
		{[]string{"help", "foo"}, 2, `unknown help topic "foo"`},
		{[]string{"get-email", "--log-level", "loud"}, 2, "--log-level must be debug, info, warn or error"},
	} {
		_, errors, status := told(t, "{}", c.args...)
		if status != c.status || !strings.Contains(errors, c.want) || c.want == "" && errors != "" || strings.Count(errors, "\n") > 1 {
			t.Errorf("%q: exit %d, %q, want %d, %q", c.args, status, errors, c.status, c.want)
		}
	}
}

// TestNoStoreWithoutLogin: a slip in the settings makes no file.
func TestNoStoreWithoutLogin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := filepath.Join(dir, "typo.db")
	for _, flags := range [][]string{nil, {"--watch"}} {
		_, errors, status := told(t, `{"imap_server":"127.0.0.1","port":1,"username":"u","password":"p","connection_security":"none","cloud_soar_api_url":"local:`+store+`"}`,
			append([]string{"incoming-mail-daemon"}, flags...)...)
		if status != 1 || !strings.Contains(errors, "cannot connect to 127.0.0.1:1") {
			t.Errorf("%q: exit %d, %q", flags, status, errors)
		}
	}
	if out, errors, status := told(t, `{"cloud_soar_api_url":"local:`+store+`"}`, "list-cloud-soar-emails"); status != 0 || errors != "" {
		t.Errorf("a list of no store: exit %d, %q, %q", status, out, errors)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("made: %v, %v", files, err)
	}
}

// TestNoAuthorities: on a machine without any, the sentence says so.
func TestNoAuthorities(t *testing.T) {
	t.Parallel()
	d := mailboxtest.StartDovecot(t)
	for _, c := range []struct{ file, want string }{
		{"no such file", "this machine has no authorities at all that it could be checked with; install the package ca-certificates"},
		{authority(t), "not by an authority that is trusted here; put it into ca_certificate"},
	} {
		var stderr bytes.Buffer
		cmd := exec.Command(binary, "incoming-mail-daemon")
		cmd.Stdin = strings.NewReader(fmt.Sprintf(`{"imap_server":"localhost","port":%d,"username":"u","password":"p","cloud_soar_api_url":"local:%s"}`, d.TLS, filepath.Join(t.TempDir(), "soar.db")))
		cmd.Env, cmd.Stderr = append(os.Environ(), "SSL_CERT_FILE="+c.file, "SSL_CERT_DIR=/nowhere"), &stderr
		_ = cmd.Run()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("with the authorities of %q: exit %d, %s", c.file, cmd.ProcessState.ExitCode(), &stderr)
		}
	}
}

// authority is a file with the certificate of an authority that signed nothing here.
func authority(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte(transporttest.NewAuthority(t, "Another").PEM), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestClosedPipe: a reader who goes away (| head) has seen enough of help; of a result he has not.
func TestClosedPipe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"help"}, 0, ""},
		{[]string{"get-email", "--help"}, 0, ""},
		{[]string{"list-cloud-soar-emails"}, 1, "cannot write the result to standard output (write /dev/stdout: broken pipe); run it again"},
	} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = read.Close()
		var stderr bytes.Buffer
		cmd := exec.Command(binary, c.args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(`{"cloud_soar_api_url":"local:`+filepath.Join(t.TempDir(), "no.db")+`"}`), write, &stderr
		_ = cmd.Run()
		_ = write.Close()
		if got := strings.TrimSpace(stderr.String()); cmd.ProcessState.ExitCode() != c.status || got != c.want {
			t.Errorf("%q: exit %d, %q, want %d, %q", c.args, cmd.ProcessState.ExitCode(), got, c.status, c.want)
		}
	}
}

// TestCompletionInBash: the script works in a bash without the package bash-completion.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	script := `source <(imap-integration completion bash)
compopt() { :; } # it works in a completion only
try() { COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; COMPREPLY=(); __start_imap-integration; echo "${COMPREPLY[@]}"; }
try imap-integration list-i
try imap-integration get-email --log-le
try imap-integration get-email --log-level ""
try imap-integration get-email --log-level = de
try imap-integration help get
try imap-integration --color ""
`
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "imap-integration")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bash, "--norc", "--noprofile", "-c", script)
	c.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + bin}
	out, err := c.CombinedOutput()
	want := "list-incident-emails\n--log-level\ndebug info warn error\ndebug\nget-email\nauto always never\n"
	if string(out) != want || err != nil {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
}
