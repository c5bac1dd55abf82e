package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that has to happen.
const patience = 20 * time.Second

// recorder collects lines.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) add(line []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, string(line))
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.lines...)
}

func start(t *testing.T, spec Spec) *Process {
	t.Helper()
	p, err := Start(spec)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background(), 0); err != nil {
			t.Error(err)
		}
	})
	return p
}

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func waitDone(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatal("the process did not end")
	}
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

// exists reports whether a process is alive; a zombie is not.
func exists(pid int) bool {
	stat, err := readStat(pid)
	return err == nil && stat.state != 'Z' && stat.state != 'X'
}

func TestExitIsReported(t *testing.T) {
	for _, test := range []struct {
		script, want string
		clean        bool
	}{
		{"exit 0", "exit status 0", true},
		{"exit 3", "exit status 3", false},
		{"kill -KILL $$", "killed by SIGKILL", false},
		{"kill -TERM $$", "killed by SIGTERM", false},
	} {
		p := start(t, Spec{Name: "x", Command: shell(test.script)})
		waitDone(t, p)
		if got := p.Exit(); got.String() != test.want || got.Clean() != test.clean {
			t.Errorf("%s: got %q, clean %v", test.script, got, got.Clean())
		}
		if err := p.Signal(syscall.SIGTERM); !errors.Is(err, ErrEnded) {
			t.Errorf("Signal after the end: %v", err)
		}
	}
}

func TestLinesArriveInOrderAndCut(t *testing.T) {
	var out, errs recorder
	p := start(t, Spec{
		Name:    "x",
		Command: shell(`printf 'one\r\n\ntwo\n'; printf 'oops\n' >&2; head -c 40000 /dev/zero | tr '\0' x; printf '\nlast without end'`),
		Stdout:  out.add, Stderr: errs.add,
	})
	waitDone(t, p)
	lines := out.all()
	want := []string{"one", "", "two", strings.Repeat("x", MaxLine), strings.Repeat("x", MaxLine), strings.Repeat("x", 40000-2*MaxLine), "last without end"}
	if len(lines) != len(want) {
		t.Fatalf("got %d lines, want %d", len(lines), len(want))
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %d: got %.40q (%d bytes), want %.40q (%d bytes)", i, lines[i], len(lines[i]), want[i], len(want[i]))
		}
	}
	if got := errs.all(); len(got) != 1 || got[0] != "oops" {
		t.Errorf("stderr: %q", got)
	}
}

func TestSlowReaderNeverBlocksTheChild(t *testing.T) {
	release := make(chan struct{})
	var lines recorder
	p := start(t, Spec{Name: "x", Command: shell(`i=0; while [ $i -lt 40000 ]; do echo "line $i of many"; i=$((i+1)); done; echo end >&2`),
		Stdout: func(line []byte) { <-release; lines.add(line) },
	})
	select {
	case <-p.Ended():
	case <-time.After(patience):
		t.Fatal("the child was held up by a reader that does not read")
	}
	close(release)
	waitDone(t, p)
	got := lines.all()
	if p.Dropped() == 0 || uint64(len(got))+p.Dropped() < 40000 {
		t.Errorf("%d lines delivered, %d dropped, 40000 printed", len(got), p.Dropped())
	}
}

func TestDroppedLinesAreAnnounced(t *testing.T) {
	o := &output{wake: make(chan struct{}, 1), delivered: make(chan struct{})}
	for range outputBuffer/(MaxLine+lineOverhead) + 3 {
		o.push(func([]byte) {}, make([]byte, MaxLine))
	}
	o.take()
	var lines recorder
	o.push(lines.add, []byte("after"))
	batch, _ := o.take()
	for _, item := range batch {
		item.deliver(item.line)
	}
	if got := lines.all(); len(got) != 2 || !strings.HasPrefix(got[0], "ladder: 3 lines of output dropped") || got[1] != "after" {
		t.Errorf("got %q", got)
	}
}

// A reader that never returns must not keep Done from being closed.
func TestStuckReaderDoesNotHoldUpDone(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	p := start(t, Spec{Name: "x", Command: shell("echo x"), Stdout: func([]byte) { <-release }})
	waitDone(t, p)
}

