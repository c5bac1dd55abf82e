package gateway

import (
	"context"
	"sync"
	"sync/atomic"

	"ladder/topology"
)

// rotation gives the ready members of a pool their turns. Readers take no lock: what they need is computed once for each
// snapshot of the pool. Use [newRotation].
type rotation struct {
	pool  *topology.Pool
	turns atomic.Uint64
	table atomic.Pointer[table]

	mu       sync.Mutex // guards backends and the making of tables
	backends map[*topology.Member]*backend
}

// table is a snapshot of the pool, with the backends of its ready members.
type table struct {
	snapshot *topology.Snapshot
	ready    []*backend
}

func newRotation(pool *topology.Pool) *rotation {
	r := &rotation{pool: pool, backends: map[*topology.Member]*backend{}}
	r.refresh()
	return r
}

// turn begins a request's walk over the members. Each of its attempts takes the same turn, so that one instance that is down does
// not give its neighbour two shares.
func (r *rotation) turn() uint64 { return r.turns.Add(1) }

// pick gives the member whose turn it is, or the first after it that was not tried, with its InFlight counted up; nil when none
// is left.
//
// The count goes up before the pool is asked again whether the member is still ready: so whoever moves a member to draining
// and then sees nothing in flight can be sure that nothing will come.
func (r *rotation) pick(turn uint64, tried []*backend) *backend {
	for {
		t := r.current()
		chosen := t.next(turn, tried)
		if chosen == nil {
			return nil
		}
		chosen.member.InFlight.Add(1)
		if r.pool.Load() == t.snapshot {
			return chosen
		}
		chosen.member.InFlight.Add(-1)
	}
}

// next is plain rotation: the turn's member, or the one after it that was not tried.
func (t *table) next(turn uint64, tried []*backend) *backend {
	count := uint64(len(t.ready))
	for i := range count {
		if candidate := t.ready[(turn+i)%count]; !contains(tried, candidate) {
			return candidate
		}
	}
	return nil
}

func contains(tried []*backend, candidate *backend) bool {
	for _, b := range tried {
		if b == candidate {
			return true
		}
	}
	return false
}

// current is the table of the pool's present snapshot.
func (r *rotation) current() *table {
	if t := r.table.Load(); t.snapshot == r.pool.Load() {
		return t
	}
	return r.refresh()
}

// refresh makes the table of the present snapshot. Members that are not ready any more lose their idle connections.
func (r *rotation) refresh() *table {
	r.mu.Lock()
	defer r.mu.Unlock()
	snapshot := r.pool.Load()
	if t := r.table.Load(); t != nil && t.snapshot == snapshot {
		return t
	}
	t := &table{snapshot: snapshot}
	present := make(map[*topology.Member]*backend, len(snapshot.Entries))
	for _, entry := range snapshot.Entries {
		b := r.backends[entry.Member]
		if b == nil {
			b = &backend{member: entry.Member, name: []byte(entry.Name())}
		}
		present[entry.Member] = b
		b.setOpen(entry.State == topology.Up)
		if entry.State == topology.Up {
			t.ready = append(t.ready, b)
		}
	}
	for member, b := range r.backends {
		if present[member] == nil {
			b.setOpen(false)
		}
	}
	r.backends = present
	r.table.Store(t)
	return t
}

// follow refreshes the table as the pool changes, so that idle connections to members that have gone are closed at once.
func (r *rotation) follow(ctx context.Context) {
	for {
		changed := r.pool.Changed()
		r.current()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// each calls visit for every backend.
func (r *rotation) each(visit func(*backend)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.backends {
		visit(b)
	}
}

// close closes all idle connections, and keeps none from now on.
func (r *rotation) close() { r.each(func(b *backend) { b.setOpen(false) }) }
