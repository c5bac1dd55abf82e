package config

import (
	"fmt"
	"strings"
)

// maxExpanded is how many bytes a value may have once its variables are filled in.
const maxExpanded = 64 << 10

// badVariable is a ${…} that cannot be filled in.
type badVariable struct {
	fault
	near string // the text of the file from where it starts
}

// expand fills in ${NAME} and ${NAME:-default}; $${ stands for ${ itself. As in a shell, :- counts for an empty variable
// too. What a variable holds is taken as it is and never expanded again, nor read as YAML. used says whether there was
// any variable.
func expand(text string, lookup func(string) (string, bool)) (expanded string, used bool, wrong []badVariable) {
	var out strings.Builder
	for rest := text; ; {
		start := strings.Index(rest, "${")
		if start < 0 {
			out.WriteString(rest)
			break
		}
		if start > 0 && rest[start-1] == '$' {
			out.WriteString(rest[:start-1] + "${")
			rest = rest[start+2:]
			continue
		}
		out.WriteString(rest[:start])
		inside, after, closed := strings.Cut(rest[start+2:], "}")
		if !closed {
			return text, true, append(wrong, badVariable{fault{"a variable's closing } is missing", "${NAME}, or $${ for the characters ${ themselves"}, rest[start:]})
		}
		used = true
		value, w := variable(inside, lookup)
		if w != nil {
			wrong = append(wrong, badVariable{*w, rest[start:]})
		}
		out.WriteString(value)
		rest = after
	}
	if out.Len() > maxExpanded {
		wrong = append(wrong, badVariable{fault{fmt.Sprintf("is longer than %d KiB once its variables are filled in", maxExpanded>>10), "a shorter value"}, text})
	}
	return out.String(), used, wrong
}

// variable finds what stands for the inside of one ${…}.
func variable(inside string, lookup func(string) (string, bool)) (string, *fault) {
	name, standard, hasDefault := strings.Cut(inside, ":-")
	if !aVariable.MatchString(name) {
		return "", &fault{quote("${"+inside+"}") + " names no variable", "${NAME} or ${NAME:-default}; $${ for the characters ${ themselves"}
	}
	value, set := lookup(name)
	switch {
	case hasDefault && value == "":
		return standard, nil
	case !set:
		return "", &fault{fmt.Sprintf("the environment variable %s is not set", name), fmt.Sprintf("set %s, or give a default: ${%[1]s:-…}", name)}
	case strings.ContainsRune(value, 0):
		return "", &fault{fmt.Sprintf("the environment variable %s has a NUL character", name), "a value without it"}
	}
	return value, nil
}

// escapeVariables writes a text so that expand gives it back.
func escapeVariables(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// after is the place, in the line of another and not before it, where a text begins; else that other place.
func (s *source) after(at place, text string) place {
	if at.line < 1 || at.line > len(s.lines) {
		return at
	}
	line := []rune(s.lines[at.line-1])
	from := min(max(at.column-1, 0), len(line))
	if before, _, found := strings.Cut(string(line[from:]), strings.SplitN(text, "\n", 2)[0]); found {
		at.column = from + len([]rune(before)) + 1
	}
	return at
}
