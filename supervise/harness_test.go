package supervise

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ladder/internal/probe"
	"ladder/telemetry"
	"ladder/topology"
)

// patience bounds every wait for something that has to happen.
const patience = 20 * time.Second

func healthy(ctx context.Context, address string) error { return probe.HTTP(ctx, address, "/healthz") }

// world is a supervisor with everything around it.
type world struct {
	t       *testing.T
	pool    *topology.Pool
	health  *telemetry.Health
	options Options
	*Supervisor

	mu     sync.Mutex
	events []telemetry.Event
	output []string
	log    bytes.Buffer
}

func (w *world) Publish(event telemetry.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, event)
}

func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func newWorld(t *testing.T, instances int, behaviour string, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, pool: topology.NewPool("app"), health: telemetry.NewHealth(nil)}
	w.options = Options{
		Name: "app", Command: []string{os.Args[0], "--token=hunter2"}, Instances: instances, Pool: w.pool, Ready: healthy,
		Environment: applicationEnvironment(behaviour), Fingerprint: "a",
		StartTimeout: patience, StopTimeout: 5 * time.Second, DrainTimeout: 5 * time.Second,
		Backoff: Backoff{Initial: 20 * time.Millisecond, Max: 100 * time.Millisecond, ResetAfter: 2 * time.Second},
		Events:  w, Health: w.health, Logger: slog.New(slog.NewTextHandler(w, nil)),
		Output: func(instance, stream string, line []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.output) < 10000 {
				w.output = append(w.output, instance+" "+stream+" "+string(line))
			}
		},
	}
	for _, change := range change {
		change(&w.options)
	}
	w.Supervisor = New(w.options)
	t.Cleanup(func() {
		pids := w.pids()
		if err := w.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if left := w.describe(); left != "" {
			t.Errorf("left in the pool: %s", left)
		}
		for _, pid := range pids {
			if alive(pid) {
				t.Errorf("process %d is still there", pid)
			}
		}
		w.noSecrets()
	})
	return w
}

func started(t *testing.T, instances int, behaviour string, change ...func(*Options)) *world {
	t.Helper()
	w := newWorld(t, instances, behaviour, change...)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// noSecrets: neither words of the command nor the environment may be told to anybody.
func (w *world) noSecrets() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if told := w.log.String() + fmt.Sprint(w.events); strings.Contains(told, "hunter2") {
		w.t.Errorf("a secret was told: %s", told)
	}
}

func (w *world) describe() string {
	var words []string
	for _, entry := range w.pool.Load().Entries {
		words = append(words, entry.Name()+"="+entry.State.String())
	}
	return strings.Join(words, " ")
}

func (w *world) pids() (pids []int) {
	for _, instance := range w.Instances() {
		if instance.PID != 0 {
			pids = append(pids, instance.PID)
		}
	}
	return pids
}

func (w *world) instance(name string) Instance {
	for _, instance := range w.Instances() {
		if instance.Name == name {
			return instance
		}
	}
	return Instance{}
}

func (w *world) expect(want string) {
	w.t.Helper()
	if got := w.describe(); got != want {
		w.t.Errorf("pool is %q, want %q", got, want)
	}
}

func (w *world) codes() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var codes []string
	for _, event := range w.events {
		codes = append(codes, event.Subject+":"+event.Code)
	}
	return strings.Join(codes, " ")
}

func (w *world) printed(text string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []string
	for _, line := range w.output {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func (w *world) warned(code telemetry.WarningCode) bool {
	for _, warning := range w.health.All() {
		if warning.Code == code {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

func get(address, path string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + address + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// traffic sends requests to whatever is ready, as the gateway does, until the returned function is called; that one
// returns how many there were and fails the test if one of them failed.
func (w *world) traffic() (stop func() int64) {
	var total, failed atomic.Int64
	var first atomic.Value
	done := make(chan struct{})
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := worker; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if err := w.request(n); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, err.Error())
				}
				total.Add(1)
			}
		})
	}
	return func() int64 {
		close(done)
		workers.Wait()
		if failed.Load() > 0 {
			w.t.Errorf("%d of %d requests failed; the first: %v", failed.Load(), total.Load(), first.Load())
		}
		return total.Load()
	}
}

func (w *world) request(n int) error {
	ready := w.pool.Load().Ready
	if len(ready) == 0 {
		return fmt.Errorf("nobody is ready: %s", w.describe())
	}
	member := ready[n%len(ready)]
	member.InFlight.Add(1)
	defer member.InFlight.Add(-1)
	_, err := get(member.Address(), "/?pause=2ms")
	return err
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
