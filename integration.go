// Package integration holds the files that the platform is given, as they are
// embedded in the program.
package integration

import "embed"

// Files are integration.yaml and actions/*.yaml.
//
//go:embed integration.yaml actions/*.yaml
var Files embed.FS
