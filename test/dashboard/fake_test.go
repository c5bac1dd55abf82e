package dashboard_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"time"

	"ladder/admin"
	"ladder/dashboard"
	"ladder/telemetry"
	"ladder/topology"
)

const actionToken = "the-action-token"

// fakeNode is a node that serves nobody: its figures follow a curve, its states are set by the test.
type fakeNode struct {
	bus       *telemetry.Bus
	health    *telemetry.Health
	series    *telemetry.Series
	histogram *telemetry.Histogram
	server    *admin.Server
	started   time.Time

	mu        sync.Mutex
	name      string
	version   string
	requests  float64
	errors    uint64
	at        time.Time // until when requests were made up
	members   []admin.Member
	database  admin.Database
	restarted []string
	restart   chan struct{} // Restart waits for it
}

// startFake starts a fake node with three instances, ten minutes of history and a real admin server.
func startFake(t *testing.T) *fakeNode {
	t.Helper()
	bus := telemetry.NewBus(nil)
	now := time.Now()
	n := &fakeNode{
		bus: bus, health: telemetry.NewHealth(bus), histogram: telemetry.NewHistogram(),
		started: now.Add(-26*time.Hour - 5*time.Minute), at: now.Add(-telemetry.SeriesLength * time.Second),
		name: "chirp", version: "0.1.0", restart: make(chan struct{}),
		database: admin.Database{
			Kind: admin.DatabaseEmbedded, State: admin.DatabaseUp, Version: "15.14", Listen: "127.0.0.1:6432", PID: 812,
			Connections: 12, SizeBytes: 64 << 20, Since: &now,
		},
	}
	for i := 1; i <= 3; i++ {
		n.members = append(n.members, admin.Member{
			Name: fmt.Sprintf("app.%d", i), Address: fmt.Sprintf("127.0.0.1:%d", 40000+i), State: topology.Up, Reason: "passed its health check",
			Since: now.Add(-26 * time.Hour), Handled: uint64(100000 * i), PID: 900 + i, CPUPercent: 7.4 * float64(i), MemoryBytes: uint64(31+i) << 20,
		})
	}
	n.series = telemetry.NewSeries(telemetry.TrafficFunc(n.traffic))
	for past := n.at; past.Before(now); past = past.Add(time.Second) {
		n.makeTraffic(past)
		n.series.Observe(past)
	}
	n.publishHistory()
	n.serve(t)
	return n
}

func (n *fakeNode) publishHistory() {
	n.bus.Publish(telemetry.Event{Code: "node_started", Subject: "node", Message: "everything is up"})
	n.bus.Publish(telemetry.Event{Code: "file_applied", Subject: "node", Message: "ladder.yaml was applied with 2 changes"})
	for i := range 3 {
		n.bus.Publish(telemetry.Event{Code: "instance_up", Subject: fmt.Sprintf("app.%d", i+1), Message: "passed its first health check after 1.2s"})
	}
}

func (n *fakeNode) serve(t *testing.T) {
	t.Helper()
	n.server = admin.New(n.options("127.0.0.1:0"))
	for _, start := range []func(context.Context) error{n.series.Start, n.server.Start} {
		if err := start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, stop := range []func(context.Context) error{n.server.Stop, n.series.Stop} {
			if err := stop(ctx); err != nil {
				t.Error(err)
			}
		}
	})
}

func (n *fakeNode) options(listen string) admin.Options {
	return admin.Options{
		Listen: listen, ActionToken: actionToken, Status: n.status, Controller: n,
		Bus: n.bus, Health: n.health, Series: n.series, Dashboard: dashboard.Handler(), Metrics: http.NotFoundHandler(),
	}
}

