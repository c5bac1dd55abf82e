package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ladder/config"
)

func TestInitWritesAValidFile(t *testing.T) {
	for name, options := range map[string]config.InitOptions{
		"nothing known":      {},
		"a command":          {Name: "chirp", Command: []string{"./server", "--listen", ":0", "a b", "${x}", "{", "#", ""}},
		"servers":            {Name: "proxy", Servers: []string{"10.0.0.1:3000", "[::1]:3000", "host:80"}},
		"an address as well": {Command: []string{"sh"}, Listen: "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			text := config.Init(options)
			base, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			c, err := config.Parse("ladder.yaml", base+"/testdata", text, environment)
			if err != nil {
				t.Fatalf("refused:\n%v\n%s", err, text)
			}
			if options.Name != "" && c.Name != options.Name {
				t.Errorf("the name is %q, not %q", c.Name, options.Name)
			}
			if options.Command != nil {
				if diff := cmp.Diff(options.Command, c.App.Command); diff != "" {
					t.Errorf("another command (-given +read):\n%s", diff)
				}
			}
			for i, server := range options.Servers {
				if c.App.Servers[i].Address != server {
					t.Errorf("server %d is %s, not %s", i, c.App.Servers[i].Address, server)
				}
			}
			if options.Listen != "" && c.Gateway.Listen[0] != options.Listen {
				t.Errorf("listens on %s, not %s", c.Gateway.Listen[0], options.Listen)
			}
			if embedded := c.Database != nil; embedded == (len(options.Servers) > 0) {
				t.Errorf("a database of its own: %v, with %d servers", embedded, len(options.Servers))
			}
		})
	}
}

// What is commented out is one step away from being right.
func TestInitSuggestsWhatIsValid(t *testing.T) {
	text := string(config.Init(config.InitOptions{Command: []string{"sh"}}))
	text = strings.ReplaceAll(text, "  # env:", "  env:")
	text = strings.ReplaceAll(text, "  # health:", "  health:")
	text = strings.ReplaceAll(text, "  embedded:", "  # embedded:")
	text = strings.ReplaceAll(text, "  # primary:", "  primary:")
	lookup := func(name string) (string, bool) {
		return "postgres://db/app", name == "DATABASE_URL" || name == "API_KEY"
	}
	c, err := config.Parse("ladder.yaml", t.TempDir(), []byte(text), lookup)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if c.App.Health.Path != "/healthz" || c.Database.Primary == "" || c.App.Env["LOG_LEVEL"] != "info" {
		t.Errorf("not all of it was taken:\n%s", c.YAML())
	}
}
