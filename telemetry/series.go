package telemetry

import (
	"context"
	"sync"
	"time"

	"ladder/internal/lifecycle"
)

const (
	// SeriesInterval is the time between two samples.
	SeriesInterval = time.Second
	// SeriesLength is how many samples are kept: ten minutes.
	SeriesLength = 600
	// RatesWindow is what [Series.Rates] is computed over: long enough to be calm, short enough to feel live.
	RatesWindow = 10 * time.Second
)

// Traffic is what a gateway has done since it started, and does now.
type Traffic struct {
	Requests    uint64 // ended, however they ended
	Errors      uint64 // of these, those that Ladder or the application failed: 5xx and broken off
	InFlight    int64
	Connections int64 // of clients, idle ones included
	Latency     HistogramSnapshot
}

// TrafficSource tells the traffic so far; it is asked once a second.
type TrafficSource interface {
	Traffic() Traffic
}

// TrafficFunc is a function as [TrafficSource].
type TrafficFunc func() Traffic

// Traffic calls f.
func (f TrafficFunc) Traffic() Traffic { return f() }

// Rates is traffic per second and its latency over some time.
type Rates struct {
	RequestsPerSecond, ErrorsPerSecond float64
	P50, P90, P99                      time.Duration // 0 when there were no requests
}

// Sample is one second of traffic.
type Sample struct {
	Time time.Time
	Rates
	InFlight, Connections int64
}

// Series samples a [TrafficSource] once a second and keeps the last ten minutes. It is a lifecycle.Service.
type Series struct {
	source TrafficSource
	tasks  lifecycle.Tasks

	mu      sync.Mutex
	samples []Sample // oldest first, at most SeriesLength
	window  []reading
}

type reading struct {
	at      time.Time
	traffic Traffic
}

// NewSeries makes a series of source; it samples from Start to Stop.
func NewSeries(source TrafficSource) *Series { return &Series{source: source} }

// Start begins to sample.
func (s *Series) Start(context.Context) error {
	s.Observe(time.Now())
	s.tasks.Go(s.run)
	return nil
}

// Stop ends sampling; what was sampled stays readable.
func (s *Series) Stop(ctx context.Context) error { return s.tasks.Stop(ctx) }

func (s *Series) run(ctx context.Context) {
	ticker := time.NewTicker(SeriesInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Observe(time.Now()) // not the tick's own time: on a busy machine the reading comes later
		}
	}
}

// Observe takes one sample now; the first one only sets the start. It is what Start does once a second.
func (s *Series) Observe(now time.Time) {
	current := reading{at: now, traffic: s.source.Traffic()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.window) - 1; last >= 0 {
		s.samples = append(s.samples, Sample{
			Time: now, Rates: ratesBetween(s.window[last], current),
			InFlight: current.traffic.InFlight, Connections: current.traffic.Connections,
		})
		s.samples = s.samples[max(0, len(s.samples)-SeriesLength):]
	}
	s.window = append(s.window, current)
	for len(s.window) > 2 && now.Sub(s.window[1].at) >= RatesWindow {
		s.window = s.window[1:]
	}
}

// Samples are the last ten minutes, oldest first.
func (s *Series) Samples() []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Sample(nil), s.samples...)
}

// Since are the samples taken after a time, oldest first.
func (s *Series) Since(after time.Time) []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(s.samples)
	for first > 0 && s.samples[first-1].Time.After(after) {
		first--
	}
	return append([]Sample(nil), s.samples[first:]...)
}

// Latest is the newest sample; false before there is one.
func (s *Series) Latest() (Sample, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.samples) == 0 {
		return Sample{}, false
	}
	return s.samples[len(s.samples)-1], true
}

// Rates are those of the last [RatesWindow].
func (s *Series) Rates() Rates {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.window) == 0 {
		return Rates{}
	}
	return ratesBetween(s.window[0], s.window[len(s.window)-1])
}

func ratesBetween(from, to reading) Rates {
	seconds := to.at.Sub(from.at).Seconds()
	if seconds <= 0 {
		return Rates{}
	}
	latency := to.traffic.Latency.Sub(from.traffic.Latency)
	return Rates{
		RequestsPerSecond: perSecond(from.traffic.Requests, to.traffic.Requests, seconds),
		ErrorsPerSecond:   perSecond(from.traffic.Errors, to.traffic.Errors, seconds),
		P50:               latency.Quantile(0.50),
		P90:               latency.Quantile(0.90),
		P99:               latency.Quantile(0.99),
	}
}

// perSecond takes a counter that went backwards (the source was replaced) as one that stood still.
func perSecond(from, to uint64, seconds float64) float64 {
	return float64(to-min(from, to)) / seconds
}
