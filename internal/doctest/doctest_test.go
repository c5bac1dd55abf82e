package doctest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const document = "# Title\n" +
	"```sh test=start background=\"is up\"\nladder up\n```\n" +
	"text with `inline` code and ```three``` in a line\n" +
	"1. indented\n" +
	"   ```yaml test=start file=conf/ladder.yaml\n   name: x\n     deeper: y\n   ```\n" +
	"~~~~text\n```\nnot a fence\n```\n~~~~\n" +
	"```\n\n```\n"

func TestParse(t *testing.T) {
	got, err := Parse("README.md", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{File: "README.md", Line: 2, Language: "sh", Attributes: map[string]string{"test": "start", "background": "is up"}, Text: "ladder up\n"},
		{File: "README.md", Line: 7, Language: "yaml", Attributes: map[string]string{"test": "start", "file": "conf/ladder.yaml"}, Text: "name: x\n  deeper: y\n"},
		{File: "README.md", Line: 11, Language: "text", Attributes: map[string]string{}, Text: "```\nnot a fence\n```\n"},
		{File: "README.md", Line: 16, Attributes: map[string]string{}, Text: "\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unclosed":             {"```sh test=a\nls\n", "README.md:1: the block is never closed"},
		"no value":             {"```sh test\nls\n```\n", `README.md:1: cannot read "test"`},
		"unclosed quotes":      {"```sh unchecked=\"why\nls\n```\n", "quotes of unchecked are not closed"},
		"no proof":             {"```sh\nls\n```\n", "say how these commands are proved"},
		"two proofs":           {"```sh test=a covered=TestB\nls\n```\n", "one of them"},
		"unknown attribute":    {"```sh tests=a\nls\n```\n", `knows no "tests"`},
		"empty reason":         {"```sh unchecked=\"\"\nls\n```\n", "unchecked is empty"},
		"file without a test":  {"```yaml file=x.yaml\n```\n", "go together"},
		"file outside":         {"```yaml file=../x.yaml test=a\n```\n", "not a path below"},
		"background on a file": {"```yaml background=x\n```\n", `knows no "background"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Scenarios(fstest.MapFS{"README.md": {Data: []byte(test.text)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that contains %q", err, test.want)
			}
		})
	}
}

func TestScenarios(t *testing.T) {
	scenarios, err := Scenarios(fstest.MapFS{
		"README.md":           {Data: []byte("```sh test=a\n1\n```\n```sh test=b\n2\n```\n```sh test=a\n3\n```\n")},
		"docs/operations.md":  {Data: []byte("```sh test=a\n4\n```\n```sh covered=TestX\n5\n```\n")},
		"internal/x/notes.md": {Data: []byte("```sh\n6\n```\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, scenario := range scenarios {
		for _, block := range scenario.Blocks {
			got[scenario.Name] += block.Text
		}
	}
	want := map[string]string{"README.md/a": "1\n3\n", "README.md/b": "2\n", "docs/operations.md/a": "4\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
