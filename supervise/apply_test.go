package supervise

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ladder/internal/hint"
	"ladder/internal/lifecycle"
	"ladder/topology"
)

// with is the world's options with a change that needs other instances.
func (w *world) with(fingerprint string, change ...func(*Options)) Options {
	options := w.options
	options.Fingerprint = fingerprint
	for _, change := range change {
		change(&options)
	}
	return options
}

func TestRollingReplacementFailsNoRequest(t *testing.T) {
	w := started(t, 2, "")
	before := w.pids()
	stop := w.traffic()
	if err := w.Apply(t.Context(), w.with("b")); err != nil {
		t.Fatal(err)
	}
	if total := stop(); total < 10 {
		t.Errorf("only %d requests", total)
	}
	w.expect("app.1=up app.2=up")
	for k, instance := range w.Instances() {
		if instance.PID == before[k] || instance.Fingerprint != "b" {
			t.Errorf("%s was not replaced: %+v", instance.Name, instance)
		}
		if answer, err := get(instance.Address, "/"); err != nil || !strings.HasPrefix(answer, instance.Name+" ") {
			t.Errorf("%s calls itself %q, %v", instance.Name, answer, err)
		}
	}
}

func TestSingleInstanceIsReplacedWithoutAGap(t *testing.T) {
	w := started(t, 1, "")
	stop := w.traffic()
	for range 3 {
		if err := w.Restart(t.Context(), "app.1"); err != nil {
			t.Error(err)
		}
	}
	stop()
	w.expect("app.1=up")
}

// What the dashboard shows while an instance with a long request is replaced.
func TestReplacedInstanceFinishesWhatItHas(t *testing.T) {
	w := started(t, 2, "")
	old := w.pool.Load().Entries[0].Member
	pid := w.instance("app.1").PID
	old.InFlight.Add(1) // as the gateway does
	restarted := make(chan error, 1)
	go func() { restarted <- w.Restart(context.Background(), "app.1") }()
	eventually(t, "it drains", func() bool { return w.describe() == "app.1=up app.2=up app.1-draining=draining" })
	draining := w.instance("app.1-draining")
	if draining.PID != pid || draining.Of != "app.1" || w.instance("app.1").PID == pid {
		t.Errorf("instances: %+v", w.Instances())
	}
	answer, err := get(draining.Address, "/?pause=300ms")
	if err != nil || !strings.HasPrefix(answer, fmt.Sprintf("app.1 %d", pid)) {
		t.Errorf("got %q, %v", answer, err)
	}
	select {
	case err := <-restarted:
		t.Errorf("it was not waited for: %v", err)
	default:
	}
	old.InFlight.Add(-1)
	if err := <-restarted; err != nil {
		t.Error(err)
	}
	w.expect("app.1=up app.2=up")
	if alive(pid) {
		t.Error("the old process is still there")
	}
}

func TestDrainIsBounded(t *testing.T) {
	w := started(t, 1, "", func(o *Options) { o.DrainTimeout = 200 * time.Millisecond })
	w.pool.Load().Entries[0].InFlight.Add(1) // and it never ends
	if err := w.Restart(t.Context(), "app.1"); err != nil {
		t.Fatal(err)
	}
	w.expect("app.1=up")
	if codes := w.codes(); !strings.Contains(codes, "instance_drain_timeout") {
		t.Errorf("events: %s", codes)
	}
}

func TestFailedApplyChangesNothing(t *testing.T) {
	w := started(t, 2, "")
	before := fmt.Sprint(w.pids())
	stop := w.traffic()
	err := w.Apply(t.Context(), w.with("b", func(o *Options) {
		o.Environment, o.Instances = applicationEnvironment("crash-at-start"), 3
	}))
	stop()
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "cannot find my configuration") {
		t.Errorf("got %v", err)
	}
	err = w.Apply(t.Context(), w.with("b", func(o *Options) { o.Environment = applicationEnvironment("crash-at-start") }))
	if err == nil || !strings.Contains(err.Error(), "app.1 did not become ready") {
		t.Errorf("got %v", err)
	}
	w.expect("app.1=up app.2=up")
	if after := fmt.Sprint(w.pids()); after != before {
		t.Errorf("processes %s became %s", before, after)
	}
}

// The second replacement fails when the first has happened already.
func TestHalfwayFailedApplyIsTakenBack(t *testing.T) {
	w := started(t, 2, "")
	second := w.instance("app.2").PID
	stop := w.traffic()
	err := w.Apply(t.Context(), w.with("b", func(o *Options) {
		o.Instances = 3
		o.Environment = func(instance string, port int) []string {
			behaviour := map[string]string{"app.2": "crash-at-start"}[instance]
			return applicationEnvironment(behaviour)(instance, port)
		}
	}))
	stop()
	if err == nil || !strings.Contains(err.Error(), "app.2 did not become ready") || strings.Contains(err.Error(), "brought back") {
		t.Errorf("got %v", err)
	}
	w.expect("app.1=up app.2=up")
	for _, instance := range w.Instances() {
		if instance.Fingerprint != "a" {
			t.Errorf("%s is left with the new options", instance.Name)
		}
	}
	if w.instance("app.2").PID != second {
		t.Error("app.2 was touched")
	}
}

