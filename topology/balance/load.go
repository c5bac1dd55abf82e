package balance

import (
	"sync/atomic"
	"time"

	"ladder/topology"
)

// FailureLatency is how long a failed request counts as having taken, at least. A server that refuses everything at once would else look
// like the fastest, and attract all requests.
const FailureLatency = time.Second

// Load is what policies know of one member. Its requests in flight are those of the topology.Member, everything else is its own.
type Load struct {
	member   *topology.Member
	inFlight *atomic.Int64
	seat     atomic.Pointer[seat]
	latency  peak
	rate     rate

	_ [24]byte // to a cache line of its own: members are counted on different cores
}

// seat is where a Load reports that its requests in flight have changed.
type seat struct {
	watcher watcher
	member  int // index in the watcher's field
}

// watcher is a policy that keeps something which follows from requests in flight.
type watcher interface {
	changed(member int)
}

// NewLoad makes the Load of a member that was not known before.
func NewLoad(member *topology.Member) *Load {
	return &Load{member: member, inFlight: &member.InFlight}
}

// Name is that of the member.
func (l *Load) Name() string { return l.member.Name() }

// begin counts a request that was given to the member.
func (l *Load) begin() {
	l.inFlight.Add(1)
	l.report()
}

// End takes back what Pick counted: the request is over, however it went.
func (l *Load) End() {
	l.inFlight.Add(-1)
	l.report()
}

func (l *Load) report() {
	if seat := l.seat.Load(); seat != nil {
		seat.watcher.changed(seat.member)
	}
}

func (l *Load) leave() { l.seat.Store(nil) }

// watch makes a policy the one that the members of its field report to, and has it look at each once. Reporting comes first: so a request
// that begins or ends meanwhile is seen by one of the two.
func (f *field) watch(w watcher) {
	seats := make([]seat, f.size())
	for member, load := range f.loads {
		seats[member] = seat{w, member}
		load.seat.Store(&seats[member])
		w.changed(member)
	}
}

// Observe tells how long the member took for an answer; now is the time on any clock that does not go backwards, the same for all
// Loads of a pool.
func (l *Load) Observe(now, latency time.Duration) { l.latency.observe(now, latency) }

// Fail tells that the member failed a request after some time.
func (l *Load) Fail(now, after time.Duration) { l.latency.observe(now, max(after, FailureLatency)) }

// Latency is the estimate that LatencyAware goes by; 0 if no latency was observed.
func (l *Load) Latency(now time.Duration) time.Duration { return time.Duration(l.latency.at(now)) }
