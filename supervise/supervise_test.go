package supervise

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ladder/internal/hint"
	"ladder/internal/lifecycle"
	"ladder/internal/probe"
	"ladder/telemetry"
	"ladder/topology"
	"ladder/topology/health"
)

func TestInstancesServeAndStop(t *testing.T) {
	w := started(t, 3, "")
	w.expect("app.1=up app.2=up app.3=up")
	ports := map[int]bool{}
	for _, instance := range w.Instances() {
		ports[instance.Port] = true
		answer, err := get(instance.Address, "/")
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s %d 1", instance.Name, instance.PID); answer != want {
			t.Errorf("got %q, want %q", answer, want)
		}
	}
	if len(ports) != 3 {
		t.Errorf("%d different ports", len(ports))
	}
	if got := w.printed("app.2 stdout starting app.2"); len(got) != 1 {
		t.Errorf("output: %q", got)
	}
	pids := w.pids()
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
	w.expect("")
	if err := w.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	if err := w.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start after Stop: %v", err)
	}
}

func TestCrashedInstanceReturnsUnderItsNameAndPort(t *testing.T) {
	w := started(t, 2, "")
	before, member := w.instance("app.1"), w.pool.Load().Entries[0].Member
	kill(t, before.PID, syscall.SIGKILL)
	eventually(t, "app.1 is taken out", func() bool { return !strings.Contains(w.describe(), "app.1=up") })
	eventually(t, "app.1 is back", func() bool { return w.describe() == "app.1=up app.2=up" })
	after := w.instance("app.1")
	if after.PID == before.PID || after.Port != before.Port || after.Restarts != 1 || after.LastExit != "killed by SIGKILL" {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if w.pool.Load().Entries[0].Member != member {
		t.Error("its counters were lost")
	}
	if codes := w.codes(); !strings.HasSuffix(codes, "app.1:instance_exited app.1:instance_started app.1:instance_ready") {
		t.Errorf("events: %s", codes)
	}
}

func TestInstanceThatExitsWithoutErrorIsRestartedToo(t *testing.T) {
	w := started(t, 1, "")
	_, _ = get(w.instance("app.1").Address, "/exit")
	eventually(t, "app.1 is back", func() bool { return w.instance("app.1").Restarts == 1 && w.describe() == "app.1=up" })
	if got := w.instance("app.1").LastExit; got != "exit status 0" {
		t.Errorf("last exit: %s", got)
	}
}

func TestCrashLoopIsAWarningUntilItHolds(t *testing.T) {
	flag := t.TempDir() + "/broken"
	w := started(t, 1, "", func(o *Options) {
		o.Environment = applicationEnvironment("crash-if-exists", "FLAG="+flag)
		o.Backoff.ResetAfter = 300 * time.Millisecond
	})
	if err := os.WriteFile(flag, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	kill(t, w.instance("app.1").PID, syscall.SIGKILL)
	eventually(t, "the warning", func() bool { return w.warned(telemetry.AppInstanceCrashLoop) })
	if text := w.health.All()[0].Text; !strings.Contains(text, "exit status 7") {
		t.Errorf("warning: %s", text)
	}
	entry, _ := w.pool.Load().Find("app.1")
	if entry.State == topology.Up {
		t.Error("it is up")
	}
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	eventually(t, "app.1 is back", func() bool { return w.describe() == "app.1=up" })
	eventually(t, "the warning is gone", func() bool { return !w.warned(telemetry.AppInstanceCrashLoop) })
}

func TestStartFailureSaysWhy(t *testing.T) {
	w := newWorld(t, 3, "crash-at-start")
	err := w.Start(t.Context())
	var failure *StartFailure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"app.1 did not become ready: exit status 7; its last output:\n", "\n    starting app.1", "\n    cannot find my configuration",
	} {
		if !strings.Contains(err.Error(), want) || hint.Of(err) == "" {
			t.Errorf("want %q in %q, hint %q", want, err, hint.Of(err))
		}
	}
	w.expect("")
	if instances := w.Instances(); len(instances) != 0 {
		t.Errorf("left: %+v", instances)
	}
	if started := w.printed("starting"); len(started) != 1 {
		t.Errorf("more than the first instance was tried: %q", started)
	}
}

func TestOneFailingInstanceStopsTheOthersAtStart(t *testing.T) {
	w := newWorld(t, 3, "", func(o *Options) {
		o.Environment = func(instance string, port int) []string {
			behaviour := map[string]string{"app.3": "crash-at-start"}[instance]
			return applicationEnvironment(behaviour)(instance, port)
		}
	})
	if err := w.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "app.3 did not become ready: exit status 7") {
		t.Fatalf("got %v", err)
	}
	w.expect("")
}

