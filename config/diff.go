package config

import (
	"maps"
	"reflect"
	"slices"
)

// Change is one difference between two files.
type Change struct {
	Path string `json:"path"` // app.instances, app.env.LOG_LEVEL, app.servers[10.0.0.1:80]
	Old  string `json:"old"`  // as YAML would show it; empty where there was none; secrets redacted
	New  string `json:"new"`
}

// changedSecret stands for a secret that is another one now; other values that read alike get changedMark.
const (
	changedSecret = "«redacted, changed»"
	changedMark   = " «changed»"
)

// Diff lists what differs, in the order of the struct tree. Defaults count as written. Values that differ only in what
// must not be shown, which are secrets and variables, are marked as changed.
func Diff(before, after *Config) []Change {
	d := differ{old: shower{before.written}, new: shower{after.written}}
	top := reflect.TypeFor[Config]()
	d.section(top, side{reflect.ValueOf(before).Elem(), ""}, side{reflect.ValueOf(after).Elem(), ""}, "")
	return d.changes
}

type differ struct {
	old, new shower
	changes  []Change
}

// side is a value of one of the two files, and its path there; the zero side is no value.
type side struct {
	value reflect.Value
	path  string
}

func (s side) exists() bool { return s.value.IsValid() }

// below is what a field is on this side; pointers are followed.
func (s side) below(f field) side {
	if !s.exists() {
		return side{}
	}
	value := s.value.Field(f.index)
	if f.kind == optional {
		value = value.Elem()
	}
	return side{value, join(s.path, f.key)}
}

func (d *differ) section(t reflect.Type, old, new side, path string) {
	for _, f := range fieldsOf(t) {
		a, b, path := old.below(f), new.below(f), join(path, f.key)
		switch f.kind {
		case section, optional:
			d.section(f.element, a, b, path)
		case sections:
			d.sections(f, a, b, path)
		case textMap, secretMap:
			d.entries(f, a, b, path)
		default:
			d.leaf(path, a, b, func(s shower, v side) string { return s.value(f, v.value, v.path) })
		}
	}
}

// leaf notes a change of one value.
func (d *differ) leaf(path string, old, new side, show func(shower, side) string) {
	if old.exists() && new.exists() && reflect.DeepEqual(old.value.Interface(), new.value.Interface()) {
		return
	}
	change := Change{Path: path}
	if old.exists() && !isEmpty(old.value) {
		change.Old = show(d.old, old)
	}
	if new.exists() && !isEmpty(new.value) {
		change.New = show(d.new, new)
	}
	switch {
	case change.Old == "" && change.New == "":
		return
	case change.New == change.Old && change.New == redacted:
		change.New = changedSecret
	case change.New == change.Old:
		change.New += changedMark
	}
	d.changes = append(d.changes, change)
}

// isEmpty reports whether a value is like none at all.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	default:
		return false
	}
}

// entries compares two maps by their keys.
func (d *differ) entries(f field, old, new side, path string) {
	var before, after map[string]string
	if old.exists() {
		before = stringsOf(old.value)
	}
	if new.exists() {
		after = stringsOf(new.value)
	}
	names := maps.Clone(before)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.leaf(join(path, name), entryOf(old, name), entryOf(new, name), func(s shower, v side) string {
			if f.secret() {
				return redacted
			}
			return s.text(v.value, v.path)
		})
	}
}

func entryOf(s side, name string) side {
	if !s.exists() {
		return side{}
	}
	return side{s.value.MapIndex(reflect.ValueOf(name)), join(s.path, name)}
}

// sections compares two lists of structs by the text that may stand for each: servers by their address. Their order does
// not matter.
func (d *differ) sections(f field, old, new side, path string) {
	before, after := keyed(f, old), keyed(f, new)
	for _, name := range slices.Concat(before.names, after.namesBeside(before)) {
		a, b := before.items[name], after.items[name]
		at := path + "[" + d.name(f, a, b) + "]"
		if a.exists() && b.exists() {
			d.section(f.element, a, b, at)
			continue
		}
		d.leaf(at, a, b, func(s shower, v side) string { return s.section(v.value, v.path) })
	}
}

// keyedItems are the items of a list by what names them.
type keyedItems struct {
	names []string
	items map[string]side
}

func (k keyedItems) namesBeside(other keyedItems) []string {
	return slices.DeleteFunc(slices.Clone(k.names), func(name string) bool { return other.items[name].exists() })
}

func keyed(f field, list side) keyedItems {
	k := keyedItems{items: map[string]side{}}
	if !list.exists() {
		return k
	}
	for i := range list.value.Len() {
		item := list.value.Index(i)
		name := item.Field(naming(f).index).String()
		if !k.items[name].exists() {
			k.names = append(k.names, name)
			k.items[name] = side{item, indexed(list.path, i)}
		}
	}
	return k
}

// naming is the field that an item of a list is known by.
func naming(f field) field {
	for _, candidate := range fieldsOf(f.element) {
		if candidate.scalar {
			return candidate
		}
	}
	panic("config: nothing names the items of " + f.key)
}

// name shows what an item is known by, as the newer file has it.
func (d *differ) name(f field, old, new side) string {
	show, item := d.new, new
	if !item.exists() {
		show, item = d.old, old
	}
	by := naming(f)
	return show.text(item.value.Field(by.index), join(item.path, by.key))
}
