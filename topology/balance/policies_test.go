package balance

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ladder/internal/hint"
	"ladder/topology/ring"
)

func TestScheduleIsSmooth(t *testing.T) {
	for _, test := range []struct {
		weights []float64
		want    string
	}{
		{nil, ""},
		{[]float64{7}, "a"},
		{[]float64{1, 1, 1}, "abc"},
		{[]float64{4, 4, 4}, "abc"},
		{[]float64{5, 1, 1}, "abaaaca"},
		{[]float64{2, 1}, "aba"},
		{[]float64{1, 2, 3}, "cbacbc"},
		{[]float64{10, 20, 20}, "bcabc"},
	} {
		var got strings.Builder
		for _, member := range schedule(test.weights) {
			got.WriteByte('a' + byte(member))
		}
		if got.String() != test.want {
			t.Errorf("weights %v: %s, want %s", test.weights, got.String(), test.want)
		}
	}
}

// TestScheduleKeepsDistances: between two turns of a member lie as many others as its weight says, give or take its own distance again.
func TestScheduleKeepsDistances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0.1, 100), rapid.Map(rapid.IntRange(1, 20), func(n int) float64 { return float64(n) })), 1, 20).Draw(t, "weights")
		sum := 0.0
		for _, weight := range weights {
			sum += weight
		}
		slots := schedule(weights)
		if len(slots) > maxSlots+len(weights) {
			t.Fatalf("%d slots", len(slots))
		}
		for member, weight := range weights {
			var turns []int
			for slot, at := range slots {
				if int(at) == member {
					turns = append(turns, slot)
				}
			}
			part := float64(len(turns)) / float64(len(slots))
			if want := weight / sum; math.Abs(part-want) > want*0.35 && math.Abs(part-want) > 0.01 {
				t.Fatalf("weights %v: member %d has %.4f of the turns, want %.4f", weights, member, part, want)
			}
			distance := float64(len(slots)) / float64(len(turns))
			for i := 1; i < len(turns); i++ {
				if gap := float64(turns[i] - turns[i-1]); gap > 2*distance+float64(len(weights)) {
					t.Fatalf("weights %v: member %d waits for %v turns, usual are %.1f", weights, member, gap, distance)
				}
			}
		}
	})
}

// TestLeastConnectionsIsExact compares each choice with a look at all members, while requests come and go and members are tried.
func TestLeastConnectionsIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.SampledFrom([]float64{1, 1, 2, 0.3}), 1, 40).Draw(t, "weights")
		set := members(weights...)
		b, err := New(Options{Kind: LeastConnections, Seed: rapid.Uint64().Draw(t, "seed")}, set)
		if err != nil {
			t.Fatal(err)
		}
		var open []*Load
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			if len(open) > 0 && rapid.IntRange(0, 2).Draw(t, "end") == 0 {
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				open[i].End()
				open = slices.Delete(open, i, i+1)
				continue
			}
			var tried []*Load
			if rapid.IntRange(0, 4).Draw(t, "retry") == 0 {
				tried = append(tried, set[rapid.IntRange(0, len(set)-1).Draw(t, "tried")].Load)
			}
			least := math.Inf(1)
			for member := range set {
				if !slices.Contains(tried, set[member].Load) {
					least = min(least, b.field.pressure(member))
				}
			}
			before := make([]float64, len(set))
			for member := range set {
				before[member] = b.field.pressure(member)
			}
			chosen := b.Pick(Request{Tried: tried})
			if chosen == None {
				if !math.IsInf(least, 1) {
					t.Fatal("chose nobody")
				}
				continue
			}
			if before[chosen] != least {
				t.Fatalf("chose a member with %v, the least is %v", before[chosen], least)
			}
			open = append(open, set[chosen].Load)
		}
	})
}

func TestTwoChoicesKeepsMembersEven(t *testing.T) {
	set := equal(100)
	b := balancer(t, Options{Kind: TwoChoices}, set)
	for n := range 10_000 {
		b.Pick(Request{Now: time.Duration(n)})
	}
	most := int64(0)
	for _, member := range set {
		most = max(most, member.Load.inFlight.Load())
	}
	if most > 104 { // by lot alone it would be about 125
		t.Errorf("the fullest has %d in flight, the mean is 100", most)
	}
}

func TestBoundedLoadsHold(t *testing.T) {
	set := members(1, 2, 1, 1, 3, 1)
	b := balancer(t, Options{Kind: ConsistentHash, MaxLoad: 1.25}, set)
	for total := int64(1); total <= 2000; total++ {
		chosen := b.Pick(Request{Key: ring.HashUint64(uint64(total % 3))}) // three keys, of which each would overwhelm its owner
		load, most := set[chosen].Load.inFlight.Load(), ring.Capacity(1.25, set[chosen].Weight/9, total)
		if load > most {
			t.Fatalf("member %d carries %d of %d, of at most %d", chosen, load, total, most)
		}
	}
}

