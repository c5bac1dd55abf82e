package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// shape is what kind of value a node is.
type shape int

const (
	scalar shape = iota
	mapping
	sequence
	nothing // no value, or null
	broken  // reported already
)

func (s shape) String() string {
	return [...]string{"text", "a mapping", "a list", "nothing", "a mistake"}[s]
}

// node is one value of the file, free of the particulars of YAML: aliases are resolved, block and quoted text are text.
type node struct {
	shape  shape
	at     place
	end    place // where the next token begins
	text   string
	number bool // a scalar that YAML takes for a number
	quoted bool
	pairs  []pair
	items  []*node
	origin *node // what an alias stands for
}

// pair is one key of a mapping with its value.
type pair struct {
	key   string
	at    place
	value *node
}

// treeBuilder turns goccy's syntax tree into nodes. An alias shares the nodes of its anchor, so that no file can make
// more nodes than it has tokens.
type treeBuilder struct {
	report  *report
	anchors map[string]*node // nil value: the anchor's own value is being built
}

func (b *treeBuilder) wrong(at place, message, hint string) *node {
	b.report.add(at, "", fault{message, hint})
	return &node{shape: broken, at: at, end: at}
}

func (b *treeBuilder) build(n ast.Node) *node {
	switch n := n.(type) {
	case nil:
		return &node{shape: nothing, at: place{1, 1}, end: place{1, 1}}
	case *ast.NullNode:
		return &node{shape: nothing, at: placeOf(n.Token), end: b.endOf(n.Token)}
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		return b.scalar(n.Token, n.Value, quoted)
	case *ast.LiteralNode:
		return b.scalar(n.Start, n.Value.Value, true)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return b.scalar(n.GetToken(), n.GetToken().Value, false)
	case *ast.MappingNode:
		return b.mapping(n, n.Values)
	case *ast.MappingValueNode:
		return b.mapping(n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return b.sequence(n)
	case *ast.AnchorNode:
		return b.anchor(n)
	case *ast.AliasNode:
		return b.alias(n)
	case *ast.TagNode:
		b.report.source.hideAll(b.build(n.Value)) // it is not known what it would have been
		return b.wrong(placeOf(n.Start), "tags are not supported", "the value without the word with !; text that looks like a number goes in quotes")
	case *ast.DirectiveNode:
		return b.wrong(placeOf(n.Start), "directives are not supported", "remove the line that starts with %")
	}
	return b.wrong(placeOf(n.GetToken()), "this part of YAML is not supported", "plain keys and values")
}

func (b *treeBuilder) scalar(t *token.Token, text string, quoted bool) *node {
	at := b.startOf(t)
	if strings.ContainsRune(text, 0) {
		return b.wrong(at, "the text has a NUL character", `remove \0`)
	}
	return &node{shape: scalar, at: at, end: b.endOf(t), text: text, quoted: quoted, number: isNumber(t.Type)}
}

func isNumber(kind token.Type) bool {
	switch kind {
	case token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType, token.FloatType:
		return true
	}
	return false
}

func (b *treeBuilder) mapping(n ast.Node, values []*ast.MappingValueNode) *node {
	m := &node{shape: mapping, at: placeOf(n.GetToken())}
	if len(values) > 0 && n.GetToken().Type != token.MappingStartType {
		m.at = placeOf(values[0].Key.GetToken())
	}
	m.end = m.at
	seen := map[string]place{}
	for _, value := range values {
		key, at, ok := b.key(value.Key)
		child := b.build(value.Value)
		m.end = child.end
		if !ok {
			b.report.source.hideAll(child)
			continue
		}
		if first, twice := seen[key]; twice {
			b.report.add(at, "", fault{
				fmt.Sprintf("%s stands here twice; first in line %d", quote(shownKey(key)), first.line), "keep one of them",
			})
			b.report.source.hideAll(child)
			continue
		}
		seen[key] = at
		m.pairs = append(m.pairs, pair{key, at, child})
	}
	if whole, ok := n.(*ast.MappingNode); ok && whole.End != nil {
		m.end = b.endOf(whole.End)
	}
	return m
}

// key is the text of a key; anything but plain text is reported.
func (b *treeBuilder) key(n ast.MapKeyNode) (string, place, bool) {
	at := placeOf(n.GetToken())
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, at, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, at, true
	case *ast.MergeKeyNode:
		b.wrong(at, "merging with << is not supported", "write the keys out; *name may stand for a whole value")
	case *ast.MappingKeyNode:
		b.report.source.hideAll(b.build(n.Value)) // perhaps a value that lost its key
		b.wrong(at, "a key must be plain text", "key: value")
	default:
		b.wrong(at, "a key must be plain text", "key: value")
	}
	return "", at, false
}

func (b *treeBuilder) sequence(n *ast.SequenceNode) *node {
	s := &node{shape: sequence, at: placeOf(n.Start)}
	s.end = s.at
	for _, value := range n.Values {
		item := b.build(value)
		s.items = append(s.items, item)
		s.end = item.end
	}
	if n.End != nil {
		s.end = b.endOf(n.End)
	}
	return s
}

func (b *treeBuilder) anchor(n *ast.AnchorNode) *node {
	name := n.Name.GetToken().Value
	b.anchors[name] = nil
	value := b.build(n.Value)
	b.anchors[name] = value
	return value
}

func (b *treeBuilder) alias(n *ast.AliasNode) *node {
	name, at := n.Value.GetToken().Value, placeOf(n.Start)
	value, known := b.anchors[name]
	switch {
	case !known:
		return b.wrong(at, fmt.Sprintf("nothing is called %s", quote("*"+name)), "mark a value before this one with &"+name)
	case value == nil:
		return b.wrong(at, fmt.Sprintf("%s contains itself", quote("*"+name)), "write the value out")
	}
	copied := *value
	copied.at, copied.end, copied.origin = at, b.endOf(n.Value.GetToken()), value
	return &copied
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{t.Position.Line, max(t.Position.Column, 1)}
}

// startOf is where a scalar begins. The scanner's own position of plain text that goes over several lines is somewhere in
// it; there, the place is the first visible character behind the token before.
func (b *treeBuilder) startOf(t *token.Token) place {
	if t.Type != token.StringType || !strings.Contains(strings.TrimSpace(t.Origin), "\n") {
		return placeOf(t)
	}
	at := place{1, 1}
	if t.Prev != nil {
		at = placeOf(t.Prev)
		at.column += utf8.RuneCountInString(t.Prev.Value)
		if t.Prev.Type == token.CommentType {
			at = place{at.line + 1, 1}
		}
	}
	return b.report.source.visibleFrom(at)
}

// endOf is where the token after t begins, or the end of the file.
func (b *treeBuilder) endOf(t *token.Token) place {
	if t != nil && t.Next != nil && t.Next.Position != nil {
		return placeOf(t.Next)
	}
	return place{len(b.report.source.lines) + 1, 1}
}
