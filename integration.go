// Package integration holds the files that the platform is given, as they are
// embedded in the program.
package integration

import "embed"

// Files are integration.yaml and actions/*.yaml.
//
//go:embed integration.yaml actions/*.yaml
var Files embed.FS

// Decoded are the same files as JSON, as `go test ./manifest -update` writes them: what a run
// reads instead, because YAML costs it more than a millisecond.
//
//go:embed decoded/*.json
var Decoded embed.FS
