package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// machinePaths are directories of the machines that this was built on; no user has them. The expression is written so that
// it does not match itself.
var machinePaths = regexp.MustCompile(`/(?:root/(?:go|\.cache)|work/(?:main|shared|\.library)|tmp/(?:ladder|house))/`)

// reminder matches a note to do something later; its reference is the first group.
var reminder = regexp.MustCompile(`\b(?:TODO|FIXME|XXX|HACK)\b(\([^)]+\))?`)

// reminderFree are files that explain the rule itself.
var reminderFree = []string{"internal/lint/text.go", "internal/lint/rules_test.go", "CONTRIBUTING.md"}

// NoMachinePaths refuses paths of the machines that this was built on.
func NoMachinePaths(tree *Tree) []Finding {
	return eachLine(tree, func(file File, line []byte) string {
		if found := machinePaths.Find(line); found != nil && !strings.HasPrefix(file.Path, "internal/lint/testdata/") {
			return fmt.Sprintf("%s exists on the machine this was written on and nowhere else; make it relative, or a temporary directory", found)
		}
		return ""
	})
}

// NoReminders refuses notes to do something later that do not say where that is planned.
func NoReminders(tree *Tree) []Finding {
	return eachLine(tree, func(file File, line []byte) string {
		if slices.Contains(reminderFree, file.Path) || isForeign(file.Path) {
			return ""
		}
		for _, match := range reminder.FindAllSubmatch(line, -1) {
			if len(match[1]) == 0 {
				return fmt.Sprintf("%s without a reference; do it, or say where it is planned: %s(rung 3)", match[0], match[0])
			}
		}
		return ""
	})
}

// isForeign reports whether a file was taken over from somebody else as it is.
func isForeign(name string) bool {
	return name == "LICENSE" || strings.HasSuffix(name, "go.sum") || slices.Contains(strings.Split(name, "/"), "vendor") ||
		strings.Contains(name, "testdata/")
}

// eachLine asks about every line of every text.
func eachLine(tree *Tree, ask func(File, []byte) string) []Finding {
	var findings []Finding
	for _, file := range tree.Files {
		if !file.IsText() {
			continue
		}
		number := 0
		for line := range bytes.Lines(file.Text) {
			number++
			if message := ask(file, line); message != "" {
				findings = append(findings, Finding{file.Path, number, message})
			}
		}
	}
	return findings
}
