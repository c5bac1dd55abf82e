package main

import "fmt"

// ladder runs with a file in which only the two addresses are set; the third keeps its dashboard off other people's port.
// Forwarding headers, request ids and a buffered access log are its defaults.
func ladder(s site) launch {
	return launch{
		command: []string{"ladder", "up", "-c", s.directory + "/ladder.yaml"},
		env:     []string{"GOMAXPROCS=1"},
		files: map[string]string{"ladder.yaml": fmt.Sprintf(`app: {servers: [%q]}
gateway: {listen: %q}
admin: {listen: %q}
`, s.origin, s.listen, s.spare)},
	}
}
