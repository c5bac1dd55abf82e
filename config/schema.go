package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
)

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON serves encoding/json.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(m.name); err != nil {
			return nil, fmt.Errorf("encoding a name: %w", err)
		}
		out.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", m.name, err)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Schema is the JSON schema of the file (draft 2020-12), for editors. It accepts whatever Parse accepts; Parse knows
// more, such as which files there are.
func Schema() []byte {
	schema := append(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "Ladder"},
	}, sectionSchema(reflect.TypeFor[Config](), "The file of Ladder.")...)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		panic("config: a schema that cannot be JSON: " + err.Error()) // it is made of strings and numbers
	}
	return out.Bytes()
}

// hasVariable is what a value with ${NAME} in it looks like; it may stand for any scalar.
const hasVariable = `\$\{`

func sectionSchema(t reflect.Type, description string) object {
	properties := object{}
	for _, f := range fieldsOf(t) {
		properties = append(properties, member{f.key, fieldSchema(t, f)})
	}
	return object{
		{"description", description},
		{"type", []string{"object", "null"}},
		{"additionalProperties", false},
		{"properties", properties},
	}
}

// fieldSchema is the schema of one key: what it means, then what it may be, then its default and an example.
func fieldSchema(t reflect.Type, f field) object {
	description := meaning(t.Name(), f)
	if f.kind == section || f.kind == optional {
		return sectionSchema(f.element, description)
	}
	schema := append(object{{"description", description}}, valueSchema(f)...)
	if f.standard != "" {
		schema = append(schema, member{"default", jsonOf(f, standardFor(f, ".ladder"))})
	}
	if f.example != "" && f.kind != texts && f.kind != textOrTexts && f.kind != sections && f.kind != textMap && f.kind != secretMap {
		schema = append(schema, member{"examples", []any{jsonOf(f, f.example)}})
	}
	return schema
}

// valueSchema is what a key may be.
func valueSchema(f field) object {
	switch f.kind {
	case texts:
		return object{{"type", []string{"array", "null"}}, {"items", textSchema(f)}}
	case textOrTexts:
		return object{{"anyOf", []object{textSchema(f), {{"type", "array"}, {"items", textSchema(f)}}}}}
	case textMap, secretMap:
		return object{
			{"type", []string{"object", "null"}},
			{"propertyNames", object{{"pattern", formatNamed(f.keys).pattern}}},
			{"additionalProperties", textSchema(field{kind: aText})},
		}
	case sections:
		return object{{"type", []string{"array", "null"}}, {"items", itemSchema(f)}}
	case aCount:
		return orVariable(bounded(object{{"type", "integer"}}, f))
	case aTime:
		return object{{"type", "string"}, {"pattern", `^` + durationPattern + `$|` + hasVariable}}
	case aQuantity:
		return object{{"type", "string"}, {"pattern", `^` + sizePattern + `$|` + hasVariable}}
	default:
		return textSchema(f)
	}
}

// itemSchema is what one item of a list of structs may be: a mapping, or the text that stands for it.
func itemSchema(f field) object {
	whole := sectionSchema(f.element, comments()[f.element.Name()])
	for _, candidate := range fieldsOf(f.element) {
		if candidate.scalar {
			return object{{"anyOf", []object{textSchema(candidate), whole}}}
		}
	}
	return whole
}

func bounded(schema object, f field) object {
	if f.min != "" {
		schema = append(schema, member{"minimum", jsonOf(f, f.min)})
	}
	if f.max != "" {
		schema = append(schema, member{"maximum", jsonOf(f, f.max)})
	}
	return schema
}

func orVariable(schema object) object {
	return object{{"anyOf", []object{schema, {{"type", "string"}, {"pattern", hasVariable}}}}}
}

// textSchema is what one text may be. YAML takes some texts for numbers or truth; where a text may look so, both count.
func textSchema(f field) object {
	if len(f.enum) > 0 {
		return orVariable(object{{"enum", f.enum}})
	}
	pattern := ""
	if f.format != "" {
		pattern = formatNamed(f.format).pattern
	}
	if pattern == "" {
		return object{{"type", []string{"string", "number", "boolean"}}}
	}
	types := any("string")
	if regexp.MustCompile(pattern).MatchString("1000") {
		types = []string{"string", "integer"}
	}
	pattern += `|` + hasVariable
	if f.or != "" {
		pattern += `|^` + f.or + `$`
	}
	if f.standard == "" && f.kind != texts {
		pattern += `|^$`
	}
	return object{{"type", types}, {"pattern", pattern}}
}

// jsonOf is a text of a tag as the JSON value that it stands for.
func jsonOf(f field, text string) any {
	if f.kind != aCount {
		return text
	}
	number, wrong := parseInteger(text)
	if wrong != nil {
		panic("config: the tag of " + f.key + " " + wrong.message)
	}
	return number
}
