package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"example.org/imap-integration/privatefile"
)

// maxSettings bounds the settings file, bytes.
const maxSettings = 8 << 20

// settingsFile is the JSON object that the actions take on standard input. It is
// read anew for each page: a person may edit it meanwhile.
type settingsFile struct {
	path string
	mu   sync.Mutex // one writer
}

func newSettingsFile(path string) *settingsFile { return &settingsFile{path: path} }

// read returns the members of the file, none where there is no file yet.
func (f *settingsFile) read() (map[string]any, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read the settings: %w", err)
	case len(data) > maxSettings:
		return nil, fmt.Errorf("cannot read the settings: %q is larger than %d MiB; give another file with --settings", f.path, maxSettings>>20)
	}
	members := map[string]any{}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return members, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, fmt.Errorf("cannot read the settings: %q is no JSON object; mend it or give another file with --settings", f.path)
	}
	return members, nil
}

// change lets a function edit the members, and replaces the file with a new one
// that only its owner can read. Whatever fails, the old one stays.
func (f *settingsFile) change(edit func(members map[string]any)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	members, err := f.read()
	if err != nil {
		return err
	}
	edit(members)
	text, err := json.MarshalIndent(members, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot save the settings: %w", err)
	}
	if err := privatefile.Replace(f.path, append(text, '\n')); err != nil {
		return fmt.Errorf("cannot save the settings: %w", err)
	}
	return nil
}
