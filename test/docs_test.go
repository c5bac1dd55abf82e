package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladder/internal/doctest"
)

// TestDocuments runs the commands of README and docs/ as a reader would who pastes one block after the other. They use the
// addresses that they name, so those must be free on this machine.
func TestDocuments(t *testing.T) {
	scenarios, err := doctest.Scenarios(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(scenarios) == 0 {
		t.Fatal("no document has a command to run")
	}
	for _, scenario := range scenarios {
		t.Run(strings.ReplaceAll(scenario.Name, "/", "_"), func(t *testing.T) {
			directory := publicTempDir(t)
			// README's reader has an application called myapp.
			if err := os.Symlink(filepath.Join(programs, "chirp"), filepath.Join(directory, "myapp")); err != nil {
				t.Fatal(err)
			}
			shell := doctest.Shell{
				Directory: directory,
				Env:       append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH")),
				Log:       t.Logf,
			}
			if err := shell.Run(t.Context(), scenario); err != nil {
				t.Error(err)
			}
		})
	}
}
