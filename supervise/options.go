// Package supervise runs the application: it starts its instances, gives each a port and an environment of its own, lets
// traffic come when an instance is ready, restarts what crashes, replaces what has changed without losing a request, and
// stops everything in the end. It knows nothing of HTTP or databases: whether an instance is ready, and what is in its
// environment, is asked of functions that the caller gives. Start with [Supervisor]; DESIGN.md has states and failures.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ladder/internal/probe"
	"ladder/internal/process"
	"ladder/telemetry"
	"ladder/topology"
)

// Defaults for what Options leave out.
const (
	DefaultStartTimeout = 60 * time.Second
	DefaultStopTimeout  = 10 * time.Second
	DefaultDrainTimeout = 30 * time.Second
)

// Options say what to run. Pool, Events, Health, Logger, Guardian and Name cannot be changed by Apply.
type Options struct {
	// Name of the application; its instances are "<Name>.1", "<Name>.2" …
	Name string
	// Command that starts an instance, see process.Spec.
	Command   []string
	Directory string // to run in
	User      string // to run as; empty means Ladder's own
	Instances int    // how many; at least 1
	// Environment makes the full environment of one instance. A replacement gets the name of the instance that it replaces.
	Environment func(instance string, port int) []string
	// Fingerprint stands for command, environment and all else that an instance must be replaced for when it changes.
	Fingerprint string
	// Ready is one check of 127.0.0.1:port; it is repeated until it returns nil. The default is a TCP connection that opens.
	Ready func(ctx context.Context, address string) error

	StartTimeout time.Duration // from an instance's start until it is ready
	StopTimeout  time.Duration // from SIGTERM to SIGKILL
	DrainTimeout time.Duration // for requests in flight on an instance that is replaced or no longer wanted
	Backoff      Backoff       // between a crash and the next start

	// Pool that the instances become members of. Nobody else adds or removes members.
	Pool *topology.Pool
	// Output takes what instances print; stream is "stdout" or "stderr". The line is the callee's to keep. May be nil.
	Output   func(instance, stream string, line []byte)
	Events   telemetry.Events
	Health   *telemetry.Health
	Logger   *slog.Logger
	Guardian *process.Guardian // may be nil: then grandchildren survive a kill -9 of Ladder
}

func (o Options) withDefaults() Options {
	for _, setting := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&o.StartTimeout, DefaultStartTimeout}, {&o.StopTimeout, DefaultStopTimeout}, {&o.DrainTimeout, DefaultDrainTimeout},
	} {
		if *setting.value <= 0 {
			*setting.value = setting.fallback
		}
	}
	o.Backoff = o.Backoff.withDefaults()
	o.Events = telemetry.OrDiscard(o.Events)
	if o.Environment == nil {
		o.Environment = func(_ string, port int) []string { return []string{fmt.Sprintf("PORT=%d", port)} }
	}
	if o.Ready == nil {
		o.Ready = probe.TCP
	}
	if o.Output == nil {
		o.Output = func(string, string, []byte) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate names every mistake.
func (o Options) validate() error {
	var mistakes []error
	if o.Name == "" {
		mistakes = append(mistakes, errors.New("the application has no name"))
	}
	if len(o.Command) == 0 {
		mistakes = append(mistakes, errors.New("the command is empty"))
	}
	if o.Instances < 1 {
		mistakes = append(mistakes, fmt.Errorf("%d instances: at least one is needed", o.Instances))
	}
	if o.Pool == nil {
		mistakes = append(mistakes, errors.New("there is no pool"))
	}
	return errors.Join(mistakes...)
}

func (o Options) instanceName(ordinal int) string { return fmt.Sprintf("%s.%d", o.Name, ordinal) }
