package gateway

import (
	"sync/atomic"

	"ladder/telemetry"
)

// statShards spreads the counters, so that cores do not fight over them; a connection keeps to one shard.
const statShards = 8

// shard is one connection's share of statistics and access log.
type shard struct {
	inFlight  atomic.Int64
	outcomes  [codeCount]atomic.Uint64
	classes   [statusClasses]atomic.Uint64
	bytesIn   atomic.Uint64
	bytesOut  atomic.Uint64
	retries   atomic.Uint64
	durations *telemetry.Recorder
	number    int
	_         [64]byte // keeps the next shard off this one's cache line
}

// statusClasses are 0 (none), 1xx … 5xx.
const statusClasses = 6

// Stats are the totals since the gateway was made, and what it does now.
type Stats struct {
	Requests    uint64                // ended, however they ended
	Failed      uint64                // of these, those that Ladder or the application failed: 5xx, broken off, timed out
	Outcomes    map[string]uint64     // by code; those that never happened are left out
	Classes     [statusClasses]uint64 // by first digit of the status; 0 for those that got none
	Retries     uint64
	BytesIn     uint64 // of request bodies
	BytesOut    uint64 // of response bodies
	InFlight    int64
	Connections int64                       // of clients, idle ones included
	Accepted    uint64                      // connections, since the start
	Durations   telemetry.HistogramSnapshot // from a request's first byte to its answer's last; tunnels are not in it
	LogDropped  uint64                      // access log lines that were lost
}

// Stats sums up.
func (g *Gateway) Stats() Stats {
	stats := Stats{Outcomes: map[string]uint64{}, Durations: g.durations.Snapshot()}
	for i := range g.shards {
		s := &g.shards[i]
		stats.InFlight += s.inFlight.Load()
		stats.BytesIn += s.bytesIn.Load()
		stats.BytesOut += s.bytesOut.Load()
		stats.Retries += s.retries.Load()
		for code := range codeCount {
			n := s.outcomes[code].Load()
			if n == 0 {
				continue
			}
			stats.Requests += n
			stats.Outcomes[code.String()] += n
		}
		for class := range stats.Classes {
			stats.Classes[class] += s.classes[class].Load()
		}
	}
	stats.Failed = stats.failed()
	stats.Connections = g.open.Load()
	stats.Accepted = g.accepted.Load()
	stats.LogDropped = g.log.dropped.Load()
	return stats
}

// failed counts what users would call an error on the server's side: each request is counted once, by status where it had 5xx, by
// code where its answer broke off after another status.
func (s *Stats) failed() uint64 { return s.Classes[5] + s.Classes[0] }

// Traffic is what [telemetry.Series] samples.
func (g *Gateway) Traffic() telemetry.Traffic {
	stats := g.Stats()
	return telemetry.Traffic{
		Requests: stats.Requests, Errors: stats.Failed, InFlight: stats.InFlight,
		Connections: stats.Connections, Latency: stats.Durations,
	}
}

// requestStarted counts a request that has begun to arrive.
func (g *Gateway) requestStarted(s *shard) { s.inFlight.Add(1) }

// requestEnded is for one that nothing can be told of.
func (g *Gateway) requestEnded(s *shard) { s.inFlight.Add(-1) }

// report counts a request that has ended and writes its line into the access log.
func (c *connection) report(now int64) {
	x, s := c.exchange, c.shard
	s.inFlight.Add(-1)
	s.outcomes[x.outcome.code].Add(1)
	s.classes[x.class()].Add(1)
	if x.bytesIn > 0 {
		s.bytesIn.Add(uint64(x.bytesIn))
	}
	s.bytesOut.Add(uint64(x.bytesOut))
	if x.retries > 0 {
		s.retries.Add(uint64(x.retries))
	}
	if x.outcome.code != CodeUpgraded {
		s.durations.Record(durationOf(now - x.started))
	}
	c.gateway.log.write(s.number, x, now)
}

// class is the first digit of the status, 0 for an answer that the application's side broke off after another status was sent.
func (x *exchange) class() int {
	class := x.status / 100
	if class >= statusClasses || class < 0 {
		return 0
	}
	if class != 5 && x.outcome.failed() && x.outcome.code.Info().Failed == SideApplication {
		return 0
	}
	return class
}
