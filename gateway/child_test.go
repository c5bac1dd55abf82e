package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"ladder/topology"
)

// childVariable makes the test binary serve as a gateway in a process of its own, in front of the address that it holds.
const childVariable = "LADDER_GATEWAY_TEST_CHILD"

// runChild is what the test binary does when a test has started it as a child process; ours is false otherwise.
func runChild() (code int, ours bool) {
	address := os.Getenv(childVariable)
	if address == "" {
		return 0, false
	}
	pool := topology.NewPool("app")
	pool.Add(topology.NewMember("app.1", address), topology.Up, "")
	g, err := New(Options{
		Listen: []string{"127.0.0.1:0"}, Pool: pool, Limits: Limits{Connections: 2 * idleConnections},
		AccessLog: AccessLog{Writer: io.Discard},
	})
	if err == nil {
		err = g.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	fmt.Println(g.Addresses()[0])
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets go of it
	_ = g.Stop(context.Background())
	return 0, true
}

// child is a gateway in a process of its own.
type child struct {
	*exec.Cmd
	address string
}

func startChild(t *testing.T, application string) *child {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"="+application)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the child ended with %v", err)
		}
	})
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the child did not say where it listens: %v", err)
	}
	return &child{command, strings.TrimSpace(address)}
}

// resident is how much memory the process holds, in bytes.
func (c *child) resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
