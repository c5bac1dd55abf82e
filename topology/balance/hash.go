package balance

import (
	"fmt"
	"net/netip"
	"sync/atomic"

	"ladder/topology/ring"
)

// hash gives a key to its owner on the ring, or to the next member clockwise that is ready, was not tried and is not full.
type hash struct {
	field   *field
	ring    *ring.Ring
	indices []int // in the field, of each member of the ring; None if it is not ready
	maxLoad float64
	bounds  []bound
	total   atomic.Int64 // requests in flight on all members
}

// bound is what a member's bound follows from.
type bound struct {
	share   float64      // of the weight of all that are ready
	counted atomic.Int64 // requests in flight, as last counted into the total
}

func newHash(f *field, options Options) (*hash, error) {
	h := &hash{field: f, ring: options.Ring, maxLoad: options.MaxLoad}
	if h.ring == nil {
		var err error
		if h.ring, err = ringOf(f); err != nil {
			return nil, err
		}
	}
	if err := h.seat(); err != nil {
		return nil, err
	}
	if h.maxLoad == 0 {
		return h, nil
	}
	sum := 0.0
	for _, weight := range f.nominal {
		sum += weight
	}
	h.bounds = make([]bound, f.size())
	for member, weight := range f.nominal {
		h.bounds[member].share = weight / sum
	}
	f.watch(h)
	return h, nil
}

func ringOf(f *field) (*ring.Ring, error) {
	members := make([]ring.Member, f.size())
	for i, load := range f.loads {
		members[i] = ring.Member{Name: load.Name(), Weight: f.nominal[i]}
	}
	return ring.New(members, ring.DefaultVirtualNodes)
}

// seat finds each member's place on the ring.
func (h *hash) seat() error {
	members := make(map[string]int, h.field.size())
	for member, load := range h.field.loads {
		members[load.Name()] = member
	}
	for _, onRing := range h.ring.Members() {
		member, ready := members[onRing.Name]
		if !ready || onRing.Weight == 0 {
			h.indices = append(h.indices, None)
			continue
		}
		delete(members, onRing.Name)
		h.indices = append(h.indices, member)
	}
	for name := range members {
		return fmt.Errorf("balance: member %q has no place on the ring", name)
	}
	return nil
}

func (h *hash) choose(request Request) int {
	if h.field.size() == 0 {
		return None
	}
	if h.maxLoad == 0 && len(request.Tried) == 0 {
		if member := h.indices[h.ring.Owner(request.Key)]; member != None {
			return member
		}
	}
	return h.first(request)
}

// first is the first member clockwise that can take the request. If everybody is full, which happens when many requests begin at once, it is
// the first that is ready.
func (h *hash) first(request Request) int {
	ready := None
	for onRing := range h.ring.Owners(request.Key) {
		member := h.indices[onRing]
		if member == None || h.field.tried(member, request.Tried) {
			continue
		}
		if !h.full(member) {
			return member
		}
		if ready == None {
			ready = member
		}
	}
	return ready
}

// full reports whether one request more would take a member over its bound. It asks what was counted, which lies side by side in memory.
func (h *hash) full(member int) bool {
	if h.maxLoad == 0 {
		return false
	}
	b := &h.bounds[member]
	return b.counted.Load() >= ring.Capacity(h.maxLoad, b.share, h.total.Load()+1)
}

// changed counts a member's requests into the total anew: not by one up or down, so that no change which came between two policies is
// missed for good or counted twice.
func (h *hash) changed(member int) {
	now := h.field.loads[member].inFlight.Load()
	h.total.Add(now - h.bounds[member].counted.Swap(now))
}

// AddressKey is the position on the ring of a client: its whole IPv4 address, or the first 64 bits of its IPv6 address, because hosts change
// the others at will (RFC 8981).
func AddressKey(address netip.Addr) uint64 {
	address = address.Unmap()
	if address.Is4() {
		bytes := address.As4()
		return ring.HashBytes(bytes[:])
	}
	bytes := address.As16()
	return ring.HashBytes(bytes[:8])
}
