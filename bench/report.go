package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// goal is a bound on Ladder's figure as a ratio to somebody's in the same run.
type goal struct {
	text string
	most float64
	// ratio finds what to compare, and reports whether everything it needs was measured.
	ratio func(results) (float64, bool)
}

const megabyte = 1 << 20

// idleBudget is what 10,000 idle connections may cost, in bytes.
const idleBudget = 80 * megabyte

func goals() []goal {
	return []goal{
		{"small: CPU per request, Ladder : nginx", 1.10, func(r results) (float64, bool) { return r.cpuRatio(small, "nginx") }},
		{"idle: memory of the connections, Ladder : 80 MiB", 1.00, func(r results) (float64, bool) {
			m, ok := r.Idle["ladder"]
			return float64(m.growth()) / idleBudget, ok && m.Connections == 10_000
		}},
		{"later goal, small: CPU per request, Ladder : better of nginx and HAProxy", 0.90, func(r results) (float64, bool) {
			nginx, ok := r.cpuRatio(small, "nginx")
			haproxy, okToo := r.cpuRatio(small, "haproxy")
			return max(nginx, haproxy), ok && okToo
		}},
	}
}

// cpuRatio compares Ladder's processor time per request with a peer's.
func (r results) cpuRatio(scenario, peer string) (float64, bool) {
	ours, theirs := r.of(scenario, "ladder"), r.of(scenario, peer)
	if len(ours) == 0 || len(theirs) == 0 {
		return 0, false
	}
	return median(ours, measurement.perRequest) / median(theirs, measurement.perRequest), true
}

// of lists the measurements of one peer under one load.
func (r results) of(scenario, peer string) []measurement {
	var found []measurement
	for _, m := range r.Loads {
		if m.Scenario == scenario && m.Peer == peer {
			found = append(found, m)
		}
	}
	return found
}

// median of one figure over rounds; of an even number, the lower one of the middle two.
func median[M any, F cmp.Ordered](measurements []M, figure func(M) F) F {
	figures := make([]F, 0, len(measurements))
	for _, m := range measurements {
		figures = append(figures, figure(m))
	}
	slices.Sort(figures)
	return figures[(len(figures)-1)/2]
}

// report prints the tables of runs that were kept.
func report(files []string, out io.Writer) error {
	if len(files) == 0 {
		return errors.New("name the files whose tables to print, for instance bench/results/*.json")
	}
	for _, name := range files {
		r, err := readResults(name)
		if err != nil {
			return err
		}
		r.print(out)
	}
	return nil
}

// print shows the medians, the ratios and what they are measured against.
func (r results) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s, %s, %d × %s, kernel %s, commit %s\n", r.Benchmark, r.Facts.Time.Format(time.DateTime), r.Facts.Cores, r.Facts.CPU, r.Facts.Kernel, r.Facts.Commit)
	for _, scenario := range []string{small, large} {
		r.printLoad(out, scenario)
	}
	r.printIdle(out)
	for _, name := range slices.Sorted(maps.Keys(r.Skipped)) {
		fmt.Fprintf(out, "not measured: %s: %s\n", name, r.Skipped[name])
	}
	r.printGoals(out)
}

func (r results) printLoad(out io.Writer, scenario string) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	printed := false
	for _, peer := range peers() {
		rounds := r.of(scenario, peer.name)
		if len(rounds) == 0 {
			continue
		}
		if !printed {
			printed = true
			fmt.Fprintf(out, "\n%s responses, %d connections, medians of %d rounds of %v (lowest – highest CPU)\n", scenario, r.Options.Connections, r.Options.Rounds, r.Options.Duration)
			fmt.Fprintln(table, "proxy\tCPU µs/request\t\trequests/s\tp50 ms\tp99 ms\tCPU : nginx\t")
		}
		relative := "–"
		if nginx := r.of(scenario, "nginx"); len(nginx) > 0 {
			relative = fmt.Sprintf("%.2f", median(rounds, measurement.perRequest)/median(nginx, measurement.perRequest))
		}
		costs := make([]float64, 0, len(rounds))
		for _, m := range rounds {
			costs = append(costs, m.perRequest())
		}
		fmt.Fprintf(table, "%s\t%.1f\t(%.1f – %.1f)\t%.0f\t%.2f\t%.2f\t%s\t\n", peer.name,
			median(rounds, measurement.perRequest), slices.Min(costs), slices.Max(costs),
			median(rounds, func(m measurement) float64 { return m.perSecond() }),
			median(rounds, func(m measurement) float64 { return milliseconds(m.P50) }),
			median(rounds, func(m measurement) float64 { return milliseconds(m.P99) }), relative)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func (r results) printIdle(out io.Writer) {
	if len(r.Idle) == 0 {
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	fmt.Fprintf(out, "\n%d idle kept-alive connections, resident memory in MiB\n", r.Options.Idle)
	fmt.Fprintln(table, "proxy\tbefore\twith them\tgrowth\tKiB each\t")
	for _, peer := range peers() {
		if m, ok := r.Idle[peer.name]; ok {
			fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t\n", peer.name, float64(m.Before)/megabyte, float64(m.During)/megabyte,
				float64(m.growth())/megabyte, float64(m.growth())/1024/float64(m.Connections))
		}
	}
}

func (r results) printGoals(out io.Writer) {
	for i, goal := range goals() {
		ratio, measured := goal.ratio(r)
		if i == 0 {
			fmt.Fprintln(out)
		}
		switch {
		case !measured:
			fmt.Fprintf(out, "  –   %s: not measured in this run (goal ≤ %.2f)\n", goal.text, goal.most)
		case ratio <= goal.most:
			fmt.Fprintf(out, "PASS  %s = %.2f (goal ≤ %.2f)\n", goal.text, ratio, goal.most)
		default:
			fmt.Fprintf(out, "MISS  %s = %.2f (goal ≤ %.2f)\n", goal.text, ratio, goal.most)
		}
	}
}
