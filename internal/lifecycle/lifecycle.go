// Package lifecycle is the one contract that everything with a background goes by: what starts, how it stops, and who
// waits for whom. It knows nothing of what runs. Start with [Service]; [Tasks] is what a service embeds to own its
// goroutines, [Group] is how the node starts many services in order and stops them in reverse.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Service is anything with a background.
//
// Start brings it up and returns once it is usable, or with an error and nothing left running. The context bounds the
// start only; the background goes on until Stop. Stop ends it, waits for the background to be gone or ctx to be done,
// is idempotent, and is safe before Start and after a failed one.
type Service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// ErrStopped is the cause with which [Tasks] cancels its context, so that a goroutine can tell an orderly stop from a failure.
var ErrStopped = errors.New("stopped")

// Tasks owns the goroutines of one service: it gives them a context, and Stop cancels that context and waits for them.
// The zero value is ready to use.
type Tasks struct {
	mu      sync.Mutex
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stopped bool
	running sync.WaitGroup
}

// Context is what every task runs under; it is cancelled with [ErrStopped] by Stop.
func (t *Tasks) Context() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.contextLocked()
}

func (t *Tasks) contextLocked() context.Context {
	if t.ctx == nil {
		t.ctx, t.cancel = context.WithCancelCause(context.Background())
		if t.stopped {
			t.cancel(ErrStopped)
		}
	}
	return t.ctx
}

// Go runs task in a goroutine of its own. After Stop it does nothing and reports false.
func (t *Tasks) Go(task func(ctx context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return false
	}
	ctx := t.contextLocked()
	t.running.Add(1)
	go func() {
		defer t.running.Done()
		task(ctx)
	}()
	return true
}

// Stop cancels the tasks' context and waits until all of them have returned or ctx is done.
func (t *Tasks) Stop(ctx context.Context) error {
	t.mu.Lock()
	t.stopped = true
	t.contextLocked()
	t.cancel(ErrStopped)
	t.mu.Unlock()

	done := make(chan struct{})
	go func() { t.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("background did not end in time: %w", context.Cause(ctx))
	}
}

// Group starts services one after the other and stops the started ones in reverse order.
// It is used by one goroutine at a time.
type Group struct {
	started []named
}

type named struct {
	name    string
	service Service
}

// Start starts one more service of the group. On failure it is stopped again and the earlier ones stay up; the caller
// decides whether to Stop the group.
func (g *Group) Start(ctx context.Context, name string, service Service) error {
	if err := service.Start(ctx); err != nil {
		return fmt.Errorf("starting %s: %w", name, errors.Join(err, service.Stop(ctx)))
	}
	g.started = append(g.started, named{name, service})
	return nil
}

// Stop stops what was started, last first, and goes on past failures; it returns all of them.
func (g *Group) Stop(ctx context.Context) error {
	var failures []error
	for len(g.started) > 0 {
		last := g.started[len(g.started)-1]
		g.started = g.started[:len(g.started)-1]
		if err := last.service.Stop(ctx); err != nil {
			failures = append(failures, fmt.Errorf("stopping %s: %w", last.name, err))
		}
	}
	return errors.Join(failures...)
}
