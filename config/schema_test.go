package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ladder/config"
)

// compiledSchema compiles what Schema prints, which checks it against the schema of schemas.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("ladder.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("ladder.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON reads YAML with another reader than ours, as an editor would.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	schema := compiledSchema(t)
	examples, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	good := files(t, ".good.yaml")
	for _, example := range examples {
		good[filepath.Base(example)] = example
	}
	for name, file := range good {
		t.Run(name, func(t *testing.T) {
			if name == "proxy-in-brackets" {
				t.Skip("the YAML reader of this test takes 10.0.0.1:3000 in brackets for a mapping")
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(asJSON(t, bytes.TrimPrefix(text, []byte("\uFEFF")))); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
	for name, file := range files(t, ".good.golden") {
		t.Run(name+" written out", func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ReplaceAll(text, []byte("«redacted»"), []byte(`"${SECRET}"`))
			if err := schema.Validate(asJSON(t, text)); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	for name, text := range map[string]string{
		"an unknown key":           "frobnicate: 1",
		"an unknown key below":     "gateway: {timeouts: {conect: 1s}}",
		"a key of a later rung":    "cache: {memory: 1GiB}",
		"a duration with no unit":  "app: {start_timeout: 2}",
		"a duration in minutes":    "app: {start_timeout: 2 minutes}",
		"a size with no unit":      "gateway: {limits: {body: 1000}}",
		"a number out of bounds":   "app: {instances: 0}",
		"a number as text":         `app: {instances: "4"}`,
		"another word":             "gateway: {access_log: {format: apache}}",
		"a port alone":             "gateway: {listen: 8080}",
		"a URL for a server":       `app: {servers: ["http://a:80"]}`,
		"a text for a section":     "app: ./server",
		"a text for a list":        "app: {command: ./server}",
		"a bad name":               "name: My App",
		"a bad variable":           "app: {env: {MY-KEY: 1}}",
		"a database of another":    "database: {primary: mysql://db/app}",
		"a path without its slash": "app: {health: {path: healthz}}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(asJSON(t, []byte(text))); err == nil {
				t.Errorf("accepted: %s", text)
			}
		})
	}
}

// Each key in schema and reference page says what it means.
func TestEverySettingIsExplained(t *testing.T) {
	var walk func(path string, schema any)
	walk = func(path string, schema any) {
		section, ok := schema.(map[string]any)
		if !ok {
			return
		}
		if description, ok := section["description"].(string); path != "" && (!ok || len(description) < len("Timeout.")) {
			t.Errorf("%s: the field in config.go needs a comment", path)
		}
		properties, _ := section["properties"].(map[string]any)
		for key, below := range properties {
			walk(path+"."+key, below)
		}
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	walk("", document)
}