func TestScaling(t *testing.T) {
	w := started(t, 2, "")
	first := w.instance("app.1").PID
	stop := w.traffic()
	if err := w.Apply(t.Context(), w.with("a", func(o *Options) { o.Instances = 4 })); err != nil {
		t.Fatal(err)
	}
	eventually(t, "four are up", func() bool { return len(w.pool.Load().Ready) == 4 })
	if err := w.Apply(t.Context(), w.with("a", func(o *Options) { o.Instances = 1 })); err != nil {
		t.Fatal(err)
	}
	stop()
	w.expect("app.1=up")
	if w.instance("app.1").PID != first {
		t.Error("app.1 was replaced although nothing changed")
	}
}

func TestSameFingerprintTakesTimeoutsLive(t *testing.T) {
	w := started(t, 1, "ignore-term", func(o *Options) { o.StopTimeout = time.Hour })
	pid := w.instance("app.1").PID
	if err := w.Apply(t.Context(), w.with("a", func(o *Options) { o.StopTimeout = 50 * time.Millisecond })); err != nil {
		t.Fatal(err)
	}
	if w.instance("app.1").PID != pid {
		t.Error("it was replaced")
	}
	if err := w.Stop(t.Context()); err != nil { // would take an hour otherwise
		t.Error(err)
	}
}

func TestStopInterruptsApply(t *testing.T) {
	w := started(t, 1, "")
	result := make(chan error, 1)
	go func() {
		result <- w.Apply(context.Background(), w.with("b", func(o *Options) {
			o.Environment, o.StartTimeout = applicationEnvironment("never-ready"), time.Hour
		}))
	}()
	eventually(t, "the replacement starts", func() bool { return w.describe() == "app.1=up app.1-next=starting" })
	pids := w.pids()
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Apply returned %v", err)
	}
	w.expect("")
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
	if err := w.Apply(t.Context(), w.options); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Apply after Stop: %v", err)
	}
}

func TestCancelledApplyIsTakenBack(t *testing.T) {
	w := started(t, 2, "")
	before := fmt.Sprint(w.pids())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		result <- w.Apply(ctx, w.with("b", func(o *Options) {
			o.Environment, o.StartTimeout = applicationEnvironment("never-ready"), time.Hour
		}))
	}()
	eventually(t, "the replacement starts", func() bool { return strings.Contains(w.describe(), "app.1-next") })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Apply returned %v", err)
	}
	w.expect("app.1=up app.2=up")
	if after := fmt.Sprint(w.pids()); after != before {
		t.Errorf("processes %s became %s", before, after)
	}
}

func TestRestartOfNobody(t *testing.T) {
	w := started(t, 2, "")
	err := w.Restart(t.Context(), "web.1")
	if !errors.Is(err, ErrUnknownInstance) || hint.Of(err) != "the instances are app.1, app.2" {
		t.Errorf("got %v, hint %q", err, hint.Of(err))
	}
}

func TestFailedRestartKeepsTheInstance(t *testing.T) {
	flag := t.TempDir() // exists
	var broken bool
	w := started(t, 1, "", func(o *Options) {
		o.Environment = func(instance string, port int) []string {
			behaviour := ""
			if broken {
				behaviour = "crash-if-exists"
			}
			return applicationEnvironment(behaviour, "FLAG="+flag)(instance, port)
		}
	})
	pid := w.instance("app.1").PID
	broken = true
	if err := w.Restart(t.Context(), "app.1"); err == nil {
		t.Error("no error")
	}
	if got := w.instance("app.1"); got.PID != pid || got.State != topology.Up {
		t.Errorf("got %+v", got)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	w := started(t, 1, "")
	if err := w.Apply(t.Context(), w.with("b", func(o *Options) { o.Instances = 0 })); err == nil {
		t.Error("no error")
	}
	w.expect("app.1=up")
}

// A replacement takes the place of an instance that keeps crashing.
func TestApplyReplacesACrashingInstance(t *testing.T) {
	flag := t.TempDir() + "/broken"
	w := started(t, 1, "", func(o *Options) {
		o.Environment = applicationEnvironment("crash-if-exists", "FLAG="+flag)
	})
	touch(t, flag)
	kill(t, w.instance("app.1").PID, 9)
	eventually(t, "it has failed often", func() bool { return w.instance("app.1").Restarts > 3 })
	if err := w.Apply(t.Context(), w.with("b", func(o *Options) { o.Environment = applicationEnvironment("") })); err != nil {
		t.Fatal(err)
	}
	w.expect("app.1=up")
	if warnings := w.health.All(); len(warnings) != 0 {
		t.Errorf("warnings: %+v", warnings)
	}
}
