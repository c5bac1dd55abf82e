package balance

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	// Decay is the time in which a latency loses all but 1/e of its weight; Finagle's default too.
	Decay = 10 * time.Second

	// stampUnit is the resolution of stamps, as a power of two of nanoseconds: 65 µs, so that 32 bits last for 78 hours. A member that
	// rests for longer is taken for one that rested for the remainder: it fades later, and otherwise nothing is wrong.
	stampUnit = 16
	// stampSlack is how far a stamp may be ahead of now, in units: goroutines read the clock before they get here. About a second.
	stampSlack = 1 << 14
)

// peak is a latency estimate that follows every latency above it at once and fades by 1/e in each Decay. That is what Finagle's peak EWMA
// comes to: reading fades it there, so that of a latency below the estimate nothing remains but the fading. One word holds stamp and value (ns,
// as float32), so that both change at once; the zero value has observed nothing.
type peak struct{ word atomic.Uint64 }

func (p *peak) observe(now, latency time.Duration) {
	for {
		word := p.word.Load()
		value, passed := unpack(word, now)
		next := pack(now, max(float64(latency), value*fade(passed), 1), passed, word)
		if next == word || p.word.CompareAndSwap(word, next) {
			return
		}
	}
}

// at is the estimate in ns, as faded by now.
func (p *peak) at(now time.Duration) float64 {
	value, passed := unpack(p.word.Load(), now)
	return value * fade(passed)
}

func stampOf(now time.Duration) uint32 { return uint32(now >> stampUnit) }

// pack keeps the old stamp when no time has passed: time must not go backwards.
func pack(now time.Duration, value float64, passed uint32, old uint64) uint64 {
	stamp := stampOf(now)
	if passed == 0 && old != 0 {
		stamp = uint32(old >> 32)
	}
	return uint64(stamp)<<32 | uint64(math.Float32bits(float32(value)))
}

// unpack gives the value and how many units have passed since it was observed.
func unpack(word uint64, now time.Duration) (value float64, passed uint32) {
	passed = stampOf(now) - uint32(word>>32)
	if passed > math.MaxUint32-stampSlack {
		passed = 0
	}
	return float64(math.Float32frombits(uint32(word))), passed
}

func fade(passed uint32) float64 {
	if passed == 0 {
		return 1
	}
	return math.Exp(-float64(passed) * ((1 << stampUnit) / float64(Decay)))
}
