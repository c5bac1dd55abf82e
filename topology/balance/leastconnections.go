package balance

import (
	"math"
	"sync/atomic"
)

// leastConnections takes the member with the fewest requests in flight for its weight. A tournament knows it: each change climbs from the
// member's leaf towards the root, so a choice reads the root and a change compares log2(members) pairs at most.
//
// Equals are told apart by their pass, which grows with each choice by 1/weight: stride scheduling, so that they take turns by weight. A
// member that was busy for long has a low pass, and would get all turns until it has caught up; so choosing lifts it to where the others are.
type leastConnections struct {
	field   *field
	clock   atomic.Uint64 // float64: the pass of the last choice
	bracket tournament
}

func newLeastConnections(f *field, turns *source) *leastConnections {
	l := &leastConnections{field: f, bracket: newTournament(f.size())}
	for member, stride := range f.inverse {
		first := stride * float64(turns.random()>>11) / (1 << 53) // else every new set would begin with the same members
		l.bracket.standings[member].pass.Store(math.Float64bits(first))
	}
	f.watch(l)
	return l
}

func (l *leastConnections) choose(request Request) int {
	chosen := l.bracket.winner()
	if chosen == None {
		return None
	}
	if l.field.tried(chosen, request.Tried) {
		if chosen = l.leastUntried(request.Tried); chosen == None {
			return None
		}
	}
	standing := &l.bracket.standings[chosen]
	pass := max(math.Float64frombits(l.clock.Load()), math.Float64frombits(standing.pass.Load()))
	l.clock.Store(math.Float64bits(pass))
	standing.pass.Store(math.Float64bits(pass + l.field.inverse[chosen]))
	return chosen
}

// leastUntried looks at all members: a retry costs more than that anyway.
func (l *leastConnections) leastUntried(tried []*Load) int {
	best := None
	for member := range l.field.loads {
		if !l.field.tried(member, tried) && (best == None || l.bracket.better(member, best)) {
			best = member
		}
	}
	return best
}

func (l *leastConnections) changed(member int) {
	l.weigh(member)
	l.bracket.climb(member)
}

// weigh looks again after it has stored, as the tournament does: of several at once, the last one stores what is true.
func (l *leastConnections) weigh(member int) {
	stored := &l.bracket.standings[member].pressure
	for {
		pressure := math.Float64bits(l.field.pressure(member))
		stored.Store(pressure)
		if math.Float64bits(l.field.pressure(member)) == pressure {
			return
		}
	}
}
