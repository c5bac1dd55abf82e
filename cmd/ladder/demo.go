package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ladder/demo/traffic"
	"ladder/internal/hint"
	"ladder/node"
	"ladder/telemetry"
)

const (
	demoUsers       = 40
	demoConcurrency = 16

	// defaultSecondsPerRung is long enough to watch, and for a percentile to mean something.
	defaultSecondsPerRung = 15
)

// demoOptions are the flags of the verb.
type demoOptions struct {
	directory      string
	secondsPerRung int
	exit           bool
	rate           float64
	json           bool
}

func newDemo(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch Ladder carry a real application under traffic, rung by rung",
		Long: `Start PostgreSQL, the sample application and the gateway from the example files, drive
realistic traffic over real HTTP, and climb from each rung to the next without stopping. A table
shows what users get meanwhile. It stays up until Ctrl-C; with --exit it stops by itself and exits
with 1 if any request failed.`,
		Args: noArguments,
	}
	var options demoOptions
	format := outputFlag(c)
	flags := c.Flags()
	flags.StringVar(&options.directory, "directory", filepath.Join(".ladder", "demo"), "where the demo keeps its files and data")
	flags.IntVar(&options.secondsPerRung, "seconds-per-rung", defaultSecondsPerRung, "how long each rung is measured")
	flags.BoolVar(&options.exit, "exit", false, "stop after the last rung")
	flags.Float64Var(&options.rate, "rate", 0, "requests per second; 0 is as many as there come")
	c.RunE = func(c *cobra.Command, _ []string) error {
		options.json = format.json()
		if options.secondsPerRung < 1 {
			return usageError{fmt.Errorf("--seconds-per-rung: %d is less than 1", options.secondsPerRung)}
		}
		return runDemo(c.Context(), t, options)
	}
	return c
}

// runDemo climbs all rungs that there are examples for.
func runDemo(ctx context.Context, t terminal, options demoOptions) error {
	rungs, err := unpackDemo(options.directory)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(options.directory, "demo.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, newFileMode)
	if err != nil {
		return fmt.Errorf("opening the demo's log: %w", err)
	}
	defer log.Close()
	logger, err := telemetry.NewLogger(log, telemetry.LogText, nil)
	if err != nil {
		return err
	}
	table := newDemoTable(t, options.json)
	table.say("starting PostgreSQL, the application and the gateway (log: %s)", log.Name())
	file, err := load(rungs[0])
	if err != nil {
		return err
	}
	running, err := node.New(file, node.Options{Version: version, Logger: logger, AppOutput: log})
	if err != nil {
		return err
	}
	if err := running.Start(ctx); err != nil {
		return hint.Wrap(err, firstOf(hint.Of(err), "the whole story is in "+log.Name()))
	}
	err = climb(ctx, table, running, rungs, options)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), running.StopTimeout())
	defer cancel()
	return errors.Join(err, running.Stop(stopping))
}

func firstOf(first, otherwise string) string {
	if first != "" {
		return first
	}
	return otherwise
}

// climb drives traffic while the node goes from rung to rung, and reports what users got on each.
func climb(ctx context.Context, table *demoTable, running *node.Node, rungs []string, options demoOptions) error {
	urls := running.URLs()
	generator, err := traffic.New(traffic.Options{
		Target: urls.Application[0], Users: demoUsers, Concurrency: demoConcurrency, Rate: options.rate,
	})
	if err != nil {
		return fmt.Errorf("preparing the traffic: %w", err)
	}
	table.say("%d people sign up", demoUsers)
	if err := generator.Prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // somebody stopped the demo: that is no failure
		}
		return fmt.Errorf("preparing the traffic: %w", err)
	}
	table.greet(urls, rungs[0])
	driving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- generator.Run(driving) }()

	err = climbEach(ctx, table, running, generator, rungs, options)
	if err == nil && !options.exit {
		table.stay(ctx, generator, running)
	}
	stop()
	err = errors.Join(err, <-done)
	totals := generator.Totals()
	if err := table.finish(totals); err != nil {
		return err
	}
	if err == nil && totals.Failed > 0 {
		return errReported
	}
	return err
}

func climbEach(ctx context.Context, table *demoTable, running *node.Node, generator *traffic.Generator, rungs []string, options demoOptions) error {
	for i, rung := range rungs {
		if i > 0 {
			text, err := os.ReadFile(rung)
			if err != nil {
				return fmt.Errorf("reading the next rung: %w", err)
			}
			if _, err := running.Apply(ctx, text); err != nil {
				return fmt.Errorf("climbing to %s: %w", rung, err)
			}
		}
		if !table.measure(ctx, generator, running.File(), time.Duration(options.secondsPerRung)*time.Second) {
			return nil // interrupted: what was measured so far is reported
		}
	}
	return nil
}
