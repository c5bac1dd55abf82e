package test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const singleServer = `
name: chirp
app:
  command: ["BIN/chirp"]
  instances: 2
  health: {path: /healthz, interval: 1s, timeout: 1s}
gateway:
  listen: GATEWAY
database:
  embedded: {parameters: {fsync: "off"}}
  listen: DATABASE
admin:
  listen: ADMIN
`

// testApplication is a node with the application that misbehaves on demand, and no database.
const testApplication = `
name: test
app:
  command: ["BIN/testapp"]
  instances: 2
  env: {VERSION: one}
  health: {path: /healthz, interval: 1s, timeout: 1s}
gateway:
  listen: GATEWAY
admin:
  listen: ADMIN
`

func TestUpServesTheApplicationAndStopsCleanly(t *testing.T) {
	r := newSpace(t, singleServer).up(t)
	for _, said := range []string{"rung 1, single-server", "http://" + r.space.gateway, "http://" + r.space.admin, "ladder database url"} {
		if !strings.Contains(r.output.String(), said) {
			t.Errorf("the greeting does not say %q:\n%s", said, r.output)
		}
	}
	for _, path := range []string{"/", "/healthz"} {
		if code, _, err := r.get(path); err != nil || code != http.StatusOK {
			t.Errorf("GET %s: %d, %v", path, code, err)
		}
	}
	before := r.status()
	if before.Rung.Number != 1 || before.ready() != 2 || before.Database.Kind != "embedded" || before.Database.State != "up" {
		t.Errorf("status does not show the node as it is: %+v", before)
	}
	if exit := r.stop(); exit != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", exit, r.output)
	}
	for name, member := range before.members() {
		if alive(member.PID) {
			t.Errorf("%s (process %d) outlived its node", name, member.PID)
		}
	}
	if alive(before.Database.PID) {
		t.Errorf("PostgreSQL (process %d) outlived its node", before.Database.PID)
	}
	if stdout, _, exit := ladder(t, "status", "-c", r.space.file); exit != 1 {
		t.Errorf("status of a stopped node exited with %d: %s", exit, stdout)
	}
}

func TestSecondUpSaysWhoHoldsTheDirectory(t *testing.T) {
	first := newSpace(t, singleServer).up(t)
	_, stderr, exit := ladder(t, "up", "-c", first.space.file)
	if exit != 1 {
		t.Errorf("the second ladder up exited with %d", exit)
	}
	if !strings.Contains(stderr, fmt.Sprintf("process %d", first.command.Process.Pid)) {
		t.Errorf("it does not say that process %d holds the directory:\n%s", first.command.Process.Pid, stderr)
	}
	if code, _, err := first.get("/"); err != nil || code != http.StatusOK {
		t.Errorf("the first was disturbed: %d, %v", code, err)
	}
}

func TestKilledLadderLeavesNothingBehindAndRecovers(t *testing.T) {
	s := newSpace(t, singleServer)
	first := s.up(t)
	psql(t, s, "CREATE TABLE kept (value text); INSERT INTO kept VALUES ('committed before the kill')")
	before := first.status()
	first.kill()
	eventually(t, settleLimit, "all children of the killed node are gone", func() error {
		for name, member := range before.members() {
			if alive(member.PID) {
				return fmt.Errorf("%s is alive", name)
			}
		}
		return nil
	})
	second := s.up(t)
	if got := psql(t, s, "SELECT value FROM kept"); got != "committed before the kill" {
		t.Errorf("after kill -9 the database holds %q", got)
	}
	if alive(before.Database.PID) && second.status().Database.PID != before.Database.PID {
		t.Error("two PostgreSQL servers on one directory")
	}
	if code, _, err := second.get("/"); err != nil || code != http.StatusOK {
		t.Errorf("GET / after the recovery: %d, %v", code, err)
	}
}

// psql runs statements the way the documentation tells people to.
func psql(t *testing.T, s *space, sql string) string {
	t.Helper()
	url := strings.TrimSpace(mustLadder(t, "database", "url", "-c", s.file))
	output, err := exec.Command("psql", url, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql).CombinedOutput()
	if err != nil {
		t.Fatalf("psql %s: %v\n%s", sql, err, output)
	}
	return strings.TrimSpace(string(output))
}

func TestCrashedInstanceReturns(t *testing.T) {
	r := newSpace(t, singleServer).up(t)
	victim := r.status().members()["app.1"]
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, settleLimit, "app.1 is back as another process", func() error {
		now := r.status().members()["app.1"]
		if now.State != "up" || now.PID == victim.PID {
			return fmt.Errorf("%+v", now)
		}
		return nil
	})
	if restarts := r.status().members()["app.1"].Restarts; restarts != 1 {
		t.Errorf("it was restarted %d times, want once", restarts)
	}
}

func TestPausedInstanceGetsNoTrafficUntilItGoesOn(t *testing.T) {
	r := newSpace(t, singleServer).up(t)
	victim := r.status().members()["app.2"]
	if err := syscall.Kill(victim.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(victim.PID, syscall.SIGCONT) })
	inState := func(state string) func() error {
		return func() error {
			if now := r.status().members()["app.2"]; now.State != state {
				return fmt.Errorf("%+v", now)
			}
			return nil
		}
	}
	eventually(t, settleLimit, "the paused instance is down", inState("down"))
	for range 20 {
		if code, body, err := r.get("/healthz"); err != nil || code != http.StatusOK {
			t.Fatalf("a request went to the paused instance: %d, %v, %s", code, err, body)
		}
	}
	found := false
	for _, warning := range r.status().Warnings {
		found = found || warning.Code == "app-instance-unhealthy"
	}
	if !found {
		t.Errorf("no warning tells of it: %+v", r.status().Warnings)
	}
	if err := syscall.Kill(victim.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, settleLimit, "it gets traffic again", inState("up"))
}

func TestCrashedPostgresReturnsWithItsData(t *testing.T) {
	s := newSpace(t, strings.Replace(singleServer, `{parameters: {fsync: "off"}}`, "{}", 1))
	r := s.up(t)
	psql(t, s, "CREATE TABLE kept (value text); INSERT INTO kept VALUES ('still here')")
	victim := r.status().Database.PID
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, startLimit, "PostgreSQL is back", func() error {
		if now := r.status().Database; now.State != "up" || now.PID == victim {
			return fmt.Errorf("%+v", now)
		}
		return nil
	})
	if got := psql(t, s, "SELECT value FROM kept"); got != "still here" {
		t.Errorf("after the crash the database holds %q", got)
	}
}

func TestSlowResponseInFlightIsFinishedBeforeTheStop(t *testing.T) {
	s := newSpace(t, testApplication)
	r := s.up(t)
	type answer struct {
		code int
		body string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		code, body, err := r.get("/slow?ms=2000&mark=" + filepath.Join(s.directory, "arrived"))
		answered <- answer{code, body, err}
	}()
	eventually(t, settleLimit, "the slow request is with the application", func() error {
		_, err := os.Stat(filepath.Join(s.directory, "arrived"))
		return err
	})
	began := time.Now()
	if exit := r.stop(); exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	if got := <-answered; got.err != nil || got.code != http.StatusOK || got.body != "done" {
		t.Errorf("the request in flight got %+v after a stop of %v", got, time.Since(began))
	}
}
