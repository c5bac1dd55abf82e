package postgres

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// parentVariable makes this test binary a program that runs a server, as Ladder does: its value is the JSON of the options.
const parentVariable = "POSTGRES_TEST_PARENT"

func parentMain() {
	var options Options
	if err := json.Unmarshal([]byte(os.Getenv(parentVariable)), &options); err != nil {
		fmt.Println("options:", err)
		os.Exit(1)
	}
	server := New(options)
	if err := server.Start(context.Background()); err != nil {
		fmt.Println("start:", err)
		os.Exit(1)
	}
	fmt.Println(server.Status().PID, server.URL("parent"))
	_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
}

// parent is another process that runs a server.
type parent struct {
	command    *exec.Cmd
	postmaster int
	url        string
}

// startParent starts another process that runs a server, and waits for the server.
func startParent(t *testing.T, options Options) *parent {
	t.Helper()
	command, output := launchParent(t, options)
	line, err := output.ReadString('\n')
	if err != nil {
		t.Fatalf("the other process said %q: %v", line, err)
	}
	started := &parent{command: command}
	if n, _ := fmt.Sscan(line, &started.postmaster, &started.url); n != 2 {
		t.Fatalf("the other process said %q", line)
	}
	return started
}

func launchParent(t *testing.T, options Options) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	options.Events, options.Health, options.Logger = nil, nil, nil
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), parentVariable+"="+string(text))
	command.Stderr = os.Stderr
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command, bufio.NewReader(output)
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (p *parent) kill(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.command.Wait()
}

// commandLines are those of all processes.
func commandLines(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("ps", "axww", "-o", "command").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// processUser is the effective user id of a process, "" if it has ended.
func processUser(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "Uid:" {
			return fields[2]
		}
	}
	t.Fatalf("process %d has no Uid", pid)
	return ""
}

// signalProcess signals a process by its id.
func signalProcess(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}
