package balance

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"ladder/topology/ring"
)

func TestPicksDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(50)
		b := balancer(t, options, set)
		tried := []*Load{set[3].Load, set[7].Load}
		n := 0
		allocations := testing.AllocsPerRun(1000, func() {
			n++
			for _, tried := range [][]*Load{nil, tried} {
				load := set[b.Pick(Request{Now: time.Duration(n), Key: ring.HashUint64(uint64(n)), Tried: tried})].Load
				load.Observe(time.Duration(n), time.Millisecond)
				load.Fail(time.Duration(n), time.Millisecond)
				load.End()
			}
		})
		if allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

// processTime is what this process has used of the processors: on a machine that others use too, it says more than the clock.
func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkPick begins requests until there are 3 for each of a thousand members (300 for each of ten), ends all, and does so again. What a
// choice costs and what an end costs is told apart, in processor time.
func BenchmarkPick(b *testing.B) {
	for _, count := range []int{10, 1000} {
		for _, policy := range policies {
			b.Run(fmt.Sprintf("%s/%d", policy.name, count), func(b *testing.B) {
				set := equal(count)
				for _, member := range set {
					member.Load.Observe(0, time.Millisecond)
				}
				balancer := balancer(b, policy.options, set)
				open := make([]*Load, 3000)
				var picks, ends time.Duration
				b.ReportAllocs()
				b.ResetTimer()
				for n := 0; n < b.N; n += len(open) {
					begun := processTime()
					for i := range open {
						open[i] = set[balancer.Pick(Request{Now: time.Duration(n+i) * 1000, Key: uint64(n+i) * golden})].Load
					}
					picked := processTime()
					for _, load := range open {
						load.End()
					}
					picks, ends = picks+picked-begun, ends+processTime()-picked
				}
				rounded := float64((b.N + len(open) - 1) / len(open) * len(open))
				b.ReportMetric(float64(picks)/rounded, "cpu-ns/pick")
				b.ReportMetric(float64(ends)/rounded, "cpu-ns/end")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkObserve is what LatencyAware adds to an answer.
func BenchmarkObserve(b *testing.B) {
	load := equal(1)[0].Load
	b.ReportAllocs()
	for n := range b.N {
		load.Observe(time.Duration(n)*time.Microsecond, time.Duration(n%100)*time.Millisecond)
	}
}

// BenchmarkPickParallel is the same from all cores, each with requests of its own.
func BenchmarkPickParallel(b *testing.B) {
	for _, policy := range policies {
		b.Run(policy.name, func(b *testing.B) {
			set := equal(1000)
			balancer := balancer(b, policy.options, set)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for n := uint64(0); pb.Next(); n++ {
					set[balancer.Pick(Request{Now: time.Duration(n) * 1000, Key: n * golden})].Load.End()
				}
			})
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, policy := range policies {
		b.Run(policy.name+"/1000", func(b *testing.B) {
			set := equal(1000)
			options := policy.options
			if options.Kind == IPHash || options.Kind == ConsistentHash {
				options.Ring, _ = ringOf(&balancer(b, options, set).field)
			}
			b.ReportAllocs()
			for b.Loop() {
				balancer(b, options, set)
			}
		})
	}
}
