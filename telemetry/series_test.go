package telemetry

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// steadySource makes ten requests and one error a second, each of 5 ms.
type steadySource struct {
	began     time.Time
	histogram *Histogram
	recorded  uint64
}

func (s *steadySource) Traffic() Traffic {
	seconds := uint64(time.Since(s.began) / time.Second)
	for ; s.recorded < seconds*10; s.recorded++ {
		s.histogram.Record(5 * time.Millisecond)
	}
	return Traffic{Requests: seconds * 10, Errors: seconds, InFlight: 3, Connections: 7, Latency: s.histogram.Snapshot()}
}

func TestSeriesSamplesEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		series := NewSeries(&steadySource{began: time.Now(), histogram: NewHistogram()})
		if err := series.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, there := series.Latest(); there {
			t.Error("there is a sample before a second has passed")
		}
		time.Sleep(3*time.Second + SeriesInterval/2)
		synctest.Wait()
		samples := series.Samples()
		if len(samples) != 3 {
			t.Fatalf("%d samples after three seconds", len(samples))
		}
		latest, _ := series.Latest()
		if latest.RequestsPerSecond != 10 || latest.ErrorsPerSecond != 1 || latest.InFlight != 3 || latest.Connections != 7 {
			t.Errorf("latest sample: %+v", latest)
		}
		expectNear(t, "p99", latest.P99, 5*time.Millisecond)

		time.Sleep(2 * SeriesLength * SeriesInterval)
		synctest.Wait()
		if kept := len(series.Samples()); kept != SeriesLength {
			t.Errorf("%d samples are kept, want %d", kept, SeriesLength)
		}
		if rates := series.Rates(); rates.RequestsPerSecond != 10 {
			t.Errorf("rates over the window: %+v", rates)
		}
		if err := series.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestSeriesRatesCoverTheWindow(t *testing.T) {
	var requests atomic.Uint64
	series := NewSeries(TrafficFunc(func() Traffic { return Traffic{Requests: requests.Load()} }))
	now := time.Now()
	for second := range 30 {
		if second == 25 {
			requests.Add(100)
		}
		series.Observe(now.Add(time.Duration(second) * time.Second))
	}
	if rate := series.Rates().RequestsPerSecond; rate != 10 {
		t.Errorf("100 requests within the last ten seconds are %v a second, want 10", rate)
	}
	requests.Store(0) // the source began anew
	series.Observe(now.Add(30 * time.Second))
	if latest, _ := series.Latest(); latest.RequestsPerSecond != 0 {
		t.Errorf("a counter that fell gives %v a second, want 0", latest.RequestsPerSecond)
	}
}
