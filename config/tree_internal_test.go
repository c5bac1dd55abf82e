package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everyField calls visit for each key of the file with its path; [] stands for any place in a list.
func everyField(t reflect.Type, path string, visit func(path string, f field)) {
	for _, f := range fieldsOf(t) {
		at := join(path, f.key)
		visit(at, f)
		switch {
		case f.kind == sections:
			everyField(f.element, at+"[]", visit)
		case f.element != nil:
			everyField(f.element, at, visit)
		}
	}
}

// The tags of the struct tree say what they must, and defaults and examples are what the file accepts.
func TestTags(t *testing.T) {
	keyShape := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	everyField(reflect.TypeFor[Config](), "", func(path string, f field) {
		if !keyShape.MatchString(f.key) {
			t.Errorf("%s: keys are lower-case words with underscores", path)
		}
		if f.format != "" {
			formatNamed(f.format) // panics on a name that is not in the table
		}
		if (f.kind == textMap || f.kind == secretMap) != (f.keys != "") {
			t.Errorf("%s: a map, and only a map, says what its keys are", path)
		}
		if bounds := (f.kind == aCount || f.kind == aTime || f.kind == aQuantity); bounds != (f.min != "" && f.max != "") {
			t.Errorf("%s: numbers, durations and sizes, and only they, have min and max", path)
		}
		if bounded := f.standard != ""; !bounded && f.min != "" {
			t.Errorf("%s: a number needs a default", path)
		}
		if strings.Contains(f.standard, "{directory}") && path == "directory" {
			t.Errorf("%s: a default cannot follow itself", path)
		}
		if f.kind < texts && f.standard != "" {
			if wrong := setText(f, reflect.New(goTypeOf(f.kind)).Elem(), standardFor(f, ".ladder"), false); wrong != nil {
				t.Errorf("%s: the default %q %s", path, f.standard, wrong.message)
			}
		}
	})
}

func goTypeOf(k kind) reflect.Type {
	switch k {
	case aCount:
		return reflect.TypeFor[int]()
	case aTime:
		return reflect.TypeFor[Duration]()
	case aQuantity:
		return reflect.TypeFor[Size]()
	default:
		return reflect.TypeFor[string]()
	}
}

// In a file that cannot be parsed, secrets are found by the names of their keys: hide.go must know them all.
func TestSecretKeysAreKnown(t *testing.T) {
	var topLevel []string
	everyField(reflect.TypeFor[Config](), "", func(path string, f field) {
		if found := secretKey.MatchString("  " + f.key + ": x"); found != f.secret() {
			t.Errorf("%s: secret: %v, known to hide.go: %v", path, f.secret(), found)
		}
		if !strings.Contains(path, ".") && f.element != nil {
			topLevel = append(topLevel, path)
			if !sectionStart.MatchString(path + ":") {
				t.Errorf("%s: a section that hide.go does not know", path)
			}
		}
	})
	if len(topLevel) < 4 {
		t.Errorf("only %v were looked at", topLevel)
	}
}

// A key that arrived is no longer said to arrive.
func TestLaterKeysAreNotThere(t *testing.T) {
	var paths []string
	everyField(reflect.TypeFor[Config](), "", func(path string, _ field) { paths = append(paths, path) })
	for _, later := range laterKeys {
		if slices.Contains(paths, later.path) {
			t.Errorf("%s is a key now; take it out of laterKeys", later.path)
		}
		if later.rung <= NewestRung {
			t.Errorf("%s is of rung %d, on which this version stands", later.path, later.rung)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abd", "abc", 1}, {"acb", "abc", 1},
		{"comand", "command", 1}, {"healht", "health", 1}, {"kitten", "sitting", 3},
	} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("edits(%q, %q) = %d, not %d", c.a, c.b, got, c.want)
		}
	}
	if near := nearest("frobnicate", []string{"app", "gateway"}); near != "" {
		t.Errorf("%q is near to nothing, yet %q was found", "frobnicate", near)
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{":80", ":80", true}, {":80", ":81", false}, {":0", ":0", false}, {"127.0.0.1:0", "127.0.0.1:0", false},
		{"127.0.0.1:80", ":80", true}, {"127.0.0.1:80", "0.0.0.0:80", true}, {"[::]:80", "10.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.2:80", false}, {"localhost:80", "127.0.0.1:80", true}, {"LOCALHOST:80", "[::1]:80", true},
		{"localhost:80", "127.0.0.2:80", false}, {"[::ffff:127.0.0.1]:80", "127.0.0.1:80", true}, {"a:80", "b:80", false},
		{"[::1]:80", "[0:0:0:0:0:0:0:1]:80", true},
	} {
		if got, swapped := overlap(c.a, c.b), overlap(c.b, c.a); got != c.want || swapped != c.want {
			t.Errorf("overlap of %s and %s: %v and, swapped, %v; not %v", c.a, c.b, got, swapped, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]string{
		"500ms": "500ms", "2s": "2s", "90s": "1m30s", "1h30m": "1h30m", "60m": "1h", "1.5s": "1.5s", "24h": "24h", "0s": "0s", "3600s": "1h",
	} {
		got, wrong := parseDuration(text)
		if wrong != nil || got.String() != want {
			t.Errorf("%s is shown as %s, not %s (%v)", text, got, want, wrong)
		}
		if again, _ := parseDuration(got.String()); again != got {
			t.Errorf("%s is read back as %s", got, again)
		}
	}
	for _, text := range []string{"", "2", "s", "2 s", "1d", "1us", "+1s", "-1s", "1e3s", "1h-1m", "9999999999h", "1_000s"} {
		if got, wrong := parseDuration(text); wrong == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{
		"0B": 0, "512B": 512, "1kB": 1000, "1KiB": 1024, "1.5KiB": 1536, "32MiB": 32 << 20, "1GB": 1e9, "2TiB": 2 << 40,
	} {
		got, wrong := parseSize(text)
		if wrong != nil || got != want {
			t.Errorf("%s is %d, not %d (%v)", text, got, want, wrong)
		}
		if again, _ := parseSize(got.String()); again != got {
			t.Errorf("%s is read back as %d", got, again)
		}
	}
	for _, text := range []string{"", "2", "KiB", "1 KiB", "1KB", "1kb", "1mb", "1M", "-1B", "9223372036854775808B", "9007199254740993TiB", "99999999999999999999.5TiB"} {
		if got, wrong := parseSize(text); wrong == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}
