package supervise

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ladder/internal/process"
	"ladder/topology"
)

// Instance is what is known of one instance, for status and dashboard.
type Instance struct {
	// Name of its member in the pool: "app.1", or "app.1-next" and "app.1-draining" while it is being replaced.
	Name string
	// Of is the name that stands in its environment and in the log, whichever of the three it is.
	Of      string
	Address string // 127.0.0.1:port
	Port    int
	PID     int // 0 while it waits for its next start
	State   topology.State
	Reason  string    // of the state
	Since   time.Time // of the state
	Started time.Time // of the process
	// Restarts after crashes since this instance was made; LastExit is how its last process ended, "" if none did.
	Restarts    int
	LastExit    string
	Fingerprint string
	// CPUPercent (of one core) and MemoryBytes (resident) of the whole process group, at most a few seconds old.
	CPUPercent  float64
	MemoryBytes int64
}

// Instances lists all that exist now, in the order of their numbers, a replacement after its predecessor.
func (s *Supervisor) Instances() []Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := slices.Clone(s.live)
	slices.SortFunc(live, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(a.ordinal, b.ordinal), cmp.Compare(a.generation, b.generation))
	})
	snapshot := s.pool.Load()
	result := make([]Instance, 0, len(live))
	for _, i := range live {
		if i.member == nil {
			continue // its first process is just being started
		}
		result = append(result, s.describeLocked(i, snapshot))
	}
	return result
}

func (s *Supervisor) describeLocked(i *instance, snapshot *topology.Snapshot) Instance {
	described := Instance{
		Name: i.member.Name(), Of: i.name, Port: i.port, Address: i.member.Address(),
		Restarts: i.restarts, LastExit: i.lastExit, Fingerprint: i.options.Fingerprint,
	}
	if entry, found := snapshot.Find(described.Name); found {
		described.State, described.Reason, described.Since = entry.State, entry.Reason, entry.Since
	}
	select {
	case <-i.process.Ended():
	default:
		described.PID, described.Started = i.process.Pid(), i.process.Started()
		usage := s.usage[described.PID]
		described.CPUPercent, described.MemoryBytes = usage.CPUPercent, usage.Memory
	}
	return described
}

// measure keeps usage up to date.
func (s *Supervisor) measure(ctx context.Context) {
	sampler := process.NewSampler()
	for wait(ctx, usageInterval) {
		var groups []int
		for _, instance := range s.Instances() {
			if instance.PID != 0 {
				groups = append(groups, instance.PID)
			}
		}
		usage := sampler.Sample(time.Now(), groups)
		s.mu.Lock()
		s.usage = usage
		s.mu.Unlock()
	}
}
