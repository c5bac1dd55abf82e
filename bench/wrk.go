package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// load is what wrk saw.
type load struct {
	Requests int64         `json:"requests"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
}

// perSecond is the throughput.
func (l load) perSecond() float64 { return float64(l.Requests) / l.Elapsed.Seconds() }

// runWrk loads an address over kept-alive connections from one thread. Failed requests are an error: figures with
// failures in them mean nothing.
func runWrk(ctx context.Context, cores, url string, connections int, duration time.Duration) (load, error) {
	command := exec.CommandContext(ctx, "taskset", "-c", cores, "wrk", "--latency", "--timeout", "30s", "-t", "1",
		"-c", strconv.Itoa(connections), "-d", fmt.Sprintf("%ds", int(duration.Seconds())), url)
	output, err := command.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w:\n%s", err, output)
	}
	return parseWrk(string(output))
}

var (
	wrkTotal   = regexp.MustCompile(`(?m)^ *(\d+) requests in ([0-9.]+[a-z]+),`)
	wrkP50     = regexp.MustCompile(`(?m)^ *50% +([0-9.]+[a-z]+)`)
	wrkP99     = regexp.MustCompile(`(?m)^ *99% +([0-9.]+[a-z]+)`)
	wrkFailure = regexp.MustCompile(`(?m)^ *(Socket errors:.*|Non-2xx or 3xx responses:.*)$`)
)

// parseWrk reads what wrk --latency prints.
func parseWrk(output string) (load, error) {
	if complaint := wrkFailure.FindString(output); complaint != "" {
		return load{}, fmt.Errorf("wrk saw failures: %s", complaint)
	}
	total := wrkTotal.FindStringSubmatch(output)
	p50, p99 := wrkP50.FindStringSubmatch(output), wrkP99.FindStringSubmatch(output)
	if total == nil || p50 == nil || p99 == nil {
		return load{}, fmt.Errorf("cannot read wrk's output:\n%s", output)
	}
	var l load
	var err error
	if l.Requests, err = strconv.ParseInt(total[1], 10, 64); err != nil {
		return load{}, fmt.Errorf("wrk's count: %w", err)
	}
	times := [...]*time.Duration{&l.Elapsed, &l.P50, &l.P99}
	for i, text := range []string{total[2], p50[1], p99[1]} {
		if *times[i], err = time.ParseDuration(text); err != nil { // wrk writes us, ms, s and m as Go does
			return load{}, fmt.Errorf("wrk's times: %w", err)
		}
	}
	if l.Requests == 0 {
		return load{}, fmt.Errorf("wrk counted no request:\n%s", output)
	}
	return l, nil
}
