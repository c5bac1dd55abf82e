// Package test runs whole programs: bin/ladder and the sample application as a user would, with real PostgreSQL, real
// browsers and real faults. Each test has directories and ports of its own.
package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// startLimit is what a node may take to come up on a loaded machine, initdb included.
	startLimit = 90 * time.Second
	// stopLimit is what a node may take to stop.
	stopLimit = 60 * time.Second
	// settleLimit is what a state may take to be reached.
	settleLimit = 30 * time.Second
	// pollInterval is how often a state that nobody announces is looked at.
	pollInterval = 50 * time.Millisecond
)

// programs are where ladder and chirp were built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	directory, err := os.MkdirTemp("", "ladder-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	// PostgreSQL runs as a user of its own, who must be able to pass through.
	if err := os.Chmod(directory, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	programs = filepath.Join(directory, "bin")
	for name, source := range map[string]string{"ladder": "../cmd/ladder", "chirp": "../demo/chirp/cmd/chirp", "testapp": "./testapp"} {
		if output, err := exec.Command("go", "build", "-o", filepath.Join(programs, name), source).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n%s", name, err, output)
			return 1
		}
	}
	return m.Run()
}

// space is a directory of a test with a file in it and free addresses for it.
type space struct {
	directory                string
	file                     string
	gateway, database, admin string
}

// newSpace writes a file in which GATEWAY, DATABASE, ADMIN and BIN are replaced by addresses and the programs' directory.
func newSpace(t *testing.T, text string) *space {
	t.Helper()
	directory := publicTempDir(t)
	s := &space{
		directory: directory, file: filepath.Join(directory, "ladder.yaml"),
		gateway: freeAddress(t), database: freeAddress(t), admin: freeAddress(t),
	}
	s.write(t, text)
	return s
}

func (s *space) write(t *testing.T, text string) {
	t.Helper()
	text = strings.NewReplacer("GATEWAY", s.gateway, "DATABASE", s.database, "ADMIN", s.admin, "BIN", programs).Replace(text)
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// publicTempDir is a temporary directory that other users may pass through, as PostgreSQL's must when the test runs as root.
func publicTempDir(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "ladder-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Errorf("a test left something behind that cannot be removed: %v", err)
		}
	})
	return directory
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// ladder runs a verb to its end.
func ladder(t *testing.T, arguments ...string) (stdout, stderr string, exit int) {
	t.Helper()
	var out, errs bytes.Buffer
	command := exec.Command(filepath.Join(programs, "ladder"), arguments...)
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("running ladder %v: %v", arguments, err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// mustLadder runs a verb that must succeed.
func mustLadder(t *testing.T, arguments ...string) string {
	t.Helper()
	stdout, stderr, exit := ladder(t, arguments...)
	if exit != 0 {
		t.Fatalf("ladder %v exited with %d:\n%s%s", arguments, exit, stdout, stderr)
	}
	return stdout
}

// running is a `ladder up` that a test started.
type running struct {
	t       *testing.T
	space   *space
	command *exec.Cmd
	output  *transcript
	ended   chan struct{} // closed when the process has ended
}

// transcript is what a program printed so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *transcript) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *transcript) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// up starts `ladder up` and waits until it says that everything is up. It is stopped, and must stop cleanly, at the end of
// the test at the latest.
func (s *space) up(t *testing.T) *running {
	t.Helper()
	r := s.begin(t)
	r.waitFor("Ctrl-C stops it.")
	return r
}

// begin starts `ladder up` without waiting.
func (s *space) begin(t *testing.T) *running {
	t.Helper()
	r := &running{t: t, space: s, output: &transcript{}, ended: make(chan struct{})}
	r.command = exec.Command(filepath.Join(programs, "ladder"), "up", "-c", s.file)
	r.command.Stdout, r.command.Stderr = r.output, r.output
	r.command.WaitDelay = time.Second
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.command.Wait() // what it ended with is in ProcessState
		close(r.ended)
	}()
	t.Cleanup(r.cleanUp)
	return r
}

func (r *running) cleanUp() {
	select {
	case <-r.ended:
	default:
		if exit := r.stop(); exit != 0 {
			r.t.Errorf("ladder up ended with %d", exit)
		}
	}
	if r.t.Failed() {
		r.t.Logf("ladder up printed:\n%s", tail(r.output.String(), 60))
	}
}

// waitFor waits until the program has printed a text.
func (r *running) waitFor(text string) {
	r.t.Helper()
	eventually(r.t, startLimit, "ladder up prints "+text, func() error {
		if strings.Contains(r.output.String(), text) {
			return nil
		}
		select {
		case <-r.ended:
			if !strings.Contains(r.output.String(), text) {
				r.t.Fatalf("ladder up ended early with %d:\n%s", r.command.ProcessState.ExitCode(), r.output)
			}
			return nil
		default:
			return errors.New("not yet")
		}
	})
}

// stop sends SIGTERM and gives the exit code.
func (r *running) stop() int {
	r.t.Helper()
	if err := r.command.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Errorf("stopping ladder up: %v", err)
	}
	return r.wait()
}

