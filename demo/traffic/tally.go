package traffic

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ladder/telemetry"
)

// failuresKept is how many of the last failures are remembered in words.
const failuresKept = 10

// tally counts what happened.
type tally struct {
	requests, failed, stale, retried, posts atomic.Uint64
	latency                                 *telemetry.Histogram

	mu       sync.Mutex
	failures []string
}

func newTally() *tally { return &tally{latency: telemetry.NewHistogram()} }

// errStale marks an answer that misses what its reader wrote before.
var errStale = errors.New("stale read")

// count notes one request with its outcome. A request that never got an answer has no latency.
func (t *tally) count(method, path string, status int, took time.Duration, err error) {
	t.requests.Add(1)
	if status != 0 {
		t.latency.Record(took)
	}
	if err == nil {
		return
	}
	t.failed.Add(1)
	if errors.Is(err, errStale) {
		t.stale.Add(1)
	}
	text := fmt.Sprintf("%s %s %s: status %d after %v: %v",
		time.Now().Format("15:04:05.000"), method, path, status, took.Round(time.Microsecond), err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failures) == failuresKept {
		t.failures = t.failures[1:]
	}
	t.failures = append(t.failures, text)
}

func (t *tally) totals() Totals {
	t.mu.Lock()
	failures := slices.Clone(t.failures)
	t.mu.Unlock()
	return Totals{
		Requests: t.requests.Load(), Failed: t.failed.Load(), StaleReads: t.stale.Load(), Retried: t.retried.Load(),
		Posts: t.posts.Load(), Latency: t.latency.Snapshot(), Failures: failures,
	}
}

// failure is the oldest one remembered, if anything failed.
func (t *tally) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failures) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests failed, among them: %s", t.failed.Load(), t.requests.Load(), t.failures[0])
}
