package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// decoder fills the struct tree from the nodes of a file. It goes by the structs' fields, so that what the file leaves
// out gets its default, and so that `directory` is known before the defaults that lie in it.
type decoder struct {
	report  *report
	lookup  func(string) (string, bool)
	keys    map[string]place // where each key of the file stands, by path
	values  map[string]place // where its value stands
	failed  map[string]bool  // paths whose value is not what the file meant
	below   map[string]bool  // paths below which that is so
	written writtenTexts
	config  *Config
}

// writtenTexts are the values with variables in them, by path, as they stand in the file. They are shown in place of
// what the variables hold.
type writtenTexts map[string]string

func (d *decoder) wrong(at place, path string, w fault) {
	d.fail(path)
	d.report.add(at, path, w)
}

// fail notes that a path was refused, so that no check builds upon it.
func (d *decoder) fail(path string) {
	d.failed[path] = true
	for section := parentOf(path); section != ""; section = parentOf(section) {
		d.below[section] = true
	}
}

// bad reports whether a key or anything below or above it was refused.
func (d *decoder) bad(path string) bool {
	if d.below[path] {
		return true
	}
	for ; path != ""; path = parentOf(path) {
		if d.failed[path] {
			return true
		}
	}
	return false
}

// section fills a struct. n may be nil or nothing: all defaults.
func (d *decoder) section(into reflect.Value, n *node, path string) {
	fields := fieldsOf(into.Type())
	if n != nil && n.shape == scalar {
		if i := slices.IndexFunc(fields, func(f field) bool { return f.scalar }); i >= 0 {
			n = &node{shape: mapping, at: n.at, end: n.end, pairs: []pair{{fields[i].key, n.at, n}}}
		}
	}
	if n != nil && n.shape != mapping && n.shape != nothing {
		if n.shape != broken {
			d.report.source.hideAll(n) // whatever this is, it may hold what belongs under `token`
			d.wrong(n.at, path, fault{fmt.Sprintf("must be a mapping, but is %v", n.shape), "keys below it, each in a line of its own: " + keyList(fields)})
		}
		d.fail(path)
		n = nil
	}
	for _, f := range fields {
		d.field(f, into.Field(f.index), n, join(path, f.key))
	}
	if n != nil {
		d.unknownKeys(fields, n, path)
	}
}

// field fills one field of a struct from the pair of that name, or with its default.
func (d *decoder) field(f field, into reflect.Value, parent *node, path string) {
	value := d.find(f, parent, path)
	if value != nil && f.secret() {
		d.hideSecret(f, value)
	}
	switch f.kind {
	case section:
		d.section(into, value, path)
	case optional:
		if value != nil {
			into.Set(reflect.New(f.element))
			d.section(into.Elem(), value, path)
		}
	case sections:
		d.sections(f, into, value, path)
	case texts, textOrTexts:
		d.list(f, into, value, path)
	case textMap, secretMap:
		d.textMap(f, into, value, path)
	default:
		d.single(f, into, value, path)
	}
}

// find looks a key up in its section and notes where it stands; nil if it is not there.
func (d *decoder) find(f field, parent *node, path string) *node {
	if parent == nil {
		return nil
	}
	for _, pair := range parent.pairs {
		if pair.key == f.key {
			d.keys[path], d.values[path] = pair.at, pair.value.at
			return pair.value
		}
	}
	return nil
}

// hideSecret hides a secret value from source lines. In a map of secrets, names stay visible.
func (d *decoder) hideSecret(f field, value *node) {
	source := d.report.source
	if f.kind != secretMap || value.shape != mapping {
		source.hideAll(value)
		return
	}
	for _, pair := range value.pairs {
		if !aVariable.MatchString(pair.key) { // as in {API_KEY=k}, where the name has swallowed the value
			source.hideKey(pair)
		}
		source.hideAll(pair.value)
	}
}

// single fills a field that one text stands for.
func (d *decoder) single(f field, into reflect.Value, value *node, path string) {
	text, given := d.text(f, value, path)
	if !given {
		if f.standard == "" {
			return
		}
		text = d.standard(f, path)
	}
	if wrong := setText(f, into, text, given && value.quoted && d.written[path] == ""); wrong != nil {
		d.refuse(f, value, path, *wrong)
		if f.standard != "" {
			delete(d.written, path)
			setText(f, into, d.standard(f, path), false)
		}
	}
}

// standard is the default of a field, with `directory` filled in. Where that has a variable in it, the default has too.
func (d *decoder) standard(f field, path string) string {
	if written, found := d.written["directory"]; found && strings.Contains(f.standard, "{directory}") {
		d.written[path] = standardFor(f, written)
	}
	return standardFor(f, strings.TrimSuffix(d.config.Directory, "/"))
}

// text is what a scalar says after expansion; false if there is none, in which case that was reported or is fine.
func (d *decoder) text(f field, value *node, path string) (string, bool) {
	switch {
	case value == nil || value.shape == broken:
		if value != nil {
			d.fail(path)
		}
		return "", false
	case value.shape == nothing:
		d.wrong(value.at, path, fault{"has no value", noValueHint(f)})
		return "", false
	case value.shape != scalar:
		d.wrong(value.at, path, fault{fmt.Sprintf("must be one value, but is %v", value.shape), exampleHint(f)})
		return "", false
	}
	return d.expand(f, value, path)
}

