package thumbnail

import (
	"context"
	"fmt"
	"sync"
)

// Workers run jobs in the background: a few at a time, a bounded number waiting.
type Workers[Job any] struct {
	jobs   chan Job
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// NewWorkers starts count goroutines that call work for each job; up to waiting further jobs queue up. The context that
// work gets is cancelled when [Workers.Close] runs out of patience.
func NewWorkers[Job any](count, waiting int, work func(context.Context, Job)) *Workers[Job] {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Workers[Job]{jobs: make(chan Job, waiting), cancel: cancel}
	for range count {
		w.ended.Go(func() {
			for job := range w.jobs {
				if ctx.Err() == nil {
					work(ctx, job)
				}
			}
		})
	}
	return w
}

// Submit queues a job; it reports false, at once, when too many are waiting or the workers are closed.
func (w *Workers[Job]) Submit(job Job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	select {
	case w.jobs <- job:
		return true
	default:
		return false
	}
}

// Close takes no more jobs and waits for the queued ones until ctx is done; then the rest is dropped, and only what is
// being worked on is waited for.
func (w *Workers[Job]) Close(ctx context.Context) error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
	}
	w.mu.Unlock()

	done := make(chan struct{})
	go func() { w.ended.Wait(); close(done) }()
	defer w.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		w.cancel()
		<-done
		return fmt.Errorf("background jobs were dropped: %w", context.Cause(ctx))
	}
}
