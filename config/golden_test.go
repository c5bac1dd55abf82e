package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ladder/config"
)

var update = flag.Bool("update", false, "write what the tests find into their golden files and into docs/")

// canary is what a variable holds that must never be told; the files of testdata use hunter2 as their secrets.
const canary = "canary-in-the-coal-mine"

// environment is what the files of testdata find.
func environment(name string) (string, bool) {
	value, set := map[string]string{
		"NAME": "chirp", "FOUR": "4", "EMPTY": "", "NOTES": "notes.txt", "CANARY": canary,
	}[name]
	return value, set
}

// parseFile parses a file of testdata as if the program had been started there.
func parseFile(t *testing.T, file string) (*config.Config, error) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	return config.Parse(filepath.Base(file), base, text, environment)
}

// files are the files of testdata with an ending, by what stands before it.
func files(t *testing.T, ending string) map[string]string {
	t.Helper()
	found, err := filepath.Glob("testdata/*" + ending)
	if err != nil || len(found) == 0 {
		t.Fatalf("no files testdata/*%s: %v", ending, err)
	}
	named := map[string]string{}
	for _, file := range found {
		named[strings.TrimSuffix(filepath.Base(file), ending)] = file
	}
	return named
}

// golden compares a text with a file, or writes it there.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\nTry: go test ./config -update, and read what it wrote", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what comes out (-file +now):\n%s\nTry: go test ./config -update, and read what it wrote", file, diff)
	}
}

// Every file testdata/X.bad.yaml is refused with exactly the text of testdata/X.bad.golden.
func TestBadFiles(t *testing.T) {
	for name, file := range files(t, ".bad.yaml") {
		t.Run(name, func(t *testing.T) {
			_, err := parseFile(t, file)
			if err == nil {
				t.Fatal("the file was accepted")
			}
			golden(t, strings.TrimSuffix(file, "yaml")+"golden", err.Error()+"\n")
		})
	}
}

// Every file testdata/X.good.yaml means what testdata/X.good.golden spells out.
func TestGoodFiles(t *testing.T) {
	for name, file := range files(t, ".good.yaml") {
		t.Run(name, func(t *testing.T) {
			c, err := parseFile(t, file)
			if err != nil {
				t.Fatalf("refused:\n%v", err)
			}
			golden(t, strings.TrimSuffix(file, "yaml")+"golden", string(c.YAML()))
		})
	}
}
