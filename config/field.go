package config

import (
	"reflect"
	"strings"
)

// kind is how a field stands in the file.
type kind int

const (
	aText       kind = iota // string
	aSecret                 // Secret
	aCount                  // int
	aTime                   // Duration
	aQuantity               // Size
	texts                   // []string
	textOrTexts             // StringList
	textMap                 // map[string]string
	secretMap               // Environment
	section                 // a struct: always there, with defaults
	optional                // *struct: there if its key is, even with no value
	sections                // []struct
)

// field is one key of the file as the struct tree declares it. The tags:
//
//	yaml     the key
//	default  as the file would have it; {directory} is what the key `directory` says
//	min, max bounds of numbers, durations and sizes, as the file would have them
//	enum     the words that are accepted, with commas between
//	format   the name of a format (format.go) that each text must have, unless it is empty
//	or       a word that is accepted beside the format
//	keys     the format of a map's keys
//	scalar   "true" where a plain text in place of the section is this field
//	example  for the reference page and the schema
type field struct {
	key, name  string // in the file, in Go
	index      int
	kind       kind
	element    reflect.Type // the struct of section, optional and sections
	standard   string
	enum       []string
	min, max   string
	format, or string
	keys       string
	scalar     bool
	example    string
}

// secret reports whether the field's value must not be shown.
func (f field) secret() bool { return f.kind == aSecret || f.kind == secretMap }

// fieldsOf lists the keys of a section in the order in which the struct declares them.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		declared := t.Field(i)
		key := declared.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		f := field{
			key: key, name: declared.Name, index: i,
			standard: declared.Tag.Get("default"),
			min:      declared.Tag.Get("min"), max: declared.Tag.Get("max"),
			format: declared.Tag.Get("format"), or: declared.Tag.Get("or"), keys: declared.Tag.Get("keys"),
			scalar: declared.Tag.Get("scalar") == "true", example: declared.Tag.Get("example"),
		}
		if words := declared.Tag.Get("enum"); words != "" {
			f.enum = strings.Split(words, ",")
		}
		f.kind, f.element = kindOf(declared.Type)
		fields = append(fields, f)
	}
	return fields
}

// kindOf tells how a Go type stands in the file. A type that is not listed is a mistake in the struct tree.
func kindOf(t reflect.Type) (kind, reflect.Type) {
	switch t {
	case reflect.TypeFor[string]():
		return aText, nil
	case reflect.TypeFor[Secret]():
		return aSecret, nil
	case reflect.TypeFor[int]():
		return aCount, nil
	case reflect.TypeFor[Duration]():
		return aTime, nil
	case reflect.TypeFor[Size]():
		return aQuantity, nil
	case reflect.TypeFor[[]string]():
		return texts, nil
	case reflect.TypeFor[StringList]():
		return textOrTexts, nil
	case reflect.TypeFor[map[string]string]():
		return textMap, nil
	case reflect.TypeFor[Environment]():
		return secretMap, nil
	}
	switch {
	case t.Kind() == reflect.Struct:
		return section, t
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return optional, t.Elem()
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return sections, t.Elem()
	}
	panic("config: the file has no way to write a " + t.String())
}

// parentOf is the path of the section or list that a path lies in.
func parentOf(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// join is the path of a key inside a section.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
