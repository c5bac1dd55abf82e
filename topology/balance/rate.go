package balance

import (
	"sync/atomic"
	"time"
)

// A rate is counted in ticks of 2^30 ns, about a second, after HAProxy's freq_ctr: the running tick's count, and that of the one before in
// so far as it lies within the last second. The word holds the tick (24 bits), the count before and the count now (20 bits each, which
// stay at their maximum).
const (
	tickUnit  = 30
	tickBits  = 24
	countBits = 20
	countMax  = 1<<countBits - 1
)

// rate counts how often something happened within about the last second. The zero value is ready.
type rate struct{ word atomic.Uint64 }

func (r *rate) count(now time.Duration) {
	for {
		word := r.word.Load()
		tick, before, current := turnTo(word, now)
		next := tick<<(2*countBits) | before<<countBits | min(current+1, countMax)
		if next == word || r.word.CompareAndSwap(word, next) {
			return
		}
	}
}

// recent is the count of the last second.
func (r *rate) recent(now time.Duration) float64 {
	_, before, current := turnTo(r.word.Load(), now)
	left := 1 - float64(now&(1<<tickUnit-1))/(1<<tickUnit)
	return float64(current) + float64(before)*left
}

// turnTo reads a word as it is at a time: in the next tick the present count becomes the one before, after that nothing remains. A reader
// whose clock is a moment behind the tick counts in the tick.
func turnTo(word uint64, now time.Duration) (tick, before, current uint64) {
	const tickMask = 1<<tickBits - 1
	seen, before, current := word>>(2*countBits), word>>countBits&countMax, word&countMax
	tick = uint64(now>>tickUnit) & tickMask
	switch (tick - seen) & tickMask {
	case 0:
		return seen, before, current
	case tickMask:
		return seen, before, current
	case 1:
		return tick, current, 0
	default:
		return tick, 0, 0
	}
}
