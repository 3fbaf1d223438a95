package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// inFile is the end of the name under which a secret field may be given as the
// path of a file that holds it: password_file stands for password.
const inFile = "_file"

// secretFile is a value that is read from this path when the action asks for it:
// one that no action of a run uses need not be there.
type secretFile string

// mayHoldSecret are fields that are no secrets but may hold one: the password in
// the address of a database.
var mayHoldSecret = []string{"cloud_soar_api_url", "cloud_soar_email_store"}

// inFileToo reports whether the field may be given as a file.
func (f *Field) inFileToo() bool { return f.Secret() || slices.Contains(mayHoldSecret, f.ID) }

// ofFile returns the secret field that NAME_file stands for; nil for any other name.
func (d *decoder) ofFile(name string) *Field {
	id, ok := strings.CutSuffix(name, inFile)
	for i := range d.v.fields {
		if ok && d.v.fields[i].ID == id && d.v.fields[i].inFileToo() {
			return &d.v.fields[i]
		}
	}
	return nil
}

// chooseFile takes the path of a secret, where one is given. The secret beside it
// is an error: nobody could say which of the two counts.
func (d *decoder) chooseFile(f *Field) {
	value := d.object[f.ID+inFile]
	if value == nil || value == "" {
		value = d.in.Getenv(f.ID + inFile)
	}
	path, isText := value.(string)
	switch {
	case value == "":
	case !isText:
		d.v.Problem(f.ID, "is to be read from %s, which must be the path of a file, not %s", f.ID+inFile, shape(value))
	case d.v.fromHere[f.ID]:
		d.v.Problem(f.ID, "is given twice, by itself and as %s; give one of them", f.ID+inFile)
	default:
		d.v.given[f.ID], d.v.fromHere[f.ID] = secretFile(path), true
	}
}

// readSecret reads the file of a secret. The line end that an editor leaves at its
// end is not part of it.
func readSecret(path secretFile) (string, error) {
	f, err := os.Open(string(path))
	if err != nil {
		return "", withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case err != nil:
		return "", withoutPath(err)
	case len(data) > maxValue:
		return "", fmt.Errorf("it is longer than %d bytes", maxValue)
	case !utf8.ValidString(text):
		return "", errors.New("it is not UTF-8")
	case text == "":
		return "", errors.New("it is empty")
	}
	return text, nil
}

// withoutPath takes the path, which the sentence has already, out of an error.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
