package test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladder/config"
	"ladder/node"
)

// TestServiceManagerIsTold plays systemd for a unit with Type=notify: sd_notify(3).
func TestServiceManagerIsTold(t *testing.T) {
	s := newSpace(t, `
app: {servers: ["127.0.0.1:9"]}
gateway: {listen: GATEWAY}
admin: {listen: ADMIN}
`)
	path := filepath.Join(s.directory, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", path)

	r := s.up(t)
	if got := notification(t, manager); got != "READY=1" {
		t.Errorf("told %q at the start", got)
	}
	if code, _, err := r.get("/"); err != nil || code != 503 {
		t.Errorf("it said that it is ready, and answers %d, %v", code, err)
	}
	if exit := r.stop(); exit != 0 {
		t.Errorf("ended with %d", exit)
	}
	if got := notification(t, manager); got != "STOPPING=1" {
		t.Errorf("told %q at the stop", got)
	}
}

func notification(t *testing.T, manager *net.UnixConn) string {
	t.Helper()
	if err := manager.SetReadDeadline(time.Now().Add(settleLimit)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 1024)
	n, err := manager.Read(message)
	if err != nil {
		t.Fatalf("nothing was told: %v", err)
	}
	return string(message[:n])
}

// TestUnit holds the unit that we ship against what it starts.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("../deploy/systemd/ladder.service")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(key, "#") {
			settings[key] = value
		}
	}
	checkStopTimeout(t, settings["TimeoutStopSec"])
	if settings["KillMode"] != "mixed" {
		t.Error("without KillMode=mixed the application gets SIGTERM before requests have drained")
	}
	unit := filepath.Join(t.TempDir(), "ladder.service")
	replaced := strings.ReplaceAll(string(text), "/usr/local/bin/ladder", filepath.Join(programs, "ladder"))
	if err := os.WriteFile(unit, []byte(replaced), 0o600); err != nil {
		t.Fatal(err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here to verify the unit with")
	}
	if output, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
}

// checkStopTimeout wants systemd to wait for longer than an orderly stop by the defaults may take.
func checkStopTimeout(t *testing.T, setting string) {
	t.Helper()
	waits, err := time.ParseDuration(strings.NewReplacer("min", "m", "sec", "s").Replace(setting))
	if err != nil {
		t.Fatalf("TimeoutStopSec=%s: %v", setting, err)
	}
	file, err := config.Parse("ladder.yaml", t.TempDir(), []byte("app: {command: [x]}\ngateway: {}\ndatabase: {embedded: {}}\n"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.New(file, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if needs := n.StopTimeout(); waits <= needs {
		t.Errorf("TimeoutStopSec=%s is not longer than the %v that a stop may take", setting, needs)
	}
}
