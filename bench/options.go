package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options of a gateway run; they are kept with its results.
type options struct {
	Scenarios   []string      `json:"scenarios"`
	Only        []string      `json:"only,omitempty"` // peers; empty means all that are installed
	Rounds      int           `json:"rounds"`
	Duration    time.Duration `json:"duration_ns"` // of one measurement of one peer
	Connections int           `json:"connections"` // kept alive, in the load scenarios
	Idle        int           `json:"idle"`        // connections of the memory scenario
	ProxyCore   int           `json:"proxy_core"`
	LoadCores   string        `json:"load_cores"` // for origin and wrk, as taskset takes them
	Results     string        `json:"-"`          // directory; empty keeps nothing
	Ladder      string        `json:"-"`          // the binary
}

// The scenarios: small and large are loads, idle is memory.
const (
	small = "small"
	large = "large"
	idle  = "idle"
)

func parseOptions(arguments []string) (options, error) {
	var o options
	var scenarios, only string
	flags := flag.NewFlagSet("bench gateway", flag.ContinueOnError)
	flags.StringVar(&scenarios, "scenario", "small,large,idle", "what to measure: small (143-byte responses), large (1 MiB responses), idle (memory of kept-alive connections)")
	flags.StringVar(&only, "only", "", "peers to measure, with commas between; by default all that are installed")
	flags.IntVar(&o.Rounds, "rounds", 5, "how often each peer is measured, in turn with the others; medians are shown")
	flags.DurationVar(&o.Duration, "duration", 5*time.Second, "how long each measurement takes")
	flags.IntVar(&o.Connections, "connections", 64, "kept-alive connections of the load")
	flags.IntVar(&o.Idle, "idle", 10_000, "connections of the idle scenario")
	flags.IntVar(&o.ProxyCore, "proxy-core", 0, "the core that every proxy is pinned to")
	flags.StringVar(&o.LoadCores, "load-cores", "1", "the cores that origin and load generator are pinned to")
	flags.StringVar(&o.Results, "results", "bench/results", "directory that the raw figures are kept in; empty keeps nothing")
	flags.StringVar(&o.Ladder, "ladder", "bin/ladder", "the Ladder to measure")
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	o.Scenarios, o.Only = split(scenarios), split(only)
	return o, o.validate()
}

func (o options) validate() error {
	for _, scenario := range o.Scenarios {
		if !slices.Contains([]string{small, large, idle}, scenario) {
			return fmt.Errorf("unknown scenario %q; there are small, large and idle", scenario)
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(peers(), func(p peer) bool { return p.name == name }) {
			return fmt.Errorf("unknown peer %q", name)
		}
	}
	if o.Rounds < 1 || o.Duration < time.Second || o.Connections < 1 || o.Idle < 1 {
		return fmt.Errorf("rounds, connections and idle are at least 1 and duration at least 1s: %d, %d, %d, %v", o.Rounds, o.Connections, o.Idle, o.Duration)
	}
	return nil
}

// wants reports whether a peer was asked for.
func (o options) wants(name string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, name) }

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
