package lint

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// module is the path that Ladder's own imports begin with.
const module = "ladder"

// layer says what a part of the tree may import of Ladder, and of the standard library.
type layer struct {
	directory string   // this directory and those below it; the longest match counts
	may       []string // directories of Ladder, with those below; "*" is everything
	tests     []string // what its tests may import as well
	mayNot    []string // packages of the standard library that would bring I/O into something pure; tests may
	why       string
}

// layers is the import rule: what users think in stands at the root, knows the shared words below it and nothing beside
// it; only node, and the commands and tests around it, know everything.
var layers = []layer{
	{
		directory: "config", may: []string{"internal"},
		why: "the file is shared by everybody, so it depends on nobody",
	},
	{
		directory: "topology", may: []string{"topology", "internal"}, mayNot: []string{"net", "net/http", "os"},
		why: "the shared words do no I/O, so that decisions are tested in microseconds",
	},
	{
		directory: "http1", may: []string{"internal"}, mayNot: []string{"net", "net/http", "os"},
		why: "the codec knows no sockets, so that goroutines, an event loop and a fuzzer drive the same code",
	},
	{
		directory: "telemetry", may: []string{"internal"},
		why: "everybody reports through telemetry, so it depends on nobody",
	},
	{
		directory: "internal", may: []string{"internal", "topology", "telemetry"},
		why: "mechanisms serve the rungs and know none of them",
	},

	rung("gateway"),
	rung("supervise"),
	rung("postgres"),
	rung("dashboard"),
	{
		directory: "admin", may: []string{"admin", "config", "topology", "telemetry", "internal"},
		why: "admin shows the node and hands it files; what the node does with them comes in as an interface",
	},

	{directory: "node", may: []string{"*"}, why: "node wires everything"},
	{directory: "cmd", may: []string{"*"}, why: "the command line is a thin shell over node"},
	{directory: "test", may: []string{"*"}, why: "end to end tests look at everything"},
	{directory: "bench", may: []string{"*"}, why: "benchmarks look at everything"},
	{directory: "examples", may: nil, why: "examples are files, not code"},
	{
		directory: "demo/chirp", may: []string{"demo/chirp"}, tests: []string{"internal/pgtest"},
		why: "the sample application has never heard of Ladder; that is what makes it a proof",
	},
	{
		directory: "demo/traffic", may: []string{"telemetry", "internal"}, tests: []string{"demo/chirp"},
		why: "the traffic generator is a user: it sees the application over HTTP alone",
	},
}

// rung is the layer of a package that users think in. It gets plain options, not the file: node translates.
func rung(name string) layer {
	return layer{
		directory: name,
		may:       []string{name, "topology", "http1", "telemetry", "internal"},
		why:       "a rung works alone and in any combination; declare a small interface where you need another one, and node passes it in",
	}
}

// Imports checks the import rule.
func Imports(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		own, known := layerOf(file.Directory())
		if !known {
			findings = append(findings, Finding{File: file.Path, Message: "its directory has no place in the import rule; give it one in internal/lint/imports.go"})
			continue
		}
		for _, spec := range file.Go.Imports {
			if message := own.refuses(file, spec); message != "" {
				findings = append(findings, Finding{File: file.Path, Line: tree.Line(spec.Pos()), Message: message})
			}
		}
	}
	return findings
}

func layerOf(directory string) (layer, bool) {
	var best layer
	for _, candidate := range layers {
		if below(directory, candidate.directory) && len(candidate.directory) > len(best.directory) {
			best = candidate
		}
	}
	return best, best.directory != ""
}

// refuses says what is wrong with an import, or nothing.
func (l layer) refuses(file File, spec *ast.ImportSpec) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return err.Error()
	}
	inside, ours := strings.CutPrefix(imported, module+"/")
	switch {
	case !ours && !file.IsTest() && slices.Contains(l.mayNot, imported):
		return fmt.Sprintf("%s imports %s: %s; let the caller do the I/O", l.directory, imported, l.why)
	case file.IsTest() && (inside == file.Directory() || lists(l.tests, inside)): // a package's tests may stand outside of it
		return ""
	case ours && !lists(l.may, inside):
		return fmt.Sprintf("%s imports %s: %s", l.directory, imported, l.why)
	}
	return ""
}

func lists(allowed []string, directory string) bool {
	return slices.ContainsFunc(allowed, func(candidate string) bool { return candidate == "*" || below(directory, candidate) })
}

// below reports whether a directory is the other one or lies in it.
func below(directory, parent string) bool {
	return directory == parent || strings.HasPrefix(directory, parent+"/")
}
