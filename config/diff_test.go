package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ladder/config"
)

func TestDiff(t *testing.T) {
	const small = "app: {command: [sh]}\ngateway:\n"
	variables := map[string]string{"KEY": "one"}
	for name, c := range map[string]struct {
		before, after string
		want          []config.Change
	}{
		"nothing": {small, "gateway: {}\napp:\n  command:\n    - sh\n  instances: 1\n", nil},
		"in the order of the tree": {
			small, "gateway: {limits: {body: 1MiB}, listen: :81}\napp: {instances: 2, command: [sh, -c]}\n",
			[]config.Change{
				{"app.command", "[sh]", `[sh, "-c"]`},
				{"app.instances", "1", "2"},
				{"gateway.listen", `[":8080"]`, `[":81"]`},
				{"gateway.limits.body", "32MiB", "1MiB"},
			},
		},
		"servers by address": {
			"app: {servers: [a:1, b:1, c:1]}\ngateway:\n", "app: {servers: [d:1, c:1, a:1]}\ngateway:\n",
			[]config.Change{{"app.servers[b:1]", "b:1", ""}, {"app.servers[d:1]", "", "d:1"}},
		},
		"secrets": {
			"app: {command: [sh], env: {A: 1, B: 2, C: 3}}\nadmin: {token: aaaaaaaaaaaaaaaaaaaa}\n",
			"app: {command: [sh], env: {A: 1, B: 9, D: 4}}\nadmin: {token: bbbbbbbbbbbbbbbbbbbb}\n",
			[]config.Change{
				{"app.env.B", "«redacted»", "«redacted, changed»"},
				{"app.env.C", "«redacted»", ""},
				{"app.env.D", "", "«redacted»"},
				{"admin.token", "«redacted»", "«redacted, changed»"},
			},
		},
		"a section that goes": {
			small + "database: {embedded: {directory: /d, parameters: {work_mem: 4MB}}}\n", small,
			[]config.Change{
				{"database.embedded.directory", "/d", ""},
				{"database.embedded.parameters.work_mem", "4MB", ""},
				{"database.embedded.start_timeout", "5m", ""},
				{"database.embedded.stop_timeout", "30s", ""},
				{"database.listen", "127.0.0.1:6432", ""},
			},
		},
		"defaults that follow another key": {
			small, "directory: /d\n" + small,
			[]config.Change{
				{"directory", ".ladder", "/d"},
				{"gateway.access_log.file", ".ladder/log/access.log", "/d/log/access.log"},
			},
		},
		"what a variable holds": {
			"app: {command: [sh, \"${KEY}\"]}", "app: {command: [sh, \"${KEY}\"]}",
			[]config.Change{{"app.command", `[sh, "${KEY}"]`, `[sh, "${KEY}"] «changed»`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(name string) (string, bool) { return variables[name], true }
			before := mustParse(t, c.before, lookup)
			variables["KEY"] += "+"
			after := mustParse(t, c.after, lookup)
			if diff := cmp.Diff(c.want, config.Diff(before, after)); diff != "" {
				t.Errorf("other changes (-want +got):\n%s", diff)
			}
			if again := config.Diff(after, after); again != nil {
				t.Errorf("a file differs from itself: %v", again)
			}
		})
	}
}

// What a Config is made of in code, rather than from a file, can be compared and shown as well.
func TestConfigsWithoutFile(t *testing.T) {
	made := &config.Config{App: &config.App{Env: config.Environment{"A": "hunter2"}, Servers: []config.Server{{Address: "a:1"}}}}
	changes := config.Diff(&config.Config{}, made)
	var paths []string
	for _, change := range changes {
		paths = append(paths, change.Path)
	}
	for _, want := range []string{"app.env.A", "app.servers[a:1]"} {
		if !strings.Contains(strings.Join(paths, " "), want) {
			t.Errorf("no change of %s among %v", want, paths)
		}
	}
	if text := string(made.YAML()); strings.Contains(text, "hunter2") || !strings.Contains(text, "- a:1") {
		t.Errorf("shown as:\n%s", text)
	}
}
