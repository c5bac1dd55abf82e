package ring

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ladder/internal/hint"
)

// tolerance is how far a member's share may be from its part: over 5 standard deviations with 160 × 8 points.
const tolerance = 0.15

func equal(names ...string) []Member {
	members := make([]Member, len(names))
	for i, name := range names {
		members[i] = Member{Name: name, Weight: 1}
	}
	return members
}

func numbered(count int, format string) []Member {
	members := make([]Member, count)
	for i := range members {
		members[i] = Member{Name: fmt.Sprintf(format, i+1), Weight: 1}
	}
	return members
}

func build(t testing.TB, members []Member) *Ring {
	t.Helper()
	r, err := New(members, DefaultVirtualNodes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Ring) ownerName(key uint64) string { return r.name(r.Owner(key)) }

// someMembers draws members with distinct names and a weight each.
func someMembers(t *rapid.T) []Member {
	names := rapid.SliceOfNDistinct(rapid.OneOf(rapid.StringN(1, 12, -1), rapid.StringMatching(`10\.0\.0\.[1-9][0-9]:80`)), 1, 12, rapid.ID[string]).Draw(t, "names")
	members := equal(names...)
	for i := range members {
		members[i].Weight = rapid.SampledFrom([]float64{1, 1, 0.5, 2, 3.3}).Draw(t, "weight")
	}
	return members
}

// TestPositionsAreAContract holds what other versions, programs and languages compute too; the values come from a second implementation, in
// Python. A change here moves every key of everybody.
func TestPositionsAreAContract(t *testing.T) {
	hasher := newPointHasher("app.1")
	for number, want := range map[uint32]uint64{0: 0x7767968f244c7f22, 1: 0xaa3f93901ccd0240, 1279: 0x6a436ef010b87436} {
		if got := hasher.point(number); got != want {
			t.Errorf("point %d of app.1: %#x, want %#x", number, got, want)
		}
	}
	if got := HashString("192.0.2.7"); got != 0xd86f3950d7e3174f || HashBytes([]byte("192.0.2.7")) != got {
		t.Errorf("string key: %#x", got)
	}
	if got := HashUint64(42); got != 0xb556806fb6d14353 {
		t.Errorf("number key: %#x", got)
	}
	r := build(t, numbered(5, "app.%d"))
	var owners strings.Builder
	for key := range uint64(40) {
		fmt.Fprint(&owners, r.Owner(HashUint64(key)))
	}
	if got, want := owners.String(), "4011234240201102220301024342444420214201"; got != want {
		t.Errorf("owners: %s, want %s", got, want)
	}
}

// TestOwnerIsTheFirstPointClockwise compares with a search over all points, as the definition says.
func TestOwnerIsTheFirstPointClockwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := someMembers(t)
		r, err := New(members, rapid.IntRange(1, 20).Draw(t, "virtual nodes"))
		if err != nil {
			t.Fatal(err)
		}
		keys := rapid.SliceOfN(rapid.Uint64(), 1, 20).Draw(t, "keys")
		keys = append(keys, 0, math.MaxUint64, r.points[0], r.points[0]+rankMask, r.points[len(r.points)-1]+rankMask+1)
		for _, key := range keys {
			owner, distance := "", uint64(math.MaxUint64)
			for _, point := range r.points {
				if d := point>>memberBits<<memberBits - key>>memberBits<<memberBits; d < distance {
					owner, distance = r.members[r.given[point&rankMask]].Name, d
				}
			}
			if got := r.ownerName(key); got != owner {
				t.Fatalf("key %#x: %q, want %q", key, got, owner)
			}
		}
	})
}

func TestRemovalMovesOnlyTheRemovedMembersKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := someMembers(t)
		members = append(members, Member{Name: "one that stays", Weight: 1})
		gone := rapid.IntRange(0, len(members)-2).Draw(t, "gone")
		before, _ := New(members, 20)
		after, _ := New(slices.Delete(slices.Clone(members), gone, gone+1), 20)
		moved := 0.0
		for _, move := range Moves(before, after) {
			if move.From != members[gone].Name {
				t.Fatalf("%v moves, and its owner is still there", move)
			}
			moved += move.Share
		}
		if share := before.Shares()[gone]; math.Abs(moved-share) > 1e-9 {
			t.Fatalf("%v of the circle moves, the member had %v", moved, share)
		}
	})
}

func TestRemovalSpreadsKeysOverAllOthers(t *testing.T) {
	members := numbered(10, "app.%d")
	moves := Moves(build(t, members), build(t, members[1:]))
	if len(moves) != 9 {
		t.Fatalf("keys go to %d members, of 9", len(moves))
	}
	for _, move := range moves {
		if move.Share < 0.1/9*0.6 || move.Share > 0.1/9*1.4 {
			t.Errorf("%s gets %.4f of the circle, a fair part is %.4f", move.To, move.Share, 0.1/9)
		}
	}
}

