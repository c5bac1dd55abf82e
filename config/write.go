package config

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// YAML is the file with every default written out and secrets redacted. Values that came from variables stand there as
// in the file, so that what the variables hold is not told either.
func (c *Config) YAML() []byte {
	w := yamlWriter{shower: shower{c.written}}
	w.section(reflect.ValueOf(c).Elem(), "", 0)
	return w.out.Bytes()
}

type yamlWriter struct {
	shower
	out bytes.Buffer
}

func (w *yamlWriter) line(depth int, key, value string) {
	fmt.Fprintf(&w.out, "%s%s:", strings.Repeat("  ", depth), key)
	if value != "" {
		w.out.WriteString(" " + value)
	}
	w.out.WriteString("\n")
}

func (w *yamlWriter) section(v reflect.Value, path string, depth int) {
	for _, f := range fieldsOf(v.Type()) {
		w.field(f, v.Field(f.index), join(path, f.key), depth)
	}
}

// field writes one key. Optional sections that are not there, and empty values without a default, are left out.
func (w *yamlWriter) field(f field, v reflect.Value, path string, depth int) {
	switch {
	case f.kind == optional && v.IsNil(), f.standard == "" && isEmpty(v):
		return
	case f.kind == optional:
		w.line(depth, f.key, "")
		w.section(v.Elem(), path, depth+1)
	case f.kind == section:
		w.line(depth, f.key, "")
		w.section(v, path, depth+1)
	case f.kind == sections:
		w.line(depth, f.key, "")
		for i := range v.Len() {
			fmt.Fprintf(&w.out, "%s- %s\n", strings.Repeat("  ", depth+1), w.shower.section(v.Index(i), indexed(path, i)))
		}
	case f.kind == textMap || f.kind == secretMap:
		w.line(depth, f.key, "")
		for _, name := range slices.Sorted(maps.Keys(stringsOf(v))) {
			w.line(depth+1, name, w.entry(f, v, name, path))
		}
	default:
		w.line(depth, f.key, w.value(f, v, path))
	}
}
