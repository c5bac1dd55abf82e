package gateway

import (
	"context"
	"net/http"
	"testing"
	"time"

	"ladder/telemetry"
	"ladder/topology"
)

func TestStopCutsWhatIsLeftOfRemovedListeners(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := newFixture(t, nil, application(t, func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	raw := dialRaw(t, f.address())
	raw.say("GET /removed HTTP/1.1\r\nHost: a\r\n\r\n")
	eventually(t, "the request to be in flight", func() bool { return f.Stats().InFlight == 1 })
	options := f.options
	options.Listen = []string{"localhost:0"}
	if err := f.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), brief) // less than Timeouts.Drain
	defer cancel()
	began := time.Now()
	_ = f.Stop(ctx)
	if took := time.Since(began); took > tooLate {
		t.Errorf("took %v", took)
	}
	f.logged(`"path":"/removed"`, `"code":"drained"`)
}

func TestStopDoesNotWaitForALogThatHangs(t *testing.T) {
	t.Parallel()
	writer := newStuckWriter()
	defer close(writer.release)
	g, err := New(Options{Listen: []string{"127.0.0.1:0"}, Pool: topology.NewPool("app"), AccessLog: AccessLog{Writer: writer}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := dialRaw(t, g.Addresses()[0].String())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	raw.response("GET")
	<-writer.stuck
	began := time.Now()
	if err := g.Stop(t.Context()); err == nil || time.Since(began) > 2*cutGrace {
		t.Errorf("stopped after %v with %v", time.Since(began), err)
	}
}

func TestFaultCostsOneConnection(t *testing.T) {
	t.Parallel()
	events := telemetry.NewBus(nil)
	f := newFixture(t, func(o *Options) { o.Events = events }, application(t, echo))
	// A backend without member is what a fault in Ladder's own code looks like.
	f.rotation.table.Store(&table{snapshot: f.pool.Load(), ready: []*backend{{}}})
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	raw.ended()
	eventually(t, "the connection to end", func() bool { return f.Stats().Connections == 0 })
	if recent := events.Recent(1); len(recent) != 1 || recent[0].Code != "gateway_fault" {
		t.Errorf("got %v", recent)
	}
	if stats := f.Stats(); stats.InFlight != 0 || stats.Outcomes["internal"] != 1 || stats.Failed != 1 {
		t.Errorf("got %+v", stats)
	}
	f.pool.SetState("app.1", topology.Draining, "test") // a new snapshot: the table is made anew
	f.pool.SetState("app.1", topology.Up, "test")
	if response, _ := f.get(client(t), "/"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
}