// expand replaces the variables of a scalar and remembers how it was written.
func (d *decoder) expand(f field, value *node, path string) (string, bool) {
	text, used, wrong := expand(value.text, d.lookup)
	for _, w := range wrong {
		at := value.at
		if !f.secret() && !d.report.full() {
			at = d.report.source.after(at, w.near)
		}
		d.wrong(at, path, w.fault)
	}
	if used && !f.secret() {
		d.written[path] = value.text
	}
	return text, len(wrong) == 0
}

// refuse reports a scalar by its text as the file has it, so that neither secrets nor what variables hold are told.
func (d *decoder) refuse(f field, value *node, path string, wrong fault) {
	text := redacted
	if !f.secret() {
		text = quote(value.text)
	}
	if variables := d.written[path]; variables != "" {
		wrong.hint = "check what the variable holds; needed: " + exampleHint(f)
	} else if f.kind == aTime && wrong.message == "has no unit" {
		wrong.hint = f.key + ": " + wrong.hint
	}
	wrong.message = text + " " + wrong.message
	d.wrong(value.at, path, wrong)
}

// list fills a list of texts.
func (d *decoder) list(f field, into reflect.Value, value *node, path string) {
	var items []*node
	switch {
	case value == nil:
		if f.standard != "" {
			into.Set(reflect.ValueOf([]string{d.standard(f, path)}).Convert(into.Type()))
		}
		return
	case value.shape == sequence:
		items = value.items
	case value.shape == scalar && f.kind == textOrTexts:
		items = []*node{value}
	case value.shape == broken:
		d.fail(path)
	case value.shape == nothing && f.standard != "":
		d.wrong(value.at, path, fault{"has no value", noValueHint(f)})
	case value.shape != nothing:
		d.wrong(value.at, path, fault{fmt.Sprintf("must be a list, but is %v", value.shape), exampleHint(f)})
	}
	if len(items) > maxEntries {
		d.tooMany(value, path)
		return
	}
	var list []string
	for i, item := range items {
		at := path // a single text is the key's own value
		if value.shape == sequence {
			at = indexed(path, i)
			d.keys[at], d.values[at] = item.at, item.at
		}
		if text, ok := d.item(f, item, at); ok {
			list = append(list, text)
		} else {
			d.fail(path)
		}
	}
	into.Set(reflect.ValueOf(list).Convert(into.Type()))
}

// item is one text of a list.
func (d *decoder) item(f field, item *node, path string) (string, bool) {
	text, ok := d.text(f, item, path)
	if !ok {
		return "", false
	}
	if wrong := checkText(f, text); wrong != nil {
		d.refuse(f, item, path, *wrong)
		return "", false
	}
	return text, true
}

// sections fills a list of structs.
func (d *decoder) sections(f field, into reflect.Value, value *node, path string) {
	switch {
	case value == nil || value.shape == nothing:
		return
	case value.shape == broken:
		d.fail(path)
		return
	case value.shape != sequence:
		d.wrong(value.at, path, fault{fmt.Sprintf("must be a list, but is %v", value.shape), exampleHint(f)})
		return
	}
	if len(value.items) > maxEntries {
		d.tooMany(value, path)
		return
	}
	list := reflect.MakeSlice(into.Type(), len(value.items), len(value.items))
	for i, item := range value.items {
		at := indexed(path, i)
		d.keys[at], d.values[at] = item.at, item.at
		if item.shape == nothing {
			d.wrong(item.at, at, fault{"has no value", exampleHint(f)})
			continue
		}
		d.section(list.Index(i), item, at)
	}
	into.Set(list)
}

// textMap fills a map from names to texts.
func (d *decoder) textMap(f field, into reflect.Value, value *node, path string) {
	switch {
	case value == nil || value.shape == nothing:
		return
	case value.shape == broken:
		d.fail(path)
		return
	case value.shape != mapping:
		d.wrong(value.at, path, fault{fmt.Sprintf("must be a mapping, but is %v", value.shape), "NAME: value, each in a line of its own"})
		return
	}
	if len(value.pairs) > maxEntries {
		d.tooMany(value, path)
		return
	}
	m := reflect.MakeMap(into.Type())
	names := formatNamed(f.keys)
	for _, pair := range value.pairs {
		if wrong := names.check(pair.key); wrong != nil {
			d.wrong(pair.at, path, fault{quote(shownKey(pair.key)) + " " + wrong.message, wrong.hint})
			continue
		}
		at := join(path, pair.key)
		d.keys[at], d.values[at] = pair.at, pair.value.at
		if text, ok := d.text(f, pair.value, at); ok {
			m.SetMapIndex(reflect.ValueOf(pair.key), reflect.ValueOf(text))
		}
	}
	into.Set(m)
}

// tooMany refuses a list or a map of more than maxEntries.
func (d *decoder) tooMany(value *node, path string) {
	d.wrong(value.at, path, fault{fmt.Sprintf("has more than %d entries", maxEntries), "fewer of them"})
}
