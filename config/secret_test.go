package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"ladder/config"
)

// secretFile has the canary wherever a file can have a secret.
const secretFile = `name: chirp
app:
  command: [sh, "--key=${CANARY}", "postgres://u:canary-in-the-coal-mine@db/x", "${URL}"]
  env:
    API_KEY: canary-in-the-coal-mine
    OTHER: "${CANARY}"
    LINES: |
      canary-in-the-coal-mine
      canary-in-the-coal-mine
directory: .ladder
gateway:
database:
  primary: postgres://chirp:canary-in-the-coal-mine@10.0.0.5/chirp?sslpassword=canary-in-the-coal-mine
admin: {token: "canary-in-the-coal-mine"}
`

func secretLookup(name string) (string, bool) {
	if name == "URL" {
		return "https://u:" + canary + "@host/", true
	}
	return environment(name)
}

func mustParse(t *testing.T, text string, lookup func(string) (string, bool)) *config.Config {
	t.Helper()
	c, err := config.Parse("ladder.yaml", t.TempDir(), []byte(text), lookup)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSecretsAreUsable(t *testing.T) {
	c := mustParse(t, secretFile, secretLookup)
	if c.App.Env["API_KEY"] != canary || c.Admin.Token.Reveal() != canary || c.App.Command[1] != "--key="+canary ||
		!strings.Contains(c.Database.Primary.Reveal(), canary) {
		t.Error("a secret does not reach those who must use it")
	}
}

// However a configuration is shown, a canary in it is not.
func TestSecretsNeverShow(t *testing.T) {
	c := mustParse(t, secretFile, secretLookup)
	before := mustParse(t, strings.ReplaceAll(secretFile, canary, "another-canary-of-mine"), func(name string) (string, bool) {
		return "https://u:another-canary-of-mine@host/", true
	})
	shown := map[string]string{
		"YAML":              string(c.YAML()),
		"Diff":              fmt.Sprint(config.Diff(before, c)),
		"Diff from nothing": fmt.Sprint(config.Diff(&config.Config{}, c)),
		"Diff to nothing":   fmt.Sprint(config.Diff(c, &config.Config{})),
	}
	values := map[string]any{"token": c.Admin.Token, "env": c.App.Env, "database": *c.Database, "admin": c.Admin, "primary": &c.Database.Primary}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			shown[name+" as "+verb] = fmt.Sprintf(verb, value)
		}
		shown[name+" as JSON"] = encoded(t, json.Marshal, value)
		shown[name+" as YAML"] = encoded(t, yaml.Marshal, value)
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "value", value)
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("m", "value", value)
		shown[name+" in a text log"], shown[name+" in a JSON log"] = text.String(), lines.String()
	}
	for where, text := range shown {
		if leaks(text) {
			t.Errorf("%s shows a secret:\n%s", where, text)
		}
	}
}

func encoded(t *testing.T, encode func(any) ([]byte, error), value any) string {
	t.Helper()
	text, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// leaks looks for the canaries as text and in hexadecimal.
func leaks(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "canary-") || strings.Contains(text, fmt.Sprintf("%x", "canary-"))
}

// Whatever is done to a file with secrets in it, no problem that is reported tells them: every line is broken in turn in
// many ways, and the file is cut off anywhere.
func TestProblemsNeverShowSecrets(t *testing.T) {
	lines := strings.SplitAfter(secretFile, "\n")
	var broken []string
	for i, line := range lines {
		for _, other := range []string{
			"\t" + line, " " + line, "     " + line, strings.Replace(line, ":", "", 1), strings.Replace(line, ": ", ":", 1),
			strings.Replace(line, ": ", "= ", 1), strings.ReplaceAll(line, `"`, ""), strings.Replace(line, `"`, "", 1),
			strings.ReplaceAll(line, "}", ""), strings.ReplaceAll(line, "{", ""), strings.Replace(line, "]", "", 1),
			strings.Replace(line, ": ", ": !!str ", 1), strings.Replace(line, ": ", ": *x ", 1), strings.Replace(line, ": ", ": - ", 1),
			strings.Replace(line, ": ", ": : ", 1), strings.Replace(line, ": ", ": @", 1), strings.Replace(line, ": ", ": [", 1),
			strings.Replace(line, ": ", ": {", 1), strings.Replace(line, ": ", ": '", 1), strings.Replace(line, ": ", ": |\n", 1),
			strings.Replace(line, "token", "tokn", 1), strings.Replace(line, "primary", "primry", 1), strings.Replace(line, "env", "enviro", 1),
			strings.Replace(line, "token", "name", 1), strings.ReplaceAll(line, "postgres:", "mysql:"), strings.Replace(line, "API_KEY", "API-KEY", 1),
			"---\n" + line, line + line, "- " + line, "<<: *x\n" + line, strings.TrimSpace(line) + "\n", line + "\x00", line + "\xff", "? " + line, "\"" + line,
			strings.ReplaceAll(line, canary, canary+"\x00"), strings.ReplaceAll(line, canary, canary+" ${"), strings.ReplaceAll(line, canary, "${NOT_SET}"+canary),
		} {
			broken = append(broken, strings.Join(lines[:i], "")+other+strings.Join(lines[i+1:], ""))
		}
	}
	for i := range secretFile {
		broken = append(broken, secretFile[:i], secretFile[:i]+"\n  x: [", secretFile[:i]+"\"")
	}
	refused := 0
	for _, text := range broken {
		_, err := config.Parse("ladder.yaml", os.TempDir(), []byte(text), secretLookup)
		if err == nil {
			continue
		}
		refused++
		if everything := err.Error() + encoded(t, json.Marshal, err); leaks(everything) {
			t.Errorf("a secret shows:\n%v\n--- in\n%s", err, text)
		}
	}
	if refused < len(broken)/3 {
		t.Errorf("only %d of %d files were refused; this test looks at nothing", refused, len(broken))
	}
}
