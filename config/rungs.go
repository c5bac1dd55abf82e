package config

import (
	"fmt"
	"strings"
)

// Rung is one step on the way from one server to a million users.
type Rung struct {
	Number  int    `json:"number"`
	Name    string `json:"name"`    // single-server
	Title   string `json:"title"`   // Single server
	Summary string `json:"summary"` // one sentence
}

// NewestRung is the highest rung that this version of Ladder stands on.
const NewestRung = 1

// The rungs by name.
const (
	singleServer = 1 + iota
	databaseApart
	loadBalancer
	replication
	cacheRung
	cdn
	dataCentres
	messageQueue
	sharding
)

// Rungs are all nine, in order.
var Rungs = []Rung{
	{singleServer, "single-server", "Single server", "Application, gateway and PostgreSQL on one machine, from one file."},
	{databaseApart, "database-apart", "Application and database apart", "The database moves to a machine of its own, live and reversibly."},
	{loadBalancer, "load-balancer", "Load balancer", "Many application servers behind the gateway, which balances and keeps sessions."},
	{replication, "replication", "Replication", "Replicas of the database take reads and take over, and users always see their own writes."},
	{cacheRung, "cache", "Cache", "Responses come from memory, and are dropped when their data changes."},
	{cdn, "cdn", "CDN", "Edges near the users serve what can be cached."},
	{dataCentres, "data-centres", "Data centres", "Several regions, each close to its users, that take over for each other."},
	{messageQueue, "message-queue", "Message queue", "Slow work is accepted at once and done later, without loss."},
	{sharding, "sharding", "Sharding", "The data is spread over several databases, and can be spread anew while in use."},
}

// Rung is the highest rung that the file stands on, from 1 to 9, with its name: "single-server".
func (c *Config) Rung() (int, string) {
	number := singleServer
	if c.Database != nil && c.Database.Primary != "" {
		number = databaseApart
	}
	if c.App != nil && len(c.App.Servers) > 1 {
		number = loadBalancer
	}
	return number, Rungs[number-1].Name
}

// laterKeys are keys of the file that rungs above NewestRung bring, by path; [] stands for any place in a list.
var laterKeys = []struct {
	path string
	rung int
}{
	{"gateway.tls", loadBalancer},
	{"gateway.balance", loadBalancer},
	{"gateway.affinity", loadBalancer},
	{"gateway.routes", loadBalancer},
	{"gateway.limits.rate", loadBalancer},
	{"gateway.limits.burst", loadBalancer},
	{"app.servers[].weight", loadBalancer},
	{"app.servers[].max_connections", loadBalancer},
	{"database.pool", databaseApart},
	{"database.replicas", replication},
	{"database.failover", replication},
	{"database.read_your_writes", replication},
	{"database.embedded.replicas", replication},
	{"cache", cacheRung},
	{"edges", cdn},
	{"regions", dataCentres},
	{"queue", messageQueue},
	{"database.shards", sharding},
}

// laterKey says of a key that this version does not know yet with which rung it comes.
func laterKey(path string) (fault, bool) {
	for _, later := range laterKeys {
		if later.path != withoutIndices(path) {
			continue
		}
		rung := Rungs[later.rung-1]
		return fault{
			fmt.Sprintf("arrives with rung %d (%s); this version of Ladder stands on rung %d", rung.Number, rung.Name, NewestRung),
			"remove the key, or use a version of Ladder that has this rung",
		}, true
	}
	return fault{}, false
}

// withoutIndices makes servers[] of servers[3].
func withoutIndices(path string) string {
	var kept strings.Builder
	inside := false
	for _, r := range path {
		if r == ']' {
			inside = false
		}
		if !inside {
			kept.WriteRune(r)
		}
		if r == '[' {
			inside = true
		}
	}
	return kept.String()
}
