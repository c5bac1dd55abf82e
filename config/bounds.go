package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// What the YAML scanner and parser are given at most. Their cost grows with the square of a block text's length, with
// the number of keys in a mapping, with the depth of nesting on the stack, and with the length of keys times what lies
// below them.
const (
	maxBlockText = 8 << 10 // bytes of one text after | or >
	maxDepth     = 16      // mappings and lists inside each other
	maxKeyLength = 128     // characters of a key
	maxMarks     = 4       // anchors, aliases and tags in a row
	maxEntries   = 4096    // of one list or map
	maxKeys      = 10_000  // of all mappings together
)

// blockHeader is the end of a line after which block text may follow.
var blockHeader = regexp.MustCompile(`[|>][-+0-9]*[ \t]*([ \t]#.*)?$`)

// checkBlockTexts finds a block text that is too long, before anything reads it. It takes lines that merely look like the
// start of one for one: then what is deeper than such a line must be as short.
func checkBlockTexts(s *source) (place, *fault) {
	inside, indent, size := false, 0, 0 // are we in a block text; its lines are deeper than indent; its bytes
	for i, line := range s.lines {
		content := strings.TrimLeft(line, " \t")
		depth := len(line) - len(content)
		if inside && (content == "" || depth > indent) {
			if size += len(line) + 1; size > maxBlockText {
				return place{i + 1, 1}, &fault{
					fmt.Sprintf("a text of more than %d KiB", maxBlockText>>10), "keep long texts in files of their own",
				}
			}
			continue
		}
		inside = false
		if blockHeader.MatchString(line) {
			inside, indent, size = true, depth, 0
			if !strings.ContainsAny(content, ":-?") {
				indent = -1 // a bare | at the top: everything that follows may be its text
			}
		}
	}
	return place{}, nil
}

// checkTokens finds what is nested too deeply, and keys that are too long or too many, before the parser follows them.
func checkTokens(tokens token.Tokens) (place, *fault) {
	var n nesting
	keys := 0
	for _, t := range tokens {
		if t.Type == token.MappingValueType {
			if keys++; keys > maxKeys {
				return placeOf(t), &fault{fmt.Sprintf("the file has more than %d keys", maxKeys), "check that this is the file that you mean"}
			}
			if t.Prev != nil && utf8.RuneCountInString(t.Prev.Value) > maxKeyLength {
				return placeOf(t.Prev), &fault{fmt.Sprintf("a key of more than %d characters", maxKeyLength), "a shorter key"}
			}
		}
		n.follow(t)
		if n.tooDeep() {
			return placeOf(t), &fault{fmt.Sprintf("is nested more than %d levels deep", maxDepth), "Ladder's keys are never so deep"}
		}
	}
	return place{}, nil
}

// nesting is how deep a token lies, by brackets and by columns.
type nesting struct {
	brackets int
	columns  []int // of the mappings and lists without brackets that are open
	marks    int   // anchors, aliases and tags since the last key or item
}

func (n *nesting) tooDeep() bool { return len(n.columns)+n.brackets > maxDepth || n.marks > maxMarks }

func (n *nesting) follow(t *token.Token) {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.brackets++
	case token.SequenceEndType, token.MappingEndType:
		n.brackets = max(0, n.brackets-1)
	case token.AnchorType, token.AliasType, token.TagType:
		n.marks++
	case token.CollectEntryType:
		n.marks = 0
	case token.SequenceEntryType, token.MappingKeyType:
		n.open(t.Position.Column)
	case token.MappingValueType:
		column := t.Position.Column
		if t.Prev != nil {
			column = t.Prev.Position.Column // where the key begins
		}
		n.open(column)
	}
}

// open begins or continues a mapping or list without brackets at a column, and so ends those further right.
func (n *nesting) open(column int) {
	n.marks = 0
	if n.brackets > 0 {
		return
	}
	for len(n.columns) > 0 && n.columns[len(n.columns)-1] >= column {
		n.columns = n.columns[:len(n.columns)-1]
	}
	n.columns = append(n.columns, column)
}
