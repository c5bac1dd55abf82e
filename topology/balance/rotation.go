package balance

// rotation gives each member one turn after the other.
type rotation struct {
	field *field
	turns *source
	start uint64
}

func newRotation(f *field, turns *source) *rotation {
	return &rotation{field: f, turns: turns, start: turns.start(max(f.size(), 1))}
}

func (r *rotation) choose(request Request) int {
	return r.field.untried(r.start+r.turns.turn(), request.Tried)
}