func TestAdditionMovesItsPartAndOnlyToTheNewMember(t *testing.T) {
	worst := 0.0
	for count := 1; count <= 30; count++ {
		for set := range 5 {
			members := numbered(count+1, fmt.Sprintf("set%d-%%d", set))
			newcomer := members[count].Name
			moved := 0.0
			for _, move := range Moves(build(t, members[:count]), build(t, members)) {
				if move.To != newcomer {
					t.Fatalf("%v moves, and not to the new member", move)
				}
				moved += move.Share
			}
			worst = max(worst, moved*float64(count+1))
		}
	}
	t.Logf("at most %.3f × 1/(N+1) of the keys moved", worst)
	if worst > 1+tolerance {
		t.Errorf("an addition moved %.3f × 1/(N+1) of all keys", worst)
	}
}

// fullness is the share of the fullest of equal members, in means.
func fullness(r *Ring) float64 { return slices.Max(r.Shares()) * float64(len(r.members)) }

func TestFullestOfTenMembers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sets, worst, sum := 300, 0.0, 0.0
	for set := range sets {
		var members []Member
		switch set % 4 {
		case 0:
			members = numbered(10, fmt.Sprintf("app%d.%%d", set))
		case 1:
			members = numbered(10, fmt.Sprintf("10.%d.%d.%%d:8080", random.IntN(256), random.IntN(256)))
		case 2:
			members = numbered(10, fmt.Sprintf("%%d.web.example%d.internal", set))
		case 3:
			members = numbered(10, fmt.Sprintf("%x-%%d", random.Uint64()))
		}
		full := fullness(build(t, members))
		worst, sum = max(worst, full), sum+full
	}
	t.Logf("%d choices of names: the fullest holds %.3f of the mean on average, %.3f at worst", sets, sum/float64(sets), worst)
	if worst > 1.15 {
		t.Errorf("the fullest member holds %.3f of the mean", worst)
	}
}

// TestOnePlacePerNodeWouldNotDo shows why PlacesPerNode is there: with 160 points in all, which is what one place would be, a quarter of all
// choices of names break the bound.
func TestOnePlacePerNodeWouldNotDo(t *testing.T) {
	sets, broken := 400, 0
	for set := range sets {
		r, err := New(numbered(10, fmt.Sprintf("app%d.%%d", set)), DefaultVirtualNodes/PlacesPerNode)
		if err != nil {
			t.Fatal(err)
		}
		if fullness(r) > 1.15 {
			broken++
		}
	}
	if part := float64(broken) / float64(sets); part < 0.18 || part > 0.36 {
		t.Errorf("%.2f of all choices break the bound; theory says 0.26", part)
	}
}

func TestWeightsAreHonoured(t *testing.T) {
	members := equal("a", "b", "c", "d", "e")
	sum := 0.0
	for i := range members {
		members[i].Weight = []float64{1, 2, 0.5, 10, 0}[i]
		sum += members[i].Weight
	}
	r := build(t, members)
	for i, share := range r.Shares() {
		if want := members[i].Weight / sum; math.Abs(share-want) > want*tolerance {
			t.Errorf("%s has %.4f, want about %.4f", members[i].Name, share, want)
		}
	}

	heavier := slices.Clone(members)
	heavier[1].Weight = 3
	for _, move := range Moves(r, build(t, heavier)) {
		if move.To != "b" {
			t.Errorf("b became heavier, and %v", move)
		}
	}
}

func TestOrderOfMembersDoesNotMatter(t *testing.T) {
	members := numbered(50, "10.0.0.%d:80")
	for i := range members {
		members[i].Weight = float64(1 + i%3)
	}
	first := build(t, members)
	shuffled := slices.Clone(members)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	second := build(t, shuffled)
	for n := range uint64(100_000) {
		key := HashUint64(n)
		if a, b := first.ownerName(key), second.ownerName(key); a != b {
			t.Fatalf("key %d: %s and %s", n, a, b)
		}
	}
	if moves := Moves(first, second); len(moves) != 0 {
		t.Errorf("%v", moves)
	}
}

// TestSharedPositionBelongsToTheSmallerName makes a collision by hand: in 52 bits they are too rare to be found.
func TestSharedPositionBelongsToTheSmallerName(t *testing.T) {
	for _, names := range [][]string{{"a", "b"}, {"b", "a"}} {
		r := &Ring{members: equal(names...), holding: 2}
		if err := r.rank(); err != nil {
			t.Fatal(err)
		}
		r.arrange([]uint64{200<<memberBits | 1, 100<<memberBits | 1, 100 << memberBits})
		if got := r.ownerName(50 << memberBits); got != "a" {
			t.Errorf("%v: %s", names, got)
		}
		order := slices.Collect(r.Owners(50 << memberBits))
		if r.name(order[0]) != "a" || r.name(order[1]) != "b" {
			t.Errorf("%v: %v", names, order)
		}
		shares := map[string]float64{}
		for i, share := range r.Shares() {
			shares[r.name(i)] = share
		}
		if want := 100.0 / circle; shares["b"] != want || shares["a"] != 1-want {
			t.Errorf("%v: %v", names, shares)
		}
	}
}

