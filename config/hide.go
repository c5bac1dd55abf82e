package config

import (
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What is secret in a file that cannot be parsed is not known, since indentation, brackets and quotes may be what is
// wrong with it. There, a line behind the first key of a secret shows nothing but names of keys, until a section begins.
var (
	secretKey    = regexp.MustCompile(`(^|[^A-Za-z0-9_])(env|token|primary)([^A-Za-z0-9_]|$)`) // a test holds it against the struct tree
	sectionStart = regexp.MustCompile(`^(app|gateway|database|admin):[ \t]*([{#].*)?$`)
	keyInLine    = regexp.MustCompile(`[ \t,{\[-]*[A-Za-z_][A-Za-z0-9_]*:`)
	variableName = regexp.MustCompile(`^[ \t]*[A-Z_][A-Z0-9_]*: `)
)

// hideLine hides what may be secret in a line of a file that has no tree.
func (s *source) hideLine(line int) {
	line = min(line, len(s.lines))
	secret := false
	for _, text := range s.lines[:line] {
		if sectionStart.MatchString(text) {
			secret = false
		}
		secret = secret || secretKey.MatchString(text)
	}
	if !secret {
		return
	}
	text := s.lines[line-1]
	visible := variableName.FindAllStringIndex(text, 1)
	if visible == nil {
		visible = keysIn(text)
	}
	from := 0
	for _, span := range append(visible, []int{len(text), len(text)}) {
		s.hide(place{line, runesIn(text[:from]) + 1}, place{line, runesIn(text[:span[0]]) + 1})
		from = span[1]
	}
}

func runesIn(text string) int { return utf8.RuneCountInString(text) }

// keysIn finds the keys of Ladder in a line.
func keysIn(text string) [][]int {
	known := map[string]bool{}
	collectKeys(known, reflect.TypeFor[Config]())
	var found [][]int
	for _, span := range keyInLine.FindAllStringIndex(text, -1) {
		if known[strings.Trim(text[span[0]:span[1]], " \t,{[-:")] {
			found = append(found, span)
		}
	}
	return found
}

func collectKeys(into map[string]bool, t reflect.Type) {
	for _, f := range fieldsOf(t) {
		into[f.key] = true
		if f.element != nil {
			collectKeys(into, f.element)
		}
	}
}

// hideAll hides a value with everything in it.
func (s *source) hideAll(n *node) {
	if n == nil || s.seen[n] {
		return
	}
	s.seen[n] = true
	if n.origin != nil { // an alias; what is secret stands at its anchor
		s.hideAll(n.origin)
		return
	}
	if n.shape != nothing {
		s.hide(n.at, n.end)
	}
	for _, item := range n.items {
		s.hideAll(item)
	}
	for _, pair := range n.pairs {
		s.hideKey(pair)
		s.hideAll(pair.value)
	}
}

// hideKey hides a key, which may be a whole value where the colon after it is missing.
func (s *source) hideKey(p pair) {
	end := place{p.at.line, p.at.column + runesIn(p.key)}
	if p.value.at.line > end.line || p.value.at.column > end.column {
		end = p.value.at
	}
	s.hide(p.at, end)
}
