package balance

import (
	"cmp"
	"math"
	"slices"
)

const (
	// maxSlots bounds a schedule: 128 KiB. Whole weights that add up to no more are kept exactly.
	maxSlots = 1 << 16
	// slotsPerMember is how finely other weights are rounded: on average to 1/128 of the mean weight.
	slotsPerMember = 64
)

// schedule is the order of turns: each member as often as its weight says, at equal distances. Members of equal weight take the turns of
// their common row one after the other, so with equal weights it is plain rotation; and 5, 1, 1 becomes a b a a a c a, not a a a a a b c.
func schedule(weights []float64) []uint16 {
	counts := slotCounts(weights)
	rows := map[int][]uint16{} // members by their number of slots
	total := 0
	for member, count := range counts {
		rows[count] = append(rows[count], uint16(member))
		total += count
	}
	type slot struct {
		due    float64 // 0 to 1
		member uint16
	}
	slots := make([]slot, 0, total)
	for count, row := range rows {
		inRow := count * len(row)
		for n := range inRow {
			slots = append(slots, slot{(float64(n) + 0.5) / float64(inRow), row[n%len(row)]})
		}
	}
	slices.SortFunc(slots, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.member, b.member))
	})
	order := make([]uint16, total)
	for i, slot := range slots {
		order[i] = slot.member
	}
	return order
}

// slotCounts turns weights into whole numbers of slots, at least 1 each.
func slotCounts(weights []float64) []int {
	if counts, ok := wholeCounts(weights); ok {
		return counts
	}
	sum := 0.0
	for _, weight := range weights {
		sum += weight
	}
	slots := float64(min(maxSlots, max(len(weights)*slotsPerMember, 1024)))
	if lightest := slices.Min(weights); sum/lightest > slots {
		slots = min(sum/lightest, maxSlots) // so that the lightest does not get more than its part
	}
	counts := make([]int, len(weights))
	for i, weight := range weights {
		counts[i] = max(int(math.Round(weight/sum*slots)), 1)
	}
	return counts
}

// wholeCounts are the weights in lowest terms, if they are whole numbers and few enough.
func wholeCounts(weights []float64) ([]int, bool) {
	counts, divisor, sum := make([]int, len(weights)), 0, 0
	for i, weight := range weights {
		if weight != math.Trunc(weight) || weight > 1<<31 {
			return nil, false
		}
		counts[i] = int(weight)
		divisor = gcd(divisor, counts[i])
	}
	for i := range counts {
		counts[i] /= divisor
		sum += counts[i]
	}
	return counts, sum <= maxSlots
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
