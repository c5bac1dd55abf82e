package balance

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// source numbers the choices of one Balancer and gives random bits for each: the finaliser of SplitMix64 over a counter. So choices follow
// from the seed and their order, and there is no generator to lock.
type source struct {
	seed    uint64
	counter atomic.Uint64
}

const golden = 0x9e3779b97f4a7c15 // 2^64 / the golden ratio: SplitMix64's step

func newSource(seed uint64) *source { return &source{seed: seed} }

// turn is the number of the next choice.
func (s *source) turn() uint64 { return s.counter.Add(1) - 1 }

// random gives 64 bits for the next choice.
func (s *source) random() uint64 { return mix(s.seed + s.counter.Add(1)*golden) }

// start is a number from 0 to n-1 that depends on the seed alone; n > 0.
func (s *source) start(n int) uint64 { return mix(s.seed+golden) % uint64(n) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sampler draws members by weight in constant time: the alias method of Walker, in Vose's form.
type sampler struct {
	keep  []uint32 // of 2^32 draws of a column, how many stay; the others go to alias
	alias []int32
}

func newSampler(weights []float64) sampler {
	n, sum := len(weights), 0.0
	for _, weight := range weights {
		sum += weight
	}
	s := sampler{keep: make([]uint32, n), alias: make([]int32, n)}
	scaled := make([]float64, n)
	var small, large []int32
	for i, weight := range weights {
		s.keep[i], s.alias[i] = math.MaxUint32, int32(i)
		if scaled[i] = weight / sum * float64(n); scaled[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		less, more := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		s.keep[less], s.alias[less] = uint32(scaled[less]*math.MaxUint32), more
		if scaled[more] -= 1 - scaled[less]; scaled[more] < 1 {
			large, small = large[:len(large)-1], append(small, more)
		}
	}
	return s
}

// draw turns 64 random bits into a member.
func (s *sampler) draw(random uint64) int {
	column, rest := bits.Mul64(random, uint64(len(s.keep)))
	if rest>>32 <= uint64(s.keep[column]) {
		return int(column)
	}
	return int(s.alias[column])
}

// pairAttempts is how often a second, different member is drawn before the one beside the first is taken: with one member of a thousand
// times the weight of all others, drawing would go on for long.
const pairAttempts = 4

// pair draws two different members that were not tried. The second is None if there is only one, both are if there is none.
func (s *sampler) pair(f *field, from *source, tried []*Load) (first, second int) {
	if f.size() == 0 {
		return None, None
	}
	random := from.random()
	first = s.draw(random)
	if f.tried(first, tried) {
		if first = f.untried(random, tried); first == None {
			return None, None
		}
	}
	for range pairAttempts {
		random = mix(random + golden)
		if second = s.draw(random); second != first && !f.tried(second, tried) {
			return first, second
		}
	}
	if second = f.untried(uint64(first)+1, tried); second == first {
		second = None
	}
	return first, second
}
