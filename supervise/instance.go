package supervise

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ladder/internal/process"
	"ladder/telemetry"
	"ladder/topology"
)

const (
	// readyInterval is the pause between two readiness checks of an instance that starts.
	readyInterval = 50 * time.Millisecond
	// readyTimeout bounds one of them.
	readyTimeout = 5 * time.Second
	// portAttempts is how many ports are tried when others take them while the application starts.
	portAttempts = 3
	// drainPoll is how often the requests in flight of a draining instance are looked at, and drainSettle for how long
	// there must be none: a request may be on its way from a reader that saw the pool before the change.
	drainPoll   = 10 * time.Millisecond
	drainSettle = 100 * time.Millisecond
)

// errRetired is the cause with which an instance is stopped that is not wanted any more.
var errRetired = errors.New("not wanted any more")

// instance runs one process, and another after each crash, until it is retired. Its name stays the same, and so does its
// port as long as nobody else takes it.
type instance struct {
	supervisor *Supervisor
	name       string // "app.1"
	ordinal    int
	generation uint64 // grows with each instance that the supervisor makes

	ctx    context.Context // ends when the instance is to stop
	cancel context.CancelCauseFunc
	gone   chan struct{} // closed when its last process has ended

	// Of the goroutine that runs it.
	crashes    crashes
	portProven bool // the last start on this port became ready

	// Guarded by supervisor.mu.
	options  Options
	member   *topology.Member // nil until its first process has been started
	process  *process.Process
	output   *tail
	port     int
	restarts int
	lastExit string
	retired  bool // its process may end now without being restarted
}

// begin starts a process and returns when it is ready. When somebody took the port meanwhile it tries another.
func (i *instance) begin(ctx context.Context, memberName string) error {
	for attempt := 1; ; attempt++ {
		err := i.attempt(ctx, memberName)
		i.portProven = err == nil
		var failure *StartFailure
		if attempt == portAttempts || !errors.As(err, &failure) || failure.Exit == nil || portFree(i.port) {
			return err
		}
		i.supervisor.current().Logger.Warn("port was taken by another program, trying another port",
			"instance", i.name, "port", i.port, "exit", failure.Exit.String())
	}
}

func (i *instance) attempt(ctx context.Context, memberName string) error {
	s := i.supervisor
	options, err := s.assignPort(i)
	if err != nil {
		return err
	}
	output := new(tail)
	collect := func(stream string) func([]byte) {
		return func(line []byte) {
			output.add(line)
			options.Output(i.name, stream, line)
		}
	}
	started, err := process.Start(process.Spec{
		Name: i.name, Command: options.Command, Directory: options.Directory, User: options.User,
		Env:    options.Environment(i.name, i.port),
		Stdout: collect("stdout"), Stderr: collect("stderr"),
		Guardian: options.Guardian,
	})
	if err != nil {
		return err
	}
	s.introduce(i, memberName, started, output)
	s.tell(i, telemetry.SeverityInfo, "instance_started", "started as process %d on port %d", started.Pid(), i.port)
	if err = i.awaitReady(ctx, started, options); err == nil {
		return nil
	}
	if stop := started.Stop(s.stopBound(), options.StopTimeout); stop != nil {
		err = errors.Join(err, stop)
	}
	var failure *StartFailure
	if errors.As(err, &failure) {
		failure.Output = output.all()
	}
	return err
}

// awaitReady repeats the readiness check until it passes, the process has ended, or it has taken too long.
func (i *instance) awaitReady(ctx context.Context, started *process.Process, options Options) error {
	ctx, cancel := context.WithTimeout(ctx, options.StartTimeout)
	defer cancel()
	checks, interrupt := context.WithCancel(ctx)
	defer interrupt()
	go func() {
		select {
		case <-started.Ended():
			interrupt()
		case <-checks.Done():
		}
	}()
	address := loopback(i.port)
	last := errors.New("no answer")
	pause := time.NewTicker(readyInterval)
	defer pause.Stop()
	for {
		err := checkOnce(checks, options, address)
		select {
		case <-started.Ended(): // whatever answered, it was not this process
			exit := started.Exit()
			<-started.Done()
			return &StartFailure{Instance: i.name, Problem: exit.String(), Exit: &exit}
		default:
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-checks.Done():
		case <-pause.C:
		}
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return &StartFailure{Instance: i.name, Problem: fmt.Sprintf("not ready within %v: last check on %s: %v", options.StartTimeout, address, last)}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("starting %s: %w", i.name, context.Cause(ctx))
		}
	}
}

