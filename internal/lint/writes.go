package lint

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
)

// packageVariables is what one package does with the variables at its top; tests are left out.
type packageVariables struct {
	written map[string]bool // assigned to somewhere, in whole or in part
	info    types.Info
	scope   *types.Scope
}

// variablesOf reads the files of one package. Its imports are left unresolved: they matter little here, and the rules stay
// fast.
func variablesOf(tree *Tree, files []File) packageVariables {
	var parsed []*ast.File
	for _, file := range files {
		if !file.IsTest() {
			parsed = append(parsed, file.Go)
		}
	}
	variables := packageVariables{
		written: map[string]bool{},
		info:    types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
	}
	configuration := types.Config{Importer: noImports{}, Error: func(error) {}}
	checked, _ := configuration.Check("", tree.Positions, parsed, &variables.info) // missing imports are errors here, on purpose
	variables.scope = checked.Scope()
	for _, file := range parsed {
		variables.noteWrites(file)
	}
	return variables
}

func (v packageVariables) noteWrites(file *ast.File) {
	ast.Inspect(file, func(node ast.Node) bool {
		for _, target := range targets(node) {
			if name := root(target); name != nil && v.isGlobal(name) {
				v.written[name.Name] = true
			}
		}
		return true
	})
}

func (v packageVariables) isGlobal(name *ast.Ident) bool {
	object := v.info.Uses[name]
	return object != nil && object.Parent() == v.scope
}

// isValue reports whether a variable is an array or a struct: once given a value, it cannot change unless somebody writes to it.
func (v packageVariables) isValue(name *ast.Ident) bool {
	object := v.info.Defs[name]
	if object == nil || object.Type() == nil {
		return false
	}
	switch object.Type().Underlying().(type) {
	case *types.Array, *types.Struct:
		return true
	}
	return false
}

// targets are the expressions that a statement writes to.
func targets(node ast.Node) []ast.Expr {
	switch node := node.(type) {
	case *ast.AssignStmt:
		if node.Tok != token.DEFINE {
			return node.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{node.X}
	case *ast.RangeStmt:
		if node.Tok == token.ASSIGN {
			return []ast.Expr{node.Key, node.Value}
		}
	case *ast.CallExpr:
		if name := callee(node); (name == "delete" || name == "clear") && len(node.Args) > 0 {
			return node.Args[:1]
		}
	}
	return nil
}

// root is the variable that a written expression such as table[key].field begins with.
func root(target ast.Expr) *ast.Ident {
	for {
		switch expression := target.(type) {
		case *ast.IndexExpr:
			target = expression.X
		case *ast.SelectorExpr:
			target = expression.X
		case *ast.StarExpr:
			target = expression.X
		case *ast.ParenExpr:
			target = expression.X
		case *ast.Ident:
			return expression
		default:
			return nil
		}
	}
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not looked at") }
