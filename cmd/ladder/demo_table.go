package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"ladder/config"
	"ladder/demo/traffic"
	"ladder/node"
)

const (
	// demoRedraw is how often a row is drawn anew on a terminal, demoReprint how often it is printed elsewhere.
	demoRedraw  = 500 * time.Millisecond
	demoReprint = 5 * time.Second
)

// demoReport is what `ladder demo -o json` prints; documented in docs/reference/cli.md as stable.
type demoReport struct {
	Rungs []demoRow `json:"rungs"`
}

type demoRow struct {
	Rung              int     `json:"rung"`
	Name              string  `json:"name"`
	Requests          uint64  `json:"requests"`
	Failed            uint64  `json:"failed"`
	StaleReads        uint64  `json:"stale_reads"`
	P50               float64 `json:"p50_ms"`
	P99               float64 `json:"p99_ms"`
	RequestsPerSecond float64 `json:"requests_per_second"`
}

// demoTable shows what users get. With JSON asked for, people read along on standard error and programs get the document on
// standard output at the end.
type demoTable struct {
	people   io.Writer
	document io.Writer // nil unless JSON was asked for
	live     bool      // rows can be drawn over
	report   demoReport
	headed   bool
}

func newDemoTable(t terminal, asJSON bool) *demoTable {
	table := &demoTable{people: t.out}
	if asJSON {
		table.people, table.document = t.err, t.out
	}
	if file, ok := table.people.(*os.File); ok {
		table.live = term.IsTerminal(int(file.Fd()))
	}
	return table
}

func (d *demoTable) say(format string, arguments ...any) {
	fmt.Fprintf(d.people, format+"\n", arguments...)
}

func (d *demoTable) greet(urls node.URLs, file string) {
	d.say("")
	d.say("  application  %s", urls.Application[0])
	d.say("  dashboard    %s", urls.Dashboard)
	d.say("  status       %s status -c %s", os.Args[0], shortPath(file))
	d.say("")
}

// shortPath is a path as a person would type it here.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && len(short) < len(path) {
		return short
	}
	return path
}

// measure shows one rung for a while. It reports false when it was interrupted.
func (d *demoTable) measure(ctx context.Context, generator *traffic.Generator, file *config.Config, length time.Duration) bool {
	before, began := generator.Totals(), time.Now()
	end := time.NewTimer(length)
	defer end.Stop()
	completed := d.watch(ctx, end.C, generator, before, began, file)
	number, name := file.Rung()
	row := rowBetween(number, name, before, generator.Totals(), time.Since(began))
	d.draw(row, true)
	d.report.Rungs = append(d.report.Rungs, row)
	return completed
}

// stay goes on with the last rung until ctx is done; its row counts from the beginning of the traffic.
func (d *demoTable) stay(ctx context.Context, generator *traffic.Generator, running *node.Node) {
	d.say("")
	d.say("traffic goes on: open the dashboard, kill -9 an instance, watch. Ctrl-C ends it.")
	d.headed = false
	before, began := generator.Totals(), time.Now()
	d.watch(ctx, nil, generator, before, began, running.File())
	if d.live {
		fmt.Fprintln(d.people)
	}
}

// watch draws until end or interruption; it reports whether the end came first.
func (d *demoTable) watch(ctx context.Context, end <-chan time.Time, generator *traffic.Generator, before traffic.Totals, began time.Time, file *config.Config) bool {
	interval := demoReprint
	if d.live {
		interval = demoRedraw
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	number, name := file.Rung()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-end:
			return true
		case <-ticker.C:
			d.draw(rowBetween(number, name, before, generator.Totals(), time.Since(began)), false)
		}
	}
}

func rowBetween(rung int, name string, before, after traffic.Totals, took time.Duration) demoRow {
	latency := after.Latency.Sub(before.Latency)
	requests := after.Requests - before.Requests
	return demoRow{
		Rung: rung, Name: name,
		Requests:          requests,
		Failed:            after.Failed - before.Failed,
		StaleReads:        after.StaleReads - before.StaleReads,
		P50:               milliseconds(latency.Quantile(0.50)),
		P99:               milliseconds(latency.Quantile(0.99)),
		RequestsPerSecond: float64(int64(float64(requests)/took.Seconds()*10)) / 10,
	}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

func (d *demoTable) draw(row demoRow, final bool) {
	if !d.headed {
		d.say("%-4s %-18s %10s %7s %6s %9s %9s %9s", "rung", "name", "requests", "failed", "stale", "p50", "p99", "req/s")
		d.headed = true
	}
	line := fmt.Sprintf("%-4d %-18s %10d %7d %6d %6.2f ms %6.2f ms %9.1f",
		row.Rung, row.Name, row.Requests, row.Failed, row.StaleReads, row.P50, row.P99, row.RequestsPerSecond)
	switch {
	case d.live && final:
		fmt.Fprintf(d.people, "\r%s\n", line)
	case d.live:
		fmt.Fprintf(d.people, "\r%s", line)
	default:
		fmt.Fprintln(d.people, line)
	}
}

// finish says what went wrong, if anything did, and prints the document.
func (d *demoTable) finish(totals traffic.Totals) error {
	if totals.Failed > 0 {
		d.say("%d of %d requests failed; the last ones:", totals.Failed, totals.Requests)
		for _, failure := range totals.Failures {
			d.say("  %s", failure)
		}
	}
	if d.document == nil {
		return nil
	}
	return printJSON(d.document, d.report)
}
