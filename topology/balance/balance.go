// Package balance chooses the member of a pool that a request goes to. Each policy is one file; all are made by [New] for one set
// of ready members and never change: when the set changes, the caller makes another [Balancer]. What must outlive that (requests in
// flight, latencies, rates) is in a [Load] for each member, which the caller keeps as long as it knows the member.
//
// The package does not decide who is ready, does not count attempts and does not send anything. Everything may be used by many
// goroutines at once; there are no locks, and nothing allocates after New. Start with [New] and [Balancer.Pick]; DESIGN.md has the reasons.
package balance

import (
	"math"
	"time"

	"ladder/internal/hint"
	"ladder/topology/ring"
)

// Kind names a policy, as the file does.
type Kind string

// The policies.
const (
	// Rotation gives each member one turn after the other, whatever its weight.
	Rotation Kind = "rotation"
	// RoundRobin gives turns by weight, those of a heavy member spread evenly among those of the others.
	RoundRobin Kind = "round-robin"
	// LeastConnections takes the member with the fewest requests in flight for its weight, and RoundRobin among those that are equal.
	LeastConnections Kind = "least-connections"
	// TwoChoices draws two members by weight and takes the one with fewer requests in flight for its weight; of equals, the one that
	// got fewer within the last second.
	TwoChoices Kind = "two-choices"
	// LatencyAware draws two members by weight and takes the one that promises the earlier answer: peak EWMA.
	LatencyAware Kind = "latency-aware"
	// IPHash gives a key, made with AddressKey, to its owner on the ring.
	IPHash Kind = "ip-hash"
	// ConsistentHash is the same for keys of any kind.
	ConsistentHash Kind = "consistent-hash"
)

const (
	// None is what Pick returns instead of a member.
	None = -1
	// MaxMembers of one set.
	MaxMembers = ring.MaxMembers
	// MinWarmth is the least part of its weight that a member has: one that gets nothing never warms up.
	MinWarmth = 0.01
)

// Member is a ready member as a policy sees it.
type Member struct {
	Load *Load
	// Weight in relation to the others; 1 is usual. A member of weight 0 is never chosen: it finishes what others sent it.
	Weight float64
	// Warmth is the part of the weight that counts now, MinWarmth to 1: slow start, whose curve is the caller's. Hash policies ignore it,
	// because keys would move and move back.
	Warmth float64
}

// Options of a Balancer.
type Options struct {
	Kind Kind
	// Seed decides who comes first and what is drawn. Take another one for each Balancer and gateway, or all begin with the same members;
	// the same one, and the same order of calls, give the same choices.
	Seed uint64
	// MaxLoad, for the hash policies, is how many times its part of all requests in flight a member may carry before keys go on to the next
	// one: 1 or more, usually 1.25. 0 is no bound.
	MaxLoad float64
	// Ring, for the hash policies, may hold more members than are ready: then it outlives their ups and downs. Without it, New makes one of
	// the members that it is given.
	Ring *ring.Ring
}

// Request is what a choice depends on.
type Request struct {
	// Now is the time on the clock of Load.Observe.
	Now time.Duration
	// Key is the position on the ring for the hash policies: AddressKey, ring.HashString.
	Key uint64
	// Tried are members that the request was sent to already; they are not chosen again. It escapes: keep its array in something that
	// is used again, or each request allocates one.
	Tried []*Load
}

// chooser is a policy. It returns an index into its field, or None.
type chooser interface {
	choose(request Request) int
}

// Balancer chooses among one set of members.
type Balancer struct {
	policy chooser
	field  field
	kind   Kind
}

// New makes a Balancer for the members that are ready. It becomes the one that their Loads report to: make it for one pool after the other,
// not two at once for the same Loads.
//
// It refuses an unknown kind, weights that are no numbers from 0 up, a MaxLoad between 0 and 1, and more than MaxMembers.
func New(options Options, members []Member) (*Balancer, error) {
	if err := validate(options, members); err != nil {
		return nil, err
	}
	b := &Balancer{field: newField(members), kind: options.Kind}
	for _, member := range members {
		member.Load.leave()
	}
	turns := newSource(options.Seed)
	switch options.Kind {
	case Rotation:
		b.policy = newRotation(&b.field, turns)
	case RoundRobin:
		b.policy = newRoundRobin(&b.field, turns)
	case LeastConnections:
		b.policy = newLeastConnections(&b.field, turns)
	case TwoChoices:
		b.policy = newTwoChoices(&b.field, turns)
	case LatencyAware:
		b.policy = newLatencyAware(&b.field, turns)
	case IPHash, ConsistentHash:
		policy, err := newHash(&b.field, options)
		if err != nil {
			return nil, err
		}
		b.policy = policy
	}
	return b, nil
}

func validate(options Options, members []Member) error {
	switch options.Kind {
	case Rotation, RoundRobin, LeastConnections, TwoChoices, LatencyAware, IPHash, ConsistentHash:
	default:
		return hint.Errorf("use round-robin, least-connections, two-choices, latency-aware, ip-hash or consistent-hash",
			"balance: there is no policy called %q", options.Kind)
	}
	if len(members) > MaxMembers {
		return hint.Errorf("split the pool", "balance: %d members, of at most %d", len(members), MaxMembers)
	}
	if options.MaxLoad != 0 && !(options.MaxLoad >= 1) {
		return hint.Errorf("use 1.25, or 0 for no bound", "balance: max_load is %v: members cannot carry less than their part", options.MaxLoad)
	}
	for _, member := range members {
		if !(member.Weight >= 0) || math.IsInf(member.Weight, 1) {
			return hint.Errorf("give it a weight of 1, or 0 for none", "balance: member %q has weight %v", member.Load.Name(), member.Weight)
		}
	}
	return nil
}

// Pick chooses a member for a request and counts the request on it: the caller calls End of the member's Load when it is over. It returns the
// member's index in what New was given; None if no member has weight or all were tried. Who wants to go round once more then leaves Tried
// empty.
//
// The count goes up before Pick returns: a caller that then asks whether the set still is the present one, and calls End and picks again if
// not, leaves no moment in which a member that drains looks idle and is not.
func (b *Balancer) Pick(request Request) int {
	chosen := b.policy.choose(request)
	if chosen == None {
		return None
	}
	b.field.loads[chosen].begin()
	return b.field.places[chosen]
}

// Observes says whether the policy wants to be told how long answers take: Load.Observe and Load.Fail.
func (b *Balancer) Observes() bool { return b.kind == LatencyAware }

// Keyed says whether the policy goes by Request.Key.
func (b *Balancer) Keyed() bool { return b.kind == IPHash || b.kind == ConsistentHash }