// TestNearlySharedPositions has points and keys that only differ in bits which the first look does not see.
func TestNearlySharedPositions(t *testing.T) {
	r := &Ring{members: equal("a", "b", "c"), holding: 3}
	if err := r.rank(); err != nil {
		t.Fatal(err)
	}
	const place = 1 << 40
	r.arrange([]uint64{(place+1)<<memberBits | 2, (place + 3) << memberBits, (place+5)<<memberBits | 1})
	var owners strings.Builder
	for offset := range uint64(7) {
		owners.WriteString(r.ownerName((place + offset) << memberBits))
	}
	if got, want := owners.String(), "ccaabbc"; got != want {
		t.Errorf("owners %s, want %s", got, want)
	}
}

// TestOwnersFollowEachOther: the next owner is the one that a key would have without those before.
func TestOwnersFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left := someMembers(t)
		r, _ := New(left, 10)
		key := rapid.Uint64().Draw(t, "key")
		for member := range r.Owners(key) {
			name := r.name(member)
			without, err := New(left, 10)
			if err != nil {
				t.Fatal(err)
			}
			if want := without.ownerName(key); name != want {
				t.Fatalf("after %d others comes %q, want %q", len(r.members)-len(left), name, want)
			}
			left = slices.DeleteFunc(slices.Clone(left), func(m Member) bool { return m.Name == name })
		}
		if len(left) != 0 {
			t.Fatalf("%d members were left out", len(left))
		}
	})
}

func TestBoundedLoads(t *testing.T) {
	members := numbered(20, "cache-%d")
	for i := range members {
		members[i].Weight = float64(1 + i%2)
	}
	r := build(t, members)
	for _, maxLoad := range []float64{1, 1.1, 1.25, 2} {
		random := rand.New(rand.NewPCG(5, 6))
		hot := rand.NewZipf(random, 1.2, 1, 1<<20)
		loads := make([]int64, len(members))
		for total := int64(1); total <= 5000; total++ {
			chosen := None
			for member := range r.Owners(HashUint64(hot.Uint64())) {
				if loads[member] < Capacity(maxLoad, members[member].Weight/30, total) {
					chosen = member
					break
				}
			}
			if chosen == None {
				t.Fatalf("max_load %v: nobody takes load %d", maxLoad, total)
			}
			loads[chosen]++
		}
		for member, load := range loads {
			if most := Capacity(maxLoad, members[member].Weight/30, 5000); load > most {
				t.Errorf("max_load %v: %s carries %d, of at most %d", maxLoad, members[member].Name, load, most)
			}
		}
	}
	if got := Capacity(0.5, 0.1, 25); got != 3 {
		t.Errorf("a bound below 1 cannot hold; the capacity is %d, want 3", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		members      []Member
		virtualNodes int
		want         string
	}{
		"twice":           {equal("a", "b", "a"), 160, `two members are called "a"`},
		"no name":         {equal("a", ""), 160, "member 1 has no name"},
		"negative":        {[]Member{{"a", -1}}, 160, "weight -1"},
		"not a number":    {[]Member{{"a", math.NaN()}}, 160, "weight NaN"},
		"infinite":        {[]Member{{"a", math.Inf(1)}}, 160, "weight +Inf"},
		"too heavy":       {[]Member{{"a", 1e300}}, 160, "more than 8388608 points"},
		"too many":        {numbered(MaxMembers+1, "m%d"), 1, "4097 members"},
		"no virtual node": {equal("a"), 0, "0 virtual nodes"},
	} {
		_, err := New(test.members, test.virtualNodes)
		if err == nil || !strings.Contains(err.Error(), test.want) || hint.Of(err) == "" {
			t.Errorf("%s: got %v with hint %q, want %q", name, err, hint.Of(err), test.want)
		}
	}
}

func TestSmallCircles(t *testing.T) {
	for _, members := range [][]Member{nil, {{"weightless", 0}}} {
		r := build(t, members)
		if r.Owner(7) != None || len(slices.Collect(r.Owners(7))) != 0 || len(slices.Collect(r.Arcs())) != 0 {
			t.Errorf("%v: somebody owns a key", members)
		}
		if moves := Moves(r, build(t, equal("a"))); len(moves) != 1 || moves[0] != (Move{From: "", To: "a", Share: 1}) {
			t.Errorf("%v: first member: %v", members, moves)
		}
		if moves := Moves(r, r); len(moves) != 0 {
			t.Errorf("%v: from nobody to nobody: %v", members, moves)
		}
	}
	single := build(t, equal("a"))
	if arcs := slices.Collect(single.Arcs()); len(arcs) != 1 || arcs[0] != (Arc{0, 0, math.MaxUint64}) || arcs[0].Share() != 1 {
		t.Errorf("one member: %v", arcs)
	}
	if single.Owner(0) != 0 || single.Owner(math.MaxUint64) != 0 {
		t.Error("a single member does not own everything")
	}
}
