package gateway

import (
	"context"
	"time"

	"ladder/http1"
	"ladder/internal/socket"
)

const (
	// SweepInterval is how often the sweeper looks at all connections; a time-out is late by this much at most.
	SweepInterval = 250 * time.Millisecond
	// lookEvery is after how many sweeps in one phase it is asked again whether a waiting client is still there: 1 s.
	lookEvery = 4
	// halfClosedSweeps is how many sweeps a client that has closed its sending side alone is still answered: 5 s. Few clients
	// do that on purpose; nearly all of them have gone.
	halfClosedSweeps = 20
	// quietSweeps is for how many sweeps a connection must have been idle before a drain closes it: 500 ms. A busy client's next
	// request comes sooner and is answered with "Connection: close", so that it does not run into a closed connection.
	quietSweeps = 2
	// upstreamSweeps is how often the idle connections to the application are looked through, in sweeps: 1 s.
	upstreamSweeps = 4
)

// sweep is the sweeper's memory of one connection. Nobody else touches it.
type sweep struct {
	seen  uint64 // the state at the last sweep
	times int    // for how many sweeps that has not changed
	ended int    // for how many of them the client had closed its sending side
}

// sweeping is the background that ends what takes too long. It is the only one that looks at the clock on behalf of connections.
func (g *Gateway) sweeping(ctx context.Context) {
	ticker := time.NewTicker(SweepInterval)
	defer ticker.Stop()
	for count := 1; ; count++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := g.now()
		wall := time.Now()
		g.date.Store(dateOf(wall))
		g.log.zero.Store(wall.UnixNano() - now) // the wall clock may be set, the gateway's never is
		g.connections.each(func(c *connection) { c.sweepOver(now) })
		if count%upstreamSweeps == 0 {
			g.rotation.each(func(b *backend) { b.evict(now) })
		}
	}
}

// dateOf is the value of Date for responses that come without.
func dateOf(t time.Time) *string {
	text := string(http1.AppendDate(nil, t))
	return &text
}

// sweepOver looks at one connection: its own watch, and that of an upload.
func (c *connection) sweepOver(now int64) {
	if state := c.uploading.state.Load(); overrun(state, now) && cutReason(state) == reasonNone {
		c.uploading.cut(state, reasonOverrun)
	}
	state := c.watch.state.Load()
	if cutReason(state) != reasonNone {
		return
	}
	if c.sweep.seen != state {
		c.sweep = sweep{seen: state}
	} else {
		c.sweep.times++
	}
	switch {
	case overrun(state, now):
		c.watch.cut(state, reasonOverrun)
	case c.listener.cutting.Load():
		c.watch.cut(state, reasonDrained)
		c.uploading.cut(c.uploading.state.Load(), reasonDrained)
	default:
		c.sweepPhase(state)
	}
}

// sweepPhase does what a phase needs that has neither overrun nor to be cut.
func (c *connection) sweepPhase(state uint64) {
	switch phaseOf(state) {
	case phaseIdle:
		c.sweepIdle(state)
	case phaseResponse, phaseRelay, phaseStream:
		if c.sweep.times%lookEvery == 1 {
			c.sweepWaiting(state)
		}
	}
}

// sweepIdle looks after a connection that waits for its next request. One that comes in this moment is left to wake it.
func (c *connection) sweepIdle(state uint64) {
	drained := c.listener.draining.Load() && c.sweep.times >= quietSweeps
	if !drained && c.sweep.times != 1 {
		return
	}
	switch condition := c.Look(); {
	case condition == socket.Ended, condition == socket.Broken:
		// The end of the stream came with the last request, in one edge of the poller: nothing else will wake the connection.
		c.watch.cut(state, reasonGone)
	case condition == socket.Quiet && drained:
		c.watch.cut(state, reasonDrained)
	}
}

// sweepWaiting looks after a connection that waits for the application.
func (c *connection) sweepWaiting(state uint64) {
	switch c.Look() {
	case socket.Broken:
		c.watch.cut(state, reasonGone)
		return
	case socket.Ended:
		if c.sweep.ended += lookEvery; c.sweep.ended > halfClosedSweeps {
			c.watch.cut(state, reasonGone)
			return
		}
	}
	// An application that closed its side before the request was sent, and has not reset the connection since, wakes nobody.
	if upstream := c.watch.upstream.Load(); upstream != nil && upstream.Look() == socket.Ended {
		c.watch.cut(state, reasonNudged)
	}
}
