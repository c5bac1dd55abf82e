package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// measurement is one peer under one load in one round.
type measurement struct {
	Scenario string        `json:"scenario"`
	Round    int           `json:"round"`
	Peer     string        `json:"peer"`
	CPU      time.Duration `json:"cpu_ns"` // of the peer's processes, during the load
	load
}

// perRequest is the processor time of one request, in microseconds.
func (m measurement) perRequest() float64 {
	return float64(m.CPU.Nanoseconds()) / 1e3 / float64(m.Requests)
}

// results are everything that a run found out, as it is kept.
type results struct {
	Benchmark      string                       `json:"benchmark"`
	Facts          facts                        `json:"facts"`
	Options        options                      `json:"options"`
	Skipped        map[string]string            `json:"skipped,omitempty"` // peers that were not measured, and why
	Configurations map[string]map[string]string `json:"configurations"`    // of each peer, by file
	Loads          []measurement                `json:"loads"`
	Idle           map[string]idleMemory        `json:"idle,omitempty"` // by peer
}

// keep writes the results into a file of their own and returns its name.
func (r results) keep(directory string) (string, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	name := filepath.Join(directory, fmt.Sprintf("%s-%s-%s.json", r.Benchmark, r.Facts.Time.Format("20060102T150405Z"), r.Facts.Commit))
	if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	return name, nil
}

func readResults(name string) (results, error) {
	var r results
	text, err := os.ReadFile(name)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
