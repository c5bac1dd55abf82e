package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// emptyNames are package names that say nothing of what is inside, so that everything ends up there.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "base", "misc", "lib", "pkg", "shared", "core", "tools", "types", "interfaces", "models"}

// PackageNames refuses packages that are called after nothing.
func PackageNames(tree *Tree) []Finding {
	var findings []Finding
	for _, files := range packages(tree) {
		file := files[0]
		for _, name := range []string{file.Go.Name.Name, path.Base(file.Directory())} {
			if slices.Contains(emptyNames, strings.TrimSuffix(name, "_test")) {
				findings = append(findings, Finding{File: file.Path, Message: fmt.Sprintf("a package called %q says nothing of what is inside; call it by the field's word for the one idea it holds", name)})
				break
			}
		}
	}
	sortFindings(findings)
	return findings
}

// PackageComments wants each package to open with what it is for.
func PackageComments(tree *Tree) []Finding {
	var findings []Finding
	for directory, files := range packages(tree) {
		var comments []string
		for _, file := range files {
			if !file.IsTest() && file.Go.Doc != nil {
				comments = append(comments, file.Path)
			}
		}
		onlyTests := !slices.ContainsFunc(files, func(file File) bool { return !file.IsTest() })
		switch {
		case onlyTests:
		case len(comments) == 0:
			findings = append(findings, Finding{File: directory, Message: "no package comment; say what the package is for, what it does not do, and where to start"})
		case len(comments) > 1:
			findings = append(findings, Finding{File: directory, Message: fmt.Sprintf("more than one package comment (%s); keep one, the others are comments of their file: leave an empty line after them", strings.Join(comments, ", "))})
		}
	}
	sortFindings(findings)
	return findings
}

// packages groups the Go files by directory.
func packages(tree *Tree) map[string][]File {
	all := map[string][]File{}
	for file := range tree.Source {
		all[file.Directory()] = append(all[file.Directory()], file)
	}
	return all
}

func sortFindings(findings []Finding) {
	slices.SortFunc(findings, func(a, b Finding) int {
		return strings.Compare(fmt.Sprintf("%s:%08d", a.File, a.Line), fmt.Sprintf("%s:%08d", b.File, b.Line))
	})
}
