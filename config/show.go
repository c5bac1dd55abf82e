package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shower writes values of a configuration as the file would have them, without secrets: what is secret by its type, what
// variables hold, and passwords inside URLs.
type shower struct{ written writtenTexts }

// value is the value of a field in one line. Maps and sections that hold nothing are {}.
func (s shower) value(f field, v reflect.Value, path string) string {
	switch f.kind {
	case aText, aSecret:
		return s.text(v, path)
	case aCount, aTime, aQuantity:
		if written, found := s.written[path]; found {
			return quoteYAML(written)
		}
		return s.number(f.kind, v)
	case texts, textOrTexts:
		return s.list(v, path)
	case textMap, secretMap:
		return s.flowMap(f, v, path)
	case sections:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = inFlow(s.section(v.Index(i), indexed(path, i)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case optional:
		return s.section(v.Elem(), path)
	default:
		return s.section(v, path)
	}
}

func (s shower) number(k kind, v reflect.Value) string {
	switch k {
	case aTime:
		return Duration(v.Int()).String()
	case aQuantity:
		return Size(v.Int()).String()
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}

// text is one text; a Secret shows itself redacted.
func (s shower) text(v reflect.Value, path string) string {
	if secret, ok := reflect.TypeAssert[Secret](v); ok {
		return quoteYAML(secret.String())
	}
	if written, found := s.written[path]; found {
		return quoteYAML(withoutPasswords(written))
	}
	return quoteYAML(withoutPasswords(escapeVariables(v.String())))
}

func (s shower) list(v reflect.Value, path string) string {
	items := make([]string, v.Len())
	for i := range items {
		at := indexed(path, i)
		if _, single := s.written[path]; single { // as one text, not a list
			at = path
		}
		items[i] = inFlow(s.text(v.Index(i), at))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func (s shower) flowMap(f field, v reflect.Value, path string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(stringsOf(v))) {
		pairs = append(pairs, name+": "+inFlow(s.entry(f, v, name, path)))
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// entry is the value of one key of a map.
func (s shower) entry(f field, v reflect.Value, name, path string) string {
	value := v.MapIndex(reflect.ValueOf(name))
	if f.secret() {
		return quoteYAML(Secret(value.String()).String())
	}
	return s.text(value, join(path, name))
}

// section is a struct in one line; where one text may stand for it and nothing else is set, that text.
func (s shower) section(v reflect.Value, path string) string {
	var pairs []string
	short := ""
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if value.IsZero() && f.standard == "" {
			continue
		}
		text := s.value(f, value, join(path, f.key))
		if f.scalar {
			short = text
		}
		if f.kind == aText {
			text = inFlow(text)
		}
		pairs = append(pairs, f.key+": "+text)
	}
	if len(pairs) == 1 && short != "" {
		return short
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// inFlow quotes what some readers of YAML take for a key with its value inside brackets.
func inFlow(text string) string {
	if !strings.ContainsAny(text[:1], "\"{[") && strings.Contains(text, ":") {
		return `"` + text + `"`
	}
	return text
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func stringsOf(v reflect.Value) map[string]string {
	texts := make(map[string]string, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		texts[entries.Key().String()] = entries.Value().String()
	}
	return texts
}

// What needs no quotes in YAML, in a list in brackets too, and what looks like something else than text without them.
var (
	plainYAML   = regexp.MustCompile(`^[A-Za-z0-9_./«][A-Za-z0-9_./:@%+=»-]*$`)
	notTextYAML = regexp.MustCompile(`^([-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?|0[xob][0-9A-Fa-f_]+|\.[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|~|null|Null|NULL|true|True|TRUE|false|False|FALSE)$`)
)

// quoteYAML writes a text as YAML, plain if it can be.
func quoteYAML(text string) string {
	if plainYAML.MatchString(text) && !notTextYAML.MatchString(text) && !strings.HasSuffix(text, ":") {
		return text
	}
	return strconv.Quote(text) // every escape of Go is one of YAML's double quotes
}
