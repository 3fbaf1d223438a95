package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	integrationFile = "integration.yaml"
	actionFolder    = "actions"
	suffix          = ".yaml"
	decodedFolder   = "decoded"
)

// Manifest is the set of files that the platform is given: integration.yaml and
// actions/COMMAND.yaml. A file is read when it is asked for, not before.
type Manifest struct {
	files   fs.FS
	actions string // the folder of the action files
	decoded fs.FS  // the same as JSON; nil: there is none
}

// New returns the manifest in files, which must hold integration.yaml and, in
// the folder actions or beside it as [Manifest.Export] writes them, the files of the actions.
func New(files fs.FS) Manifest {
	if _, err := fs.Stat(files, actionFolder); errors.Is(err, fs.ErrNotExist) {
		return Manifest{files: files, actions: "."}
	}
	return Manifest{files: files, actions: actionFolder}
}

// WithDecoded returns the manifest that reads the fields from decoded/NAME.json of these files
// in place of NAME.yaml: a run needs two files, whose YAML would cost it more than its own work.
func (m Manifest) WithDecoded(decoded fs.FS) Manifest {
	m.decoded = decoded
	return m
}

// Integration reads integration.yaml.
func (m Manifest) Integration() (*Integration, error) {
	i := new(Integration)
	return i, m.load(integrationFile, i)
}

// Action reads the file of the action with this subcommand. The error is
// fs.ErrNotExist where there is no such file.
func (m Manifest) Action(command string) (*Action, error) {
	a := new(Action)
	return a, m.load(path.Join(m.actions, command+suffix), a)
}

// Commands lists the subcommands that have an action file, sorted.
func (m Manifest) Commands() ([]string, error) {
	entries, err := fs.ReadDir(m.files, m.actions)
	if err != nil {
		return nil, fmt.Errorf("cannot list the action files: %w", err)
	}
	var commands []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok && e.Name() != integrationFile {
			commands = append(commands, name)
		}
	}
	slices.Sort(commands)
	return commands, nil
}

// Parameters lists the fields that a subcommand takes: those of the resource,
// those of its action file if it has one, proxy_url and no_proxy, in this order.
func (m Manifest) Parameters(command string) ([]Field, error) {
	integration, err := m.Integration()
	if err != nil {
		return nil, err
	}
	fields := slices.Clone(integration.Configuration.DataAttributes)
	switch action, err := m.Action(command); {
	case err == nil:
		for _, f := range action.Fields {
			f.ofAction = true
			fields = append(fields, f)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return append(fields, proxyFields...), nil
}

// proxyFields are what the platform adds by itself when require_proxy_config is
// true, and the exceptions, which it knows nothing of.
var proxyFields = []Field{
	{
		ID: "proxy_url", Label: "Proxy", Type: "password",
		Hint: "Set by the platform from the resource's proxy options: http://, https:// or socks5://, used for IMAP, Cloud SOAR and token endpoints.",
	},
	{
		ID: "no_proxy", Label: "No proxy", Type: "text",
		Hint: "Servers that are reached without the proxy, a comma list: hosts, domains (.corp.example), addresses, networks (10.0.0.0/8). Not shown in the resource.",
	},
}

func isProxyField(id string) bool {
	return slices.ContainsFunc(proxyFields, func(f Field) bool { return f.ID == id })
}

func (m Manifest) load(name string, into any) error {
	if m.decoded != nil {
		data, err := fs.ReadFile(m.decoded, path.Join(decodedFolder, strings.TrimSuffix(path.Base(name), suffix)+".json"))
		if err != nil {
			return err
		}
		return json.Unmarshal(data, into)
	}
	data, err := fs.ReadFile(m.files, name)
	if err != nil {
		return err
	}
	return DecodeYAML(name, data, into)
}
