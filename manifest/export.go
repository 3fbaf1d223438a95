package manifest

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Export writes the files to upload into folder, which it makes if need be:
// integration.yaml, and one file for each action beside it.
func (m Manifest) Export(folder string) error {
	commands, err := m.Commands()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder for the files: %w", err)
	}
	names := []string{integrationFile}
	for _, command := range commands {
		names = append(names, path.Join(m.actions, command+suffix))
	}
	for _, name := range names {
		data, err := fs.ReadFile(m.files, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, path.Base(name)), data, 0o644); err != nil {
			return fmt.Errorf("cannot export the manifest: %w", err)
		}
	}
	return nil
}
