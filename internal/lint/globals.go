package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// makesConstants are functions whose result is as good as a constant: nobody can change it afterwards.
var makesConstants = map[string]bool{
	"regexp.MustCompile": true, "strings.Fields": true, "strings.Split": true, "strings.NewReplacer": true, "template.Must": true, "time.Date": true, "time.Unix": true, "prometheus.NewDesc": true,
	"netip.MustParseAddr": true, "netip.MustParsePrefix": true, "append": true, "slices.Concat": true,
	"sync.OnceValue": true, "sync.OnceValues": true,
}

// mutableGlobals are package-level variables that may change, as "path: name", with the reason.
var mutableGlobals = map[string]string{
	"cmd/ladder/version.go: version": "the linker sets it for a release (-X main.version), which only works on a variable",
}

// NoInit refuses init functions.
func NoInit(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		for _, declaration := range file.Go.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				findings = append(findings, Finding{file.Path, tree.Line(function.Pos()),
					"init runs in an order that imports hide; make a table, or a constructor that node calls"})
			}
		}
	}
	return findings
}

// NoMutableGlobals refuses package-level variables that can change: what is allowed are errors, tables, expressions and
// embedded files, and those only as long as nothing in the package writes to them.
func NoMutableGlobals(tree *Tree) []Finding {
	var findings []Finding
	for _, files := range packages(tree) {
		variables := variablesOf(tree, files)
		for _, file := range files {
			if file.IsTest() {
				continue // a flag such as -update, a table of cases: gone with the test
			}
			for _, declaration := range file.Go.Decls {
				findings = append(findings, globalsOf(tree, file, declaration, variables)...)
			}
		}
	}
	sortFindings(findings)
	return findings
}

func globalsOf(tree *Tree, file File, declaration ast.Decl, variables packageVariables) []Finding {
	general, ok := declaration.(*ast.GenDecl)
	if !ok || general.Tok != token.VAR {
		return nil
	}
	var findings []Finding
	for _, spec := range general.Specs {
		values, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		embedded := hasEmbedDirective(general.Doc) || hasEmbedDirective(values.Doc)
		for i, name := range values.Names {
			var why string
			switch {
			case name.Name == "_" || mutableGlobals[file.Path+": "+name.Name] != "":
			case variables.written[name.Name]:
				why = "is written to"
			case !embedded && !isSentinel(name.Name) && !isConstant(values, i, variables):
				why = "can change"
			}
			if why != "" {
				findings = append(findings, Finding{file.Path, tree.Line(name.Pos()), fmt.Sprintf(
					"package-level variable %s %s; put it into the struct that owns it, or make it a const or a function", name.Name, why)})
			}
		}
	}
	return findings
}

func hasEmbedDirective(comments *ast.CommentGroup) bool {
	if comments == nil {
		return false
	}
	for _, comment := range comments.List {
		if strings.HasPrefix(comment.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// isSentinel reports whether a variable is an error that callers compare with.
func isSentinel(name string) bool {
	return strings.HasPrefix(name, "Err") || strings.HasPrefix(name, "err")
}

// isConstant reports whether a variable is a table, an expression or the like: given a value that cannot be changed, or that
// nobody changes.
func isConstant(spec *ast.ValueSpec, index int, variables packageVariables) bool {
	if index >= len(spec.Values) {
		return false
	}
	switch value := spec.Values[index].(type) {
	case *ast.CompositeLit, *ast.FuncLit, *ast.SelectorExpr: // a table, a function, another package's sentinel
		return true
	case *ast.CallExpr:
		if _, conversion := value.Fun.(*ast.ArrayType); conversion {
			return true // []byte("…")
		}
		if makesConstants[callee(value)] {
			return true
		}
	}
	return variables.isValue(spec.Names[index])
}

// callee is the called function as written: errors.New.
func callee(call *ast.CallExpr) string {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		return function.Name
	case *ast.SelectorExpr:
		if receiver, ok := function.X.(*ast.Ident); ok {
			return receiver.Name + "." + function.Sel.Name
		}
	}
	return ""
}
