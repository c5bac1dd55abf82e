package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

func checkAppKind(v *validator) {
	if v.App == nil || v.bad("app.command") || v.bad("app.servers") {
		return
	}
	switch command, servers := len(v.App.Command) > 0, len(v.App.Servers) > 0; {
	case command && servers:
		v.problem("app.servers", "servers and command exclude each other: either Ladder starts the application, or somebody else does", "remove one of them")
	case !command && !servers:
		v.problem("app", "there is neither a command to start nor servers to use", "command: [./server], or servers: [127.0.0.1:3000]")
	}
}

// onlyForCommand are the keys that say how an application is started.
var onlyForCommand = []string{"instances", "directory", "env", "user", "start_timeout", "stop_timeout"}

func checkOnlyForCommand(v *validator) {
	if v.App == nil || len(v.App.Command) > 0 || len(v.App.Servers) == 0 || v.bad("app.command") {
		return
	}
	app := reflect.ValueOf(v.App).Elem()
	standard := reflect.New(app.Type()).Elem()
	(&decoder{config: v.Config, keys: map[string]place{}, values: map[string]place{}}).section(standard, nil, "app")
	for _, f := range fieldsOf(app.Type()) {
		differs := !reflect.DeepEqual(app.Field(f.index).Interface(), standard.Field(f.index).Interface())
		for _, key := range onlyForCommand {
			if f.key == key && differs {
				v.problem(join("app", key), "has no effect on servers that somebody else runs", "remove the key, or use command")
			}
		}
	}
}

func checkAppDirectory(v *validator) {
	if v.App == nil || len(v.App.Command) == 0 || v.bad("app.directory") {
		return
	}
	v.mustBeDirectory("app.directory", v.App.Directory, "make the directory, or correct its name; relative names start at the directory of this file")
}

// mustBeDirectory reports a directory that is not there.
func (v *validator) mustBeDirectory(path, directory, hint string) {
	shown := v.show(path, directory)
	info, err := os.Stat(v.Path(directory))
	switch {
	case err != nil:
		v.problem(path, fmt.Sprintf("%s %s", shown, reasonOf(err)), hint)
	case !info.IsDir():
		v.problem(path, shown+" is not a directory", hint)
	}
}

// reasonOf says why a file could not be looked at, without its name: that may come from a variable.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be looked at"
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return "cannot be looked at: " + at.Err.Error()
	}
	return "cannot be looked at"
}

const executable = 0o111

// checkCommand looks at a program that the command names by its path. Others are looked up on PATH when they are started.
func checkCommand(v *validator) {
	if v.App == nil || len(v.App.Command) == 0 || v.bad("app.command") || v.bad("app.directory") {
		return
	}
	const path = "app.command[0]"
	program := v.App.Command[0]
	shown := v.show(path, program)
	if program == "" {
		v.problem(path, "the first word of the command is empty", "command: [./server]")
		return
	}
	if !strings.Contains(program, "/") {
		if len(v.App.Command) == 1 && strings.Contains(program, " ") {
			v.problem(path, shown+" is one word with spaces in it", "each word for itself, as in [./server, --verbose]; for a shell: [sh, -c, \"…\"]")
		}
		return
	}
	if !filepath.IsAbs(program) {
		program = filepath.Join(v.Path(v.App.Directory), program)
	}
	info, err := os.Stat(program)
	switch {
	case err != nil && strings.Contains(v.App.Command[0], " "):
		v.problem(path, fmt.Sprintf("%s %s", shown, reasonOf(err)), "each word for itself, as in [./server, --verbose]; for a shell: [sh, -c, \"…\"]")
	case err != nil:
		v.problem(path, fmt.Sprintf("%s %s", shown, reasonOf(err)), "build the program, or correct its name; relative names start at app.directory")
	case info.IsDir():
		v.problem(path, shown+" is a directory", "name the program in it")
	case info.Mode()&executable == 0:
		v.problem(path, shown+" may not be executed", "chmod +x makes a program executable")
	}
}

func checkEnvironment(v *validator) {
	if v.App == nil {
		return
	}
	if _, set := v.App.Env["PORT"]; set {
		v.problem("app.env.PORT", "PORT is given by Ladder: each instance has one of its own", "remove it; gateway.listen says where users connect")
	}
}

func checkHealth(v *validator) {
	if v.App == nil || v.bad("app.health") {
		return
	}
	if health := v.App.Health; health.Timeout > health.Interval {
		path := "app.health.timeout"
		if !v.given(path) {
			path = "app.health.interval"
		}
		v.problem(path, fmt.Sprintf("a check may take %s, but the next one begins after %s",
			v.show("app.health.timeout", health.Timeout.String()), v.show("app.health.interval", health.Interval.String())),
			"a timeout not longer than the interval")
	}
}

func checkStateDirectory(v *validator) {
	if v.bad("directory") {
		return
	}
	if info, err := os.Stat(v.Path(v.Directory)); err == nil && !info.IsDir() {
		v.problem("directory", v.show("directory", v.Directory)+" is not a directory", "name a directory, or one that Ladder may make")
	}
}
