package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
)

// scene is a ledger of four entries and a bundle of the first of its two emails.
func scene(t *testing.T, key *evidence.Key) evidence.Bundle {
	t.Helper()
	raw := []byte("Subject: Invoice\r\n\r\nPlease pay.\r\n")
	head := evidence.Start
	b := evidence.Bundle{Produced: map[string]string{"program": "test"}, Key: key}
	for i, e := range []evidence.Entry{
		{Event: evidence.Began},
		{Event: evidence.Saved, Email: "1", Folder: "INBOX", UID: 4, Size: int64(len(raw)), SHA256: evidence.Digest(raw)},
		{Event: evidence.Saved, Email: "2", Account: "somebody@else.example"},
		{Event: evidence.Linked, Email: "1", Place: "incident 7"},
	} {
		line, next := head.Append(nil, e)
		if i == 0 {
			b.Before = next
		} else {
			n := evidence.Numbered{Number: next.Count, Digest: evidence.Digest(line)}
			if e.Email == "1" {
				n.Line = line
			}
			b.Entries = append(b.Entries, n)
		}
		head = next
	}
	b.Head = head
	b.Emails = []evidence.Email{{ID: "1", Record: map[string]string{"subject": "Invoice"}, Raw: raw, Attachments: []evidence.Attachment{
		{Attachment: message.Attachment{Filename: "../../bill.pdf", Part: "2"}, Content: []byte("%PDF")},
		{Attachment: message.Attachment{Filename: "bill.pdf", Part: "3"}, Content: []byte("%PDF-2")},
		{Attachment: message.Attachment{Filename: "lost.doc", Part: "4"}},
	}}}
	return b
}

func filesOf(t *testing.T, b evidence.Bundle) map[string][]byte {
	t.Helper()
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fsOf(files map[string][]byte) fstest.MapFS {
	folder := fstest.MapFS{}
	for name, data := range files {
		folder[name] = &fstest.MapFile{Data: data, Mode: 0o600}
	}
	return folder
}

// newKey makes a key pair with openssl, which is how a user does.
func newKey(t *testing.T) (private, public string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is missing, and in CI nothing may be skipped")
		}
		t.Skip("no openssl here (Debian: apt-get install openssl)")
	}
	folder := t.TempDir()
	private, public = filepath.Join(folder, "key.pem"), filepath.Join(folder, "public.pem")
	command(t, folder, "openssl", "genpkey", "-algorithm", "ed25519", "-out", private)
	command(t, folder, "openssl", "pkey", "-in", private, "-pubout", "-out", public)
	return private, public
}

func command(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestOthersVerify lets sha256sum and openssl judge a signed bundle, by the commands of its README.txt.
func TestOthersVerify(t *testing.T) {
	private, public := newKey(t)
	key, err := evidence.ReadKey(private)
	if err != nil {
		t.Fatal(err)
	}
	files := filesOf(t, scene(t, key))
	folder := filepath.Join(t.TempDir(), "bundle")
	if err := evidence.WriteFolder(folder, files); err != nil {
		t.Fatal(err)
	}
	judged := 0
	for line := range strings.Lines(string(files["README.txt"])) {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "    ") && words[0] != "imap-integration" {
			command(t, folder, words[0], words[1:]...)
			judged++
		}
	}
	if judged != 2 {
		t.Errorf("README.txt has %d commands of others", judged)
	}
	if given, err := os.ReadFile(public); err != nil || !bytes.Equal(given, files["public-key.pem"]) {
		t.Errorf("the public key is not the one that openssl writes: %s %v", files["public-key.pem"], err)
	}
	signer, err := evidence.ReadPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	r := evidence.Verify(os.DirFS(folder), signer)
	if len(r.Problems) > 0 || !r.Signed || r.Emails != 1 || r.Entries != 2 || r.Head.Count != 4 {
		t.Errorf("our own check: %+v", r)
	}
	if err := evidence.WriteFolder(folder, files); err == nil {
		t.Error("a folder with files in it was written to")
	}
	if _, other := newKey(t); true {
		stranger, err := evidence.ReadPublicKey(other)
		if r := evidence.Verify(os.DirFS(folder), stranger); err != nil || len(r.Problems) != 1 {
			t.Errorf("the key of another: %v %v", r.Problems, err)
		}
	}
}

func TestNamesStayInTheFolder(t *testing.T) {
	for name := range filesOf(t, scene(t, nil)) {
		if strings.Contains(name, "..") || strings.HasPrefix(name, "/") {
			t.Errorf("a file is called %q", name)
		}
	}
}

func TestOthersAreNotTold(t *testing.T) {
	for name, data := range filesOf(t, scene(t, nil)) {
		if bytes.Contains(data, []byte("somebody@else.example")) {
			t.Errorf("%s tells of an email that is not in the bundle", name)
		}
	}
}

// TestTwiceTheSame holds that a bundle has no time, no order of a map and no chance in it.
func TestTwiceTheSame(t *testing.T) {
	first, err1 := evidence.ZIP(filesOf(t, scene(t, nil)))
	second, err2 := evidence.ZIP(filesOf(t, scene(t, nil)))
	if err1 != nil || err2 != nil || !bytes.Equal(first, second) {
		t.Errorf("two bundles of the same emails differ (%v, %v)", err1, err2)
	}
}

