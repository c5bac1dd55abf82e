package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"ladder/internal/lifecycle"
	"ladder/telemetry"
	"ladder/topology"
	"ladder/topology/health"
)

const (
	// Concurrency is how many checks of one pool run at once.
	Concurrency = 32
	// jitter spreads the checks of many servers (and of many Ladders): each interval is longer or shorter by up to this part.
	jitter = 0.1
	// defaultInterval and defaultTimeout stand in where the options leave them out.
	defaultInterval = 2 * time.Second
	defaultTimeout  = time.Second
	// namedMembers is how many members a warning about the whole pool names.
	namedMembers = 3
)

// Options of a [Checker].
type Options struct {
	Pool *topology.Pool // cannot be changed by Apply
	// Probe is one check of host:port; nil passes it. Its context ends after Timeout.
	Probe      func(ctx context.Context, address string) error
	Interval   time.Duration // between the checks of one member; 2s by default
	Timeout    time.Duration // of one check; 1s by default
	Thresholds health.Thresholds
	// Exclusive says that nobody else decides about the members: they are servers that Ladder did not start. Then the
	// checker also takes a new member from Starting to Up or Down. Otherwise it takes only members down that are Up, and
	// brings only those back that it took down itself.
	Exclusive bool
	Events    telemetry.Events
	Health    *telemetry.Health
}

// Checker checks all members of a pool again and again. It is a lifecycle.Service.
//
// It shares the pool with package supervise: members that are Draining, and members that somebody else took down or is
// starting, are left alone. It never overwrites a state that changed while a check was under way.
type Checker struct {
	pool    *topology.Pool
	options atomic.Pointer[Options]
	applied chan struct{} // has room for one: new options are there
	tasks   lifecycle.Tasks
	results chan result

	// What follows belongs to the goroutine of run.
	watched map[*topology.Member]*watch
	running int    // checks under way
	version uint64 // of the snapshot that was looked at last
	empty   bool   // app-no-ready-instance is raised
}

// watch is what the checker knows of one member.
type watch struct {
	name    string
	seen    topology.Entry // to which machine belongs
	machine *health.Machine
	due     time.Time
	busy    bool // a check is under way
	down    bool // we took it down, and a warning says so
}

type result struct {
	member *topology.Member
	since  time.Time // of the entry when the check began
	health.Result
}

// NewChecker makes a checker; Start begins checking.
func NewChecker(options Options) *Checker {
	c := &Checker{
		pool:    options.Pool,
		applied: make(chan struct{}, 1),
		results: make(chan result),
		watched: make(map[*topology.Member]*watch),
	}
	c.store(options)
	return c
}

func (c *Checker) store(options Options) {
	options.Events = telemetry.OrDiscard(options.Events)
	if options.Interval <= 0 {
		options.Interval = defaultInterval
	}
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	c.options.Store(&options)
}

// Start begins checking and returns at once.
func (c *Checker) Start(context.Context) error {
	c.tasks.Go(c.run)
	return nil
}

// Stop ends checking; members stay in their states, the warnings about them are cleared.
func (c *Checker) Stop(ctx context.Context) error { return c.tasks.Stop(ctx) }

// Apply takes new options: the next check of each member is due at the new interval from now at the latest.
func (c *Checker) Apply(options Options) {
	c.store(options)
	select {
	case c.applied <- struct{}{}:
	default:
	}
}

func (c *Checker) run(ctx context.Context) {
	defer c.clearAll()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := c.pool.Changed()
		c.follow(c.pool.Load())
		if wait, any := c.launch(time.Now()); any {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-timer.C:
		case <-c.applied:
			c.hasten(time.Now())
		case r := <-c.results:
			c.running--
			c.judge(r)
		}
	}
}

// follow brings what is watched in line with the pool.
func (c *Checker) follow(snapshot *topology.Snapshot) {
	if snapshot.Version == c.version && len(c.watched) == len(snapshot.Entries) {
		return
	}
	c.version = snapshot.Version
	present := make(map[*topology.Member]bool, len(snapshot.Entries))
	for _, entry := range snapshot.Entries {
		present[entry.Member] = true
		w := c.watched[entry.Member]
		if w == nil {
			w = &watch{name: entry.Name()}
			c.watched[entry.Member] = w
		}
		if w.seen.State != entry.State || !w.seen.Since.Equal(entry.Since) {
			c.forgive(w)
			c.begin(w, entry)
		}
	}
	for member, w := range c.watched {
		if !present[member] {
			c.forgive(w)
			delete(c.watched, member)
		}
	}
	c.warnWhenEmpty(snapshot)
}

// begin starts judging a member anew: somebody else gave it its state.
func (c *Checker) begin(w *watch, entry topology.Entry) {
	options := c.options.Load()
	w.seen = entry
	w.machine = health.NewMachine(options.Thresholds, entry.State, entry.Since)
	w.due = time.Now()
	if entry.State == topology.Up { // it has just been found well; spread those that came up together
		w.due = w.due.Add(time.Duration(rand.Float64() * float64(options.Interval)))
	}
}

