package admin_test

import (
	"context"
	"encoding"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"ladder/admin"
)

// reference is docs/reference/api.md, taken apart.
type reference struct {
	routes    [][2]string                  // method and path
	documents map[string]map[string]string // type of a field, by document and field
}

func readReference(t *testing.T) reference {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "reference", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile("^\\| (GET|POST) \\| `([^`]+)` \\|")
	field := regexp.MustCompile("^\\| `([a-z0-9_]+)` \\| ([^|]+) \\|")
	r := reference{documents: make(map[string]map[string]string)}
	document := ""
	for line := range strings.Lines(string(page)) {
		if heading, found := strings.CutPrefix(line, "### "); found {
			document = strings.TrimSpace(heading)
			r.documents[document] = make(map[string]string)
		}
		if match := route.FindStringSubmatch(line); match != nil {
			r.routes = append(r.routes, [2]string{match[1], match[2]})
		}
		if match := field.FindStringSubmatch(line); match != nil && document != "" {
			r.documents[document][match[1]] = match[2]
		}
	}
	return r
}

// TestReferenceHasEveryField compares the page with the types, both ways.
func TestReferenceHasEveryField(t *testing.T) {
	documented := readReference(t).documents
	types := make(map[string]reflect.Type)
	for _, root := range []any{admin.Status{}, admin.Series{}, admin.WarningList{}, admin.Session{}, admin.Plan{}, admin.Failure{}} {
		collect(reflect.TypeOf(root), types)
	}
	for name, kind := range types {
		fields, found := documented[name]
		if !found {
			t.Errorf("%s is not documented", name)
			continue
		}
		for field, want := range fieldsOf(kind) {
			if got := fields[field]; got != want {
				t.Errorf("%s.%s is documented as %q, and is %q", name, field, got, want)
			}
			delete(fields, field)
		}
		for field := range fields {
			t.Errorf("%s.%s is documented, and does not exist", name, field)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is documented, and does not exist", name)
	}
}

// collect finds all documents that one is made of.
func collect(kind reflect.Type, into map[string]reflect.Type) {
	switch {
	case kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice:
		collect(kind.Elem(), into)
	case isDocument(kind) && into[kind.Name()] == nil:
		into[kind.Name()] = kind
		for i := range kind.NumField() {
			collect(kind.Field(i).Type, into)
		}
	}
}

func isDocument(kind reflect.Type) bool {
	return kind.Kind() == reflect.Struct && kind != reflect.TypeFor[time.Time]()
}

// fieldsOf gives the type of each field in the words of the page.
func fieldsOf(kind reflect.Type) map[string]string {
	fields := make(map[string]string)
	for i := range kind.NumField() {
		name, options, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		if !kind.Field(i).IsExported() {
			continue
		}
		fields[name] = inWords(kind.Field(i).Type)
		if strings.Contains(options, "omitempty") {
			fields[name] += ", optional"
		}
	}
	return fields
}

func inWords(kind reflect.Type) string {
	switch {
	case kind == reflect.TypeFor[time.Time]():
		return "time"
	case kind.Kind() == reflect.Pointer:
		return inWords(kind.Elem()) + " or null"
	case kind.Implements(reflect.TypeFor[encoding.TextMarshaler]()), kind.Kind() == reflect.String:
		return "string"
	case kind.Kind() == reflect.Slice:
		return "list of " + inWords(kind.Elem())
	case kind.Kind() == reflect.Map:
		return "map of " + inWords(kind.Elem())
	case kind.Kind() == reflect.Bool:
		return "boolean"
	case kind.Kind() == reflect.Struct:
		return kind.Name()
	default:
		return "number"
	}
}

// TestReferenceRoutesExist asks for each documented route.
func TestReferenceRoutesExist(t *testing.T) {
	n := newNode()
	n.plan = func(string) (admin.Plan, error) { return admin.Plan{}, nil }
	n.apply = func(context.Context, string) (admin.Plan, error) { return admin.Plan{}, nil }
	base := start(t, n.options()).URL()
	routes := readReference(t).routes
	if len(routes) < 10 {
		t.Fatalf("%d routes are documented", len(routes))
	}
	for _, route := range routes {
		path := strings.ReplaceAll(route[1], "{name}", "app.1")
		if path == "/api/v1/events" {
			listen(t, base+path, nil).leave()
			continue
		}
		if got := (call{method: route[0], url: base + path, header: bearer(actionToken)}).do(t); got.code >= 400 {
			t.Errorf("%s %s: %d %s", route[0], path, got.code, got.body)
		}
	}
}
