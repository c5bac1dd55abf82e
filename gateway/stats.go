package gateway

import (
	"sync/atomic"

	"ladder/telemetry"
)

// statShards spreads the counters, so that cores do not fight over them; a connection keeps to one shard.
const statShards = 8

// shard is one connection's share of statistics and access log.
type shard struct {
	started   atomic.Uint64 // requests; those that have not ended are in flight
	ended     [codeCount][statusClasses]atomic.Uint64
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
		stats.BytesIn += s.bytesIn.Load()
		stats.BytesOut += s.bytesOut.Load()
		stats.Retries += s.retries.Load()
		ended := s.addTo(&stats)
		stats.Requests += ended
		stats.InFlight += int64(s.started.Load() - ended) // read after ended, so that it is never negative
	}
	stats.Failed = stats.failed()
	stats.Connections = g.open.Load()
	stats.Accepted = g.accepted.Load()
	stats.LogDropped = g.log.dropped.Load()
	return stats
}

// addTo adds how requests have ended, and says how many have.
func (s *shard) addTo(stats *Stats) (ended uint64) {
	for code := range codeCount {
		for class := range stats.Classes {
			if n := s.ended[code][class].Load(); n > 0 {
				ended += n
				stats.Outcomes[code.String()] += n
				stats.Classes[class] += n
			}
		}
	}
	return ended
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

// report counts a request that has ended and writes its line into the access log.
func (c *connection) report(now int64) {
	x, s := c.exchange, c.shard
	s.ended[x.outcome.code][x.class()].Add(1)
	x.counted = true
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
