package balance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ladder/topology"
	"ladder/topology/ring"
)

// policies are all of them, with what differs in what they promise.
var policies = []struct {
	name    string
	options Options
	// weighted says that a member's part follows its weight; keys only do when they are many.
	weighted bool
}{
	{"rotation", Options{Kind: Rotation}, false},
	{"round-robin", Options{Kind: RoundRobin}, true},
	{"least-connections", Options{Kind: LeastConnections}, true},
	{"two-choices", Options{Kind: TwoChoices}, true},
	{"latency-aware", Options{Kind: LatencyAware}, true},
	{"ip-hash", Options{Kind: IPHash}, true},
	{"consistent-hash", Options{Kind: ConsistentHash}, true},
	{"consistent-hash, bounded", Options{Kind: ConsistentHash, MaxLoad: 1.25}, true},
}

func eachPolicy(t *testing.T, check func(t *testing.T, options Options)) {
	t.Helper()
	for _, policy := range policies {
		t.Run(policy.name, func(t *testing.T) {
			options := policy.options
			options.Seed = 42
			check(t, options)
		})
	}
}

func members(weights ...float64) []Member {
	all := make([]Member, len(weights))
	for i, weight := range weights {
		name := fmt.Sprintf("app.%d", i+1)
		all[i] = Member{Load: NewLoad(topology.NewMember(name, "127.0.0.1:1")), Weight: weight, Warmth: 1}
	}
	return all
}

func equal(count int) []Member { return members(slices.Repeat([]float64{1}, count)...) }

func balancer(t testing.TB, options Options, members []Member) *Balancer {
	t.Helper()
	b, err := New(options, members)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func request(n int) Request {
	return Request{Now: time.Duration(n) * time.Millisecond, Key: ring.HashUint64(uint64(n))}
}

func TestNobodyIsChosenFromAnEmptySet(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		for name, set := range map[string][]Member{"empty": nil, "without weight": members(0, 0)} {
			if got := balancer(t, options, set).Pick(request(1)); got != None {
				t.Errorf("%s: chose %d", name, got)
			}
		}
	})
}

func TestSingleMemberGetsAll(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(1)
		b := balancer(t, options, set)
		for n := range 100 {
			if got := b.Pick(request(n)); got != 0 {
				t.Fatalf("chose %d", got)
			}
		}
		if got := set[0].Load.inFlight.Load(); got != 100 {
			t.Errorf("%d are in flight", got)
		}
		if got := b.Pick(Request{Tried: []*Load{set[0].Load}}); got != None {
			t.Errorf("chose %d, which was tried", got)
		}
	})
}

// TestTriedMembersAreNotChosen walks as retries do, until nobody is left: each member comes once, and those without weight never.
func TestTriedMembersAreNotChosen(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		for _, weights := range [][]float64{{1, 1, 1, 1}, {1, 0, 300, 3}, {0.5, 7, 0, 0.001}} {
			set := members(weights...)
			b := balancer(t, options, set)
			for n := range 200 {
				var tried []*Load
				for {
					chosen := b.Pick(Request{Now: time.Duration(n), Key: ring.HashUint64(uint64(n)), Tried: tried})
					if chosen == None {
						break
					}
					if weights[chosen] == 0 || slices.Contains(tried, set[chosen].Load) {
						t.Fatalf("weights %v: chose %d after %d others", weights, chosen, len(tried))
					}
					tried = append(tried, set[chosen].Load)
				}
				for _, load := range tried {
					load.End()
				}
				if zeros := len(weights) - len(tried); zeros > 1 || zeros == 1 && !slices.Contains(weights, 0) {
					t.Fatalf("weights %v: gave up after %d members", weights, len(tried))
				}
			}
		}
	})
}

// closedLoop plays a constant number of clients, of which each sends its next request when the last was answered; all members are equally
// fast. It returns each member's part of all requests.
func closedLoop(b *Balancer, set []Member, clients, requests int) []float64 {
	random := rand.New(rand.NewPCG(7, 7))
	var open []int
	counts := make([]float64, len(set))
	for n := range requests {
		now := time.Duration(n) * 100 * time.Microsecond
		if len(open) == clients {
			i := random.IntN(len(open))
			load := set[open[i]].Load
			load.Observe(now, 10*time.Millisecond)
			load.End()
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
		chosen := b.Pick(Request{Now: now, Key: random.Uint64()})
		open = append(open, chosen)
		counts[chosen] += 1 / float64(requests)
	}
	for _, member := range open {
		set[member].Load.End()
	}
	return counts
}

func TestWeightsAreHonoured(t *testing.T) {
	for _, policy := range policies {
		t.Run(policy.name, func(t *testing.T) {
			for _, weights := range [][]float64{{1, 1, 1, 1, 1}, {1, 2, 3}, {10, 1, 1, 1, 5}, {0.5, 0.25, 2}} {
				sum := 0.0
				for _, weight := range weights {
					sum += weight
				}
				set := members(weights...)
				for member, part := range closedLoop(balancer(t, policy.options, set), set, 300, 60_000) {
					want := weights[member] / sum
					if !policy.weighted {
						want = 1 / float64(len(weights))
					}
					if math.Abs(part-want) > want*0.15 {
						t.Errorf("weights %v: member %d got %.4f of the requests, want %.4f", weights, member, part, want)
					}
				}
			}
		})
	}
}

func TestHugeRatiosOfWeights(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		if options.Kind == Rotation {
			t.Skip("has no weights")
		}
		set := members(1, 1000, 1)
		parts := closedLoop(balancer(t, options, set), set, 200, 20_000)
		if parts[1] < 0.98 || parts[1] == 1 {
			t.Errorf("the heavy one got %.4f of the requests", parts[1])
		}
	})
}

