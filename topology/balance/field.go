package balance

import "slices"

// field are the members that may be chosen: those with weight. Policies count in its indices.
type field struct {
	loads   []*Load
	places  []int     // where each was in what New was given
	nominal []float64 // weights as given
	weights []float64 // the part of them that counts now
	inverse []float64 // 1/weights
}

func newField(members []Member) field {
	var f field
	for place, member := range members {
		if member.Weight == 0 {
			continue
		}
		f.loads = append(f.loads, member.Load)
		f.places = append(f.places, place)
		f.nominal = append(f.nominal, member.Weight)
		weight := member.Weight * warmth(member.Warmth)
		f.weights = append(f.weights, weight)
		f.inverse = append(f.inverse, 1/weight)
	}
	return f
}

// warmth keeps a member's warmth within its bounds, whatever the caller's curve says.
func warmth(given float64) float64 {
	if !(given >= MinWarmth) {
		return MinWarmth
	}
	return min(given, 1)
}

func (f *field) size() int { return len(f.loads) }

// tried reports whether a request was sent to a member already.
func (f *field) tried(member int, tried []*Load) bool {
	return len(tried) > 0 && slices.Contains(tried, f.loads[member])
}

// untried is the first member from start on that was not tried; None if all were.
func (f *field) untried(start uint64, tried []*Load) int {
	size := f.size()
	if size == 0 {
		return None
	}
	member := int(start % uint64(size))
	for range size {
		if !f.tried(member, tried) {
			return member
		}
		if member++; member == size {
			member = 0
		}
	}
	return None
}

// pressure is how many requests a member has in flight for each unit of its weight, and half a request more if it has any. That half makes
// parts follow weights when requests are few (it is the divisor method of Sainte-Laguë): without it light members get more than their part, with
// a whole one heavy members do. An idle member has none, whatever its weight, so idle ones are equal and take turns.
func (f *field) pressure(member int) float64 {
	inFlight := f.loads[member].inFlight.Load()
	if inFlight <= 0 {
		return 0
	}
	return (float64(inFlight) + 0.5) * f.inverse[member]
}
