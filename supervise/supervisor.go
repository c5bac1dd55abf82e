package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ladder/internal/lifecycle"
	"ladder/internal/process"
	"ladder/telemetry"
	"ladder/topology"
)

const (
	// startParallel is how many instances start at once, after the first one has shown that the command works.
	startParallel = 4
	// forceWait is how much longer than its time-outs Stop waits for an operation that it interrupts.
	forceWait = 15 * time.Second
	// usageInterval is how often CPU and memory of the instances are measured.
	usageInterval = 2 * time.Second
)

// Supervisor runs the instances of one application. It is a lifecycle.Service; Start, Apply and Restart wait for each
// other, Stop interrupts them.
type Supervisor struct {
	pool  *topology.Pool
	tasks lifecycle.Tasks
	turn  chan struct{} // holds a token while an operation is under way

	mu       sync.Mutex
	options  Options           // what was last applied in full
	slots    map[int]*instance // by ordinal: those that are wanted
	live     []*instance       // all: also those that are becoming ready or drain
	made     uint64
	stopping context.Context // bounds the stopping of processes; nil until Stop
	usage    map[int]process.Usage
}

// New makes a supervisor; nothing runs until Start.
func New(options Options) *Supervisor {
	return &Supervisor{
		pool: options.Pool, options: options.withDefaults(),
		turn: make(chan struct{}, 1), slots: make(map[int]*instance), usage: make(map[int]process.Usage),
	}
}

// Start starts all instances, the first one alone, and returns when all are up. When one does not become ready, everything
// is stopped again and the error, a [*StartFailure] where it ran at all, says which, why, and what it printed last.
func (s *Supervisor) Start(ctx context.Context) error {
	ctx, end, err := s.operation(ctx)
	if err != nil {
		return err
	}
	defer end()
	options := s.current()
	if err := options.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	running := len(s.slots)
	s.mu.Unlock()
	if running > 0 {
		return errors.New("started already")
	}
	if err := s.startAll(ctx, makePlan(nil, options.Instances, "").start, options); err != nil {
		return err
	}
	s.tasks.Go(s.measure)
	return nil
}

// Stop stops all instances: SIGTERM, and SIGKILL to those that have not ended after StopTimeout or when ctx is done. Nobody
// waits for requests in flight: stop what sends them first.
func (s *Supervisor) Stop(ctx context.Context) error {
	s.mu.Lock()
	if s.stopping == nil {
		s.stopping = ctx
	}
	for _, i := range s.live {
		i.retired = true
		s.markLocked(i, topology.Draining, "stopping")
	}
	bound := s.options.StopTimeout + forceWait
	s.mu.Unlock()

	// Past ctx everything is being killed, which must not be left halfway.
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), bound)
	defer cancel()
	err := s.tasks.Stop(patient)
	select {
	case s.turn <- struct{}{}: // the operation that was interrupted has cleaned up
		<-s.turn
	case <-patient.Done():
		err = errors.Join(err, errors.New("an operation did not end in time"))
	}
	for _, i := range s.everything() {
		s.forget(i)
		s.current().Health.Clear(telemetry.AppInstanceCrashLoop, i.name)
	}
	return err
}

// operation waits for its turn. The context that it returns ends with ctx and when the supervisor stops.
func (s *Supervisor) operation(ctx context.Context) (context.Context, func(), error) {
	background := s.tasks.Context()
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("waiting for another operation: %w", context.Cause(ctx))
	case <-background.Done():
		return nil, nil, context.Cause(background)
	}
	if background.Err() != nil {
		<-s.turn
		return nil, nil, context.Cause(background)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(background, func() { cancel(context.Cause(background)) })
	return ctx, func() { detach(); cancel(nil); <-s.turn }, nil
}