func TestMissingProgramHasAHint(t *testing.T) {
	w := newWorld(t, 1, "", func(o *Options) { o.Command = []string{"./no-such-program", "--token=hunter2"} })
	err := w.Start(t.Context())
	if err == nil || hint.Of(err) == "" || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, hint %q", err, hint.Of(err))
	}
}

func TestInstanceThatNeverBecomesReady(t *testing.T) {
	w := newWorld(t, 1, "never-ready", func(o *Options) { o.StartTimeout = 300 * time.Millisecond })
	err := w.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not ready within 300ms: last check on 127.0.0.1:") ||
		!strings.Contains(err.Error(), "connection refused") || !strings.Contains(hint.Of(err), "PORT") {
		t.Errorf("got %v, hint %q", err, hint.Of(err))
	}
}

func TestInstanceThatIgnoresSIGTERMIsKilled(t *testing.T) {
	w := started(t, 1, "ignore-term", func(o *Options) { o.StopTimeout = 100 * time.Millisecond })
	pid := w.instance("app.1").PID
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("still alive")
	}
}

func TestStopWithExpiredContextKillsAtOnce(t *testing.T) {
	w := started(t, 1, "ignore-term", func(o *Options) { o.StopTimeout = time.Hour })
	pid := w.instance("app.1").PID
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("still alive")
	}
}

func TestGrandchildrenEndWithTheirInstance(t *testing.T) {
	w := started(t, 1, "fork")
	var first, second int
	eventually(t, "it has forked", func() bool { return len(w.printed("forked")) == 1 })
	fmt.Sscanf(w.printed("forked")[0], "app.1 stdout forked %d", &first)
	kill(t, w.instance("app.1").PID, syscall.SIGKILL)
	eventually(t, "app.1 is back", func() bool { return len(w.printed("forked")) == 2 && w.describe() == "app.1=up" })
	fmt.Sscanf(w.printed("forked")[1], "app.1 stdout forked %d", &second)
	if alive(first) || !alive(second) {
		t.Errorf("the first grandchild is alive: %v, the second: %v", alive(first), alive(second))
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second grandchild is gone", func() bool { return !alive(second) })
}

func TestFloodOfOutputDoesNotDisturb(t *testing.T) {
	w := started(t, 1, "flood")
	for range 20 {
		if _, err := get(w.instance("app.1").Address, "/"); err != nil {
			t.Fatal(err)
		}
	}
}

// Somebody takes the port between its choice and the application's bind.
func TestTakenPortIsReplacedByAnother(t *testing.T) {
	var once sync.Once
	var thief net.Listener
	w := started(t, 1, "", func(o *Options) {
		plain := o.Environment
		o.Environment = func(instance string, port int) []string {
			once.Do(func() {
				var err error
				if thief, err = net.Listen("tcp", loopback(port)); err != nil {
					t.Error(err)
				}
			})
			return plain(instance, port)
		}
	})
	defer thief.Close()
	if got := w.instance("app.1"); got.State != topology.Up || got.Address == thief.Addr().String() {
		t.Errorf("got %+v", got)
	}
}

func TestPortTakenDuringARestartMakesAnotherMember(t *testing.T) {
	var starts int
	var thief net.Listener
	w := started(t, 2, "", func(o *Options) {
		plain := o.Environment
		o.Environment = func(instance string, port int) []string {
			if starts++; starts == 3 {
				var err error
				if thief, err = net.Listen("tcp", loopback(port)); err != nil {
					t.Error(err)
				}
			}
			return plain(instance, port)
		}
	})
	before := w.instance("app.1")
	kill(t, before.PID, syscall.SIGKILL)
	eventually(t, "app.1 is back", func() bool { return w.describe() == "app.1=up app.2=up" && w.instance("app.1").PID != before.PID })
	defer thief.Close()
	entry, _ := w.pool.Load().Find("app.1")
	if entry.Address() == before.Address || entry.Address() != w.instance("app.1").Address {
		t.Errorf("member is at %s, before it was at %s", entry.Address(), before.Address)
	}
}

func TestStopInterruptsStart(t *testing.T) {
	w := newWorld(t, 1, "never-ready", func(o *Options) { o.StartTimeout = time.Hour })
	result := make(chan error, 1)
	go func() { result <- w.Start(context.Background()) }()
	eventually(t, "it is starting", func() bool { return w.describe() == "app.1=starting" })
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start returned %v", err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	w := newWorld(t, 1, "never-ready", func(o *Options) { o.StartTimeout = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- w.Start(ctx) }()
	eventually(t, "it is starting", func() bool { return w.describe() == "app.1=starting" })
	pids := w.pids()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Start returned %v", err)
	}
	w.expect("")
	if len(pids) != 1 || alive(pids[0]) {
		t.Errorf("left: %v", pids)
	}
}

