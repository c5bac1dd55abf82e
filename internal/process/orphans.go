package process

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ladder/internal/lifecycle"
)

// orphanInterval is how often dead orphans are looked for.
const orphanInterval = 5 * time.Second

// Orphans reaps processes that Ladder inherited: as process 1 of a container it becomes the parent of whatever children of
// its children leave behind, and each would stay a zombie for ever. Where Ladder does not inherit, it does nothing. It is a
// lifecycle.Service.
type Orphans struct {
	tasks    lifecycle.Tasks
	interval time.Duration
	inherits bool // tests make themselves heir without being process 1
}

// NewOrphans makes the service.
func NewOrphans() *Orphans { return &Orphans{interval: orphanInterval, inherits: os.Getpid() == 1} }

// Start begins reaping, where that is Ladder's business.
func (o *Orphans) Start(context.Context) error {
	if o.inherits {
		o.tasks.Go(o.run)
	}
	return nil
}

// Stop ends it.
func (o *Orphans) Stop(ctx context.Context) error { return o.tasks.Stop(ctx) }

func (o *Orphans) run(ctx context.Context) {
	ticker := time.NewTicker(o.interval)
	defer ticker.Stop()
	seen := make(map[processIdentity]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			seen = reapOrphans(seen)
		}
	}
}

// reapOrphans reaps the dead orphans that were dead the last time already. Children that Ladder started itself are told by
// their group, and besides by their being reaped at once: nobody else's wait may be taken away.
func reapOrphans(before map[processIdentity]bool) map[processIdentity]bool {
	self, err := readStat(os.Getpid())
	if err != nil {
		return nil
	}
	dead := make(map[processIdentity]bool)
	for _, pid := range allProcesses() {
		stat, err := readStat(pid)
		if err != nil || stat.state != 'Z' || stat.parent != os.Getpid() {
			continue
		}
		started := stat.group == self.group || stat.group == pid && stat.session == self.session
		identity := processIdentity{pid, stat.startTime}
		switch {
		case started:
		case before[identity]:
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		default:
			dead[identity] = true
		}
	}
	return dead
}
