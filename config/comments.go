package config

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
	"unicode"
)

//go:embed config.go
var treeSource string

// comments are the comments of the struct tree's fields and types: "App.Command", "App". They are read from the source
// of this package, so that nobody has to write them twice.
var comments = sync.OnceValue(func() map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", treeSource, parser.ParseComments)
	if err != nil {
		panic("config: this package's own source: " + err.Error()) // it was compiled
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		declaration, ok := n.(*ast.GenDecl)
		if !ok || declaration.Tok != token.TYPE {
			return true
		}
		for _, spec := range declaration.Specs {
			if named, ok := spec.(*ast.TypeSpec); ok {
				found[named.Name.Name] = oneLine(declaration.Doc.Text())
				fieldComments(found, named)
			}
		}
		return false
	})
	return found
})

func fieldComments(into map[string]string, named *ast.TypeSpec) {
	tree, ok := named.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range tree.Fields.List {
		for _, name := range f.Names {
			into[named.Name.Name+"."+name.Name] = oneLine(f.Doc.Text())
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// meaning is the comment of a field of a type, written for people who see the key and not the Go name: "StartTimeout is
// how long …" becomes "How long …", "AccessLog has …" becomes "`access_log` has …".
func meaning(typeName string, f field) string {
	text := comments()[typeName+"."+f.name]
	rest, found := strings.CutPrefix(text, f.name+" ")
	if !found {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		if after, found := strings.CutPrefix(rest, verb); found {
			return capitalised(after)
		}
	}
	if strings.ToLower(f.name) == f.key {
		return text // an ordinary word, as in "Path that is asked for"
	}
	return "`" + f.key + "` " + rest
}

func capitalised(text string) string {
	runes := []rune(text)
	if len(runes) > 0 {
		runes[0] = unicode.ToUpper(runes[0])
	}
	return string(runes)
}
