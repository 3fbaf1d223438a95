package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

// Email is an email that is handed over.
type Email struct {
	ID          string
	Record      any    // what record.json says
	Raw         []byte // nil: the store has no content
	Attachments []Attachment
}

// Attachment is a file of an email: its description, and its content where it could be had.
type Attachment struct {
	message.Attachment
	Content []byte
}

// Numbered is an entry of the ledger that concerns the emails, or only the digest of one that does not.
type Numbered struct {
	Number int64
	Line   []byte // nil: of another email
	Digest string // of the line
}

// Bundle is what is handed over.
type Bundle struct {
	Emails   []Email
	Produced any  // what bundle.json says: program, store, settings without secrets
	Excerpt       // of the ledger
	Key      *Key // nil: not signed
}

// Names of the files of a bundle.
const (
	sumsFile      = "SHA256SUMS"
	signatureFile = "SHA256SUMS.sig"
	publicKeyFile = "public-key.pem"
	chainFile     = "chain.json"
	entriesFile   = "ledger.jsonl"
	producedFile  = "bundle.json"
	readmeFile    = "README.txt"
)

// Files returns the files of the bundle by their path. The same bundle gives the same bytes.
func (b Bundle) Files() (map[string][]byte, error) {
	files := map[string][]byte{readmeFile: []byte(b.readme())}
	err := putJSON(files, producedFile, b.Produced)
	for _, e := range b.Emails {
		err = errors.Join(err, e.put(files))
	}
	if b.Head.Count > 0 {
		err = errors.Join(err, b.putLedger(files))
	}
	if err != nil {
		return nil, err
	}
	if b.Key != nil {
		files[publicKeyFile] = b.Key.PublicPEM()
	}
	files[sumsFile] = sums(files)
	if b.Key != nil {
		files[signatureFile] = b.Key.Sign(files[sumsFile])
	}
	return files, nil
}

// sums lists the digests of all files, as sha256sum -c reads them.
func sums(files map[string][]byte) []byte {
	var list bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&list, "%s  %s\n", Digest(files[name]), name)
	}
	return list.Bytes()
}

// put adds the files of one email.
func (e Email) put(files map[string][]byte) error {
	folder := "emails/" + message.SafeFilename(e.ID)
	if e.Raw != nil {
		files[folder+"/email.eml"] = e.Raw
	}
	names, listed := &message.FilenameSet{}, []map[string]any{}
	for _, a := range e.Attachments {
		entry := map[string]any{"attachment": a.Attachment, "file": ""}
		if a.Content != nil {
			name := a.Filename
			if name == "" {
				name = "part-" + a.Part
			}
			file := path.Join("attachments", names.Unique(name))
			files[path.Join(folder, file)], entry["file"] = a.Content, file
		}
		listed = append(listed, entry)
	}
	return errors.Join(putJSON(files, folder+"/record.json", e.Record), putJSON(files, folder+"/attachments.json", listed))
}

// chain is chain.json: what is needed to come from the link before the first entry to the head.
type chain struct {
	Before Head       `json:"before"`
	Hidden [][]string `json:"hidden"` // number and digest of each entry of another email
	Head   Head       `json:"head"`
}

func (b Bundle) putLedger(files map[string][]byte) error {
	c := chain{Before: b.Before, Hidden: [][]string{}, Head: b.Head}
	var lines bytes.Buffer
	for _, n := range b.Entries {
		if n.Line == nil {
			c.Hidden = append(c.Hidden, []string{fmt.Sprint(n.Number), n.Digest})
			continue
		}
		lines.Write(n.Line)
		lines.WriteByte('\n')
	}
	files[entriesFile] = lines.Bytes()
	return putJSON(files, chainFile, c)
}

func putJSON(files map[string][]byte, name string, document any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(document)
	files[name] = b.Bytes()
	return err
}

// readme tells a person what is in the folder and how to check it without this program.
func (b Bundle) readme() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Evidence: %d emails\n\n", len(b.Emails))
	text.WriteString(`emails/ID/email.eml         the email as it arrived, byte for byte
emails/ID/record.json       what the store says of it
emails/ID/attachments.json  its attachments with their digests; the files are beside it
bundle.json                 what made this folder
`)
	if b.Head.Count > 0 {
		text.WriteString("ledger.jsonl, chain.json    what became of these emails, and the proof that the entries are in the chain\n")
	}
	text.WriteString("\nIs every file as it was?\n    sha256sum --check --strict SHA256SUMS\n")
	if b.Key != nil {
		text.WriteString("Who says so? (take the public key from its owner and not from this folder)\n" +
			"    openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig\n")
	}
	text.WriteString("Both, and the chain of the ledger:\n    imap-integration evidence verify .\n")
	return text.String()
}

// WriteFolder writes the files into a folder that is made now or empty.
func WriteFolder(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of the bundle: %w", err)
	}
	if there, err := os.ReadDir(folder); err != nil || len(there) > 0 {
		return errors.Join(fmt.Errorf("cannot write the bundle into %q: the folder is not empty; name one that is not there yet", folder), err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		target := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o700), os.WriteFile(target, files[name], 0o600)); err != nil {
			return fmt.Errorf("cannot write the bundle: %w", err)
		}
	}
	return nil
}

// ZIP packs the files. No time of today is in it.
func ZIP(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(fs.FileMode(0o600))
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
