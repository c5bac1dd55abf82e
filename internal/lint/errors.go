package lint

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// errorName is how variables that hold an error are called.
var errorName = regexp.MustCompile(`^(err|[a-z]\w*Err)$`)

// WrapErrors wants fmt.Errorf to wrap the errors that it is given, so that callers can ask what happened.
func WrapErrors(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		ast.Inspect(file.Go, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if ok && callee(call) == "fmt.Errorf" && losesError(call) {
				findings = append(findings, Finding{file.Path, tree.Line(call.Pos()),
					"fmt.Errorf is given an error without a %w for it; wrap it, or where callers must not see it write err.Error() and say why"})
			}
			return true
		})
	}
	return findings
}

// losesError reports whether a call is given more errors than its format wraps.
func losesError(call *ast.CallExpr) bool {
	if len(call.Args) < 2 || call.Ellipsis != token.NoPos {
		return false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return false
	}
	format, err := strconv.Unquote(literal.Value)
	if err != nil {
		return false
	}
	given := 0
	for _, argument := range call.Args[1:] {
		if name, ok := argument.(*ast.Ident); ok && errorName.MatchString(name.Name) {
			given++
		}
	}
	return strings.Count(format, "%w") < given
}