// mayJudge is the rule by which checker and supervise share a pool.
func (w *watch) mayJudge(exclusive bool) bool {
	switch w.seen.State {
	case topology.Up:
		return true
	case topology.Starting:
		return exclusive
	case topology.Down:
		return exclusive || w.down
	}
	return false
}

// launch starts the checks that are due, those that have waited longest first, and says how long until the next is due.
func (c *Checker) launch(now time.Time) (wait time.Duration, any bool) {
	options := c.options.Load()
	var due []*watch
	for _, w := range c.watched {
		if w.busy || !w.mayJudge(options.Exclusive) {
			continue
		}
		remaining := w.due.Sub(now)
		switch {
		case remaining <= 0:
			due = append(due, w)
		case !any || remaining < wait:
			wait, any = remaining, true
		}
	}
	slices.SortFunc(due, func(a, b *watch) int { return a.due.Compare(b.due) })
	for _, w := range due[:min(len(due), Concurrency-c.running)] { // the result of a check wakes us for the rest
		r := result{member: w.seen.Member, since: w.seen.Since}
		if c.tasks.Go(func(ctx context.Context) { c.check(ctx, options, r) }) {
			c.running++
			w.busy, w.due = true, now.Add(jittered(options.Interval))
		}
	}
	return wait, any
}

func jittered(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * (1 - jitter + 2*jitter*rand.Float64()))
}

// hasten makes a shorter interval count at once.
func (c *Checker) hasten(now time.Time) {
	latest := now.Add(jittered(c.options.Load().Interval))
	for _, w := range c.watched {
		if w.due.After(latest) {
			w.due = latest
		}
	}
}

func (c *Checker) check(ctx context.Context, options *Options, r result) {
	limited, cancel := context.WithTimeout(ctx, options.Timeout)
	err := options.Probe(limited, r.member.Address())
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("timed out after %v", options.Timeout)
	}
	cancel()
	r.Time, r.Passed = time.Now(), err == nil
	if err != nil {
		r.Error = err.Error()
	}
	select {
	case c.results <- r:
	case <-ctx.Done():
	}
}

// judge feeds a result to its member's machine, unless the member was given another state since the check began.
func (c *Checker) judge(r result) {
	w := c.watched[r.member]
	if w == nil {
		return
	}
	w.busy = false
	options := c.options.Load()
	if !w.seen.Since.Equal(r.since) || !w.mayJudge(options.Exclusive) {
		return
	}
	w.machine.Configure(options.Thresholds)
	verdict, changed := w.machine.Feed(r.Result)
	if !changed {
		return
	}
	entry, moved := c.pool.SetStateIf(w.seen, verdict.State, verdict.Reason)
	if !moved {
		return // follow will see what somebody else made of it
	}
	w.seen = entry
	c.announce(options, w, verdict)
}

func (c *Checker) announce(options *Options, w *watch, verdict health.Verdict) {
	event := telemetry.Event{Subject: w.name, Attributes: map[string]string{"address": w.seen.Address(), "reason": verdict.Reason}}
	if verdict.State == topology.Up {
		c.forgive(w)
		event.Code, event.Severity, event.Message = "member_up", telemetry.SeverityInfo, w.name+" is up: "+verdict.Reason
	} else {
		w.down = true
		options.Health.Set(telemetry.AppInstanceUnhealthy, w.name, w.seen.Address()+": "+verdict.Reason)
		event.Code, event.Severity, event.Message = "member_down", telemetry.SeverityWarning, w.name+" is down: "+verdict.Reason
	}
	options.Events.Publish(event)
}

// forgive takes back the warning about a member.
func (c *Checker) forgive(w *watch) {
	if w.down {
		w.down = false
		c.options.Load().Health.Clear(telemetry.AppInstanceUnhealthy, w.name)
	}
}

// warnWhenEmpty says that nobody is there to answer. A pool whose members are all still starting is not yet a problem.
func (c *Checker) warnWhenEmpty(snapshot *topology.Snapshot) {
	var down []string
	for _, entry := range snapshot.Entries {
		if entry.State == topology.Down {
			down = append(down, entry.Name()+": "+entry.Reason)
		}
	}
	warnings := c.options.Load().Health
	switch {
	case len(snapshot.Ready) == 0 && len(down) > 0:
		c.empty = true
		warnings.Set(telemetry.AppNoReadyInstance, c.pool.Name(), strings.Join(down[:min(len(down), namedMembers)], "; "))
	case c.empty && (len(snapshot.Ready) > 0 || len(snapshot.Entries) == 0):
		c.empty = false
		warnings.Clear(telemetry.AppNoReadyInstance, c.pool.Name())
	}
}

func (c *Checker) clearAll() {
	for _, w := range c.watched {
		c.forgive(w)
	}
	if c.empty {
		c.empty = false
		c.options.Load().Health.Clear(telemetry.AppNoReadyInstance, c.pool.Name())
	}
}
