package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// What the YAML scanner and parser are given at most. Their cost grows with the square of a block text's length, with
// the depth of nesting on the stack, and with the length of keys times what lies below them.
const (
	maxBlockText = 8 << 10 // bytes of one text after | or >
	maxDepth     = 16      // mappings and lists inside each other
	maxKeyLength = 128     // characters of a key
	maxMarks     = 4       // anchors, aliases and tags in a row
)

// blockHeader is the end of a line after which block text may follow.
var blockHeader = regexp.MustCompile(`[|>][-+0-9]*[ \t]*$`)

// checkBlockTexts finds a block text that is too long, before anything reads it. It takes lines that merely look like the
// start of one for one: then what is deeper than such a line must be as short.
func checkBlockTexts(s *source) (place, *fault) {
	indent, size := -1, 0 // of the block text that we are in; -1: in none
	for i, line := range s.lines {
		content := strings.TrimLeft(line, " \t")
		depth := len(line) - len(content)
		if indent >= 0 && (content == "" || depth > indent) {
			if size += len(line) + 1; size > maxBlockText {
				return place{i + 1, 1}, &fault{
					fmt.Sprintf("a text of more than %d KiB", maxBlockText>>10), "keep long texts in files of their own",
				}
			}
			continue
		}
		indent = -1
		if before, _, found := strings.Cut(line, " #"); found {
			line = before
		}
		if blockHeader.MatchString(line) {
			indent, size = depth, 0
			if !strings.ContainsAny(content, ":-?") {
				indent = -1 // a bare | at the top: everything that follows may be its text
			}
		}
	}
	return place{}, nil
}

// checkTokens finds what is nested too deeply, and keys that are too long, before the parser follows them.
func checkTokens(tokens token.Tokens) (place, *fault) {
	var columns []int // of the block mappings and lists that are open
	brackets, marks := 0, 0
	for _, t := range tokens {
		column := 0
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets = max(0, brackets-1)
		case token.SequenceEntryType, token.MappingKeyType:
			column = t.Position.Column
		case token.MappingValueType:
			column = t.Position.Column
			if t.Prev != nil {
				column = t.Prev.Position.Column
				if utf8.RuneCountInString(t.Prev.Value) > maxKeyLength {
					return placeOf(t.Prev), &fault{fmt.Sprintf("a key of more than %d characters", maxKeyLength), "a shorter key"}
				}
			}
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType:
			marks++
		case token.MappingValueType, token.SequenceEntryType, token.CollectEntryType:
			marks = 0
		}
		if column > 0 && brackets == 0 {
			for len(columns) > 0 && columns[len(columns)-1] >= column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, column)
		}
		if len(columns)+brackets > maxDepth || marks > maxMarks {
			return placeOf(t), &fault{fmt.Sprintf("is nested more than %d levels deep", maxDepth), "Ladder's keys are never so deep"}
		}
	}
	return place{}, nil
}
