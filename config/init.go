package config

import (
	"cmp"
	"fmt"
	"strings"
)

// InitOptions say what `ladder init` knows of the application. With neither Command nor Servers the file has a command to
// be replaced.
type InitOptions struct {
	Name    string   // of the application
	Command []string // that starts it
	Servers []string // or where it runs already, as host:port
	Listen  string   // where users reach it; the default's if empty
}

// Init is a small commented file for an existing application. It is valid as soon as the command and the servers are.
func Init(o InitOptions) []byte {
	var out strings.Builder
	line := func(format string, arguments ...any) { fmt.Fprintf(&out, format+"\n", arguments...) }
	line("# yaml-language-server: $schema=ladder.schema.json")
	line("# (for editors, once `ladder schema > ladder.schema.json` has been run; every key: docs/reference/file.md)")
	line("")
	line("name: %s", quoteYAML(cmp.Or(o.Name, "app")))
	line("")
	line("app:")
	if len(o.Servers) > 0 {
		initServers(line, o)
	} else {
		initCommand(line, o)
	}
	line("")
	line("gateway:")
	line("  listen: %-24s # what users open; \":80\" for everybody, 127.0.0.1:8080 for this machine alone", quoteYAML(cmp.Or(o.Listen, ":8080")))
	line("")
	if len(o.Servers) == 0 {
		line("database:")
		line("  embedded: {}                     # a PostgreSQL that Ladder sets up, starts and watches; or instead:")
		line("  # primary: ${DATABASE_URL}       # one that runs already")
		line("")
	}
	line("admin:")
	line("  listen: 127.0.0.1:9900           # dashboard, API and metrics")
	return []byte(out.String())
}

func initServers(line func(string, ...any), o InitOptions) {
	line("  servers:                         # each gets traffic while its health check passes")
	for _, server := range o.Servers {
		line("    - %s", quoteYAML(escapeVariables(server)))
	}
	initHealth(line)
}

func initCommand(line func(string, ...any), o InitOptions) {
	if len(o.Command) == 0 {
		line("  # Replace this by what starts your application. It must listen on the port that it finds in PORT, and may")
		line("  # connect to the database that it finds in DATABASE_URL.")
		line("  command: [your-server, --production]")
	} else {
		line("  # Started with PORT, which it must listen on, and DATABASE_URL in its environment.")
		words := make([]string, len(o.Command))
		for i, word := range o.Command {
			words[i] = inFlow(quoteYAML(escapeVariables(word)))
		}
		line("  command: [%s]", strings.Join(words, ", "))
	}
	line("  instances: 2                     # one may crash or be replaced while the other serves")
	line("  # env: {LOG_LEVEL: info, API_KEY: \"${API_KEY}\"}")
	initHealth(line)
}

func initHealth(line func(string, ...any)) {
	line("  # health: {path: /healthz}       # without a path, a connection that opens is enough")
}
