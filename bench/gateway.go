package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// warmUp is how long each peer is loaded before the first round: caches, heaps and connections reach their size.
	warmUp = time.Second
	// benchmarkName begins the names of result files.
	benchmarkName = "gateway"
)

// bench is one run: the origin, the peers that are up, and what was found out so far.
type bench struct {
	options options
	out     io.Writer
	root    string // of all sites
	origin  *server
	peers   []*server
	results results
}

// measureGateway runs the scenarios over all peers and prints and keeps the results. Everything that it starts is stopped
// when it returns.
func measureGateway(ctx context.Context, o options, out io.Writer) (err error) {
	b := &bench{options: o, out: out, results: results{
		Benchmark: benchmarkName, Options: o,
		Skipped: map[string]string{}, Configurations: map[string]map[string]string{}, Idle: map[string]idleMemory{},
	}}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.start(ctx); err != nil {
		return err
	}
	for _, scenario := range o.Scenarios {
		switch scenario {
		case idle:
			err = b.measureMemory(ctx)
		default:
			err = b.measureLoad(ctx, scenario)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", scenario, err)
		}
	}
	b.results.print(out)
	if o.Results == "" {
		return nil
	}
	name, err := b.results.keep(o.Results)
	if err == nil {
		fmt.Fprintf(out, "\nraw figures and configurations: %s\n", name)
	}
	return err
}

// start brings up the origin and every peer that is wanted and installed.
func (b *bench) start(ctx context.Context) (err error) {
	if b.root, err = os.MkdirTemp("", "ladder-bench-"); err != nil {
		return fmt.Errorf("making a directory for the run: %w", err)
	}
	nginx, err := lookUp("nginx")
	if err != nil {
		return fmt.Errorf("the origin is an nginx: %w", err)
	}
	s, err := newSite(b.root, "origin", "")
	if err != nil {
		return err
	}
	if b.origin, err = start(ctx, "origin", nginx, b.options.LoadCores, s, origin(s)); err != nil {
		return err
	}
	versions := map[string]string{"wrk": versionOf("wrk", []string{"-v"})}
	for _, peer := range peers() {
		if !b.options.wants(peer.name) {
			continue
		}
		program, err := peer.installed(b.options)
		if err != nil {
			b.results.Skipped[peer.name] = err.Error()
			fmt.Fprintf(b.out, "%s is left out: %v\n", peer.name, err)
			continue
		}
		versions[peer.name] = versionOf(program, peer.version)
		if err := b.startPeer(ctx, peer, program); err != nil {
			return err
		}
	}
	b.results.Facts = gatherFacts(versions)
	return nil
}

func (b *bench) startPeer(ctx context.Context, peer peer, program string) error {
	s, err := newSite(b.root, peer.name, b.origin.site.listen)
	if err != nil {
		return err
	}
	running, err := start(ctx, peer.name, program, strconv.Itoa(b.options.ProxyCore), s, peer.at(s))
	if err != nil {
		return err
	}
	b.peers = append(b.peers, running)
	b.results.Configurations[peer.name] = running.launch.files
	return nil
}

func (b *bench) stop() error {
	var failures []error
	for _, peer := range slices.Backward(b.peers) {
		failures = append(failures, peer.stop())
	}
	if b.origin != nil {
		failures = append(failures, b.origin.stop())
	}
	if b.root != "" {
		failures = append(failures, os.RemoveAll(b.root))
	}
	return errors.Join(failures...)
}

// measureLoad loads the peers in turn, round by round, so that whatever else happens on the machine meets all of them.
func (b *bench) measureLoad(ctx context.Context, scenario string) error {
	for _, peer := range b.peers {
		if _, err := b.loadOnce(ctx, scenario, peer, warmUp); err != nil {
			return fmt.Errorf("warming up %s: %w", peer.name, err)
		}
	}
	for round := range b.options.Rounds {
		for i := range b.peers {
			peer := b.peers[(i+round)%len(b.peers)] // nobody always comes after the same one
			m, err := b.loadOnce(ctx, scenario, peer, b.options.Duration)
			if err != nil {
				return fmt.Errorf("%s in round %d: %w", peer.name, round+1, err)
			}
			m.Round = round + 1
			b.results.Loads = append(b.results.Loads, m)
			fmt.Fprintf(b.out, "%s round %d: %s %.1f µs/request, %.0f requests/s\n", scenario, m.Round, peer.name, m.perRequest(), m.perSecond())
		}
	}
	return nil
}

func (b *bench) loadOnce(ctx context.Context, scenario string, peer *server, duration time.Duration) (measurement, error) {
	before, err := cpuOf(peer.process.Pid())
	if err != nil {
		return measurement{}, err
	}
	seen, err := runWrk(ctx, b.options.LoadCores, "http://"+peer.site.listen+"/"+scenario, b.options.Connections, duration)
	if err != nil {
		return measurement{}, err
	}
	after, err := cpuOf(peer.process.Pid())
	return measurement{Scenario: scenario, Peer: peer.name, CPU: after - before, load: seen}, err
}

// measureMemory looks at each peer with idle connections. It starts them anew: memory that an earlier load left behind would
// hide what the connections cost.
func (b *bench) measureMemory(ctx context.Context) error {
	for i, peer := range b.peers {
		if err := peer.stop(); err != nil {
			return err
		}
		fresh, err := start(ctx, peer.name, peer.program, strconv.Itoa(b.options.ProxyCore), peer.site, peer.launch)
		if err != nil {
			return err
		}
		b.peers[i] = fresh
		memory, err := measureIdle(ctx, fresh, b.options.Idle)
		if err != nil {
			return err
		}
		b.results.Idle[peer.name] = memory
		fmt.Fprintf(b.out, "idle: %s grew by %.1f MiB\n", peer.name, float64(memory.growth())/megabyte)
	}
	return nil
}
