package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and revision are set when the program is built (-ldflags -X): the
// release, and the commit where that is known.
var (
	version  = "development"
	revision string
)

func versionCommand(p *program) *cobra.Command {
	asJSON := false
	c := p.personCommand("version", "Print the version", cobra.NoArgs, func(context.Context, []string) error {
		if asJSON {
			build, _ := debug.ReadBuildInfo() // nil in a build without modules, which then has none to tell
			return printJSON(p.stdout, describeBuild(build))
		}
		i, err := p.manifest.Integration()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "imap-integration %s (manifest %s, %s, %s/%s)\n", version, i.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	})
	c.Flags().BoolVar(&asJSON, "json", false, "also what the program is made of, as JSON: modules with their versions and digests, and the settings of the build")
	return c
}

// buildDescription is what version --json prints. Every key is always there.
type buildDescription struct {
	Version  string            `json:"version"`
	Revision string            `json:"revision"` // the commit; "" where it is not known
	Go       string            `json:"go"`
	System   string            `json:"system"`
	Machine  string            `json:"machine"`
	Settings map[string]string `json:"settings"`
	Modules  []linkedModule    `json:"modules"`
}

type linkedModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"` // as in go.sum; "" of a module that was replaced by a folder
}

func describeBuild(build *debug.BuildInfo) buildDescription {
	d := buildDescription{
		Version: version, Revision: revision, Go: runtime.Version(), System: runtime.GOOS, Machine: runtime.GOARCH,
		Settings: map[string]string{}, Modules: []linkedModule{},
	}
	if build == nil {
		return d
	}
	for _, s := range build.Settings {
		d.Settings[s.Key] = s.Value
		if s.Key == "vcs.revision" && d.Revision == "" {
			d.Revision = s.Value
		}
	}
	for _, m := range build.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		d.Modules = append(d.Modules, linkedModule{Path: m.Path, Version: m.Version, Sum: m.Sum})
	}
	return d
}

// printJSON prints one document for people and their tools, indented.
func printJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
