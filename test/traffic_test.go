package test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"ladder/demo/traffic"
)

const (
	// wantedRequests is how much traffic the killing test sees.
	wantedRequests = 50_000
	// trafficLimit is what that may take on a loaded machine.
	trafficLimit = 6 * time.Minute
	// killEvery is how often an instance is killed meanwhile: after it came back, and this many requests later.
	killEvery = 5_000
)

// TestInstancesAreKilledUnderTraffic: users do what they always do, all kinds of requests, while one instance after the
// other gets kill -9. Nobody notices: what was in flight on the killed instance is repeated on another, reads because they
// are idempotent, posts because the sample application's pages send an Idempotency-Key.
func TestInstancesAreKilledUnderTraffic(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	r := newSpace(t, singleServer).up(t)
	generator, err := traffic.New(traffic.Options{Target: "http://" + r.space.gateway, Users: 40, Concurrency: 8, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), trafficLimit)
	defer cancel()
	if err := generator.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	driving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- generator.Run(driving) }()

	kills := 0
	for next := uint64(killEvery); generator.Totals().Requests < wantedRequests; next += killEvery {
		awaitRequests(t, generator, min(next, wantedRequests))
		killInstance(t, r, fmt.Sprintf("app.%d", kills%2+1))
		kills++
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	totals := generator.Totals()
	t.Logf("%d requests, %d kills, %d failed, %d stale reads, p99 %v", totals.Requests, kills, totals.Failed, totals.StaleReads, totals.Latency.Quantile(0.99))
	if totals.Failed > 0 || totals.StaleReads > 0 {
		t.Errorf("users noticed: %q", totals.Failures)
	}
	if kills < 5 {
		t.Errorf("only %d instances were killed", kills)
	}
}

func awaitRequests(t *testing.T, generator *traffic.Generator, count uint64) {
	t.Helper()
	eventually(t, trafficLimit, fmt.Sprintf("%d requests were made", count), func() error {
		if made := generator.Totals().Requests; made < count {
			return fmt.Errorf("%d were", made)
		}
		return nil
	})
}

// killInstance kills one and waits until it is back, so that there always is another.
func killInstance(t *testing.T, r *running, name string) {
	t.Helper()
	victim := r.status().members()[name]
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, settleLimit, name+" is back", func() error {
		if now := r.status().members()[name]; now.State != "up" || now.PID == victim.PID {
			return fmt.Errorf("%+v", now)
		}
		return nil
	})
}