func TestSlowStart(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(4)
		set[2].Warmth = 0.25
		part := closedLoop(balancer(t, options, set), set, 60, 40_000)[2]
		switch options.Kind {
		case Rotation, IPHash, ConsistentHash:
			if math.Abs(part-0.25) > 0.04 {
				t.Errorf("slow start concerns this policy: %.4f", part)
			}
		default:
			if want := 0.25 / 3.25; math.Abs(part-want) > want*0.2 {
				t.Errorf("a member at a quarter of its weight got %.4f of the requests, want %.4f", part, want)
			}
		}
		set[2].Warmth = math.NaN()
		if part := closedLoop(balancer(t, options, set), set, 400, 40_000)[2]; part == 0 {
			t.Error("a member whose warmth is no number never warms up")
		}
	})
}

// TestFairWithNothingInFlight has one client only: what looks at requests in flight sees none.
func TestFairWithNothingInFlight(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(10)
		for member, part := range closedLoop(balancer(t, options, set), set, 1, 20_000) {
			if math.Abs(part-0.1) > 0.02 {
				t.Errorf("member %d got %.4f of the requests", member, part)
			}
		}
	})
}

func TestChoicesFollowFromTheSeed(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		play := func(seed uint64) (choices []int) {
			options.Seed = seed
			set := members(1, 2, 3, 1, 1, 1, 1, 1)
			b := balancer(t, options, set)
			for n := range 200 {
				choices = append(choices, b.Pick(request(n)))
				if n%3 != 0 {
					set[choices[n]].Load.End()
				}
			}
			return choices
		}
		if !slices.Equal(play(1), play(1)) {
			t.Error("one seed gave two courses")
		}
		if keyed := options.Kind == IPHash || options.Kind == ConsistentHash; keyed != slices.Equal(play(1), play(2)) {
			t.Errorf("the seed should matter: %v", !keyed)
		}
	})
}

// TestFairUnderConcurrency picks from many goroutines at once; the race detector looks on. Afterwards nothing is in flight, and what policies
// keep about that agrees.
func TestFairUnderConcurrency(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		const workers, each = 8, 4000
		set := equal(16)
		b := balancer(t, options, set)
		var counts [16]atomic.Int64
		// Open requests belong to nobody: else a worker that is not running would keep some members busy for a whole slice of time.
		open := make(chan *Load, 64+workers)
		var group sync.WaitGroup
		for worker := range workers {
			group.Go(func() {
				for n := range each {
					now := time.Duration(n) * 50 * time.Microsecond
					chosen := b.Pick(Request{Now: now, Key: ring.HashUint64(uint64(worker*each + n))})
					counts[chosen].Add(1)
					open <- set[chosen].Load
					if len(open) > 64 {
						oldest := <-open
						oldest.Observe(now, 3*time.Millisecond)
						oldest.End()
					}
				}
			})
		}
		group.Wait()
		for close(open); len(open) > 0; {
			(<-open).End()
		}
		for member := range counts {
			if part := float64(counts[member].Load()) / (workers * each) * 16; math.Abs(part-1) > 0.3 {
				t.Errorf("member %d got %.3f of the mean", member, part)
			}
			if left := set[member].Load.inFlight.Load(); left != 0 {
				t.Errorf("member %d has %d in flight", member, left)
			}
		}
		switch policy := b.policy.(type) {
		case *leastConnections:
			for member := range set {
				if member != policy.bracket.winner() && policy.bracket.better(member, policy.bracket.winner()) {
					t.Errorf("the tournament says %d, and %d is better", policy.bracket.winner(), member)
				}
			}
		case *hash:
			if left := policy.total.Load(); left != 0 && policy.maxLoad > 0 {
				t.Errorf("%d are counted as in flight", left)
			}
		}
	})
}

func TestThousandMembers(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(1000)
		parts := closedLoop(balancer(t, options, set), set, 3000, 100_000)
		if most, least := slices.Max(parts)*1000, slices.Min(parts)*1000; most > 1.5 || least < 0.6 {
			t.Errorf("members got %.2f to %.2f of the mean", least, most)
		}
	})
}

// TestLoadsOutliveTheirBalancer changes the set while requests are in flight, as a pool does.
func TestLoadsOutliveTheirBalancer(t *testing.T) {
	eachPolicy(t, func(t *testing.T, options Options) {
		set := equal(5)
		before := balancer(t, options, set)
		var open []*Load
		for n := range 50 {
			open = append(open, set[before.Pick(request(n))].Load)
		}
		after := balancer(t, options, set[1:])
		for n := range 20 {
			open = append(open, set[1:][after.Pick(request(n))].Load)
		}
		for _, load := range open {
			load.End()
		}
		for i, member := range set {
			if left := member.Load.inFlight.Load(); left != 0 {
				t.Errorf("member %d has %d in flight", i, left)
			}
		}
		if policy, ok := after.policy.(*hash); ok && policy.total.Load() != 0 {
			t.Errorf("%d are counted as in flight", policy.total.Load())
		}
	})
}
