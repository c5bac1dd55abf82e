// Package node runs what one file says on one machine. It is the only package that knows all others: it turns the file into
// their options, starts them in order, stops them in reverse, and brings a changed file to them while they run. What a
// part does is decided in its own package; here is only who exists, in which order, and what a change means.
// Start with [Node].
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ladder/config"
	"ladder/internal/filelock"
	"ladder/internal/hint"
	"ladder/internal/lifecycle"
	"ladder/internal/process"
	"ladder/telemetry"
)

const (
	// GuardianVerb is the hidden command under which Ladder's executable is the process guardian.
	GuardianVerb = "internal-guardian"

	// off is what closes an address or a log in the file.
	off = "off"

	// stopMargin is what a stop may take beyond the time-outs of the file.
	stopMargin = 10 * time.Second

	// ownExecutable is this very program, also after a package upgrade has put another at its path.
	ownExecutable = "/proc/self/exe"
)

// Options are what a node is told besides the file.
type Options struct {
	Version   string
	Logger    *slog.Logger
	AppOutput io.Writer // where the application's output is shown besides its log file; nil for nowhere
}

// Node is one machine's part of a file, running. It is a lifecycle.Service.
type Node struct {
	options   Options
	logger    *slog.Logger
	directory Directory
	started   time.Time

	bus      *telemetry.Bus
	health   *telemetry.Health
	registry *prometheus.Registry

	lock     *filelock.Lock
	guardian *process.Guardian
	group    lifecycle.Group

	database    *databaseTier
	application *applicationTier
	front       *gatewayTier
	admin       *adminTier

	applying sync.Mutex // one apply, restart or stop at a time
	file     atomic.Pointer[config.Config]
	changes  atomic.Uint64 // how many files were applied, the first included
}

// New makes a node of a valid file; nothing is started.
func New(file *config.Config, options Options) (*Node, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{
		options: options, logger: options.Logger, directory: DirectoryOf(file),
		bus: telemetry.NewBus(options.Logger), registry: telemetry.NewRegistry(),
	}
	n.health = telemetry.NewHealth(n.bus)
	n.file.Store(file)
	n.database = newDatabaseTier(n)
	n.application = newApplicationTier(n)
	n.front = newGatewayTier(n)
	n.admin = newAdminTier(n)
	return n, n.registerMetrics()
}

// File is the file that runs now.
func (n *Node) File() *config.Config { return n.file.Load() }

// Start brings everything up in the order in which it is needed, and stops it again if a part fails:
//
//  1. the lock on the directory, so that no second node touches anything of the first,
//  2. admin, so that people and monitors see from the first moment that the node is there and what it waits for,
//  3. the guardian, before there is a child that might outlive Ladder, and whoever buries orphans should Ladder be process 1,
//  4. the database, because the application wants it at its start,
//  5. the application, whose instances must pass a check before
//  6. the gateway opens: the first user already gets an answer.
func (n *Node) Start(ctx context.Context) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	n.started = time.Now()
	if err := n.start(ctx); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.StopTimeout())
		defer cancel()
		return errors.Join(err, n.stop(stopping))
	}
	return nil
}

func (n *Node) start(ctx context.Context) error {
	if err := n.occupy(); err != nil {
		return err
	}
	if err := n.front.preflight(ctx, n.File()); err != nil {
		return err
	}
	if err := n.group.Start(ctx, "admin", n.admin); err != nil {
		return err
	}
	if err := n.group.Start(ctx, "orphans", process.NewOrphans()); err != nil {
		return err
	}
	n.startGuardian()
	for _, tier := range []struct {
		name    string
		service lifecycle.Service
	}{{"database", n.database}, {"application", n.application}, {"gateway", n.front}} {
		if err := n.group.Start(ctx, tier.name, tier.service); err != nil {
			return err
		}
	}
	n.changes.Add(1)
	n.remember(n.File())
	n.checkLimits()
	n.bus.Publish(telemetry.Event{Code: "node_started", Subject: "node", Message: "everything is up"})
	return n.announce()
}

// occupy takes the directory for this node alone.
func (n *Node) occupy() error {
	if err := n.directory.make(); err != nil {
		return err
	}
	lock, err := filelock.Acquire(n.directory.path(lockFile))
	var held *filelock.HeldError
	if errors.As(err, &held) {
		return hint.Errorf(
			fmt.Sprintf("ladder status shows that node; kill %d stops it; another `directory` in the file runs a second one beside it", held.PID),
			"%s is held by another ladder up (process %d)", n.directory, held.PID)
	}
	if err != nil {
		return fmt.Errorf("locking %s: %w", n.directory, err)
	}
	n.lock = lock
	return nil
}

// startGuardian is best effort: without a guardian only grandchildren can outlive a killed Ladder.
func (n *Node) startGuardian() {
	var err error
	if n.guardian, err = process.StartGuardian(ownExecutable, GuardianVerb); err != nil {
		n.health.Set(telemetry.GuardianMissing, "node", err.Error())
	}
}

// announce leaves word in the directory for the command line.
func (n *Node) announce() error {
	return n.directory.setRunning(Running{
		PID: os.Getpid(), Admin: n.admin.url(), File: n.File().Path(filepath.Base(n.File().Source)), Version: n.options.Version, Started: n.started,
	})
}

// remember keeps the file that runs, for the next `ladder plan` without a node. Failing to is no reason to fail.
func (n *Node) remember(file *config.Config) {
	if err := n.directory.setApplied(file.Text()); err != nil {
		n.logger.Warn("keeping the applied file", "error", err)
	}
}

// checkLimits warns while the process may open fewer files than the file's limits need.
func (n *Node) checkLimits() {
	if check := checkDescriptors(n.File()); check.Verdict == Warn {
		n.health.Set(telemetry.FileLimitLow, "node", check.Found)
	} else {
		n.health.Clear(telemetry.FileLimitLow, "node")
	}
}

// Stop ends everything in the reverse order of Start: the gateway first, so that requests in flight still have an
// application and the application a database.
func (n *Node) Stop(ctx context.Context) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	return n.stop(ctx)
}

func (n *Node) stop(ctx context.Context) error {
	failures := []error{n.group.Stop(ctx)}
	if n.guardian != nil {
		failures = append(failures, n.guardian.Stop(ctx))
		n.guardian = nil
	}
	if n.lock != nil {
		failures = append(failures, n.directory.clearRunning(), n.lock.Release())
		n.lock = nil
	}
	return errors.Join(failures...)
}

// StopTimeout bounds a whole stop: the time-outs of the parts, one after the other.
func (n *Node) StopTimeout() time.Duration {
	total := stopMargin
	file := n.File()
	if file.Gateway != nil {
		total += file.Gateway.Timeouts.Drain.Std()
	}
	if file.App != nil {
		total += file.App.StopTimeout.Std()
	}
	if embeds(file) {
		total += file.Database.Embedded.StopTimeout.Std()
	}
	return total
}