// makeTraffic makes up the requests until now: a slow wave with ripples, shared by the members that are up.
func (n *fakeNode) makeTraffic(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seconds := now.Sub(n.at).Seconds()
	n.at = now
	phase := float64(now.UnixMilli()) / 1000
	made := seconds * (420 + 160*math.Sin(phase/71) + 35*math.Sin(phase/3.1) + 20*math.Sin(phase*1.7))
	n.requests += made
	up := 0
	for _, member := range n.members {
		if member.State == topology.Up {
			up++
		}
	}
	for i := range n.members {
		if n.members[i].State == topology.Up {
			n.members[i].Handled += uint64(made / float64(up))
			n.members[i].InFlight = int64(2+2*math.Sin(phase+float64(i))) + 1
		}
	}
	for i := range 100 {
		slow := math.Exp(float64(i*i) / 2200)
		n.histogram.Record(time.Duration((1.6 + 0.5*math.Sin(phase/13)) * slow * float64(time.Millisecond)))
	}
	if math.Mod(phase, 97) < 2 {
		n.errors += 3
	}
}

func (n *fakeNode) traffic() telemetry.Traffic {
	if n.server != nil { // else the past is being made up
		n.makeTraffic(time.Now())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return telemetry.Traffic{
		Requests: uint64(n.requests), Errors: n.errors, InFlight: int64(9 + 3*math.Sin(float64(n.at.Unix()))), Connections: 128,
		Latency: n.histogram.Snapshot(),
	}
}

func (n *fakeNode) status() admin.Status {
	traffic := n.traffic()
	rates := n.series.Rates()
	n.mu.Lock()
	defer n.mu.Unlock()
	database := n.database
	return admin.Status{
		Version: n.version, Name: n.name, Node: "web-1", Rung: admin.Rung{Number: 1, Name: "single-server"},
		Started: n.started, PID: 700, UptimeSeconds: time.Since(n.started).Seconds(), ConfigVersion: 2,
		Gateway: &admin.Gateway{
			Listen: []string{":8080"}, Connections: traffic.Connections, InFlight: traffic.InFlight,
			RequestsTotal: traffic.Requests, ErrorsTotal: traffic.Errors,
			RequestsPerSecond: rates.RequestsPerSecond, ErrorsPerSecond: rates.ErrorsPerSecond,
			P50MS: admin.Milliseconds(rates.P50), P90MS: admin.Milliseconds(rates.P90), P99MS: admin.Milliseconds(rates.P99),
		},
		Pools:    []admin.Pool{{Name: "app", Members: append([]admin.Member(nil), n.members...)}},
		Database: database,
		Warnings: n.health.Current(),
		Events:   n.bus.Recent(admin.RecentEvents),
	}
}

// set changes a member's state.
func (n *fakeNode) set(name string, state topology.State, reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.members {
		if n.members[i].Name == name {
			n.members[i].State, n.members[i].Reason, n.members[i].Since, n.members[i].InFlight = state, reason, time.Now(), 0
			if state == topology.Up {
				n.members[i].Restarts++
			}
		}
	}
}

// change changes whatever the status is made of.
func (n *fakeNode) change(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	do()
}

// grow gives it so many instances.
func (n *fakeNode) grow(instances int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := len(n.members) + 1; i <= instances; i++ {
		member := n.members[0]
		member.Name, member.Address, member.PID = fmt.Sprintf("app.%d", i), fmt.Sprintf("127.0.0.1:%d", 40000+i), 900+i
		n.members = append(n.members, member)
	}
}

// restarts is how often an instance was restarted.
func (n *fakeNode) restarts() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.restarted)
}

// Plan, Apply and Restart make it an admin.Controller.
func (n *fakeNode) Plan(context.Context, []byte) (admin.Plan, error)  { return admin.Plan{}, nil }
func (n *fakeNode) Apply(context.Context, []byte) (admin.Plan, error) { return admin.Plan{}, nil }

func (n *fakeNode) Restart(ctx context.Context, instance string) error {
	select {
	case <-n.restart:
	case <-ctx.Done():
		return ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.restarted = append(n.restarted, instance)
	return nil
}