// TestKeysStayWithTheirOwners: what is not the business of a key does not move it.
func TestKeysStayWithTheirOwners(t *testing.T) {
	set := equal(8)
	circle, err := ring.New([]ring.Member{{Name: "app.1", Weight: 1}, {Name: "app.2", Weight: 1}, {Name: "app.3", Weight: 1}, {Name: "app.4", Weight: 1},
		{Name: "app.5", Weight: 1}, {Name: "app.6", Weight: 1}, {Name: "app.7", Weight: 1}, {Name: "app.8", Weight: 1}, {Name: "not ready", Weight: 1}}, ring.DefaultVirtualNodes)
	if err != nil {
		t.Fatal(err)
	}
	own := balancer(t, Options{Kind: ConsistentHash, Seed: 1}, set)
	shared := balancer(t, Options{Kind: ConsistentHash, Seed: 2, Ring: circle}, set)
	fewer := balancer(t, Options{Kind: ConsistentHash, Ring: circle}, set[1:])
	for n := range 2000 {
		request := request(n)
		owner := own.Pick(request)
		if got := shared.Pick(request); got != owner {
			t.Fatalf("key %d: with a ring that has a member more which is not ready, %d, want %d", n, got, owner)
		}
		if got := fewer.Pick(request); owner != 0 && got != owner-1 {
			t.Fatalf("key %d moved from %d to %d when another member went", n, owner, got+1)
		}
		retried := own.Pick(Request{Key: request.Key, Tried: []*Load{set[0].Load}})
		if got := fewer.Pick(request) + 1; got != retried {
			t.Fatalf("key %d is retried at %d, but would go to %d without the member that was tried", n, retried, got)
		}
	}
}

func TestLatencyAwareLeavesSlowMembersAndReturns(t *testing.T) {
	set := equal(4)
	b := balancer(t, Options{Kind: LatencyAware, Seed: 3}, set)
	now := time.Duration(0)
	play := func(requests int, latencies ...time.Duration) (counts [4]int) {
		for range requests {
			now += time.Millisecond
			chosen := b.Pick(Request{Now: now})
			counts[chosen]++
			set[chosen].Load.Observe(now, latencies[chosen])
			set[chosen].Load.End()
		}
		return counts
	}
	const fast, slow = 10 * time.Millisecond, 200 * time.Millisecond
	if counts := play(4000, fast, fast, slow, fast); counts[2] > 100 {
		t.Errorf("the slow member got %d of 4000 requests", counts[2])
	}
	if latency := set[0].Load.Latency(now); latency < fast*8/10 || latency > fast*11/10 {
		t.Errorf("the estimate of a fast member is %v", latency)
	}
	play(60_000, fast, fast, fast, fast)
	if counts := play(4000, fast, fast, fast, fast); counts[2] < 500 {
		t.Errorf("the member that has recovered got %d of 4000 requests", counts[2])
	}
}

func TestLatencyAwareIsNotAttractedByFailures(t *testing.T) {
	set := equal(4)
	b := balancer(t, Options{Kind: LatencyAware, Seed: 3}, set)
	failed := 0
	for n := range 4000 {
		now := time.Duration(n) * time.Millisecond
		load := set[b.Pick(Request{Now: now})].Load
		if load == set[1].Load {
			failed++
			load.Fail(now, 50*time.Microsecond)
		} else {
			load.Observe(now, 10*time.Millisecond)
		}
		load.End()
	}
	if failed > 40 {
		t.Errorf("the member that refuses everything at once got %d of 4000 requests", failed)
	}
}

func TestNewMemberIsNotStormed(t *testing.T) {
	set := equal(3)
	set[0].Load.Observe(0, 30*time.Millisecond)
	set[1].Load.Observe(0, 30*time.Millisecond)
	b := balancer(t, Options{Kind: LatencyAware}, set)
	for range 200 {
		b.Pick(Request{})
	}
	if got := set[2].Load.inFlight.Load(); got != 1 {
		t.Errorf("a member that has never answered has %d requests in flight", got)
	}
}

func TestAddressKeys(t *testing.T) {
	key := func(text string) uint64 { return AddressKey(netip.MustParseAddr(text)) }
	if key("192.0.2.1") == key("192.0.2.2") || key("2001:db8::1") == key("2001:db8:0:1::1") {
		t.Error("two clients have one key")
	}
	if key("192.0.2.1") != key("::ffff:192.0.2.1") || key("2001:db8::1") != key("2001:db8::ffff:1") {
		t.Error("one client has two keys")
	}
	if got := key("192.0.2.1"); got != ring.HashBytes([]byte{192, 0, 2, 1}) {
		t.Errorf("key %#x", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		members []Member
		want    string
	}{
		"kind":         {Options{Kind: "random"}, nil, `no policy called "random"`},
		"max_load":     {Options{Kind: IPHash, MaxLoad: 0.9}, nil, "max_load is 0.9"},
		"not a number": {Options{Kind: IPHash, MaxLoad: math.NaN()}, nil, "max_load is NaN"},
		"weight":       {Options{Kind: RoundRobin}, members(1, -2), `member "app.2" has weight -2`},
		"many":         {Options{Kind: RoundRobin}, make([]Member, MaxMembers+1), "4097 members"},
		"ring":         {Options{Kind: IPHash}, members(1e9), "more than 8388608 points"},
	} {
		if _, err := New(test.options, test.members); err == nil || !strings.Contains(err.Error(), test.want) || hint.Of(err) == "" {
			t.Errorf("%s: got %v with hint %q, want %q", name, err, hint.Of(err), test.want)
		}
	}
	other, _ := ring.New([]ring.Member{{Name: "else", Weight: 1}}, 1)
	if _, err := New(Options{Kind: IPHash, Ring: other}, equal(1)); err == nil || !strings.Contains(err.Error(), `"app.1" has no place`) {
		t.Errorf("a ring without the member: %v", err)
	}
}