// startAll starts new instances; when one fails the others are stopped too.
func (s *Supervisor) startAll(ctx context.Context, ordinals []int, options Options) error {
	if len(ordinals) == 0 {
		return nil
	}
	started := make([]*instance, len(ordinals))
	failures := make([]error, len(ordinals))
	started[0], failures[0] = s.launch(ctx, ordinals[0], options, nil)
	if failures[0] == nil {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var wait sync.WaitGroup
		room := make(chan struct{}, startParallel)
		for k := 1; k < len(ordinals); k++ {
			wait.Add(1)
			go func() {
				defer wait.Done()
				room <- struct{}{}
				defer func() { <-room }()
				if started[k], failures[k] = s.launch(ctx, ordinals[k], options, nil); failures[k] != nil {
					cancel() // the others need not go on
				}
			}()
		}
		wait.Wait()
	}
	failure := firstFailure(failures)
	if failure != nil {
		s.retireAll(started, false, "another instance could not be started")
	}
	return failure
}

// firstFailure prefers the failure that made the others be cancelled.
func firstFailure(failures []error) error {
	var first error
	for _, err := range failures {
		if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
			first = err
		}
	}
	return first
}

// launch starts an instance, lets traffic come when it is ready, and keeps it from then on. With a predecessor it takes its
// place; otherwise nothing is left of it when it fails.
func (s *Supervisor) launch(ctx context.Context, ordinal int, options Options, old *instance) (*instance, error) {
	name := options.instanceName(ordinal)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, context.Cause(ctx))
	}
	i := &instance{supervisor: s, name: name, ordinal: ordinal, options: options, gone: make(chan struct{})}
	i.ctx, i.cancel = context.WithCancelCause(s.tasks.Context())
	s.register(i)
	memberName := name
	if old != nil {
		memberName += nextSuffix
	}
	if err := i.begin(ctx, memberName); err != nil {
		i.cancel(err)
		s.forget(i)
		s.tell(i, telemetry.SeverityWarning, "instance_start_failed", "could not be started: %s", shortProblem(err))
		return nil, err
	}
	s.promote(i, old)
	s.mu.Lock()
	s.slots[ordinal] = i
	s.mu.Unlock()
	s.tell(i, telemetry.SeverityInfo, "instance_ready", "is ready")
	if !s.tasks.Go(func(context.Context) { i.keep() }) {
		i.keep() // Stop came first: its context has ended already, so that this only stops the process
		return nil, fmt.Errorf("starting %s: %w", name, lifecycle.ErrStopped)
	}
	return i, nil
}

// retire drains an instance if asked to, stops it, and takes it out of the pool.
func (s *Supervisor) retire(i *instance, drain bool, reason string) {
	s.mu.Lock()
	i.retired = true
	s.markLocked(i, topology.Draining, reason)
	member, options := i.member, s.options
	if s.slots[i.ordinal] == i {
		delete(s.slots, i.ordinal)
	}
	s.mu.Unlock()
	options.Health.Clear(telemetry.AppInstanceCrashLoop, i.name)
	if drain {
		s.tell(i, telemetry.SeverityInfo, "instance_draining", "drains: %s", reason)
		if left := i.drain(s.tasks.Context(), member, options.DrainTimeout); left > 0 {
			s.tell(i, telemetry.SeverityWarning, "instance_drain_timeout", "is stopped with %d requests in flight: they took longer than %v", left, options.DrainTimeout)
		}
	}
	i.cancel(errRetired)
	<-i.gone
	s.forget(i)
	s.tell(i, telemetry.SeverityInfo, "instance_stopped", "has stopped: %s", reason)
}

func (s *Supervisor) retireAll(instances []*instance, drain bool, reason string) {
	var wait sync.WaitGroup
	for _, i := range instances {
		if i != nil {
			wait.Go(func() { s.retire(i, drain, reason) })
		}
	}
	wait.Wait()
}

func (s *Supervisor) current() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options
}

func (s *Supervisor) everything() []*instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.live)
}

// stopBound is the context that cuts the grace of processes short.
func (s *Supervisor) stopBound() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping != nil {
		return s.stopping
	}
	return context.Background()
}
