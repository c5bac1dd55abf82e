package telemetry

import (
	"math"
	"time"
)

// HistogramSnapshot is what a [Histogram] held at one moment. It is immutable; the zero value is an empty one.
type HistogramSnapshot struct {
	counts []uint64 // by bucket; nil when empty
}

// Count is how many durations were recorded.
func (s HistogramSnapshot) Count() uint64 {
	total := uint64(0)
	for _, count := range s.counts {
		total += count
	}
	return total
}

// Sum is all recorded durations added up, with the histogram's error of at most 2 %.
func (s HistogramSnapshot) Sum() time.Duration {
	sum := 0.0 // a float: 2⁶⁴ ns is 584 years, which a busy site adds up sooner than one thinks
	for bucket, count := range s.counts {
		if count > 0 {
			sum += float64(count) * float64(middle(bucket))
		}
	}
	if sum >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(sum)
}

// Mean is Sum divided by Count, 0 when nothing was recorded.
func (s HistogramSnapshot) Mean() time.Duration {
	count := s.Count()
	if count == 0 {
		return 0
	}
	return time.Duration(float64(s.Sum()) / float64(count))
}

// Quantile is the duration that a share q (0 … 1) of the recorded ones did not exceed: 0.5 is the median. It is 0 when
// nothing was recorded.
func (s HistogramSnapshot) Quantile(q float64) time.Duration {
	total := s.Count()
	if total == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(total)))
	rank = min(max(rank, 1), total)
	seen := uint64(0)
	for bucket, count := range s.counts {
		seen += count
		if seen >= rank {
			return middle(bucket)
		}
	}
	return 0
}

// Max is the longest recorded duration, 0 when nothing was recorded.
func (s HistogramSnapshot) Max() time.Duration { return s.Quantile(1) }

// CountAtMost is how many durations did not exceed the bound, to the precision of the histogram.
func (s HistogramSnapshot) CountAtMost(bound time.Duration) uint64 {
	total := uint64(0)
	for bucket, count := range s.counts {
		if middle(bucket) > bound {
			break
		}
		total += count
	}
	return total
}

// Sub is what was recorded since an earlier snapshot of the same histogram.
func (s HistogramSnapshot) Sub(earlier HistogramSnapshot) HistogramSnapshot {
	return s.combine(earlier, func(now, before uint64) uint64 { return now - min(now, before) })
}

// Merge is what two histograms recorded together.
func (s HistogramSnapshot) Merge(other HistogramSnapshot) HistogramSnapshot {
	return s.combine(other, func(a, b uint64) uint64 { return a + b })
}

func (s HistogramSnapshot) combine(other HistogramSnapshot, with func(a, b uint64) uint64) HistogramSnapshot {
	if s.counts == nil {
		s.counts = make([]uint64, bucketCount)
	}
	if other.counts == nil {
		other.counts = make([]uint64, bucketCount)
	}
	counts := make([]uint64, bucketCount)
	for bucket := range counts {
		counts[bucket] = with(s.counts[bucket], other.counts[bucket])
	}
	return HistogramSnapshot{counts: counts}
}

func middle(bucket int) time.Duration {
	low, high := bucketBounds(bucket)
	return low + (high-low)/2
}
