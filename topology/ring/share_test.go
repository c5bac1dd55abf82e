package ring

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestArcsCoverTheCircleWithTheirOwners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := someMembers(t)
		r, err := New(members, 5)
		if err != nil {
			t.Fatal(err)
		}
		next, last := uint64(0), None
		shares := make([]float64, len(members))
		for arc := range r.Arcs() {
			switch {
			case arc.First != next:
				t.Fatalf("an arc begins at %#x, the one before it ended before %#x", arc.First, next)
			case arc.Member == last:
				t.Fatal("two arcs of one member touch")
			case r.Owner(arc.First) != arc.Member || r.Owner(arc.Last) != arc.Member:
				t.Fatalf("%v: its ends belong to others", arc)
			}
			next, last = arc.Last+1, arc.Member
			shares[arc.Member] += arc.Share()
		}
		if next != 0 {
			t.Fatalf("the arcs end at %#x", next)
		}
		sum := 0.0
		for i, share := range r.Shares() {
			sum += share
			if math.Abs(share-shares[i]) > 1e-12 {
				t.Fatalf("%s: arcs of %v, share %v", members[i].Name, shares[i], share)
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("the shares make %v", sum)
		}
	})
}

// TestMovesAreWhatKeysDo follows keys through a change of several things at once.
func TestMovesAreWhatKeysDo(t *testing.T) {
	before := build(t, []Member{{"a", 1}, {"b", 2}, {"c", 1}, {"gone", 1}})
	after := build(t, []Member{{"new", 2}, {"c", 3}, {"b", 1}, {"a", 1}})
	announced := map[[2]string]float64{}
	for _, move := range Moves(before, after) {
		announced[[2]string{move.From, move.To}] = move.Share
	}
	const keys = 200_000
	counted := map[[2]string]float64{}
	for n := range uint64(keys) {
		key := HashUint64(n)
		if from, to := before.ownerName(key), after.ownerName(key); from != to {
			counted[[2]string{from, to}] += 1.0 / keys
		}
	}
	for who, share := range announced {
		if math.Abs(counted[who]-share) > 0.005 {
			t.Errorf("%v: %.4f announced, %.4f of the keys moved", who, share, counted[who])
		}
		delete(counted, who)
	}
	if len(counted) != 0 {
		t.Errorf("not announced: %v", counted)
	}
}

// TestKeysAvalanche flips each bit of keys, and looks at how many bits of the position follow.
func TestKeysAvalanche(t *testing.T) {
	var flipped [64]int
	const keys = 2000
	for n := range uint64(keys) {
		whole := HashUint64(n)
		for bit := range 64 {
			for difference, i := whole^HashUint64(n^1<<bit), 0; difference != 0; difference, i = difference>>1, i+1 {
				flipped[i] += int(difference & 1)
			}
		}
	}
	for bit, count := range flipped {
		if part := float64(count) / (keys * 64); math.Abs(part-0.5) > 0.01 {
			t.Errorf("bit %d of the position flips with %.3f of the bits of keys", bit, part)
		}
	}
}
