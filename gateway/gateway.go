package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"ladder/internal/lifecycle"
	"ladder/internal/socket"
	"ladder/telemetry"
)

// Gateway accepts clients and relays their requests to the ready members of a pool. It is a [lifecycle.Service]. Use [New].
type Gateway struct {
	base   time.Time // where the gateway's clock began
	logger *slog.Logger
	events telemetry.Events
	health *telemetry.Health

	settings  atomic.Pointer[settings]
	date      atomic.Pointer[string] // the value of Date, renewed by the sweeper
	rotation  *rotation
	log       *accessLog
	admission *admission

	connections registry
	exchanges   exchanges
	tunnels     tunnelBuffers
	pipes       *socket.Pipes
	ids         *requestIDs

	shards    [statShards]shard
	durations *telemetry.Histogram
	open      atomic.Int64
	accepted  atomic.Uint64

	tasks   lifecycle.Tasks
	leaving context.Context // of listeners that Apply removed; ends when Stop can wait no longer
	cut     context.CancelCauseFunc

	mu        sync.Mutex // guards what follows: Start, Apply and Stop take turns
	options   Options
	listeners []*listener    // in the order of Options.Listen
	drains    sync.WaitGroup // of listeners that Apply removed
	started   bool
	stopped   bool
}

// New makes a gateway that listens nowhere yet.
func New(options Options) (*Gateway, error) {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return nil, err
	}
	g := &Gateway{
		base: time.Now(), logger: options.Logger, events: options.Events, health: options.Health,
		rotation: newRotation(options.Pool), pipes: socket.NewPipes(), ids: newRequestIDs(),
		durations: telemetry.NewHistogram(), options: options,
	}
	g.leaving, g.cut = context.WithCancelCause(context.Background())
	g.admission = newAdmission(options.Limits.Connections, g.saturated)
	g.log = newAccessLog(options.AccessLog, g.base, g.health)
	g.settings.Store(newSettings(options))
	g.date.Store(dateOf(g.base))
	for i := range g.shards {
		g.shards[i].durations, g.shards[i].number = g.durations.Recorder(), i
	}
	return g, nil
}

// now is the gateway's clock: nanoseconds since it was made, never 0.
func (g *Gateway) now() int64 { return int64(time.Since(g.base)) + 1 }

func durationOf(nanoseconds int64) time.Duration { return time.Duration(nanoseconds) }

// Start opens all addresses and begins to accept. On an error none stays open; it says which address, and what to do.
func (g *Gateway) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started || g.stopped {
		return errors.New("gateway was started before")
	}
	opened, err := openAll(ctx, g.options.Listen)
	if err != nil {
		return err
	}
	g.started, g.listeners = true, opened
	g.log.start()
	g.tasks.Go(g.sweeping)
	g.tasks.Go(g.rotation.follow)
	for _, l := range opened {
		go g.accepting(l)
	}
	return nil
}

// openAll opens all addresses or none, and tells of every one that cannot be opened.
func openAll(ctx context.Context, addresses []string) ([]*listener, error) {
	var (
		opened   []*listener
		failures []error
	)
	for _, address := range addresses {
		l, err := listen(ctx, address)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		opened = append(opened, l)
	}
	if len(failures) > 0 {
		for _, l := range opened {
			_ = l.tcp.Close()
		}
		return nil, errors.Join(failures...)
	}
	return opened, nil
}

// Stop closes the listeners, lets requests in flight end for at most Timeouts.Drain or until ctx is done, closes idle
// connections as it goes, and then cuts what is left, which it reports as an error.
func (g *Gateway) Stop(ctx context.Context) error {
	g.mu.Lock()
	if g.stopped {
		g.mu.Unlock()
		return nil
	}
	g.stopped = true
	listeners, drain := g.listeners, g.options.Timeouts.Drain
	g.listeners = nil
	g.mu.Unlock()

	bounded, cancel := context.WithTimeoutCause(ctx, drain, fmt.Errorf("requests in flight did not end within %v", drain))
	defer cancel()
	defer context.AfterFunc(bounded, func() { g.cut(context.Cause(bounded)) })()
	failures := make([]error, len(listeners))
	var draining sync.WaitGroup
	for i, l := range listeners {
		draining.Go(func() { failures[i] = g.drain(bounded, l) })
	}
	draining.Wait()
	g.drains.Wait()

	// What is left is short and must happen although the time for draining is over; only a log whose writer hangs is not waited for.
	last, giveUp := context.WithTimeout(context.WithoutCancel(ctx), cutGrace)
	defer giveUp()
	err := errors.Join(errors.Join(failures...), g.tasks.Stop(last), g.log.stop(last))
	g.cut(nil)
	g.rotation.close()
	g.pipes.Close()
	return err
}

// Addresses are those that the gateway listens at, in the order of Options.Listen; with real ports where 0 was asked for.
func (g *Gateway) Addresses() []net.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	addresses := make([]net.Addr, len(g.listeners))
	for i, l := range g.listeners {
		addresses[i] = l.tcp.Addr()
	}
	return addresses
}

// saturated is told when the connection limit is reached, and when there is room again.
func (g *Gateway) saturated(full bool) {
	if full {
		g.health.Set(telemetry.GatewaySaturated, "gateway", "as many clients are connected as gateway.limits.connections allows")
	} else {
		g.health.Clear(telemetry.GatewaySaturated, "gateway")
	}
}

// faulted tells of a fault in Ladder's own code, which has cost one connection.
func (g *Gateway) faulted(c *connection, fault any, stack []byte) {
	g.logger.Error("a connection was given up after a fault in Ladder", "client", c.peer, "fault", fmt.Sprint(fault), "stack", string(stack))
	g.events.Publish(telemetry.Event{
		Code: "gateway_fault", Severity: telemetry.SeverityCritical, Subject: "gateway",
		Message: fmt.Sprintf("a connection was given up after a fault in Ladder: %v", fault),
	})
}
