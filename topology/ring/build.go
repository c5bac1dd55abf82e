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

// place computes all points and sorts them by a counting sort on their prefixes. Positions are spread evenly, so a prefix has one or two
// points, and what counting leaves behind, where each prefix begins, is the index that lookups need.
func (r *Ring) place(counts []uint32, total int) {
	prefixBits := max(bits.Len(uint(total))-1, 0)
	r.shift = uint8(64 - prefixBits)

	unsorted := make([]uint64, 0, total)
	starts := make([]uint32, 1<<prefixBits+2) // two further on, so that filling leaves every prefix's beginning in its place
	for rank, count := range counts {
		name := newPointHasher(r.members[r.given[rank]].Name)
		for number := range count {
			point := name.point(number)&^rankMask | uint64(rank)
			unsorted = append(unsorted, point)
			starts[point>>r.shift+2]++
		}
	}
	for prefix := 2; prefix < len(starts); prefix++ {
		starts[prefix] += starts[prefix-1]
	}
	r.points = make([]uint64, total)
	for _, point := range unsorted {
		next := &starts[point>>r.shift+1]
		r.points[*next] = point
		*next++
	}
	r.starts = starts[: 1<<prefixBits+1 : 1<<prefixBits+1]
	for prefix := range 1 << prefixBits {
		if within := r.points[r.starts[prefix]:r.starts[prefix+1]]; len(within) > 1 {
			slices.Sort(within)
		}
	}
}
