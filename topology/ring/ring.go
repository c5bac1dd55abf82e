// Package ring is consistent hashing: a circle of 64-bit positions on which every member has many points, and a key belongs to
// the first point clockwise of it. A member that goes leaves its keys to all the others, a member that comes takes a little
// from each, and nothing else moves. Gateways, caches, edges and shards use this one ring.
//
// It does not know whether a member is well or busy: [Ring.Owners] gives the order in which members are to be asked, and the caller
// takes the first that will do (with bounded loads: whose load is below its [Capacity]). A ring never changes; a changed set of
// members is another ring, and [Moves] says what lies between the two. Start with [New] and [Ring.Owner]; DESIGN.md has the reasons.
package ring

import (
	"iter"
	"math"
	"math/bits"

	"ladder/internal/hint"
)

const (
	// DefaultVirtualNodes is how many virtual nodes a member has for each unit of its weight.
	DefaultVirtualNodes = 160
	// PlacesPerNode is at how many points of the circle each virtual node stands. With one, the fullest of ten members has more than
	// 1.15 of the mean for every fourth choice of names; with eight, for one in three million (DESIGN.md).
	PlacesPerNode = 8
	// MaxMembers of one ring: a point names its member in memberBits.
	MaxMembers = 1 << memberBits
	// MaxPoints of one ring, of 12 bytes each.
	MaxPoints = 1 << 23

	// None is what there is instead of a member.
	None = -1
)

// A point is one word: its position on the circle in the upper bits, and the rank of its member, by name, in the lower ones. So
// points are compared, sorted and read in one go.
const (
	memberBits = 12
	rankMask   = 1<<memberBits - 1

	// stretchBits is how many points, as a power of two, there are in a stretch of the circle: the unit of the index.
	stretchBits = 5
)

// Member is what the ring must know of a member.
type Member struct {
	Name   string  // unique; the points of the member follow from it and from nothing else
	Weight float64 // share in relation to the others; 1 is usual, 0 has no keys
}

// Ring is immutable and safe for concurrent use.
type Ring struct {
	members []Member // as given
	given   []uint16 // where the member of each rank is in members
	holding int      // members that have points

	points []uint64 // ascending
	coarse []uint32 // for each point, its place within its stretch and its rank: what lookups read, in half the memory
	starts []uint32 // where the points of each stretch begin, and at the end their number
	shift  uint8    // how far a position is shifted to get the number of its stretch
}

// New makes the ring of members, whose order does not matter. virtualNodes per unit of weight is usually [DefaultVirtualNodes], and must
// be the same for all who shall agree on owners.
//
// It refuses names that are empty or not unique, weights that are no numbers from 0 up, and what exceeds MaxMembers or MaxPoints.
func New(members []Member, virtualNodes int) (*Ring, error) {
	if virtualNodes < 1 {
		return nil, hint.Errorf("use 160 virtual nodes unless you have measured", "ring: %d virtual nodes for each unit of weight", virtualNodes)
	}
	if len(members) > MaxMembers {
		return nil, hint.Errorf("split the pool", "ring: %d members, of at most %d", len(members), MaxMembers)
	}
	r := &Ring{members: append([]Member(nil), members...)}
	if err := r.rank(); err != nil {
		return nil, err
	}
	counts, total := make([]uint32, len(members)), 0.0
	for rank, i := range r.given {
		points, err := pointsOf(members[i], virtualNodes)
		if err != nil {
			return nil, err
		}
		if points > 0 {
			r.holding++
		}
		if total += points; total > MaxPoints {
			return nil, hint.Errorf("lower all weights alike (only their relation counts), or lower virtual_nodes",
				"ring: weights of %d members need more than %d points", len(members), MaxPoints)
		}
		counts[rank] = uint32(points)
	}
	r.place(counts, int(total))
	return r, nil
}

// pointsOf is how many points a member has: whole virtual nodes, and one at least if it has any weight.
func pointsOf(member Member, virtualNodes int) (float64, error) {
	if !(member.Weight >= 0) || math.IsInf(member.Weight, 1) {
		return 0, hint.Errorf("give it a weight of 1, or 0 for none", "ring: member %q has weight %v", member.Name, member.Weight)
	}
	if member.Weight == 0 {
		return 0, nil
	}
	return max(math.Round(member.Weight*float64(virtualNodes)), 1) * PlacesPerNode, nil
}

// Members are the members in the order in which New was given them; they must not be written to. All other methods name a member
// by its index here.
func (r *Ring) Members() []Member { return r.members }

// Points is how many points the circle has.
func (r *Ring) Points() int { return len(r.points) }

// Owner is the member to which a key belongs: that of the first point clockwise, at the key's position or after it. Keys come from
// [HashString] and its sisters. None if no member has points.
func (r *Ring) Owner(key uint64) int {
	if len(r.points) == 0 {
		return None
	}
	return r.memberAt(r.clockwise(key))
}

// Owners gives all members that have points, each once, in the order in which they follow a key clockwise: the owner; the member that
// would own the key if the owner were gone; and so on. For the next server of a retry, replicas, and bounded loads. A loop over it
// does not allocate.
func (r *Ring) Owners(key uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		if len(r.points) == 0 {
			return
		}
		var seen [MaxMembers / 64]uint64
		for n, left := r.clockwise(key), r.holding; left > 0; n++ {
			if n == len(r.points) {
				n = 0
			}
			rank := r.coarse[n] & rankMask
			if seen[rank/64]&(1<<(rank%64)) != 0 {
				continue
			}
			seen[rank/64] |= 1 << (rank % 64)
			left--
			if !yield(int(r.given[rank])) {
				return
			}
		}
	}
}

// clockwise is the index of the first point at or after a key; the circle has points.
//
// Within its stretch the point is looked for where it would be if points were spread evenly, and from there step by step: with 32 points to a
// stretch it is 2 or 3 steps away, mostly in the same cache line. So a lookup waits for memory once, for starts are few enough to be near.
// Only where point and key cannot be told apart coarsely, one time in thirty thousand, the exact position is read.
func (r *Ring) clockwise(key uint64) int {
	stretch, coarse := key>>r.shift, r.coarsely(key)
	from, to := r.starts[stretch], r.starts[stretch+1]
	guess, _ := bits.Mul64(key<<(64-r.shift), uint64(to-from))
	n := from + uint32(guess)
	for n > from && r.coarse[n-1] >= coarse {
		n--
	}
	for n < to && r.coarse[n] < coarse {
		n++
	}
	for n < to && r.coarse[n]&^rankMask == coarse && r.points[n] < key&^rankMask {
		n++
	}
	if int(n) == len(r.points) {
		return 0
	}
	return int(n)
}

// coarsely is the place of a position within its stretch, in 20 bits above those of the rank.
func (r *Ring) coarsely(position uint64) uint32 {
	return uint32(position<<(64-r.shift)>>32) &^ rankMask
}

func (r *Ring) memberAt(point int) int { return int(r.given[r.coarse[point]&rankMask]) }

// Capacity is what bounded loads let one member carry when total units of load are on all members together, the new one included:
// ceil(maxLoad × total × share), where share is the member's part of the weight of all who take load. With maxLoad ≥ 1 there is always a
// member below its capacity; smaller values count as 1.
//
// After Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing with Bounded Loads (2018): a key goes to the first member clockwise that
// is below its capacity, so that no member gets more than maxLoad times its part, and with maxLoad = 1+ε a change moves O(1/ε²) keys.
func Capacity(maxLoad, share float64, total int64) int64 {
	return int64(math.Ceil(max(maxLoad, 1) * share * float64(total)))
}
