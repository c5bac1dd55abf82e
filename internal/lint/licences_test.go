package lint

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// licences recognises licence texts by what only they say. Those with an empty reason are not for us.
var licences = []struct {
	name    string
	says    *regexp.Regexp
	allowed bool
}{
	{"AGPL", regexp.MustCompile(`(?i)GNU\s+AFFERO\s+GENERAL\s+PUBLIC\s+LICENSE`), false},
	{"LGPL", regexp.MustCompile(`(?i)GNU\s+LESSER\s+GENERAL\s+PUBLIC\s+LICENSE`), false},
	{"GPL", regexp.MustCompile(`(?i)GNU\s+GENERAL\s+PUBLIC\s+LICENSE`), false},
	{"BUSL", regexp.MustCompile(`(?i)Business\s+Source\s+License`), false},
	{"SSPL", regexp.MustCompile(`(?i)Server\s+Side\s+Public\s+License`), false},
	{"Apache-2.0", regexp.MustCompile(`(?i)Apache\s+License,?\s+Version\s+2\.0`), true},
	{"MPL-2.0", regexp.MustCompile(`(?i)Mozilla\s+Public\s+License,?\s+(?:Version|v\.)\s*2\.0`), true},
	{"MIT", regexp.MustCompile(`(?i)Permission\s+is\s+hereby\s+granted,\s+free\s+of\s+charge`), true},
	{"BSD", regexp.MustCompile(`(?i)Redistribution\s+and\s+use\s+in\s+source\s+and\s+binary\s+forms`), true},
	{"ISC", regexp.MustCompile(`(?i)Permission\s+to\s+use,\s+copy,\s+modify,\s+and(?:/or)?\s+distribute`), true},
	{"public domain", regexp.MustCompile(`(?i)(?:dedicated\s+to|in(?:to)?)\s+the\s+public\s+domain`), true},
}

// TestLicences looks at the licence of every module whose code is linked into bin/ladder or bin/chirp.
func TestLicences(t *testing.T) {
	linked := goList(t, "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "./cmd/...", "./demo/...")
	for line := range strings.Lines(linked) {
		module, directory, _ := strings.Cut(strings.TrimSpace(line), "\t")
		name, allowed := licenceOf(t, directory)
		switch {
		case name == "":
			t.Errorf("%s: no licence that we know of in %s; read it, and add it to the table here or do without the module", module, directory)
		case !allowed:
			t.Errorf("%s is under the %s, which the Apache-2.0 licence of Ladder cannot contain; do without it", module, name)
		}
	}
}

// TestDependenciesAreExplained wants every module that Ladder's own code imports, tests included, to stand in the decision
// about dependencies, with its licence and its reason.
func TestDependenciesAreExplained(t *testing.T) {
	const record = "docs/adr/0003-dependencies.md"
	text, err := os.ReadFile(filepath.Join("../..", record))
	if err != nil {
		t.Fatal(err)
	}
	imports := goList(t, "-f", `{{join .Imports "\n"}}{{"\n"}}{{join .TestImports "\n"}}{{"\n"}}{{join .XTestImports "\n"}}`, "./...")
	modules := goList(t, append([]string{"-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}"}, foreign(imports)...)...)
	for module := range strings.FieldsSeq(modules) {
		if !bytes.Contains(text, []byte("`"+module+"`")) {
			t.Errorf("%s is imported but does not stand in %s; say what it is for, its licence, and why not our own", module, record)
		}
	}
}

// foreign are the imported packages that are neither the standard library's nor ours.
func foreign(imports string) []string {
	seen := map[string]bool{}
	var packages []string
	for imported := range strings.FieldsSeq(imports) {
		first, _, _ := strings.Cut(imported, "/")
		if strings.Contains(first, ".") && !seen[imported] {
			seen[imported] = true
			packages = append(packages, imported)
		}
	}
	return packages
}

// goList runs go list at the root.
func goList(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...)
	command.Dir = "../.."
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &problems)
	}
	seen := map[string]bool{}
	var unique strings.Builder
	for line := range strings.Lines(string(output)) {
		if strings.TrimSpace(line) != "" && !seen[line] {
			seen[line] = true
			unique.WriteString(line)
		}
	}
	return unique.String()
}

// licenceOf reads a module's licence files and names what they are; the strictest counts.
func licenceOf(t *testing.T, directory string) (name string, allowed bool) {
	t.Helper()
	var texts []byte
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "licen[cs]e*", "UNLICENSE*"} {
		files, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text...)
		}
	}
	for _, licence := range licences {
		if licence.says.Match(texts) {
			return licence.name, licence.allowed
		}
	}
	return "", false
}
