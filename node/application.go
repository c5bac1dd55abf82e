package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"ladder/admin"
	"ladder/config"
	"ladder/internal/hint"
	"ladder/internal/probe"
	"ladder/supervise"
	"ladder/topology"
	"ladder/topology/health"
)

// applicationPool is what API, metrics and dashboard call the servers of the application; instances are named after it.
const applicationPool = "app"

// serversTimeout is how long new servers may take to pass their first check before old ones are taken away.
const serversTimeout = 30 * time.Second

// applicationTier is the application's servers, whoever runs them: the pool that the gateway reads, the health checks that
// keep it true, and the supervisor where Ladder starts the instances itself.
type applicationTier struct {
	node       *Node
	pool       *topology.Pool
	checker    *probe.Checker                       // nil while the file has no application
	supervisor atomic.Pointer[supervise.Supervisor] // nil when others run the servers; status reads it at any time
	output     *appOutput                           // where the instances' output goes; nil without a supervisor
}

func newApplicationTier(n *Node) *applicationTier {
	return &applicationTier{node: n, pool: topology.NewPool(applicationPool)}
}

func (t *applicationTier) Start(ctx context.Context) error { return t.apply(ctx, t.node.File()) }

// Stop ends the checks first: an instance that is being stopped is not unhealthy.
func (t *applicationTier) Stop(ctx context.Context) error {
	var failures []error
	if t.checker != nil {
		failures = append(failures, t.checker.Stop(ctx))
		t.checker = nil
	}
	failures = append(failures, t.stopSupervisor(ctx))
	t.removeServers(nil)
	return errors.Join(failures...)
}

func (t *applicationTier) stopSupervisor(ctx context.Context) error {
	supervisor := t.supervisor.Load()
	if supervisor == nil {
		return nil
	}
	err := supervisor.Stop(ctx)
	t.supervisor.Store(nil)
	return errors.Join(err, t.output.Close())
}

// apply brings checks, instances and servers to the file. What is new joins here; what is gone leaves in retire.
func (t *applicationTier) apply(ctx context.Context, file *config.Config) error {
	if file.App == nil {
		return nil
	}
	if len(file.App.Command) > 0 {
		if err := t.applyInstances(ctx, file); err != nil {
			return err
		}
	}
	t.addServers(file.App.Servers)
	if err := t.applyChecks(ctx, file); err != nil {
		return err
	}
	return t.awaitServers(ctx, file)
}

// awaitServers waits, before servers or instances that carry the traffic are taken away, until one that stays can carry it.
// At the start of a node there is nothing to take away, and nothing is waited for: others may start their servers later.
func (t *applicationTier) awaitServers(ctx context.Context, file *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, serversTimeout)
	defer cancel()
	for {
		changed := t.pool.Changed()
		carries, stays := false, len(file.App.Command) > 0
		for _, member := range t.pool.Load().Ready {
			carries = true
			stays = stays || servedBy(file.App.Servers, member.Address())
		}
		if !carries || stays {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return hint.Errorf("start the servers first, or keep one of the old ones in app.servers for now",
				"none of app.servers has passed a health check within %v: %w", serversTimeout, ctx.Err())
		}
	}
}

func servedBy(servers []config.Server, address string) bool {
	return slices.ContainsFunc(servers, func(s config.Server) bool { return s.Address == address })
}

func (t *applicationTier) applyChecks(ctx context.Context, file *config.Config) error {
	if t.checker != nil {
		t.checker.Apply(t.checks(file))
		return nil
	}
	checker := probe.NewChecker(t.checks(file))
	if err := checker.Start(ctx); err != nil {
		return errors.Join(err, checker.Stop(ctx))
	}
	t.checker = checker
	return nil
}

func (t *applicationTier) retire(ctx context.Context, file *config.Config) error {
	if file.App == nil {
		return t.Stop(ctx)
	}
	t.removeServers(file.App.Servers)
	if len(file.App.Command) == 0 {
		return t.stopSupervisor(ctx)
	}
	return nil
}

func (t *applicationTier) applyInstances(ctx context.Context, file *config.Config) error {
	if supervisor := t.supervisor.Load(); supervisor != nil {
		return supervisor.Apply(ctx, t.instances(file))
	}
	output, err := openAppOutput(t.node)
	if err != nil {
		return err
	}
	t.output = output
	supervisor := supervise.New(t.instances(file))
	t.supervisor.Store(supervisor) // while they start, status shows how far they are
	if err := supervisor.Start(ctx); err != nil {
		return errors.Join(err, t.stopSupervisor(context.WithoutCancel(ctx)))
	}
	return nil
}

