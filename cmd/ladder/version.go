package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release; the linker may set it (-X main.version=…).
var version = "0.1.0-dev"

// versionReport is what `ladder version -o json` prints.
type versionReport struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(t terminal) *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version", Args: noArguments}
	format := outputFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		report := versionReport{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, setting := range info.Settings {
				if setting.Key == "vcs.revision" {
					report.Revision = setting.Value
				}
			}
		}
		if format.json() {
			return printJSON(t.out, report)
		}
		fmt.Fprintf(t.out, "ladder %s (%s, %s)\n", report.Version, report.Go, report.Platform)
		return nil
	}
	return c
}
