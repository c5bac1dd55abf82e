package telemetry

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Buckets are log-linear (as in HdrHistogram): within each power of two there are 32 of equal width, so that the middle of
// a bucket is at most 1/64 (1.6 %) off any value in it. The finest are 32 ns wide, which keeps that bound from 1 µs up.
const (
	unitBits       = 5                           // durations are counted in units of 2⁵ ns
	linearBits     = 5                           // 2⁵ buckets for each power of two
	linear         = 1 << linearBits             //
	octaves        = 30                          // powers of two above the first linear ones: up to 1099 s
	bucketCount    = linear * (octaves + 1)      // 992
	largestUnits   = 1<<(linearBits+octaves) - 1 // longer durations count as this one
	defaultShards  = 8
	shardMask      = defaultShards - 1
	cacheLineBytes = 64
)

// Histogram counts durations from 1 µs to 1000 s with an error of at most 2 %, without locks or allocation. Shorter ones
// are kept with an error of at most 16 ns, longer ones count as 1099 s, negative ones as 0.
//
// It is split into shards so that cores do not fight over the same cache lines: whoever records often (a connection, a
// worker) takes its own [Recorder] once. Use [NewHistogram].
type Histogram struct {
	next   atomic.Uint32
	shards [defaultShards]Recorder
}

// Recorder is one shard of a [Histogram]. It may be used by several goroutines; that is only slower, not wrong.
type Recorder struct {
	counts [bucketCount]atomic.Uint64
	_      [cacheLineBytes]byte
}

// NewHistogram makes an empty histogram; it takes 64 KiB.
func NewHistogram() *Histogram { return &Histogram{} }

// Record counts one duration. From hot paths use a [Recorder].
func (h *Histogram) Record(duration time.Duration) { h.shards[0].Record(duration) }

// Recorder hands out the shards in turn, for one goroutine or connection to keep.
func (h *Histogram) Recorder() *Recorder { return &h.shards[h.next.Add(1)&shardMask] }

// Record counts one duration; it costs one atomic addition.
func (r *Recorder) Record(duration time.Duration) { r.counts[bucketOf(duration)].Add(1) }

// Snapshot is what has been recorded so far. Records that happen meanwhile may be in it or not.
func (h *Histogram) Snapshot() HistogramSnapshot {
	counts := make([]uint64, bucketCount)
	for i := range h.shards {
		for bucket := range counts {
			counts[bucket] += h.shards[i].counts[bucket].Load()
		}
	}
	return HistogramSnapshot{counts: counts}
}

// bucketOf finds the bucket that a duration belongs to.
func bucketOf(duration time.Duration) int {
	units := uint64(max(duration, 0)) >> unitBits
	if units < linear {
		return int(units)
	}
	units = min(units, largestUnits)
	octave := bits.Len64(units) - linearBits // 1 for the first power of two above the linear buckets
	return octave<<linearBits + int(units>>(octave-1)) - linear
}

// bucketBounds are the shortest duration of a bucket and the shortest one beyond it.
func bucketBounds(bucket int) (low, high time.Duration) {
	if bucket < linear {
		return time.Duration(bucket) << unitBits, time.Duration(bucket+1) << unitBits
	}
	octave := bucket >> linearBits
	units := time.Duration(bucket&(linear-1) + linear)
	return units << (octave - 1 + unitBits), (units + 1) << (octave - 1 + unitBits)
}
