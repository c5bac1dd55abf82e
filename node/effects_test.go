package node

import (
	"reflect"
	"strings"
	"testing"

	"ladder/config"
)

// TestEverySettingHasAnEffect walks the file's struct tree, so that a new setting cannot be forgotten in the table.
func TestEverySettingHasAnEffect(t *testing.T) {
	for _, path := range settings(reflect.TypeFor[config.Config](), "") {
		covered := 0
		for _, candidate := range effects {
			if covers(candidate.key, path) {
				covered++
			}
		}
		if covered != 1 {
			t.Errorf("%s is covered by %d rows of effects, want exactly one", path, covered)
		}
	}
}

// settings are the paths of all leaves below a struct.
func settings(structure reflect.Type, prefix string) []string {
	var paths []string
	for i := range structure.NumField() {
		field := structure.Field(i)
		key := strings.Split(field.Tag.Get("yaml"), ",")[0]
		if key == "-" || !field.IsExported() {
			continue
		}
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			paths = append(paths, settings(inner, prefix+key+".")...)
		} else {
			paths = append(paths, prefix+key)
		}
	}
	return paths
}

func TestEffects(t *testing.T) {
	whole := &config.Config{App: &config.App{}, Gateway: &config.Gateway{}, Database: &config.Database{Embedded: &config.Embedded{}}}
	alone := &config.Config{App: &config.App{}}
	external := &config.Config{App: &config.App{}, Gateway: &config.Gateway{}, Database: &config.Database{Primary: "postgres://x"}}
	for _, c := range []struct {
		path          string
		before, after *config.Config
		want          Effect
	}{
		{"name", whole, whole, Restart},
		{"app.command", whole, whole, Rolling},
		{"app.env.LOG_LEVEL", whole, whole, Rolling},
		{"app.instances", whole, whole, Live},
		{"app.servers[10.0.0.1:80]", whole, whole, Live},
		{"gateway.limits.body", whole, whole, Live},
		{"gateway.listen", alone, whole, Start},
		{"gateway.listen", whole, alone, Stop},
		{"database.listen", whole, whole, Restart},
		{"database.embedded.parameters.work_mem", whole, whole, Restart},
		{"database.listen", alone, whole, Start},
		{"database.primary", external, external, Rolling},
		{"database.primary", whole, external, Stop},
		{"something.new", whole, whole, Restart},
	} {
		if got, meaning := effectOf(config.Change{Path: c.path}, c.before, c.after); got != c.want || meaning == "" {
			t.Errorf("%s: %q (%s), want %q", c.path, got, meaning, c.want)
		}
	}
}
