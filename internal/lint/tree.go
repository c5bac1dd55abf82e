package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// File is one file of the tree.
type File struct {
	Path string // relative to the root, with slashes
	Text []byte
	Go   *ast.File // nil unless it is a Go file outside testdata
}

// Tree is everything that the rules look at: every file of the repository that a person wrote or committed.
type Tree struct {
	Files     []File // sorted by path
	Positions *token.FileSet
}

// outsideTheTree are directories that hold nothing a person wrote: build results, runtime state, Git's own.
var outsideTheTree = []string{".git", ".ladder", "bin", "screenshots", "node_modules"}

// Load reads the tree below root. A Go file that does not parse is an error.
func Load(root fs.FS) (*Tree, error) {
	tree := &Tree{Positions: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(outsideTheTree, entry.Name()):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		return tree.add(root, name)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	return tree, nil
}

func (t *Tree) add(root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	file := File{Path: name, Text: text}
	if strings.HasSuffix(name, ".go") && !isTestdata(name) {
		file.Go, err = parser.ParseFile(t.Positions, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
	}
	t.Files = append(t.Files, file)
	return nil
}

// Source yields the Go files, without generated ones.
func (t *Tree) Source(yield func(File) bool) {
	for _, file := range t.Files {
		if file.Go != nil && !ast.IsGenerated(file.Go) && !yield(file) {
			return
		}
	}
}

// Line is the line at which something of a Go file stands.
func (t *Tree) Line(position token.Pos) int { return t.Positions.Position(position).Line }

// Has reports whether the tree has that file, or a file below that directory.
func (t *Tree) Has(name string) bool {
	if name == "." {
		return true
	}
	return slices.ContainsFunc(t.Files, func(file File) bool {
		return file.Path == name || strings.HasPrefix(file.Path, name+"/")
	})
}

// Directory of the file: its package's path below the module.
func (f File) Directory() string { return path.Dir(f.Path) }

// IsTest reports whether it is a Go test file.
func (f File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// IsText reports whether it is a text, by the rule that Git goes by: no NUL near its beginning.
func (f File) IsText() bool {
	return !bytes.Contains(f.Text[:min(len(f.Text), binaryProbeBytes)], []byte{0})
}

// binaryProbeBytes is how far IsText looks.
const binaryProbeBytes = 8000

func isTestdata(name string) bool {
	return slices.Contains(strings.Split(path.Dir(name), "/"), "testdata")
}
