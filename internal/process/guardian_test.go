package process

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary play the other parts: the guardian, and a Ladder that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "internal-guardian":
			if err := GuardianMain(os.Stdin); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "heir":
			heirMain()
		case "parent":
			parentMain(os.Args[2])
		}
	}
	goleak.VerifyTestMain(m)
}

// parentMain starts one child that forks another, prints both ids, and waits to be killed.
func parentMain(role string) {
	var guardian *Guardian
	if role != "alone" {
		var err error
		if guardian, err = StartGuardian("/proc/self/exe", "internal-guardian"); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("guardian", guardian.command.Process.Pid)
	}
	spec := Spec{Name: "child", Command: shell(`sleep 1000 & echo grandchild $!; echo child $$; wait`), Guardian: guardian,
		Stdout: func(line []byte) { fmt.Println(string(line)) }}
	if role == "gentle" {
		spec.DeathSignal = syscall.SIGINT
		spec.Command = shell(`sleep 1000 & trap 'kill $!; echo bye > "$0"; exit 0' INT; echo grandchild $!; echo child $$; wait`)
		spec.Command = append(spec.Command, os.Args[3])
	}
	if _, err := Start(spec); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	select {}
}

// parent runs this test binary as a Ladder with children, in a session of its own, and returns the ids it printed.
func parent(t *testing.T, role string, arguments ...string) (*exec.Cmd, map[string]int) {
	t.Helper()
	command := exec.Command(os.Args[0], append([]string{"parent", role}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	want := 3
	if role == "alone" {
		want = 2
	}
	pids := map[string]int{}
	for lines := bufio.NewScanner(out); len(pids) < want && lines.Scan(); {
		var who string
		var pid int
		if _, err := fmt.Sscan(lines.Text(), &who, &pid); err != nil {
			t.Fatalf("parent said %q", lines.Text())
		}
		pids[who] = pid
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if pid, known := pids["grandchild"]; known && exists(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	if len(pids) != want {
		t.Fatalf("parent ended early; it said %v", pids)
	}
	return command, pids
}

func gone(t *testing.T, pids map[string]int, names ...string) {
	t.Helper()
	for _, name := range names {
		eventually(t, name+" is gone", func() bool { return !exists(pids[name]) })
	}
}

func TestKilledParentTakesChildrenAndGrandchildrenAlong(t *testing.T) {
	command, pids := parent(t, "guarded")
	_ = command.Process.Kill()
	gone(t, pids, "child", "grandchild", "guardian")
}

func TestKilledParentWithoutGuardianTakesChildrenAlong(t *testing.T) {
	command, pids := parent(t, "alone")
	_ = command.Process.Kill()
	gone(t, pids, "child")
}

// Ctrl-C, a closed terminal or an impatient operator must not take the guardian away before Ladder.
func TestGuardianSurvivesSignalsOfTheTerminal(t *testing.T) {
	command, pids := parent(t, "guarded")
	eventually(t, "the guardian has set its signals", func() bool { return ignores(pids["guardian"], syscall.SIGTERM) })
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if err := syscall.Kill(pids["guardian"], signal); err != nil {
			t.Fatal(err)
		}
	}
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGINT) // the whole foreground group, as a terminal does it
	gone(t, pids, "child", "grandchild", "guardian")
}

func ignores(pid int, signal syscall.Signal) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(status), "SigIgn:")
	var mask uint64
	_, err = fmt.Sscanf(strings.TrimSpace(after), "%x", &mask)
	return err == nil && mask&(1<<(signal-1)) != 0
}

// A child that takes care of its own gets the signal that it asked for, never SIGKILL.
func TestKilledParentLetsAGentleChildFinish(t *testing.T) {
	note := t.TempDir() + "/note"
	command, pids := parent(t, "gentle", note)
	_ = command.Process.Kill()
	gone(t, pids, "child", "grandchild", "guardian")
	if text, err := os.ReadFile(note); err != nil || string(text) != "bye\n" {
		t.Errorf("the child did not come to say goodbye: %q, %v", text, err)
	}
}

func TestGuardianIsReplacedAndRemembers(t *testing.T) {
	guardian, err := StartGuardian("/proc/self/exe", "internal-guardian")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, Spec{Name: "x", Command: shell("sleep 1000"), Guardian: guardian})
	guardian.mu.Lock()
	first := guardian.command.Process.Pid
	_ = guardian.command.Process.Kill()
	guardian.mu.Unlock()
	eventually(t, "another guardian", func() bool {
		guardian.mu.Lock()
		defer guardian.mu.Unlock()
		return guardian.command != nil && guardian.command.Process.Pid != first
	})
	if err := guardian.Stop(context.Background()); err != nil { // ends what is still guarded
		t.Fatal(err)
	}
	waitDone(t, p)
	if got := p.Exit().String(); got != "killed by SIGKILL" {
		t.Errorf("got %q", got)
	}
}

func TestGuardianForgetsWhatHasEnded(t *testing.T) {
	guardian, err := StartGuardian("/proc/self/exe", "internal-guardian")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, Spec{Name: "x", Command: shell("exit 0"), Guardian: guardian})
	waitDone(t, p)
	if _, err := Start(Spec{Name: "x", Command: []string{"/bin"}, Guardian: guardian}); err == nil {
		t.Error("a directory was started")
	}
	guardian.mu.Lock()
	if len(guardian.records) != 0 {
		t.Errorf("still guarded: %v", guardian.records)
	}
	guardian.mu.Unlock()
	if err := guardian.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestNilGuardianDoesNothing(t *testing.T) {
	var guardian *Guardian
	if err := guardian.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// The instant between the fork and the guardian's learning of the process: the mark alone identifies what was forked.
func TestUnconfirmedChildIsFoundByItsMark(t *testing.T) {
	p := start(t, Spec{Name: "x", Command: shell("sleep 1000"), Env: []string{MarkVariable + "=here"}})
	other := start(t, Spec{Name: "y", Command: shell("sleep 1000"), Env: []string{MarkVariable + "=elsewhere"}})
	if err := guard(strings.NewReader("expect here 9\nexpect gone 9\nforget gone\nrubbish\nwatch here\nexpect elsewhere 2\n")); err != nil {
		t.Fatal(err)
	}
	waitDone(t, p)
	if !exists(other.Pid()) {
		t.Error("a process with another mark, or one that asked not to be killed, was killed")
	}
}

func TestReusedProcessIdIsLeftAlone(t *testing.T) {
	p := start(t, Spec{Name: "x", Command: shell("sleep 1000")})
	stat, err := readStat(p.Pid())
	if err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("watch m %d %d 9\n", p.Pid(), stat.startTime-1)
	if err := guard(strings.NewReader(stale)); err != nil {
		t.Fatal(err)
	}
	if !exists(p.Pid()) {
		t.Fatal("a process was killed that only has the id of one that was guarded")
	}
	if err := guard(strings.NewReader(fmt.Sprintf("watch m %d %d 9\n", p.Pid(), stat.startTime))); err != nil {
		t.Fatal(err)
	}
	waitDone(t, p)
}
