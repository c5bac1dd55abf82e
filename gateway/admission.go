package gateway

import "sync"

// admission counts the clients that are connected and lets no more in than the limit. Use [newAdmission].
type admission struct {
	mu      sync.Mutex
	changed sync.Cond
	limit   int
	inside  int
	full    func(bool) // told when the limit is reached, and when there is room again; called with mu held
	isFull  bool
}

func newAdmission(limit int, full func(bool)) *admission {
	a := &admission{limit: limit, full: full}
	a.changed.L = &a.mu
	return a
}

// await waits for room for one more client; false when the listener is draining instead. The room is not reserved: several
// listeners may each let one client in above the limit.
func (a *admission) await(l *listener) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.inside >= a.limit && !l.draining.Load() {
		a.changed.Wait()
	}
	return !l.draining.Load()
}

// enter counts a client in.
func (a *admission) enter() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inside++
	a.tell(a.inside >= a.limit)
}

// leave makes room.
func (a *admission) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inside--
	a.tell(a.inside >= a.limit)
	if a.inside < a.limit {
		a.changed.Signal()
	}
}

// setLimit changes the limit. Clients above a lower one stay.
func (a *admission) setLimit(limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = limit
	a.tell(a.inside >= a.limit)
	a.changed.Broadcast()
}

// wake lets waiting listeners look again whether they drain.
func (a *admission) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed.Broadcast()
}

func (a *admission) tell(full bool) {
	if a.isFull != full {
		a.isFull = full
		a.full(full)
	}
}
