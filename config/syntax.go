package config

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parseTree reads the text of a file as YAML and gives the top of its tree, nil if it could not.
func parseTree(s *source, text string, r *report) *node {
	if at, wrong := checkBlockTexts(s); wrong != nil {
		s.hideLine(at.line)
		r.add(at, "", *wrong)
		return nil
	}
	file, at, wrong := parseYAML(text)
	if wrong != nil {
		s.hideLine(s.within(at).line)
		r.add(at, "", *wrong)
		return nil
	}
	documents := withContent(file.Docs)
	if len(documents) == 0 {
		r.add(place{1, 1}, "", fault{"the file is empty", "ladder init writes a small one to begin with"})
		return nil
	}
	builder := treeBuilder{report: r, anchors: map[string]*node{}}
	if len(documents) > 1 && documents[0].Body.Type() != ast.DirectiveType {
		second := documents[1].Body.GetToken()
		if documents[1].Start != nil {
			second = documents[1].Start
		}
		s.hideLine(s.within(placeOf(second)).line)
		builder.wrong(placeOf(second), "a second YAML document begins here", "one document in each file")
		return nil
	}
	return builder.build(documents[0].Body)
}

// parseYAML runs the scanner and the parser, within bounds. A panic of theirs, which hostile input may still find, is a
// syntax error of the file.
func parseYAML(text string) (file *ast.File, at place, wrong *fault) {
	defer func() {
		if recover() != nil {
			file, at, wrong = nil, place{1, 1}, &fault{"this is not YAML that can be read", "check brackets, quotes and indentation"}
		}
	}()
	tokens := joinFlowTexts(lexer.Tokenize(text))
	if at, wrong := checkTokens(tokens); wrong != nil {
		return nil, at, wrong
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, wrong := syntaxFault(err, text)
		return nil, at, wrong
	}
	return file, place{}, nil
}

func withContent(documents []*ast.DocumentNode) []*ast.DocumentNode {
	var filled []*ast.DocumentNode
	for _, document := range documents {
		if document.Body != nil && document.Body.Type() != ast.NullType {
			filled = append(filled, document)
		}
	}
	return filled
}

// syntaxHints says for what the parser reports what was probably meant. The first row whose text is part of the
// parser's message counts.
var syntaxHints = []struct{ message, plainly, hint string }{
	{"'\\t' that cannot start", "a tab stands where YAML wants spaces", "indent with spaces"},
	{"tab character", "a tab stands where YAML wants spaces", "indent with spaces"},
	{"end character of", "a quoted text has no closing quote", "close it with the quote that it begins with"},
	{"',' or ']'", "a list in [ ] is not closed, or a comma is missing before this", "[a, b]"},
	{"sequence end token", "a list in [ ] is not closed", "[a, b]"},
	{"',' or '}'", "a mapping in { } is not closed, or a comma is missing before this", "{key: value, key: value}"},
	{"flow mapping end token", "a mapping in { } is not closed", "{key: value, key: value}"},
	{"'[' character corresponding", "] without [ before it", "quote the text if the bracket is part of it"},
	{"'{' character corresponding", "} without { before it", "quote the text if the brace is part of it"},
	{"mapping value is not allowed", "a key cannot stand here", "indent keys of one section alike; quote a text that has a colon and a space in it"},
	{"pre-defined", "nothing more can follow this value", "quote the whole text, or indent the keys of one section alike"},
	{"value is not allowed in this context", "the indentation fits nothing above", "indent keys of one section alike"},
	{"unexpected key name", "a key is missing its colon and space", "key: value"},
	{"non-map value", "a key is missing its colon and space", "key: value"},
	{"reserved character", "a text cannot begin with this character", "put the text in quotes"},
	{"block sequence entries", "a list cannot begin in the line of its key", "- and its value in lines of their own below the key"},
	{"unexpected directive", "a text cannot begin with %", "put the text in quotes"},
	{"escape character", "an escape that YAML does not know, inside double quotes", `single quotes, or \\ for a backslash`},
	{"invalid key", "a key must be plain text", "key: value"},
	{"document separator", "a line --- or ... where none can stand", "remove it"},
}

// syntaxFault translates an error of the parser. Its own text is repeated only where it is known not to quote the file.
func syntaxFault(err error, text string) (place, *fault) {
	at := place{1, 1}
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &located) {
		return at, &fault{"this is not YAML", "check brackets, quotes and indentation"}
	}
	at = placeOf(located.GetToken())
	if line, tabbed := tabbedLine(text, at.line); tabbed {
		return place{line, 1}, &fault{"a tab stands where YAML wants spaces", "indent with spaces"}
	}
	for _, known := range syntaxHints {
		if strings.Contains(located.GetMessage(), known.message) {
			return at, &fault{known.plainly, known.hint}
		}
	}
	return at, &fault{"this is not YAML", "check brackets, quotes and indentation here and in the line before"}
}

// tabbedLine finds a line indented with a tab among the one where the parser stopped and the one before it.
func tabbedLine(text string, line int) (int, bool) {
	lines := strings.Split(text, "\n")
	for _, candidate := range []int{line - 1, line} {
		if candidate < 1 || candidate > len(lines) {
			continue
		}
		indentation := lines[candidate-1][:len(lines[candidate-1])-len(strings.TrimLeft(lines[candidate-1], " \t"))]
		if strings.Contains(indentation, "\t") {
			return candidate, true
		}
	}
	return 0, false
}
