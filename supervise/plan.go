package supervise

// slot is what runs, or shall run, under one ordinal.
type slot struct {
	ordinal     int
	fingerprint string
}

// plan is how to come from what runs to what is wanted. It is carried out in this order: new instances first, because
// stopping one again undoes it; then replacements, one after the other; what is no longer wanted last, because nothing can
// fail after it.
type plan struct {
	start   []int // ordinals of new instances
	replace []int // ordinals of instances with another fingerprint
	stop    []int // ordinals that are too many
}

func makePlan(running []slot, instances int, fingerprint string) plan {
	var p plan
	have := make(map[int]bool, len(running))
	for _, slot := range running {
		have[slot.ordinal] = true
		switch {
		case slot.ordinal > instances:
			p.stop = append(p.stop, slot.ordinal)
		case slot.fingerprint != fingerprint:
			p.replace = append(p.replace, slot.ordinal)
		}
	}
	for ordinal := 1; ordinal <= instances; ordinal++ {
		if !have[ordinal] {
			p.start = append(p.start, ordinal)
		}
	}
	return p
}