// TestFlippedBits flips one bit of each of 500 random bytes of a signed bundle: each is found and the file named.
func TestFlippedBits(t *testing.T) {
	private, _ := newKey(t)
	key, err := evidence.ReadKey(private)
	if err != nil {
		t.Fatal(err)
	}
	files := filesOf(t, scene(t, key))
	names, random := slices.Sorted(maps.Keys(files)), rand.New(rand.NewPCG(3, 4))
	for range 500 {
		name := names[random.IntN(len(names))]
		at, bit := random.IntN(len(files[name])), byte(1)<<random.IntN(8)
		files[name][at] ^= bit
		r := evidence.Verify(fsOf(files), nil)
		files[name][at] ^= bit
		told := strings.Join(r.Problems, "; ")
		if len(r.Problems) == 0 || !strings.Contains(told, name) && !strings.HasPrefix(name, "SHA256SUMS") {
			t.Errorf("the bit %08b of the byte %d of %s was flipped: %q", bit, at, name, told)
		}
	}
	if r := evidence.Verify(fsOf(files), nil); len(r.Problems) > 0 {
		t.Errorf("the bundle as it was: %v", r.Problems)
	}
}

// TestForgeries changes a bundle and lists its digests anew, as somebody without the key would.
func TestForgeries(t *testing.T) {
	for what, forge := range map[string]struct {
		change func(map[string][]byte)
		found  string
	}{
		"another email":     {func(f map[string][]byte) { f["emails/1/email.eml"] = []byte("Subject: x\r\n\r\n") }, "not the one that the ledger's entry 2"},
		"an entry left out": {func(f map[string][]byte) { _, f["ledger.jsonl"], _ = bytes.Cut(f["ledger.jsonl"], []byte("\n")) }, "entry 2 does not fit"},
		"an entry changed": {func(f map[string][]byte) {
			f["ledger.jsonl"] = bytes.ReplaceAll(f["ledger.jsonl"], []byte("incident 7"), []byte("incident 8"))
		}, "do not lead to the head"},
		"no entries":           {func(f map[string][]byte) { f["ledger.jsonl"] = nil }, "entry 2"},
		"a file of no email":   {func(f map[string][]byte) { delete(f, "SHA256SUMS") }, "SHA256SUMS is missing"},
		"a chain that is none": {func(f map[string][]byte) { f["chain.json"] = []byte("[]") }, "chain.json cannot be read"},
	} {
		t.Run(what, func(t *testing.T) {
			files := filesOf(t, scene(t, nil))
			forge.change(files)
			if _, there := files["SHA256SUMS"]; there {
				files["SHA256SUMS"] = nil
				var sums strings.Builder
				for _, name := range slices.Sorted(maps.Keys(files)) {
					if name != "SHA256SUMS" {
						fmt.Fprintf(&sums, "%s  %s\n", evidence.Digest(files[name]), name)
					}
				}
				files["SHA256SUMS"] = []byte(sums.String())
			}
			if r := evidence.Verify(fsOf(files), nil); !strings.Contains(strings.Join(r.Problems, "; "), forge.found) {
				t.Errorf("%q, want %q", r.Problems, forge.found)
			}
		})
	}
	files := filesOf(t, scene(t, nil))
	files["emails/1/attachments/extra.exe"] = []byte("x")
	if r := evidence.Verify(fsOf(files), nil); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "somebody added it") {
		t.Errorf("a file more: %q", r.Problems)
	}
}

// TestEntryEncoding: an entry is what encoding/json makes of it without HTML escapes.
func TestEntryEncoding(t *testing.T) {
	odd := "a \"quoted\" <b>&amp;</b> \u2028\x00\x1f\xff \\ é 名\b\f\n"
	var full evidence.Entry
	fields := reflect.ValueOf(&full).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(odd + fields.Type().Field(i).Name)
		case reflect.Int64:
			f.SetInt(math.MaxInt64 - int64(i))
		case reflect.Uint32:
			f.SetUint(math.MaxUint32 - uint64(i))
		case reflect.Pointer:
			f.Set(reflect.ValueOf(&evidence.Session{Server: odd, Greeting: odd, TLS: odd, Certificate: odd, Settings: map[string]string{"z": odd, odd: "", "a": "1"}}))
		default:
			t.Fatalf("a field of kind %v", f.Kind())
		}
	}
	entries := []evidence.Entry{{}, full, {Session: &evidence.Session{}}, {Session: &evidence.Session{Settings: map[string]string{}}}}
	for i := range fields.NumField() { // each field alone
		var one evidence.Entry
		reflect.ValueOf(&one).Elem().Field(i).Set(fields.Field(i))
		entries = append(entries, one)
	}
	for _, e := range entries {
		head := evidence.Start
		line, next := head.Append([]byte("used"), e)
		e.Number, e.Previous = 1, head.Link
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(e); err != nil {
			t.Fatal(err)
		}
		if got := string(line) + "\n"; got != want.String() {
			t.Errorf("got  %swant %s", got, want.String())
		}
		if hidden := head.Hidden(evidence.Digest(line)); next != hidden {
			t.Errorf("%v by the line, %v by its digest", next, hidden)
		}
	}
}
