package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ladder/internal/lifecycle"
)

func TestTasksRunUntilStopAndSeeItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks lifecycle.Tasks
		var cause error
		tasks.Go(func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(time.Second) // tidying up
			cause = context.Cause(ctx)
		})
		if err := tasks.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(cause, lifecycle.ErrStopped) {
			t.Errorf("the task was told %v, or was not waited for", cause)
		}
	})
}

func TestTasksStopIsIdempotentAndBeforeStart(t *testing.T) {
	var tasks lifecycle.Tasks
	for range 2 {
		if err := tasks.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if tasks.Go(func(context.Context) { t.Error("a task ran after Stop") }) {
		t.Error("Go says that it started a task after Stop")
	}
	if !errors.Is(context.Cause(tasks.Context()), lifecycle.ErrStopped) {
		t.Error("the context of stopped tasks is not cancelled")
	}
}

func TestTasksStopGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks lifecycle.Tasks
		release := make(chan struct{})
		tasks.Go(func(context.Context) { <-release })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := tasks.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a task that does not end: %v", err)
		}
		close(release)
		if err := tasks.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// recorder is a service that writes down what happens to it.
type recorder struct {
	name                string
	log                 *[]string
	startError, stopErr error
}

func (r recorder) Start(context.Context) error {
	*r.log = append(*r.log, "start "+r.name)
	return r.startError
}

func (r recorder) Stop(context.Context) error {
	*r.log = append(*r.log, "stop "+r.name)
	return r.stopErr
}

func TestGroupStopsInReverseAndGoesOnPastFailures(t *testing.T) {
	var log []string
	broken := errors.New("will not stop")
	var group lifecycle.Group
	for _, service := range []recorder{{name: "a", log: &log}, {name: "b", log: &log, stopErr: broken}, {name: "c", log: &log}} {
		if err := group.Start(t.Context(), service.name, service); err != nil {
			t.Fatal(err)
		}
	}
	if err := group.Stop(t.Context()); !errors.Is(err, broken) {
		t.Errorf("the failure was lost: %v", err)
	}
	if err := group.Stop(t.Context()); err != nil {
		t.Errorf("a second stop: %v", err)
	}
	if want := []string{"start a", "start b", "start c", "stop c", "stop b", "stop a"}; !slices.Equal(log, want) {
		t.Errorf("got %v, want %v", log, want)
	}
}

func TestGroupStopsWhatCouldNotStart(t *testing.T) {
	var log []string
	broken := errors.New("no port")
	var group lifecycle.Group
	if err := group.Start(t.Context(), "a", recorder{name: "a", log: &log, startError: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := group.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if want := []string{"start a", "stop a"}; !slices.Equal(log, want) {
		t.Errorf("got %v, want %v", log, want)
	}
}
