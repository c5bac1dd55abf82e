package balance

// roundRobin walks over a schedule that was computed once: a turn is one atomic addition, and no member waits for another.
type roundRobin struct {
	field *field
	turns *source
	slots []uint16
	start uint64
}

// nearSlots is how many slots are looked at for a member that was not tried before all members are: behind a heavy one that was tried,
// there may be thousands of its own.
const nearSlots = 32

func newRoundRobin(f *field, turns *source) *roundRobin {
	slots := schedule(f.weights)
	return &roundRobin{field: f, turns: turns, slots: slots, start: turns.start(max(len(slots), 1))}
}

func (r *roundRobin) choose(request Request) int {
	if len(r.slots) == 0 {
		return None
	}
	turn := r.start + r.turns.turn()
	slot := int(turn % uint64(len(r.slots)))
	if len(request.Tried) == 0 {
		return int(r.slots[slot])
	}
	for range min(nearSlots, len(r.slots)) {
		if member := int(r.slots[slot]); !r.field.tried(member, request.Tried) {
			return member
		}
		if slot++; slot == len(r.slots) {
			slot = 0
		}
	}
	return r.field.untried(turn, request.Tried)
}
