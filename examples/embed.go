// Package examples carries the example files, so that `ladder demo` works from the binary alone.
package examples

import "embed"

// Files are the examples as they stand in this directory.
//
//go:embed *.yaml
var Files embed.FS
