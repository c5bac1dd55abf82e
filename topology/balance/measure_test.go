package balance

import (
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPeakIsFollowedAtOnceAndForgottenSlowly(t *testing.T) {
	var p peak
	at := func(now time.Duration) time.Duration { return time.Duration(p.at(now)).Round(time.Millisecond) }
	if at(time.Hour) != 0 {
		t.Error("estimates a latency from nothing")
	}
	const start = 5 * time.Hour
	p.observe(start, 100*time.Millisecond)
	p.observe(start, 10*time.Millisecond)
	if got := at(start); got != 100*time.Millisecond {
		t.Errorf("after a peak: %v", got)
	}
	p.observe(start+Decay/2, 10*time.Millisecond)
	if got := at(start + Decay); got != 37*time.Millisecond { // 100/e
		t.Errorf("%v after the peak: %v", Decay, got)
	}
	p.observe(start+4*Decay, 10*time.Millisecond)
	if got := at(start + 4*Decay); got != 10*time.Millisecond {
		t.Errorf("when the peak is forgotten: %v", got)
	}
	p.observe(start+4*Decay, 300*time.Millisecond)
	if got := at(start + 4*Decay - time.Second/2); got != 300*time.Millisecond { // read by one whose clock is behind
		t.Errorf("after another peak: %v", got)
	}
}

// TestPeakIsWhatItsDefinitionSays for any course of observations, clocks a little behind included.
func TestPeakIsWhatItsDefinitionSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p peak
		latest, want := time.Hour, 0.0
		for range rapid.IntRange(1, 50).Draw(t, "observations") {
			now := latest + time.Duration(rapid.Int64Range(-1e8, 1e10).Draw(t, "passed"))
			latency := time.Duration(rapid.Int64Range(1, 1e10).Draw(t, "latency"))
			if want == 0 {
				latest = now
			}
			want = max(want*math.Exp(-float64(max(now-latest, 0))/float64(Decay)), float64(latency))
			latest = max(latest, now)
			p.observe(now, latency)
			if got := p.at(latest); math.Abs(got-want) > want*0.001 {
				t.Fatalf("estimates %v, want %v", time.Duration(got), time.Duration(want))
			}
		}
	})
}

func TestRateIsOfTheLastSecond(t *testing.T) {
	const tick = 1 << tickUnit
	var r rate
	for n := range 1000 {
		r.count(10*tick + time.Duration(n)*tick/1000)
	}
	for _, test := range []struct {
		now      time.Duration
		from, to float64
	}{
		{11*tick - 1, 1000, 1000},
		{11 * tick, 999, 1000},
		{11*tick + tick/4, 749, 751},
		{11*tick + tick/2, 499, 501},
		{12 * tick, 0, 0},
		{500 * tick, 0, 0},
		{10*tick - 1, 1000, 1001}, // a clock that is behind
	} {
		if got := r.recent(test.now); got < test.from || got > test.to {
			t.Errorf("at %.2f ticks: %v, want %v to %v", float64(test.now)/tick, got, test.from, test.to)
		}
	}
	for range 3 * countMax {
		r.count(20 * tick)
	}
	if got := r.recent(20 * tick); got != countMax {
		t.Errorf("overflowed: %v", got)
	}
}

func TestRateCountsFromManyGoroutines(t *testing.T) {
	var r rate
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				r.count(time.Hour)
			}
		})
	}
	group.Wait()
	if got := r.recent(time.Hour); got != 4000 {
		t.Errorf("counted %v of 4000", got)
	}
}

func TestSamplerDrawsByWeight(t *testing.T) {
	for _, weights := range [][]float64{{1}, {1, 1}, {1, 2, 3, 4}, {0.001, 1000, 0.001}, {5, 0.5, 0.25, 0.25, 4}} {
		sum := 0.0
		for _, weight := range weights {
			sum += weight
		}
		s, from := newSampler(weights), newSource(9)
		const draws = 100_000
		counts := make([]float64, len(weights))
		for range draws {
			counts[s.draw(from.random())] += 1.0 / draws
		}
		for member, part := range counts {
			if want := weights[member] / sum; math.Abs(part-want) > 0.01 {
				t.Errorf("weights %v: member %d was drawn %.4f of the times, want %.4f", weights, member, part, want)
			}
		}
	}
}
