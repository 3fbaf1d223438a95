package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/manifest"
)

// secretIn writes a file that holds a secret.
func secretIn(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretFiles(t *testing.T) {
	for name, c := range map[string]struct{ content, want, problem string }{
		"as it is":           {"Canary pw", "Canary pw", ""},
		"one line end":       {"Canary pw\n", "Canary pw", ""},
		"a Windows line end": {"Canary pw\r\n", "Canary pw", ""},
		"only the last one":  {" Canary\npw \n\n", " Canary\npw \n", ""},
		"empty":              {"", "", "it is empty"},
		"only a line end":    {"\n", "", "it is empty"},
		"not UTF-8":          {"Canary\xff", "", "it is not UTF-8"},
		"too long":           {strings.Repeat("Canary", 1<<18), "", "it is longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := secretIn(t, c.content)
			for where, in := range map[string]manifest.Input{
				"standard input": stdin(`{"mail_id":"1","password_file":"` + path + `"}`),
				"environment":    {Getenv: env(map[string]string{"mail_id": "1", "password_file": path})},
			} {
				v := decode(t, in)
				if got := v.Secret("password").Reveal(); got != c.want || !v.Set("password") {
					t.Errorf("%s: %q, set %v", where, got, v.Set("password"))
				}
				if err := v.Err(); (err != nil) != (c.problem != "") || err != nil && (!strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), "password_file") || strings.Contains(err.Error(), "Canary")) {
					t.Errorf("%s: %v", where, err)
				}
				if got := v.Redact("you sent " + c.want); c.want != "" && got != "you sent [secret]" {
					t.Errorf("%s: %q", where, got)
				}
			}
		})
	}
}

func TestSecretFileProblems(t *testing.T) {
	path := secretIn(t, "Canary pw")
	for name, c := range map[string]struct{ stdin, want string }{
		"both":                {`{"mail_id":"1","password":"Canary","password_file":"` + path + `"}`, "password is given twice, by itself and as password_file; give one of them"},
		"no such file":        {`{"mail_id":"1","password_file":"/no/such"}`, `password cannot be read from "/no/such", the file of password_file: no such file or directory`},
		"a folder":            {`{"mail_id":"1","password_file":"` + filepath.Dir(path) + `"}`, "is a directory"},
		"a number":            {`{"mail_id":"1","password_file":7}`, "password is to be read from password_file, which must be the path of a file, not a number"},
		"a field in clear":    {`{"mail_id":"1","host_file":"` + path + `"}`, "host_file is not a parameter of get"},
		"absent where empty":  {`{"mail_id":"1","password":"","password_file":""}`, ""},
		"empty beside a file": {`{"mail_id":"1","password":"","password_file":"` + path + `"}`, ""},
	} {
		v := decode(t, stdin(c.stdin))
		v.Secret("password")
		v.Secret("password") // a second look does not say it twice
		err := v.Err()
		if c.want == "" != (err == nil) || err != nil && (strings.Count(err.Error(), c.want) != 1 || strings.Contains(err.Error(), "Canary")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What no action of the run asks for need not be there.
	if err := decode(t, stdin(`{"mail_id":"1","password_file":"/no/such"}`)).Err(); err != nil {
		t.Errorf("not asked for: %v", err)
	}
}
