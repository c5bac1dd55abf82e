package gateway

import "sync"

// registryShards spreads the clients' connections so that the sweeper, which walks over them, holds nobody up for long.
const registryShards = 16

// registry has the connections that are open. Use [newRegistry].
type registry struct{ shards [registryShards]registryShard }

type registryShard struct {
	mu      sync.Mutex
	members []*connection
}

// add takes a connection in; number spreads them.
func (r *registry) add(c *connection) {
	shard := &r.shards[c.number%registryShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	c.position = len(shard.members)
	shard.members = append(shard.members, c)
}

// remove forgets a connection.
func (r *registry) remove(c *connection) {
	shard := &r.shards[c.number%registryShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	last := len(shard.members) - 1
	moved := shard.members[last]
	shard.members[c.position] = moved
	moved.position = c.position
	shard.members[last] = nil
	shard.members = shard.members[:last]
}

// each calls visit for every connection, which stays open meanwhile; visit must not wait.
func (r *registry) each(visit func(*connection)) {
	for i := range r.shards {
		shard := &r.shards[i]
		shard.mu.Lock()
		for _, c := range shard.members {
			visit(c)
		}
		shard.mu.Unlock()
	}
}
