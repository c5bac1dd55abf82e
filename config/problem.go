package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one mistake in a file. No field of it shows a secret.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1; 0 where no place can be named
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // of the key: app.health.interval
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`   // how to mend it
	Source  string `json:"source,omitempty"` // the offending line; long ones are cut, secrets redacted

	caret int // column within Source, which is not Column where Source was cut or redacted; 0: the same
}

// Problems is every mistake of a file at once, in the order of lines. It is the error of Load and Parse.
type Problems []Problem

// MaxProblems is how many problems of one file are reported; a file with more is probably not Ladder's.
const MaxProblems = 100

// Error shows every problem as String does.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.String()
	}
	return strings.Join(texts, "\n")
}

// String shows the problem as compilers do: place, key and message; the line with a caret; what to try.
func (p Problem) String() string {
	var text strings.Builder
	text.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&text, ":%d:%d", p.Line, p.Column)
	}
	text.WriteString(": ")
	if p.Path != "" {
		text.WriteString(p.Path + ": ")
	}
	text.WriteString(p.Message)
	if p.Source != "" {
		fmt.Fprintf(&text, "\n%5d | %s\n      | %s^", p.Line, p.Source, p.indent())
	}
	if p.Hint != "" {
		text.WriteString("\n  Try: " + p.Hint)
	}
	return text.String()
}

// indent is what stands before the caret: as wide as the source before it, tabs kept.
func (p Problem) indent() string {
	column := cmp.Or(p.caret, p.Column)
	var indent strings.Builder
	for _, r := range p.Source {
		if column--; column < 1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		indent.WriteRune(r)
	}
	return indent.String() + strings.Repeat(" ", max(0, column-1))
}

// report gathers the problems of one file.
type report struct {
	source   *source
	problems Problems
	omitted  int
}

// full reports whether further problems are only counted.
func (r *report) full() bool { return len(r.problems) == MaxProblems }

// add notes a problem at a place of the file.
func (r *report) add(at place, path string, wrong fault) {
	if r.full() {
		r.omitted++
		return
	}
	at = r.source.within(at)
	r.problems = append(r.problems, Problem{
		File: r.source.name, Line: at.line, Column: at.column, Path: withoutPasswords(path),
		Message: withoutPasswords(wrong.message), Hint: wrong.hint, // ours: it quotes nothing of the file but what was checked
	})
}

// err is what was found, in the order of lines, or nil. Only here are source lines taken over: by now it is known what
// in them is secret.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	for i := range r.problems {
		problem := &r.problems[i]
		problem.Source, problem.caret = r.source.excerpt(place{problem.Line, problem.Column})
	}
	if r.omitted > 0 {
		r.problems = append(r.problems, Problem{
			File: r.source.name, Message: fmt.Sprintf("%d more problems are not shown", r.omitted), Hint: "mend these first",
		})
	}
	return r.problems
}

// maxQuote is how many characters of a value a message repeats.
const maxQuote = 60

// quote shows a text of the file in a message.
func quote(text string) string {
	if utf8.RuneCountInString(text) > maxQuote {
		text = string([]rune(text)[:maxQuote]) + "…"
	}
	return fmt.Sprintf("%q", withoutPasswords(text))
}