// addServers puts new servers of others into the pool; they get traffic after their first passed check.
func (t *applicationTier) addServers(servers []config.Server) {
	pool := t.pool.Load()
	for _, server := range servers {
		if _, known := pool.Find(server.Address); !known {
			t.pool.Add(topology.NewMember(server.Address, server.Address), topology.Starting, "waiting for its first health check")
		}
	}
}

// removeServers takes those out of the pool that are not among the kept ones; requests in flight on them go on.
func (t *applicationTier) removeServers(kept []config.Server) {
	for _, entry := range t.pool.Load().Entries {
		isServer := entry.Name() == entry.Address() // the supervisor's instances have names of their own
		if isServer && !servedBy(kept, entry.Address()) {
			t.pool.Remove(entry.Name())
		}
	}
}

func (t *applicationTier) checks(file *config.Config) probe.Options {
	check := file.App.Health
	return probe.Options{
		Pool: t.pool, Probe: probeOf(file.App.Health), Interval: check.Interval.Std(), Timeout: check.Timeout.Std(),
		Thresholds: health.Thresholds{Fall: check.Fall, Rise: check.Rise},
		Exclusive:  len(file.App.Command) == 0,
		Events:     t.node.bus, Health: t.node.health,
	}
}

// probeOf is one health check of an address.
func probeOf(check config.Health) func(ctx context.Context, address string) error {
	if check.Path == "" {
		return probe.TCP
	}
	return func(ctx context.Context, address string) error { return probe.HTTP(ctx, address, check.Path) }
}

func (t *applicationTier) instances(file *config.Config) supervise.Options {
	app := file.App
	return supervise.Options{
		Name:      applicationPool,
		Command:   app.Command,
		Directory: file.Path(app.Directory),
		User:      app.User,
		Instances: app.Instances,
		Environment: func(instance string, port int) []string {
			return environment(os.Environ(), app.Env, port, t.node.database.url(file, instance))
		},
		Fingerprint:  t.fingerprint(file),
		Ready:        probeOf(app.Health),
		StartTimeout: app.StartTimeout.Std(),
		StopTimeout:  app.StopTimeout.Std(),
		DrainTimeout: drainTimeout(file),
		Pool:         t.pool,
		Output:       t.output.line,
		Guardian:     t.node.guardian,
		Logger:       t.node.logger,
		Events:       t.node.bus,
		Health:       t.node.health,
	}
}

// environment is what an instance finds: Ladder's own, then the file's, then what only Ladder can know. A DATABASE_URL in the
// file stands above the one that Ladder would give: the user points the application elsewhere on purpose.
func environment(own []string, file map[string]string, port int, databaseURL string) []string {
	env := slices.Clone(own)
	if databaseURL != "" {
		env = append(env, "DATABASE_URL="+databaseURL)
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		env = append(env, name+"="+file[name])
	}
	return append(env, "PORT="+strconv.Itoa(port))
}

// fingerprint changes when a running instance no longer is what the file asks for.
func (t *applicationTier) fingerprint(file *config.Config) string {
	text, err := json.Marshal(struct {
		Command   []string
		Directory string
		User      string
		Env       map[string]string
		Database  string
	}{file.App.Command, file.Path(file.App.Directory), file.App.User, file.App.Env, t.node.database.url(file, "")})
	if err != nil {
		panic(fmt.Sprintf("node: strings that cannot be JSON: %v", err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// drainTimeout is how long an instance that was replaced may go on with what it has.
func drainTimeout(file *config.Config) time.Duration {
	if file.Gateway == nil {
		return 0 // nobody sends it anything through Ladder
	}
	return file.Gateway.Timeouts.Drain.Std()
}

func (t *applicationTier) restart(ctx context.Context, instance string) error {
	supervisor := t.supervisor.Load()
	if supervisor == nil {
		return hint.Errorf("restart it where it runs", "%s is not an instance that Ladder started", instance)
	}
	err := supervisor.Restart(ctx, instance)
	if errors.Is(err, supervise.ErrUnknownInstance) {
		return unknownInstance{err}
	}
	return err
}

// unknownInstance is supervise's word that there is no such instance as the API's, which answers it with 404.
type unknownInstance struct{ error }

func (u unknownInstance) Unwrap() error { return u.error }

func (u unknownInstance) Is(target error) bool { return target == admin.ErrUnknownInstance }
