package config_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ladder/config"
)

// Whatever texts a file has, YAML writes them so that Parse reads the same.
func TestYAMLReadsBack(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(
			rapid.String(),
			rapid.SampledFrom([]string{"", "~", "null", "true", "0x1F", "010", "1e3", ".5", "-", "--", "a: b", "a:", ":80", "#", "a #b", "${A}", "$${", "$$", "*a", "&a", "!a", "%", "@", "|", ">", "[", "{", "'", `"`, `\`, "\t", "\n", "a\nb", " a", "a ", "«redacted», changed", "\u2028", "\u0085", "é", "😀", "---", "?", "- a"}),
		).Filter(func(text string) bool { return !strings.ContainsRune(text, 0) && len(text) < 1000 })
		c := &config.Config{
			Name: "app", Directory: ".ladder",
			App: &config.App{
				Command: append([]string{"sh"}, rapid.SliceOfN(word, 0, 8).Draw(t, "words")...), Instances: 1, Directory: ".",
				StartTimeout: config.Duration(rapid.Int64Range(1, 86400).Draw(t, "seconds") * 1e9), StopTimeout: 1e9,
				Health: config.Health{Interval: 2e9, Timeout: 1e9, Fall: 3, Rise: 2},
			},
			Admin: config.Admin{Listen: "off"},
		}
		written := c.YAML()
		read, err := config.Parse("ladder.yaml", base, written, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatalf("refused: %v\n%s", err, written)
		}
		for _, change := range config.Diff(c, read) {
			t.Errorf("%s was %s and is %s", change.Path, change.Old, change.New)
		}
	})
}