func (r *running) wait() int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(stopLimit):
		_ = r.command.Process.Kill()
		<-r.ended
		r.t.Errorf("ladder up did not end within %v:\n%s", stopLimit, tail(r.output.String(), 60))
	}
	return r.command.ProcessState.ExitCode()
}

// kill is kill -9.
func (r *running) kill() {
	r.t.Helper()
	if err := r.command.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	<-r.ended
}

func (r *running) url(path string) string { return "http://" + r.space.gateway + path }

// get asks the gateway and returns status and body.
func (r *running) get(path string) (int, string, error) { return get(r.url(path)) }

func get(url string) (int, string, error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// status is the part of /api/v1/status that tests look at.
type status struct {
	Name    string
	PID     int
	Rung    struct{ Number int }
	Gateway struct {
		Connections, InFlight int64
		RequestsTotal         uint64 `json:"requests_total"`
		ErrorsTotal           uint64 `json:"errors_total"`
	}
	Pools []struct {
		Name    string
		Members []member
	}
	Database struct {
		Kind, State, Version string
		PID                  int
	}
	Warnings []struct{ Code, Subject, Text, Hint string }
	Events   []struct{ Code, Subject, Message string }
}

type member struct {
	Name, Address, State, Reason string
	PID                          int
	Restarts                     int
	Handled                      uint64
}

func (r *running) status() status {
	r.t.Helper()
	var read status
	if err := r.readStatus(&read); err != nil {
		r.t.Fatalf("status: %v", err)
	}
	return read
}

func (r *running) readStatus(into *status) error {
	code, body, err := get("http://" + r.space.admin + "/api/v1/status")
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("status answers %d: %s", code, body)
	}
	return json.Unmarshal([]byte(body), into)
}

// members are the application's, by name.
func (s status) members() map[string]member {
	found := map[string]member{}
	for _, pool := range s.Pools {
		for _, member := range pool.Members {
			found[member.Name] = member
		}
	}
	return found
}

// ready counts the members that get traffic.
func (s status) ready() int {
	count := 0
	for _, member := range s.members() {
		if member.State == "up" {
			count++
		}
	}
	return count
}

// eventually waits for a condition that nobody announces.
func eventually(t *testing.T, limit time.Duration, what string, condition func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v in vain until %s: %v", limit, what, err)
		case <-ticker.C:
		}
	}
}

// alive reports whether a process exists and is no zombie.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return after != "" && after[0] != 'Z' && after[0] != 'X'
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func hangUp(t *testing.T, r *running) {
	t.Helper()
	if err := r.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// startApplication runs the test application as somebody else would, outside Ladder. It is stopped by the function that is
// returned, or at the end of the test.
func startApplication(t *testing.T, address string) (stop func()) {
	t.Helper()
	command := exec.Command(filepath.Join(programs, "testapp"))
	command.Env = append(os.Environ(), "LISTEN="+address)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed: that is what it reports
	})
	t.Cleanup(stop)
	eventually(t, settleLimit, "the application answers", func() error {
		_, _, err := get("http://" + address + "/healthz")
		return err
	})
	return stop
}
