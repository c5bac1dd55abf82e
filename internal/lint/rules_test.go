package lint

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the findings into testdata instead of comparing them")

// TestHouse runs every rule over the repository.
func TestHouse(t *testing.T) {
	tree, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if !tree.Has("internal/lint/rules_test.go") {
		t.Fatal("the tree does not hold this file: looked in the wrong place")
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, finding := range rule.Check(tree) {
				t.Error(finding)
			}
		})
	}
}

// TestRules runs each rule over the small tree in its testdata/RULE.txtar, whose file "findings" lists what it must find.
func TestRules(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			name := filepath.Join("testdata", rule.Name+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatalf("every rule needs a bad example: %v", err)
			}
			root := fstest.MapFS{}
			var want []byte
			for _, file := range archive.Files {
				if file.Name == "findings" {
					want = file.Data
				} else {
					root[file.Name] = &fstest.MapFile{Data: file.Data}
				}
			}
			tree, err := Load(root)
			if err != nil {
				t.Fatal(err)
			}
			got := findingsText(rule.Check(tree))
			if *update {
				writeFindings(t, name, archive, got)
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("findings differ (-want +got); after a look, go test ./internal/lint -update writes them:\n%s", diff)
			}
			if got == "" {
				t.Error("the bad example breaks no rule: it proves nothing")
			}
		})
	}
}

func findingsText(findings []Finding) string {
	var text strings.Builder
	for _, finding := range findings {
		text.WriteString(finding.String() + "\n")
	}
	return text.String()
}

func writeFindings(t *testing.T, name string, archive *txtar.Archive, findings string) {
	t.Helper()
	for i := range archive.Files {
		if archive.Files[i].Name == "findings" {
			archive.Files[i].Data = []byte(findings)
		}
	}
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestExceptionsAreNeeded keeps the exception tables short: an entry whose file or reason is gone goes too.
func TestExceptionsAreNeeded(t *testing.T) {
	tree, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []map[string]string{longFunctions, longFiles, mutableGlobals, sleeps} {
		for place, reason := range table {
			file, _, _ := strings.Cut(place, ": ")
			if !tree.Has(file) {
				t.Errorf("the exception for %q is not needed any more: there is no such file", place)
			}
			if len(reason) < 20 {
				t.Errorf("the exception for %q needs a reason that convinces a reader, not %q", place, reason)
			}
		}
	}
}
