package doctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scenarioOf makes a scenario from Markdown in which every block carries test=x.
func scenarioOf(t *testing.T, markdown string) Scenario {
	t.Helper()
	blocks, err := Parse("README.md", []byte(markdown))
	if err != nil {
		t.Fatal(err)
	}
	return Scenario{Name: "README.md/x", Blocks: blocks}
}

func shellIn(t *testing.T) Shell {
	t.Helper()
	return Shell{Directory: t.TempDir(), Env: os.Environ(), Log: t.Logf}
}

func TestRunInOrder(t *testing.T) {
	shell := shellIn(t)
	err := shell.Run(t.Context(), scenarioOf(t, strings.Join([]string{
		"```yaml test=x file=conf/name.txt\nworld\n```",
		"```sh test=x\necho hello \"$(cat conf/name.txt)\" >greeting\n```",
		"```sh test=x exit=3\nexit 3\n```",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	greeting, err := os.ReadFile(filepath.Join(shell.Directory, "greeting"))
	if err != nil || string(greeting) != "hello world\n" {
		t.Errorf("got %q, %v", greeting, err)
	}
}

func TestRunStopsAtTheFirstFailure(t *testing.T) {
	shell := shellIn(t)
	err := shell.Run(t.Context(), scenarioOf(t, "```sh test=x\necho to stderr >&2\nfalse\ntouch never\n```\n```sh test=x\ntouch never\n```\n"))
	if err == nil || !strings.Contains(err.Error(), "README.md:1: exit status 1") || !strings.Contains(err.Error(), "to stderr") {
		t.Errorf("the error names neither place, status nor output: %v", err)
	}
	if _, err := os.Stat(filepath.Join(shell.Directory, "never")); err == nil {
		t.Error("went on after a failed command")
	}
}

// A server in the background is waited for, is there for the block after it, and ends well when it is interrupted.
const server = "```sh test=x background=\"is up\"\ntrap 'echo stopped >stopped; exit 0' INT\necho is up\nwhile :; do sleep 0.01; done\n```\n"

func TestRunInBackground(t *testing.T) {
	shell := shellIn(t)
	err := shell.Run(t.Context(), scenarioOf(t, server+"```sh test=x\ntest ! -e stopped\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(shell.Directory, "stopped")); err != nil {
		t.Error("the command in the background was not interrupted at the end")
	}
}

func TestRunInBackgroundFailures(t *testing.T) {
	for name, test := range map[string]struct{ markdown, want string }{
		"ends early":  {"```sh test=x background=ready\necho broken; exit 4\n```\n", `ended before it printed "ready": exit status 4`},
		"ends badly":  {"```sh test=x background=up\ntrap 'exit 5' INT\necho up\nwhile :; do sleep 0.01; done\n```\n", "ended badly after Ctrl-C: exit status 5"},
		"ends itself": {"```sh test=x background=ready\n:\n```\n", "exit status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			err := shellIn(t).Run(t.Context(), scenarioOf(t, test.markdown))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
