package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladder/config"
	"ladder/internal/hint"
)

func TestLoadStartsPathsAtTheFile(t *testing.T) {
	c, err := config.Load("testdata/directory.good.yaml", environment)
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if c.Base != base || c.Source != "testdata/directory.good.yaml" {
		t.Errorf("base %q, source %q", c.Base, c.Source)
	}
	for relative, want := range map[string]string{
		".": base, "a/../b": filepath.Join(base, "b"), "/x//y/": "/x/y", "../z": filepath.Join(filepath.Dir(base), "z"),
	} {
		if got := c.Path(relative); got != want {
			t.Errorf("Path(%q) = %q, not %q", relative, got, want)
		}
	}
}

func TestLoadTakesTheProcessEnvironmentByDefault(t *testing.T) {
	t.Setenv("LADDER_TEST_NAME", "from-outside")
	file := filepath.Join(t.TempDir(), "ladder.yaml")
	if err := os.WriteFile(file, []byte("name: ${LADDER_TEST_NAME}\napp: {command: [sh]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "from-outside" {
		t.Errorf("the name is %q", c.Name)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "ladder.yaml"), environment)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("not the cause: %v", err)
	}
	if !strings.Contains(hint.Of(err), "ladder init") {
		t.Errorf("the hint is %q", hint.Of(err))
	}
	if _, err := config.Load(t.TempDir(), environment); err == nil {
		t.Error("a directory was read")
	}
}

// What costs the parser more than it is worth is refused before it reads it.
func TestBounds(t *testing.T) {
	const head = "app: {command: [sh]}\n"
	for name, c := range map[string]struct{ text, want string }{
		"a file":                  {head + strings.Repeat("#", config.MaxFileSize), "the file has"},
		"a block text":            {"app:\n  command:\n    - |\n" + strings.Repeat("      x\n", 2000), "a text of more than"},
		"one with a comment":      {"app:\n  command:\n    - >-\t# |\n" + strings.Repeat("      x\n", 2000), "a text of more than"},
		"empty lines in one":      {"app:\n  command:\n    - |\n      x" + strings.Repeat("\n", 100_000), "a text of more than"},
		"a block text at the top": {"|\n" + strings.Repeat("x\n", 20_000), "a text of more than"},
		"lists in brackets":       {"app: " + strings.Repeat("[", 20_000), "nested"},
		"lists in one line":       {"app: \n  " + strings.Repeat("- ", 20_000), "nested"},
		"mappings":                {deepMapping(2000), "nested"},
		"mappings in braces":      {"app: " + strings.Repeat("{a: ", 10_000), "nested"},
		"anchors":                 {"app: " + strings.Repeat("&a ", 10_000), "nested"},
		"tags":                    {"app: " + strings.Repeat("!a ", 10_000), "nested"},
		"question marks":          {strings.Repeat("? ", 20_000), "nested"},
		"a key":                   {strings.Repeat("k", 10_000) + ": 1\n", "a key of more than"},
		"a variable":              {"app: {command: [sh, \"${LONG}\"]}", "longer than"},
		"aliases of aliases":      {bomb(), "must be"},
		"entries of a list":       {"app: {command: [sh" + strings.Repeat(",x", 5_000) + "]}", "more than 4096 entries"},
		"entries of a map":        {"database: {embedded: {parameters: {" + manyEntries(5_000) + "}}}", "more than 4096 entries"},
		"servers":                 {"app: {servers: [" + strings.Repeat("x,", 5_000) + "]}\ngateway:", "more than 4096 entries"},
		"problems":                {head + manyProblems(1000), "more problems are not shown"},
		"a list of 4001 words":    {"app: {command: [sh" + strings.Repeat(",x", 4_000) + "], instances: 0}", "less than 1"},
		"secrets in one line":     {"app: {command: [sh], env: {" + strings.Repeat("a: 1, ", 3_000) + "}}", "stands here twice"},
		"keys":                    {strings.Repeat("k:\n", 10_001), "more than 10000 keys"},
		"bad variables":           {"app: {command: ['" + strings.Repeat("${}", 20_000) + "']}", "names no variable"},
		"bad servers":             {"app: {servers: [" + strings.Repeat("x,", 4000) + "]}\ngateway:", "not an address"},
		"passwords":               {"app: {command: [" + strings.Repeat("a://b:c@d,", 4000) + "]}\ngateway: {listen: 1}", "has no colon"},
		"unknown aliases":         {"name: &a [" + strings.Repeat("1,", 10_000) + "]\n" + strings.Repeat("k: *a\n", 3_000), "stands here twice"},
		"texts with colons":       {"app: [" + strings.Repeat("a:", 20_000) + "a]", "must be a mapping"},
		"texts with few colons":   {"app: [" + strings.Repeat("a:b,", 10_000) + "a]", "must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(string) (string, bool) { return strings.Repeat("x", 100_000), true }
			_, err := config.Parse("ladder.yaml", t.TempDir(), []byte(c.text), lookup)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("want %q, got %.500v", c.want, err)
			}
			if length := len(err.Error()); length > 64<<10 {
				t.Errorf("the message has %d bytes", length)
			}
		})
	}
}

func deepMapping(levels int) string {
	var text strings.Builder
	for i := range min(levels, 600) {
		text.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return text.String()
}

// bomb is the billion laughs.
func bomb() string {
	text := "name: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("k%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9))
	}
	return text + "app: {command: *a11}\n"
}

func manyEntries(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "p%d: 1, ", i)
	}
	return text.String()
}

func manyProblems(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "key%d: 1\n", i)
	}
	return text.String()
}

func TestProblemsAreInTheOrderOfLines(t *testing.T) {
	_, err := parseFile(t, "testdata/many.bad.yaml")
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	for i := range problems[1:] {
		if problems[i].Line > problems[i+1].Line {
			t.Errorf("line %d stands before line %d", problems[i].Line, problems[i+1].Line)
		}
	}
	for _, p := range problems {
		if p.Path == "" || p.Hint == "" || p.Source == "" || p.File == "" || p.Column < 1 {
			t.Errorf("incomplete: %#v", p)
		}
	}
}

// The examples are right as they stand, once the sample application is built.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	root := t.TempDir()
	for _, directory := range []string{"bin", "examples"} {
		if err := os.Mkdir(filepath.Join(root, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "bin/chirp"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, example := range examples {
		text, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse(filepath.Base(example), filepath.Join(root, "examples"), text, environment); err != nil {
			t.Errorf("refused:\n%v", err)
		}
	}
}
