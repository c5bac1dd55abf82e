package telemetry

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestHistogramErrorBound draws durations over nine orders of magnitude and reads each back alone.
func TestHistogramErrorBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		exponent := rapid.Float64Range(3, 12).Draw(t, "exponent of 10, in ns")
		duration := time.Duration(math.Pow(10, exponent))
		histogram := NewHistogram()
		histogram.Record(duration)
		got := histogram.Snapshot().Quantile(0.5)
		if off := math.Abs(float64(got-duration)) / float64(duration); off > 0.02 {
			t.Fatalf("recorded %v, read %v: %.2f %% off", duration, got, off*100)
		}
	})
}

func TestHistogramBucketsTile(t *testing.T) {
	expected := time.Duration(0)
	for bucket := range bucketCount {
		low, high := bucketBounds(bucket)
		if low != expected || bucketOf(low) != bucket || bucketOf(high-1) != bucket {
			t.Fatalf("bucket %d covers %v to %v and should begin at %v", bucket, low, high, expected)
		}
		expected = high
	}
	if expected < 1000*time.Second {
		t.Errorf("buckets end at %v, before 1000 s", expected)
	}
}

func TestHistogramExtremes(t *testing.T) {
	histogram := NewHistogram()
	for _, duration := range []time.Duration{-time.Second, 0, math.MaxInt64} {
		histogram.Record(duration)
	}
	snapshot := histogram.Snapshot()
	if snapshot.Count() != 3 {
		t.Errorf("count is %d, want 3", snapshot.Count())
	}
	if longest := snapshot.Max(); longest < 1000*time.Second {
		t.Errorf("the longest is read as %v", longest)
	}
	if empty := (HistogramSnapshot{}); empty.Quantile(0.5) != 0 || empty.Sum() != 0 || empty.Mean() != 0 || empty.Count() != 0 {
		t.Error("an empty snapshot is not all zero")
	}
}

// TestHistogramAgainstSorting compares quantiles, sum and mean with those of the sorted durations themselves.
func TestHistogramAgainstSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	histogram := NewHistogram()
	durations := make([]time.Duration, 10000)
	var sum time.Duration
	for i := range durations {
		durations[i] = time.Duration(math.Exp(random.NormFloat64()*2+14) + 1000)
		sum += durations[i]
		histogram.Recorder().Record(durations[i])
	}
	slices.Sort(durations)
	snapshot := histogram.Snapshot()
	for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		rank := max(int(math.Ceil(q*float64(len(durations)))), 1)
		expectNear(t, "quantile", snapshot.Quantile(q), durations[rank-1])
	}
	expectNear(t, "sum", snapshot.Sum(), sum)
	expectNear(t, "mean", snapshot.Mean(), sum/time.Duration(len(durations)))
	if got := snapshot.CountAtMost(durations[4999]); math.Abs(float64(got)-5000) > 150 {
		t.Errorf("%d durations are at most the median of 10000", got)
	}
}

func expectNear(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if off := math.Abs(float64(got-want)) / float64(want); off > 0.02 {
		t.Errorf("%s is %v, want %v: %.2f %% off", what, got, want, off*100)
	}
}

func TestHistogramSubAndMerge(t *testing.T) {
	histogram := NewHistogram()
	histogram.Record(time.Second)
	before := histogram.Snapshot()
	histogram.Record(time.Millisecond)
	since := histogram.Snapshot().Sub(before)
	if since.Count() != 1 {
		t.Fatalf("%d durations since the first snapshot, want 1", since.Count())
	}
	expectNear(t, "what came since", since.Max(), time.Millisecond)

	both := since.Merge(before)
	if both.Count() != 2 {
		t.Errorf("%d durations in both, want 2", both.Count())
	}
	expectNear(t, "longest of both", both.Max(), time.Second)
	if all := (HistogramSnapshot{}).Merge(both).Sub(HistogramSnapshot{}); all.Count() != 2 {
		t.Errorf("%d durations after merging with nothing, want 2", all.Count())
	}
	if backwards := before.Sub(histogram.Snapshot()); backwards.Count() != 0 {
		t.Errorf("an earlier snapshot less a later one holds %d durations", backwards.Count())
	}
}

func TestHistogramCountsEveryRecordOfManyGoroutines(t *testing.T) {
	const goroutines, each = 16, 5000
	histogram := NewHistogram()
	var running sync.WaitGroup
	for range goroutines {
		running.Go(func() {
			recorder := histogram.Recorder()
			for i := range each {
				recorder.Record(time.Duration(i) * time.Microsecond)
			}
		})
	}
	running.Wait()
	if count := histogram.Snapshot().Count(); count != goroutines*each {
		t.Errorf("%d records counted, want %d", count, goroutines*each)
	}
}

func TestHistogramRecordDoesNotAllocate(t *testing.T) {
	recorder := NewHistogram().Recorder()
	if allocations := testing.AllocsPerRun(100, func() { recorder.Record(3 * time.Millisecond) }); allocations != 0 {
		t.Errorf("Record allocates %v times", allocations)
	}
}

func BenchmarkHistogramRecord(b *testing.B) {
	histogram := NewHistogram()
	b.RunParallel(func(pb *testing.PB) {
		recorder := histogram.Recorder()
		for pb.Next() {
			recorder.Record(1234 * time.Microsecond)
		}
	})
}

func BenchmarkHistogramRecordOneShard(b *testing.B) {
	histogram := NewHistogram()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			histogram.Record(1234 * time.Microsecond)
		}
	})
}
