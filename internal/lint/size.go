package lint

import (
	"bytes"
	"fmt"
	"go/ast"
)

const (
	maxFunctionLines = 70  // past this, something wants out
	maxTestLines     = 120 // a test is a list of cases first and code second
	maxFileLines     = 400 // past this, look for the second idea in the file
)

// longFunctions are those that may be longer, as "path: function", with the reason.
var longFunctions = map[string]string{}

// longFiles are those that may be longer, with the reason.
var longFiles = map[string]string{}

// FunctionLength limits functions.
func FunctionLength(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		limit := maxFunctionLines
		if file.IsTest() {
			limit = maxTestLines
		}
		for _, declaration := range file.Go.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || longFunctions[file.Path+": "+function.Name.Name] != "" {
				continue
			}
			first, last := tree.Line(function.Pos()), tree.Line(function.End())
			if lines := last - first + 1; lines > limit {
				findings = append(findings, Finding{file.Path, first, fmt.Sprintf(
					"%s has %d lines, more than %d; keep the branches here and give each leaf a name of its own", function.Name.Name, lines, limit)})
			}
		}
	}
	return findings
}

// FileLength limits files that are not tests.
func FileLength(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		lines := bytes.Count(file.Text, []byte("\n"))
		if !file.IsTest() && lines > maxFileLines && longFiles[file.Path] == "" {
			findings = append(findings, Finding{File: file.Path, Message: fmt.Sprintf("%d lines, more than %d; find the second idea in it and give it a file", lines, maxFileLines)})
		}
	}
	return findings
}
