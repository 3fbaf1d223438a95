package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
)

// Report is what a check of a bundle found.
type Report struct {
	Files    int      // that SHA256SUMS lists
	Emails   int      // whose raw bytes are there
	Entries  int      // of the ledger that concern them
	Head     Head     // Count 0: there is no ledger
	Signed   bool     // there is a signature, and it fits the key
	Problems []string // what does not fit, a sentence each; none: all does
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// fileLimit bounds a file of a bundle of unknown origin, in bytes.
const fileLimit = 1 << 30

// Verify checks a bundle: every file against SHA256SUMS and no file besides, the
// signature with the key (nil: the one in the bundle, which shows only that nobody
// without that key changed it), and the ledger's entries against the chain.
func Verify(bundle fs.FS, key ed25519.PublicKey) *Report {
	r := &Report{}
	files := readBundle(bundle, r)
	if len(r.Problems) > 0 {
		return r
	}
	r.checkSums(files)
	r.checkSignature(files, key)
	r.checkLedger(files)
	return r
}

func readBundle(bundle fs.FS, r *Report) map[string][]byte {
	files := map[string][]byte{}
	err := fs.WalkDir(bundle, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > fileLimit {
			r.problem("%s is not a regular file of at most %d MiB", quote.Text(name, quote.Name), fileLimit>>20)
			return nil
		}
		files[name], err = fs.ReadFile(bundle, name)
		return err
	})
	if err != nil {
		r.problem("the bundle cannot be read: %v", err)
	}
	return files
}

// checkSums holds SHA256SUMS against all files.
func (r *Report) checkSums(files map[string][]byte) {
	list, there := files[sumsFile]
	if !there {
		r.problem("%s is missing, so this is not a whole bundle", sumsFile)
		return
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(list)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || len(sum) != 64 || !strings.HasSuffix(line, "\n") {
			r.problem("%s has a line that is not a digest and a name: %s", sumsFile, quote.Text(line, quote.Name))
			continue
		}
		listed[name] = sum
	}
	r.Files = len(listed)
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		data, there := files[name]
		switch {
		case !there:
			r.problem("%s is missing", quote.Text(name, quote.Name))
		case Digest(data) != listed[name]:
			r.problem("%s was changed: it has another digest than %s says", quote.Text(name, quote.Name), sumsFile)
		}
		if strings.HasSuffix(name, "/email.eml") {
			r.Emails++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if listed[name] == "" && name != sumsFile && name != signatureFile {
			r.problem("%s is not in %s: somebody added it", quote.Text(name, quote.Name), sumsFile)
		}
	}
}

func (r *Report) checkSignature(files map[string][]byte, key ed25519.PublicKey) {
	signature, signed := files[signatureFile]
	switch {
	case !signed && (key != nil || files[publicKeyFile] != nil):
		r.problem("the signature, %s, is missing", signatureFile)
		return
	case !signed:
		return
	case key == nil:
		var err error
		if key, err = publicKey(files[publicKeyFile]); err != nil {
			r.problem("%s cannot be read: %v", publicKeyFile, err)
			return
		}
	}
	if r.Signed = ed25519.Verify(key, files[sumsFile], signature); !r.Signed {
		r.problem("%v: %s was changed, or another key signed it", errSignature, sumsFile)
	}
}

func publicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not a PEM file")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("it is not an Ed25519 key")
	}
	return key, nil
}

// checkLedger goes along the chain from the link before the first entry to the head,
// and holds the raw emails against the entries that tell of their saving.
func (r *Report) checkLedger(files map[string][]byte) {
	text, there := files[chainFile]
	if !there {
		return
	}
	var c chain
	if err := json.Unmarshal(text, &c); err != nil {
		r.problem("%s cannot be read: %v", chainFile, err)
		return
	}
	hidden := map[int64]string{}
	for _, h := range c.Hidden {
		if len(h) == 2 {
			n, _ := strconv.ParseInt(h[0], 10, 64)
			hidden[n] = h[1]
		}
	}
	head := c.Before
	lines := bytes.Split(bytes.TrimSuffix(files[entriesFile], []byte("\n")), []byte("\n"))
	for head.Count < c.Head.Count {
		if digest := hidden[head.Count+1]; digest != "" {
			head = head.Hidden(digest)
			continue
		}
		if len(lines) == 0 {
			r.problem("the ledger's entry %d is missing", head.Count+1)
			return
		}
		e, next, err := head.Check(lines[0])
		if err != nil {
			r.problem("the ledger's entry %d does not fit: %v", head.Count+1, err)
			return
		}
		r.holdEmail(e, files)
		head, lines, r.Entries = next, lines[1:], r.Entries+1
	}
	if head != c.Head {
		r.problem("the ledger's entries do not lead to the head that %s names", chainFile)
		return
	}
	r.Head = head
}

// holdEmail compares a raw email with what the ledger says was saved.
func (r *Report) holdEmail(e Entry, files map[string][]byte) {
	raw, there := files["emails/"+e.Email+"/email.eml"]
	if e.Event == Saved && there && (Digest(raw) != e.SHA256 || int64(len(raw)) != e.Size) {
		r.problem("the email %s is not the one that the ledger's entry %d says was saved", quote.Text(e.Email, quote.Name), e.Number)
	}
}
