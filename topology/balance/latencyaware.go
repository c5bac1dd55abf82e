package balance

import "time"

// unmeasured is what a member costs that has a request in flight and has never answered one: more than any that has. So a new member gets one
// request to begin with, and not a storm before anybody knows how fast it is.
const unmeasured = float64(time.Hour)

// latencyAware is peak EWMA, after Twitter's Finagle: a member costs its latency, as estimated, times the requests that the next one would wait
// with, for each unit of its weight. A slow answer counts at once and is forgotten slowly, so trouble is left fast and returned to with care.
type latencyAware struct {
	field   *field
	turns   *source
	sampler sampler
}

func newLatencyAware(f *field, turns *source) *latencyAware {
	return &latencyAware{field: f, turns: turns, sampler: newSampler(f.weights)}
}

func (p *latencyAware) choose(request Request) int {
	chosen, other := p.sampler.pair(p.field, p.turns, request.Tried)
	if other != None && p.cost(other, request) < p.cost(chosen, request) {
		return other
	}
	return chosen
}

func (p *latencyAware) cost(member int, request Request) float64 {
	load := p.field.loads[member]
	latency, inFlight := load.latency.at(request.Now), float64(load.inFlight.Load())
	if latency == 0 && inFlight > 0 {
		latency = unmeasured
	}
	return latency * (inFlight + 1) * p.field.inverse[member]
}
