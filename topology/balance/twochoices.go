package balance

// twoChoices compares two members only, and is nearly as even as looking at all: the fullest of n has about log log n more than the mean
// (Mitzenmacher 2001). Under little load both are idle; then the recent rate decides, as in HAProxy, or the draw alone would.
type twoChoices struct {
	field   *field
	turns   *source
	sampler sampler
}

func newTwoChoices(f *field, turns *source) *twoChoices {
	return &twoChoices{field: f, turns: turns, sampler: newSampler(f.weights)}
}

func (p *twoChoices) choose(request Request) int {
	chosen, other := p.sampler.pair(p.field, p.turns, request.Tried)
	if chosen == None {
		return None
	}
	if other != None && p.better(other, chosen, request) {
		chosen = other
	}
	p.field.loads[chosen].rate.count(request.Now)
	return chosen
}

func (p *twoChoices) better(a, b int, request Request) bool {
	pressureOfA, pressureOfB := p.field.pressure(a), p.field.pressure(b)
	if pressureOfA != pressureOfB {
		return pressureOfA < pressureOfB
	}
	return p.recent(a, request) < p.recent(b, request)
}

// recent is how many requests of the last second a member got for each unit of its weight.
func (p *twoChoices) recent(member int, request Request) float64 {
	return p.field.loads[member].rate.recent(request.Now) * p.field.inverse[member]
}
