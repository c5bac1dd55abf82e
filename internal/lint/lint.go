// Package lint holds the rules of this house that no linter knows: which package may import which, what a package may be
// called, how long a function may be, what a test may not do. Each rule is a pure function from the parsed tree to
// findings, and each finding says what to do instead. Exceptions stand in tables beside their rule, with the reason.
// The package's tests run every rule over the whole repository, and each rule over a small bad example under testdata.
// Start with [Rules].
package lint

import "fmt"

// Finding is one place that breaks a rule.
type Finding struct {
	File    string // relative to the tree's root, with slashes
	Line    int    // from 1; 0 where the finding is about the whole file or package
	Message string // what is wrong, and what to do instead
}

func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.File, f.Message)
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Rule is one law of the house.
type Rule struct {
	Name  string
	Check func(*Tree) []Finding
}
