package ring

import (
	"cmp"
	"iter"
	"slices"
)

// circle is how many positions there are: a key's lowest memberBits do not count.
const circle = 1 << (64 - memberBits)

// Arc is a stretch of the circle whose keys belong to one member.
type Arc struct {
	Member      int    // index in Members
	First, Last uint64 // keys of it, both included
}

// Share is the part of the circle that an arc covers, 0 to 1.
func (a Arc) Share() float64 { return float64(a.Last>>memberBits-a.First>>memberBits+1) / circle }

// Arcs gives the circle from position 0 to the end; neighbouring points of one member make one arc, but the arc that crosses 0 comes in
// two pieces. For drawing.
func (r *Ring) Arcs() iter.Seq[Arc] {
	return func(yield func(Arc) bool) {
		if len(r.points) == 0 {
			return
		}
		var position uint64
		for at := (cursor{ring: r}); position < circle; {
			owner, end := at.owner(), at.end()
			for end+1 < circle && at.pass(end) && at.owner() == owner {
				end = at.end()
			}
			if !yield(Arc{Member: owner, First: position << memberBits, Last: end<<memberBits | rankMask}) {
				return
			}
			position = end + 1
		}
	}
}

// Shares is the part of the circle, 0 to 1, that each member owns.
func (r *Ring) Shares() []float64 {
	lengths := make([]uint64, len(r.members))
	overlay(r, r, func(_, member int, length uint64) {
		if member != None {
			lengths[member] += length
		}
	})
	shares := make([]float64, len(lengths))
	for i, length := range lengths {
		shares[i] = float64(length) / circle
	}
	return shares
}

// Move is a part of the circle that changes hands.
type Move struct {
	From, To string  // names of members; "" where one of the two rings has no points
	Share    float64 // of the whole circle, 0 to 1
}

// Moves says what part of the keys would change from which member to which, when one ring replaces another: the largest part first.
// Members are the same when their names are.
func Moves(before, after *Ring) []Move {
	type pair struct{ from, to int }
	same := sameMembers(before, after)
	lengths := map[pair]uint64{}
	overlay(before, after, func(from, to int, length uint64) {
		if (from != None || to != None) && (from == None || same[from] != to) {
			lengths[pair{from, to}] += length
		}
	})
	moves := make([]Move, 0, len(lengths))
	for who, length := range lengths {
		moves = append(moves, Move{From: before.name(who.from), To: after.name(who.to), Share: float64(length) / circle})
	}
	slices.SortFunc(moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return moves
}

// sameMembers gives, for each member of one ring, the index of the one of that name in another.
func sameMembers(before, after *Ring) []int {
	indices := make(map[string]int, len(after.members))
	for i, member := range after.members {
		indices[member.Name] = i
	}
	same := make([]int, len(before.members))
	for i, member := range before.members {
		same[i] = None
		if j, found := indices[member.Name]; found {
			same[i] = j
		}
	}
	return same
}

func (r *Ring) name(member int) string {
	if member == None {
		return ""
	}
	return r.members[member].Name
}

// overlay walks two circles together and reports each stretch within which neither owner changes.
func overlay(a, b *Ring, visit func(ownerOfA, ownerOfB int, length uint64)) {
	atA, atB := cursor{ring: a}, cursor{ring: b}
	for position := uint64(0); position < circle; {
		end := min(atA.end(), atB.end())
		if end >= position { // else two points share a position, and this one owns nothing
			visit(atA.owner(), atB.owner(), end-position+1)
			position = end + 1
		}
		atA.pass(end)
		atB.pass(end)
	}
}

// cursor walks over the points of a circle, from position 0 to the end.
type cursor struct {
	ring *Ring
	next int // index of the point whose arc the cursor is in; after the last point, the arc is that of the first
}

func (c *cursor) owner() int {
	if len(c.ring.points) == 0 {
		return None
	}
	if c.next == len(c.ring.points) {
		return c.ring.memberAt(0)
	}
	return c.ring.memberAt(c.next)
}

// end is the last position of the arc.
func (c *cursor) end() uint64 {
	if c.next >= len(c.ring.points) {
		return circle - 1
	}
	return c.ring.points[c.next] >> memberBits
}

// pass moves on from an arc that ends at a position, and from all further points at that position, which own nothing. It reports whether
// it moved.
func (c *cursor) pass(position uint64) bool {
	from := c.next
	for c.next < len(c.ring.points) && c.ring.points[c.next]>>memberBits <= position {
		c.next++
	}
	return c.next > from
}