func TestStop(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
		grace              time.Duration
	}{
		{"obeys SIGTERM", `trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done`, "exit status 7", patience},
		{"ignores SIGTERM", `trap '' TERM; echo ready; while :; do sleep 0.01; done`, "killed by SIGKILL", 50 * time.Millisecond},
		{"is stopped", `trap 'exit 7' TERM; echo ready; kill -STOP $$; while :; do sleep 0.01; done`, "exit status 7", patience},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines recorder
			p := start(t, Spec{Name: "x", Command: shell(test.script), Stdout: lines.add})
			eventually(t, "ready", func() bool { return len(lines.all()) > 0 })
			if err := p.Stop(context.Background(), test.grace); err != nil {
				t.Fatal(err)
			}
			if got := p.Exit().String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestStopWithCancelledContextKillsAtOnce(t *testing.T) {
	var lines recorder
	p := start(t, Spec{Name: "x", Command: shell(`trap '' TERM; echo ready; while :; do sleep 0.01; done`), Stdout: lines.add})
	eventually(t, "ready", func() bool { return len(lines.all()) > 0 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Stop(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := p.Exit().String(); got != "killed by SIGKILL" {
		t.Errorf("got %q", got)
	}
}

// What a child forked is gone with it, however it ends, and cannot hold its pipes or ports.
func TestGroupEndsWithItsLeader(t *testing.T) {
	var lines recorder
	p := start(t, Spec{Name: "x", Command: shell(`sleep 1000 & echo $!; exit 5`), Stdout: lines.add})
	waitDone(t, p)
	var grandchild int
	if _, err := fmt.Sscan(strings.Join(lines.all(), " "), &grandchild); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the grandchild is gone", func() bool { return !exists(grandchild) })
	if p.Exit().Code != 5 {
		t.Errorf("got %v", p.Exit())
	}
}

func TestGroupOfASelfCaringChildIsLeftAlone(t *testing.T) {
	var lines recorder
	p := start(t, Spec{Name: "x", Command: shell(`sleep 1000 >/dev/null 2>&1 & echo $!; exit 0`), Stdout: lines.add, DeathSignal: syscall.SIGINT})
	waitDone(t, p)
	var grandchild int
	if _, err := fmt.Sscan(strings.Join(lines.all(), " "), &grandchild); err != nil {
		t.Fatal(err)
	}
	if !exists(grandchild) {
		t.Error("the grandchild was killed")
	}
	_ = syscall.Kill(grandchild, syscall.SIGKILL)
}

// A grandchild that left the group and holds the pipes open delays Done by a bounded time.
func TestPipesHeldOpenDoNotHangDone(t *testing.T) {
	var lines recorder
	p := start(t, Spec{Name: "x", Command: shell(`setsid sleep 1000 & echo $!`), Stdout: lines.add})
	waitDone(t, p)
	var grandchild int
	if _, err := fmt.Sscan(strings.Join(lines.all(), " "), &grandchild); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(grandchild, syscall.SIGKILL)
}

func TestEnvironmentIsExactlyWhatWasGiven(t *testing.T) {
	t.Setenv("LADDER_TEST_LEAK", "secret")
	var lines recorder
	p := start(t, Spec{Name: "x", Command: []string{"/usr/bin/env"}, Env: nil, Stdout: lines.add})
	waitDone(t, p)
	if got := lines.all(); len(got) != 0 {
		t.Errorf("with no environment the child got %q", got)
	}
}

func TestProgramIsFoundInDirectoryAndPath(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "tool"), []byte("#!/bin/sh\npwd\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []Spec{
		{Command: []string{"./tool"}, Directory: directory},
		{Command: []string{"tool"}, Directory: directory, Env: []string{"PATH=/nowhere:" + directory}},
	} {
		var lines recorder
		spec.Name, spec.Stdout = "x", lines.add
		p := start(t, spec)
		waitDone(t, p)
		if got := lines.all(); len(got) != 1 || got[0] != directory {
			t.Errorf("%v: ran in %q", spec.Command, got)
		}
	}
}

func TestMistakesHaveHintsAndNoSecrets(t *testing.T) {
	directory := t.TempDir()
	plain, garbage := filepath.Join(directory, "plain"), filepath.Join(directory, "garbage")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(garbage, []byte("not a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec       Spec
		text, hint string
	}{
		{Spec{}, "the command is empty", "first word"},
		{Spec{Command: []string{"./missing"}, Directory: directory}, "no such file", "check the path"},
		{Spec{Command: []string{"ladder-no-such-program"}}, "not found in PATH", "check the path"},
		{Spec{Command: []string{plain}}, "is not executable", "chmod +x"},
		{Spec{Command: []string{garbage}}, "exec format error", "architecture"},
		{Spec{Command: []string{directory}}, "is a directory", ""},
		{Spec{Command: []string{"/bin/true"}, Directory: directory + "/no"}, "working directory", "create the directory"},
		{Spec{Command: []string{"/bin/true"}, Directory: plain}, "is a file", "directory"},
		{Spec{Command: []string{"/bin/true"}, User: "ladder-nobody-knows"}, "unknown user", "existing user"},
	} {
		if len(test.spec.Command) > 0 {
			test.spec.Command = append(test.spec.Command, "--password=secret")
		}
		test.spec.Name, test.spec.Env = "app.1", []string{"PASSWORD=secret"}
		p, err := Start(test.spec)
		if err == nil {
			waitDone(t, p)
			t.Errorf("%s: started", test.text)
			continue
		}
		var failure *StartError
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), "app.1") {
			t.Errorf("want %q in %q", test.text, err)
			continue
		}
		if !strings.Contains(failure.Hint(), test.hint) {
			t.Errorf("%s: want hint %q, got %q", test.text, test.hint, failure.Hint())
		}
		if strings.Contains(err.Error()+failure.Hint(), "secret") {
			t.Errorf("secret in %q", err)
		}
	}
}

// Needs root: only root may become another user.
func TestRunsAsAnotherUserWithItsGroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may become another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no user nobody")
	}
	for _, name := range []string{"nobody", nobody.Uid} {
		var lines recorder
		p := start(t, Spec{Name: "x", Command: shell("id -u; id -G"), User: name, Directory: "/", Env: []string{"PATH=/usr/bin:/bin"}, Stdout: lines.add})
		waitDone(t, p)
		groups, err := nobody.GroupIds()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := lines.all(), []string{nobody.Uid, strings.Join(groups, " ")}; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("as %s: got %q, want %q", name, got, want)
		}
	}
}

func TestFilesInsteadOfLines(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := start(t, Spec{Name: "x", Command: shell("echo out; echo err >&2"), StdoutFile: file, StderrFile: file})
	waitDone(t, p)
	if text, err := os.ReadFile(file.Name()); err != nil || string(text) != "out\nerr\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestExtraFiles(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "extra"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := start(t, Spec{Name: "x", Command: shell("echo three >&3"), ExtraFiles: []*os.File{file}})
	waitDone(t, p)
	if text, err := os.ReadFile(file.Name()); err != nil || string(text) != "three\n" {
		t.Errorf("got %q, %v", text, err)
	}
}
