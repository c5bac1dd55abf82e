package balance

import (
	"math/bits"
	"sync/atomic"
)

// standing is what members are compared by; the lower one is better. Standings lie side by side in memory: a climb reads ten of them.
type standing struct {
	pressure atomic.Uint64 // float64, not negative: of the requests in flight
	pass     atomic.Uint64 // float64, not negative: tells equals apart
}

// tournament knows the best of some members while their standings change under it. Its inner nodes hold the better member of the
// two below; node 1 is the root, the children of n are 2n and 2n+1.
//
// There is no lock. Whoever changes a member climbs from its leaf; at a node that must change it stores the better of the two and looks again,
// and stores again if something below has changed since. So whoever writes a node last has seen what was changed before, and when
// all have climbed, every node is right. In between, the root may be a member that was best a moment ago.
type tournament struct {
	standings []standing     // of the members
	leaves    int            // a power of two
	nodes     []atomic.Int32 // None where there is no member below
}

func newTournament(size int) tournament {
	leaves := 1 << bits.Len(uint(max(size-1, 0)))
	t := tournament{standings: make([]standing, size), leaves: leaves, nodes: make([]atomic.Int32, leaves)}
	for n := range t.nodes {
		t.nodes[n].Store(None)
	}
	return t
}

// winner is the best member, None if there are none.
func (t *tournament) winner() int {
	if len(t.standings) == 0 {
		return None
	}
	return t.at(1)
}

// climb plays the rounds of a member that has changed. Above a node that was and remains another's, it has no part.
func (t *tournament) climb(member int) {
	for node := (t.leaves + member) / 2; node >= 1; node /= 2 {
		before := int(t.nodes[node].Load())
		if after := t.settle(node); after == before && after != member {
			return
		}
	}
}

// settle makes a node hold the better member below it.
func (t *tournament) settle(node int) int {
	held := &t.nodes[node]
	best := int32(t.best(node))
	for held.Load() != best {
		held.Store(best)
		best = int32(t.best(node))
	}
	return int(best)
}

func (t *tournament) best(node int) int {
	left, right := t.at(2*node), t.at(2*node+1)
	if left == None || right != None && t.better(right, left) {
		return right
	}
	return left
}

// at is the best member below a node, a leaf or not.
func (t *tournament) at(node int) int {
	if node < t.leaves {
		return int(t.nodes[node].Load())
	}
	if member := node - t.leaves; member < len(t.standings) {
		return member
	}
	return None
}

// better reports whether a member goes before another. Of numbers that are not negative, the bits are in the order of the numbers.
func (t *tournament) better(a, b int) bool {
	standingOfA, standingOfB := &t.standings[a], &t.standings[b]
	if pressureOfA, pressureOfB := standingOfA.pressure.Load(), standingOfB.pressure.Load(); pressureOfA != pressureOfB {
		return pressureOfA < pressureOfB
	}
	passOfA, passOfB := standingOfA.pass.Load(), standingOfB.pass.Load()
	return passOfA < passOfB || passOfA == passOfB && a < b
}
