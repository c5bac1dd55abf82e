package config

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxFileSize is the largest file that is read, in bytes.
const MaxFileSize = 256 << 10

// place is where something stands in a file: line and column from 1, columns in characters.
type place struct{ line, column int }

// span is a part of one line, from a column up to, not including, another.
type span struct{ from, to int }

// source is the text of a file by lines, and what of it must not be shown.
type source struct {
	name   string
	lines  []string
	hidden map[int][]span // by line; in any order, overlapping
	merged map[int][]span // by line, once excerpts are taken: in order, apart, with passwords found in the line itself
	seen   map[*node]bool // whose places are in hidden
}

// newSource takes a file apart and gives its text as the parser wants it. What is not text at all is refused here, with
// the place of the first bad byte; then the report has that problem.
func newSource(name string, text []byte) (*source, string, *report) {
	s := &source{name: name, hidden: map[int][]span{}, merged: map[int][]span{}, seen: map[*node]bool{}}
	r := &report{source: s}
	if len(text) > MaxFileSize {
		r.add(place{}, "", fault{
			fmt.Sprintf("the file has %d bytes; at most %d KiB are read", len(text), MaxFileSize>>10),
			"check that this is the file that you mean",
		})
		return s, "", r
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if offset, wrong := firstNonText(text); wrong != nil {
		before := text[:offset]
		line := bytes.LastIndexByte(before, '\n') + 1
		at := place{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[line:]) + 1}
		s.lines = strings.Split(string(before), "\n")
		s.hide(place{at.line, 1}, place{at.line + 1, 1}) // what comes before rubbish may be half of a secret
		r.add(at, "", *wrong)
		return s, "", r
	}
	s.lines = strings.Split(string(text), "\n")
	return s, string(text), r
}

// firstNonText finds the first byte that YAML text cannot have.
func firstNonText(text []byte) (int, *fault) {
	for offset := 0; offset < len(text); {
		r, size := utf8.DecodeRune(text[offset:])
		switch {
		case r == utf8.RuneError && size == 1:
			return offset, &fault{"the file is not UTF-8", "save it as UTF-8"}
		case r == 0:
			return offset, &fault{"the file has a NUL byte", "save it as UTF-8 text"}
		case r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\uFEFF':
			return offset, &fault{fmt.Sprintf("the file has the control character U+%04X", r), "remove it"}
		}
		offset += size
	}
	return 0, nil
}

// within moves a place into the file.
func (s *source) within(at place) place {
	if at.line < 1 || len(s.lines) == 0 {
		return place{}
	}
	at.line = min(at.line, len(s.lines))
	at.column = min(max(at.column, 1), utf8.RuneCountInString(s.lines[at.line-1])+1)
	return at
}

// hide notes that what stands from one place up to another is a secret.
func (s *source) hide(from, to place) {
	for line := from.line; line <= to.line && line <= len(s.lines); line++ {
		hidden := span{1, MaxFileSize + 1} // longer than any line
		if line == from.line {
			hidden.from = from.column
		}
		if line == to.line {
			hidden.to = to.column
		}
		s.hidden[line] = append(s.hidden[line], hidden)
	}
}

// mergedSpans are the hidden spans of a line in order and apart from each other. White space at both ends of each stays
// visible, so that lines keep their indentation.
func (s *source) mergedSpans(line int) []span {
	if spans, found := s.merged[line]; found {
		return spans
	}
	spans := append(passwordsIn(s.lines[line-1]), s.hidden[line]...)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	runes := []rune(s.lines[line-1])
	var apart []span
	for _, h := range spans {
		if last := len(apart) - 1; last >= 0 && h.from <= apart[last].to {
			apart[last].to = max(apart[last].to, min(h.to, len(runes)+1))
		} else {
			apart = append(apart, span{max(h.from, 1), min(h.to, len(runes)+1)})
		}
	}
	for i := range apart {
		apart[i] = withoutMargins(runes, apart[i])
	}
	s.merged[line] = slices.DeleteFunc(apart, func(h span) bool { return h.from >= h.to })
	return s.merged[line]
}

func withoutMargins(line []rune, h span) span {
	for h.from < h.to && unicode.IsSpace(line[h.from-1]) {
		h.from++
	}
	for h.from < h.to && unicode.IsSpace(line[h.to-2]) {
		h.to--
	}
	return h
}

// visibleFrom is the first place from the given one on with a character that is not white space.
func (s *source) visibleFrom(at place) place {
	for line := max(at.line, 1); line <= len(s.lines); line++ {
		for column, r := range []rune(s.lines[line-1]) {
			if (line > at.line || column+1 >= at.column) && !unicode.IsSpace(r) {
				return place{line, column + 1}
			}
		}
	}
	return at
}

// maxExcerpt is how many characters of a line are shown on each side of the caret.
const maxExcerpt = 70

// excerpt is a line without its secrets, cut around a column, and the column in it.
func (s *source) excerpt(at place) (string, int) {
	if at.line < 1 || at.line > len(s.lines) {
		return "", 0
	}
	line := s.lines[at.line-1]
	shown, caret := redact([]rune(line), s.mergedSpans(at.line), at.column)
	if from := caret - 1 - maxExcerpt; from > 0 {
		shown = append([]rune("…"), shown[from:]...)
		caret -= from - 1
	}
	if to := caret + maxExcerpt; to < len(shown) {
		shown = append(shown[:to:to], '…')
	}
	return string(shown), caret
}

// redact replaces spans of a line, which are in order and apart, and says where a column went.
func redact(line []rune, hidden []span, column int) ([]rune, int) {
	var shown []rune
	caret, next := 0, 1 // next: the first column that was not taken over yet
	for _, h := range append(hidden[:len(hidden):len(hidden)], span{len(line) + 1, len(line) + 1}) {
		if column < h.from && caret == 0 {
			caret = len(shown) + 1 + column - next
		}
		shown = append(shown, line[next-1:h.from-1]...)
		if column < h.to && caret == 0 {
			caret = len(shown) + 1
		}
		if h.from < h.to {
			shown = append(shown, []rune(redacted)...)
		}
		next = h.to
	}
	if caret == 0 {
		caret = len(shown) + 1
	}
	return shown, caret
}

// passwordsIn finds the passwords of URLs and connection strings in a line.
func passwordsIn(line string) []span {
	var found []span
	for _, pattern := range []*regexp.Regexp{urlPassword, halfPassword, namedPassword} {
		for _, match := range pattern.FindAllStringSubmatchIndex(line, -1) {
			from, to := match[4], match[5]
			found = append(found, span{utf8.RuneCountInString(line[:from]) + 1, utf8.RuneCountInString(line[:to]) + 1})
		}
	}
	return found
}
