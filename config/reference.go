package config

import (
	"fmt"
	"reflect"
	"strings"
)

// referenceBegin opens the reference page.
const referenceBegin = "# The file\n\n" +
	"<!-- Made from the comments in config/config.go by `go test ./config -run TestReferencePageIsCurrent -update`. -->\n\n" +
	"Every key is optional, and an unknown one is an error. `ladder validate` reports every mistake with its place and what\n" +
	"to write instead; `ladder schema` prints a JSON schema, with which editors complete and check the file.\n\n" +
	"- **Durations** are numbers with a unit: `500ms`, `2s`, `5m`, `1h30m`.\n" +
	"- **Sizes** are numbers with a unit: `512B`, `32KiB`, `64MiB`, `10GiB`, `1TiB` (powers of 1024), `kB`, `MB`, `GB`, `TB`\n" +
	"  (powers of 1000).\n" +
	"- **Addresses** are `host:port`; where Ladder listens, `:port` means every address of the machine and port 0 any free one.\n" +
	"- **Paths** that are relative start at the directory that holds the file.\n" +
	"- **Variables**: `${NAME}` takes an environment variable, `${NAME:-default}` has a default for one that is missing or\n" +
	"  empty, `$${` is `${` itself. What a variable holds fills one value and is never read as YAML.\n" +
	"- **Secrets** and what variables hold show as «redacted», or as they stand in the file, wherever Ladder shows the file.\n" +
	"- **A section** that is written with nothing below it, such as `gateway:`, has all its defaults.\n" +
	"- **YAML**: `&name` and `*name` work for whole values; tags, `<<` and several documents in one file do not.\n"

// Reference is the reference page of the file, in Markdown.
func Reference() []byte {
	var page strings.Builder
	page.WriteString(referenceBegin)
	referenceSection(&page, reflect.TypeFor[Config](), "", "The whole file")
	page.WriteString("\n## Keys of later rungs\n\nThis version of Ladder stands on rung " + fmt.Sprint(NewestRung) +
		". It knows these keys by name and says with which rung they come.\n\n| key | rung |\n|---|---|\n")
	for _, later := range laterKeys {
		rung := Rungs[later.rung-1]
		fmt.Fprintf(&page, "| `%s` | %d, %s |\n", later.path, rung.Number, rung.Name)
	}
	return []byte(page.String())
}

// referenceSection writes a heading, what the section is, a table of its keys, and the sections below it.
func referenceSection(page *strings.Builder, t reflect.Type, path, about string) {
	if path != "" {
		fmt.Fprintf(page, "\n## %s\n\n%s\n\n", path, about)
	} else {
		fmt.Fprintf(page, "\n## %s\n\n", about)
	}
	page.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fieldsOf(t) {
		fmt.Fprintf(page, "| `%s` | %s | %s | %s |\n", f.key, typeOf(f, join(path, f.key)), standardOf(f), cell(meaning(t.Name(), f)+exampleOf(f)))
	}
	for _, f := range fieldsOf(t) {
		switch at := join(path, f.key); f.kind {
		case section, optional:
			referenceSection(page, f.element, at, meaning(t.Name(), f))
		case sections:
			referenceSection(page, f.element, at+"[]", comments()[f.element.Name()])
		}
	}
}

// typeOf says what a key may be, with bounds.
func typeOf(f field, path string) string {
	within := ""
	if f.min != "" {
		within = fmt.Sprintf(", %s to %s", f.min, f.max)
	}
	text := "text"
	if f.format != "" {
		text = formatNamed(f.format).title
	}
	if f.or != "" {
		text += ", or `" + f.or + "`"
	}
	switch f.kind {
	case aCount:
		return "number" + within
	case aTime:
		return "duration" + within
	case aQuantity:
		return "size" + within
	case aSecret:
		return text + ", secret"
	case texts:
		return "list of " + plural(text)
	case textOrTexts:
		return text + ", or list of them"
	case textMap:
		return "mapping, " + formatNamed(f.keys).title + " to text"
	case secretMap:
		return "mapping, " + formatNamed(f.keys).title + " to text, secret"
	case section, optional:
		return fmt.Sprintf("[section](#%s)", anchor(path))
	case sections:
		return fmt.Sprintf("list of [sections](#%s)", anchor(path+"[]"))
	default:
		if len(f.enum) > 0 {
			return "`" + strings.Join(f.enum, "` or `") + "`"
		}
		return text
	}
}

func plural(noun string) string {
	if strings.HasSuffix(noun, "s") {
		return noun + "es"
	}
	return noun + "s"
}

// anchor is what GitHub calls a heading: without dots and brackets.
func anchor(path string) string { return strings.NewReplacer(".", "", "[", "", "]", "").Replace(path) }

func standardOf(f field) string {
	switch {
	case f.kind == optional:
		return "not there"
	case f.standard == "":
		return ""
	}
	return "`" + standardFor(f, "‹directory›") + "`"
}

// standardFor is a default with `directory` filled in.
func standardFor(f field, directory string) string {
	return strings.ReplaceAll(f.standard, "{directory}", directory)
}

func exampleOf(f field) string {
	if f.example == "" {
		return ""
	}
	return fmt.Sprintf(" Example: `%s: %s`", f.key, f.example)
}

// cell makes a text fit into a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
