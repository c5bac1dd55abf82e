package ring

import (
	"math/bits"
	"slices"
	"strings"

	"ladder/internal/hint"
)

// rank orders the members by name. Where two points share a position, the member of the lower rank owns it, whatever the order in which
// members were given.
func (r *Ring) rank() error {
	r.given = make([]uint16, len(r.members))
	for i := range r.given {
		r.given[i] = uint16(i)
	}
	slices.SortFunc(r.given, func(a, b uint16) int { return strings.Compare(r.members[a].Name, r.members[b].Name) })
	for rank, i := range r.given {
		name := r.members[i].Name
		if name == "" {
			return hint.Errorf("give every member a name", "ring: member %d has no name", i)
		}
		if rank > 0 && name == r.members[r.given[rank-1]].Name {
			return hint.Errorf("give every member a name of its own", "ring: two members are called %q", name)
		}
	}
	return nil
}

// place computes the points.
func (r *Ring) place(counts []uint32, total int) {
	points := make([]uint64, 0, total)
	for rank, count := range counts {
		name := newPointHasher(r.members[r.given[rank]].Name)
		for number := range count {
			points = append(points, name.point(number)&^rankMask|uint64(rank))
		}
	}
	r.arrange(points)
}

// arrange sorts the points: by stretch in one pass of counting, because positions are spread evenly, and then each stretch. What counting
// leaves behind, where each stretch begins, is the index of lookups.
func (r *Ring) arrange(unsorted []uint64) {
	total := len(unsorted)
	stretches := uint64(1) << max(bits.Len(uint(total))-1-stretchBits, 0)
	r.shift = uint8(64 - bits.TrailingZeros64(stretches))

	starts := make([]uint32, stretches+2) // one further on than they belong, so that filling brings each to its place
	for _, point := range unsorted {
		starts[point>>r.shift+2]++
	}
	for stretch := 2; stretch < len(starts); stretch++ {
		starts[stretch] += starts[stretch-1]
	}
	r.points = make([]uint64, total)
	for _, point := range unsorted {
		next := &starts[point>>r.shift+1]
		r.points[*next] = point
		*next++
	}
	r.starts = starts[:stretches+1]
	for stretch := range stretches {
		slices.Sort(r.points[r.starts[stretch]:r.starts[stretch+1]])
	}
	r.coarse = make([]uint32, total)
	for i, point := range r.points {
		r.coarse[i] = r.coarsely(point) | uint32(point&rankMask)
	}
}