func checkOnce(ctx context.Context, options Options, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return options.Ready(ctx, address)
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// keep watches an instance that is ready, and restarts it, until it is to stop.
func (i *instance) keep() {
	defer close(i.gone)
	for {
		readySince := time.Now()
		if !i.watch() {
			return
		}
		if !i.revive(time.Since(readySince)) {
			return
		}
	}
}

// watch returns true when the process ended by itself, and false when it was stopped.
func (i *instance) watch() bool {
	running, options := i.supervisor.running(i)
	steady := time.NewTimer(options.Backoff.ResetAfter)
	defer steady.Stop()
	for {
		select {
		case <-i.ctx.Done():
			grace := i.supervisor.optionsOf(i).StopTimeout // which an Apply may have changed since
			if err := running.Stop(i.supervisor.stopBound(), grace); err != nil {
				options.Logger.Error("instance could not be stopped", "instance", i.name, "error", err)
			}
			return false
		case <-running.Ended():
			return !i.supervisor.isRetired(i)
		case <-steady.C:
			i.crashes.steady()
			options.Health.Clear(telemetry.AppInstanceCrashLoop, i.name)
		}
	}
}

// revive restarts an instance after its process ended. It returns false when it is to stop instead.
func (i *instance) revive(readyFor time.Duration) bool {
	s := i.supervisor
	ended, _ := s.running(i)
	exit := ended.Exit()
	problem := exit.String()
	s.mark(i, topology.Down, problem) // at once; nobody may be sent there any more
	s.noteExit(i, problem)
	<-ended.Done()
	s.tellExit(i, ended.Pid(), problem)
	for {
		options := s.optionsOf(i)
		verdict := i.crashes.failed(options.Backoff, time.Now(), readyFor, rand.Float64())
		readyFor = 0
		pause := verdict.pause.Round(time.Millisecond)
		s.mark(i, topology.Down, fmt.Sprintf("%s; next start in %v", problem, pause))
		if verdict.looping {
			s.warnOfLoop(i, fmt.Sprintf("failed %d times in a row, last: %s", verdict.inRow, problem))
		}
		if !wait(i.ctx, pause) {
			return false
		}
		s.countRestart(i)
		err := i.begin(i.ctx, i.name)
		if err == nil {
			s.mark(i, topology.Up, "ready")
			s.tell(i, telemetry.SeverityInfo, "instance_ready", "is ready again")
			return true
		}
		if i.ctx.Err() != nil {
			return false
		}
		problem = shortProblem(err)
		s.noteExit(i, problem)
		s.tell(i, telemetry.SeverityWarning, "instance_start_failed", "could not be restarted: %s", problem)
	}
}

// shortProblem leaves the output out, which is in the log already.
func shortProblem(err error) string {
	var failure *StartFailure
	if errors.As(err, &failure) {
		return failure.Problem
	}
	return err.Error()
}

// drain waits until nothing has been in flight for a moment. It reports how many requests were given up.
func (i *instance) drain(ctx context.Context, member *topology.Member, limit time.Duration) int64 {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for idle := time.Duration(0); idle < drainSettle; idle += drainPoll {
		if member.InFlight.Load() > 0 {
			idle = 0
		}
		select {
		case <-i.gone:
			return 0
		default:
		}
		if !wait(ctx, drainPoll) {
			break
		}
	}
	return member.InFlight.Load()
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