func TestMistakesInOptions(t *testing.T) {
	err := New(Options{}).Start(t.Context())
	for _, want := range []string{"no name", "command is empty", "0 instances", "no pool"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %v", want, err)
		}
	}
}

// A process that hangs is out of traffic until it goes on; one that dies while it hangs is restarted.
func TestSharesThePoolWithHealthChecks(t *testing.T) {
	w := started(t, 2, "")
	checker := probe.NewChecker(probe.Options{
		Pool: w.pool, Probe: healthy, Interval: 20 * time.Millisecond, Timeout: 200 * time.Millisecond,
		Thresholds: health.Thresholds{Fall: 2, Rise: 2}, Health: w.health,
	})
	if err := checker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := checker.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	pid := w.instance("app.1").PID
	kill(t, pid, syscall.SIGSTOP)
	eventually(t, "app.1 is down", func() bool { return w.describe() == "app.1=down app.2=up" && w.warned(telemetry.AppInstanceUnhealthy) })
	kill(t, pid, syscall.SIGCONT)
	eventually(t, "app.1 is back", func() bool { return w.describe() == "app.1=up app.2=up" && !w.warned(telemetry.AppInstanceUnhealthy) })
	if got := w.instance("app.1"); got.PID != pid || got.Restarts != 0 {
		t.Errorf("it was restarted: %+v", got)
	}
	kill(t, pid, syscall.SIGSTOP)
	eventually(t, "app.1 is down again", func() bool { return w.describe() == "app.1=down app.2=up" })
	kill(t, pid, syscall.SIGKILL)
	eventually(t, "app.1 was restarted", func() bool { return w.describe() == "app.1=up app.2=up" && w.instance("app.1").Restarts == 1 })
	if len(w.health.All()) != 0 {
		t.Errorf("warnings: %+v", w.health.All())
	}
}

func TestUsageIsMeasured(t *testing.T) {
	w := started(t, 1, "")
	eventually(t, "memory and CPU are seen", func() bool {
		_, _ = get(w.instance("app.1").Address, "/burn")
		got := w.instance("app.1")
		return got.MemoryBytes > 1<<20 && got.CPUPercent > 5
	})
}

func TestKilledLadderTakesEverythingAlong(t *testing.T) {
	command := exec.Command(os.Args[0], "ladder")
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var what string
		var pid int
		if _, err := fmt.Sscan(lines.Text(), &what, &pid); err != nil {
			t.Errorf("it said %q", lines.Text())
		}
		if what == "complete" && len(pids) >= 4 {
			break
		}
		if pid > 0 {
			pids = append(pids, pid)
		}
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	if len(pids) != 4 {
		t.Fatalf("two instances and two grandchildren expected: %v", pids)
	}
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("%d is gone", pid), func() bool { return !alive(pid) })
	}
}
