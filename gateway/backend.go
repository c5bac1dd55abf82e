package gateway

import (
	"sync"
	"time"

	"ladder/internal/socket"
	"ladder/topology"
)

const (
	// UpstreamKept is how many idle connections are kept to one instance; more are closed after their exchange.
	UpstreamKept = 256
	// UpstreamIdle is how long a connection to an instance may lie idle.
	UpstreamIdle = 60 * time.Second
	// keepAliveMargin is how much sooner than an application says it closes idle connections they are given up.
	keepAliveMargin = time.Second
	// trustIdle is how long a connection may have lain idle and be used without a look at it, for requests that may be sent
	// twice. Under load it is less, and the look is saved; an application that closes a connection so soon after an answer costs a
	// retry.
	trustIdle = 20 * time.Millisecond
)

// backend is a member of the pool with the connections that are kept to it. The most recently used one goes first, so that
// those which are not needed any more grow old.
type backend struct {
	member *topology.Member
	name   []byte // of the member

	mu   sync.Mutex
	idle []*upstream // oldest first
	open bool        // the member is ready: connections may be kept
}

// take gives an idle connection that is fit for use, nil if there is none. With certain, it was looked at in this moment: for
// requests that must not be sent twice.
func (b *backend) take(now int64, certain bool) *upstream {
	for {
		u := b.pop()
		if u == nil {
			return nil
		}
		age := time.Duration(now - u.used)
		if age <= u.keep && (!certain && age <= trustIdle || u.LookOwned() == socket.Quiet) {
			return u
		}
		_ = u.Close()
	}
}

func (b *backend) pop() *upstream {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.idle) - 1
	if last < 0 {
		return nil
	}
	u := b.idle[last]
	b.idle[last] = nil
	b.idle = b.idle[:last]
	return u
}

// put keeps a connection whose exchange has ended cleanly.
func (b *backend) put(u *upstream, now int64) {
	u.exchange, u.used = nil, now
	b.mu.Lock()
	kept := b.open && len(b.idle) < UpstreamKept
	if kept {
		b.idle = append(b.idle, u)
	}
	b.mu.Unlock()
	if !kept {
		_ = u.Close()
	}
}

// setOpen says whether connections may be kept; when not, the idle ones are closed.
func (b *backend) setOpen(open bool) {
	b.mu.Lock()
	b.open = open
	b.mu.Unlock()
	if !open {
		b.closeIdle()
	}
}

// closeIdle closes the idle connections: one of them turned out stale, and the others are as old or older; or the member has gone.
func (b *backend) closeIdle() {
	b.mu.Lock()
	stale := b.idle
	b.idle = nil
	b.mu.Unlock()
	for _, u := range stale {
		_ = u.Close()
	}
}

// evict closes idle connections that are too old, or that the application has closed or written to.
func (b *backend) evict(now int64) {
	b.mu.Lock()
	var stale []*upstream
	kept := b.idle[:0]
	for _, u := range b.idle {
		if time.Duration(now-u.used) > u.keep || u.LookOwned() != socket.Quiet {
			stale = append(stale, u)
		} else {
			kept = append(kept, u)
		}
	}
	clear(b.idle[len(kept):])
	b.idle = kept
	b.mu.Unlock()
	for _, u := range stale {
		_ = u.Close()
	}
}

// idleCount is how many connections lie idle.
func (b *backend) idleCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.idle)
}
