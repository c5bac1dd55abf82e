// Package topology holds the words that all of Ladder shares: a [Member] is one server, a [Pool] the set of servers that
// can do one job, a [State] what a member may be used for, a [Snapshot] the immutable picture of a pool that readers take
// without a lock. There is no I/O here: supervise, health checks and operators decide states, the gateway and the proxies
// read them. Start with [Pool].
package topology

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// State says what a member may be used for.
type State uint8

const (
	// Starting: known, not yet proven usable; gets no work.
	Starting State = iota
	// Up: gets work.
	Up
	// Draining: finishes what it has and gets nothing new.
	Draining
	// Down: failed its checks or its process died; gets no work.
	Down
)

var stateNames = [...]string{"starting", "up", "draining", "down"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText gives the name that API and logs use.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown member state %q", text)
}

// Member is one server of a pool. Its name and address never change (a server that moves is another member); its counters
// are shared by everybody who uses it and outlive the snapshots.
type Member struct {
	name    string
	address string
	*Counters
}

// Counters of one server.
type Counters struct {
	// InFlight counts what the member is working on now; Handled what it has answered; Failed what it could not answer
	// (connection refused or broken, time-out, malformed answer) since it was made.
	InFlight atomic.Int64
	Handled  atomic.Uint64
	Failed   atomic.Uint64

	_ [40]byte // to a cache line of its own: members are counted on different cores
}

// NewMember makes a member; address is host:port.
func NewMember(name, address string) *Member {
	return &Member{name: name, address: address, Counters: new(Counters)}
}

// Renamed is the same server under another name: it shares the counters. A server that is being replaced makes room for
// its successor this way, and what is in flight on it still counts.
func (m *Member) Renamed(name string) *Member {
	return &Member{name: name, address: m.address, Counters: m.Counters}
}

// Name is unique within the pool, for instance "app.1".
func (m *Member) Name() string { return m.name }

// Address is the host:port at which the member is reached.
func (m *Member) Address() string { return m.address }

// Entry is a member as it stood when a snapshot was taken.
type Entry struct {
	*Member
	State  State
	Reason string    // why it is in this state, for a person: "health check: connection refused"
	Since  time.Time // when it came into this state
}

// Snapshot is the immutable picture of a pool. Entries are in the order in which they were added.
type Snapshot struct {
	Version uint64 // grows by one with each change
	Entries []Entry
	Ready   []*Member // those that are Up, in the order of Entries
}

// Find returns the entry of that name.
func (s *Snapshot) Find(name string) (Entry, bool) {
	for _, entry := range s.Entries {
		if entry.Name() == name {
			return entry, true
		}
	}
	return Entry{}, false
}

// Pool is a set of members that can do one job. Readers call Load, which takes no lock; changes are published whole.
type Pool struct {
	name    string
	current atomic.Pointer[Snapshot]

	mu      sync.Mutex // guards publishing
	changed chan struct{}
}

// NewPool makes an empty pool.
func NewPool(name string) *Pool {
	p := &Pool{name: name, changed: make(chan struct{})}
	p.current.Store(&Snapshot{})
	return p
}

// Name is what logs, metrics and the dashboard call the pool.
func (p *Pool) Name() string { return p.name }

// Load returns the current snapshot; it must not be written to.
func (p *Pool) Load() *Snapshot { return p.current.Load() }

// Changed is closed when the pool changes after this call. Take it before Load to miss nothing.
func (p *Pool) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// Add puts a member into the pool. A member of the same name must have been removed before: a second one panics, because
// two servers under one name would share each other's fate.
func (p *Pool) Add(member *Member, state State, reason string) {
	p.change(func(entries []Entry) ([]Entry, bool) {
		return append(entries, Entry{Member: member, State: state, Reason: reason, Since: time.Now()}), true
	})
}

// Remove takes a member out; work that is in flight on it goes on. An unknown name is ignored.
func (p *Pool) Remove(name string) {
	p.change(func(entries []Entry) ([]Entry, bool) {
		kept := entries[:0]
		for _, entry := range entries {
			if entry.Name() != name {
				kept = append(kept, entry)
			}
		}
		return kept, len(kept) < len(entries)
	})
}

// SetState moves a member to a state and reports whether that changed anything: false when there is no such member or it
// is in that state already (its reason is then left as it was).
func (p *Pool) SetState(name string, state State, reason string) bool {
	moved := false
	p.change(func(entries []Entry) ([]Entry, bool) {
		for i := range entries {
			if entries[i].Name() == name && entries[i].State != state {
				entries[i].State, entries[i].Reason, entries[i].Since = state, reason, time.Now()
				moved = true
			}
		}
		return entries, moved
	})
	return moved
}

// SetStateIf is SetState for those who are not alone in deciding: it changes nothing unless the entry is still as it was
// seen (the same member, in the same state since the same time). It returns the entry as it is now, and whether it was changed.
// The same state with another reason counts as a change here.
func (p *Pool) SetStateIf(seen Entry, state State, reason string) (Entry, bool) {
	now, moved := Entry{}, false
	p.change(func(entries []Entry) ([]Entry, bool) {
		for i := range entries {
			if entries[i].Name() != seen.Name() {
				continue
			}
			if entries[i].Member == seen.Member && entries[i].State == seen.State && entries[i].Since.Equal(seen.Since) {
				entries[i].State, entries[i].Reason, entries[i].Since = state, reason, time.Now()
				moved = true
			}
			now = entries[i]
		}
		return entries, moved
	})
	return now, moved
}

// Edit publishes several changes as one, so that no reader sees a state between them: a member and its replacement, for
// instance. It gets a copy of the entries and returns what they shall be; it must not call the pool. Two entries of one name
// panic, as in Add.
func (p *Pool) Edit(edit func([]Entry) []Entry) {
	p.change(func(entries []Entry) ([]Entry, bool) { return edit(entries), true })
}

// change publishes what edit makes of a copy of the entries, if it says that it changed something.
func (p *Pool) change(edit func([]Entry) ([]Entry, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.current.Load()
	entries, changed := edit(append([]Entry(nil), before.Entries...))
	if !changed {
		return
	}
	after := &Snapshot{Version: before.Version + 1, Entries: entries}
	names := make(map[string]bool, len(after.Entries))
	for _, entry := range after.Entries {
		if names[entry.Name()] {
			panic("topology: two members named " + entry.Name() + " in pool " + p.name)
		}
		names[entry.Name()] = true
		if entry.State == Up {
			after.Ready = append(after.Ready, entry.Member)
		}
	}
	p.current.Store(after)
	close(p.changed)
	p.changed = make(chan struct{})
}
