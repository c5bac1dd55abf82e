package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// site is where one peer runs: a directory of its own, the address that it listens on and the one that it passes requests
// on to.
type site struct {
	directory string
	listen    string
	origin    string
	spare     string // a second free address
}

// launch is how a peer is started at a site. What the configurations have in common, so that all do the same work: one
// thread, kept-alive connections to the origin, X-Forwarded-For, -Proto and -Host set, a request id made and passed on,
// one line in an access log for each request, buffered where the program can.
type launch struct {
	command []string
	env     []string          // added to the environment
	files   map[string]string // written below the site's directory first
}

// peer is a program under test.
type peer struct {
	name    string
	program string   // as looked for on PATH
	version []string // arguments that make it print its version
	at      func(site) launch
}

// peers in the order of the tables.
func peers() []peer {
	return []peer{
		{"nginx", "nginx", []string{"-v"}, nginxProxy},
		{"haproxy", "haproxy", []string{"-v"}, haproxy},
		{"caddy", "caddy", []string{"version"}, caddy},
		{"ladder", "ladder", []string{"version"}, ladder},
	}
}

// installed finds a peer's program.
func (p peer) installed(o options) (string, error) {
	if p.name != "ladder" {
		return lookUp(p.program)
	}
	path, err := filepath.Abs(o.Ladder)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w; make build builds it", err)
	}
	return path, nil
}

// lookUp finds a program of a Debian package of the same name, also in the directories that an ordinary user's PATH leaves out.
func lookUp(program string) (string, error) {
	for _, directory := range []string{"", "/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(directory, program)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%[1]s is not installed; apt-get install %[1]s", program)
}

// versionOf is the first line that a program prints about its version.
func versionOf(program string, arguments []string) string {
	output, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		return "unknown: " + err.Error()
	}
	line, _, _ := strings.Cut(string(output), "\n")
	return line
}
