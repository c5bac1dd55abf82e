package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestDemo runs what `make demo` runs, to its end.
func TestDemo(t *testing.T) {
	directory := publicTempDir(t)
	command := exec.CommandContext(t.Context(), filepath.Join(programs, "ladder"), "demo", "--exit", "--seconds-per-rung", "4", "-o", "json", "--directory", directory)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(directory, "demo.log"))
		t.Fatalf("ladder demo: %v\n%s\n%s", err, output, tail(string(log), 40))
	}
	var report struct {
		Rungs []struct {
			Rung              int
			Name              string
			Requests, Failed  uint64
			StaleReads        uint64  `json:"stale_reads"`
			P50               float64 `json:"p50_ms"`
			P99               float64 `json:"p99_ms"`
			RequestsPerSecond float64 `json:"requests_per_second"`
		}
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	if len(report.Rungs) != 1 || report.Rungs[0].Rung != 1 || report.Rungs[0].Name != "single-server" {
		t.Fatalf("rungs: %+v", report.Rungs)
	}
	for _, rung := range report.Rungs {
		if rung.Failed != 0 || rung.StaleReads != 0 {
			t.Errorf("rung %d failed its users: %+v", rung.Rung, rung)
		}
		if rung.Requests < 100 || rung.P50 <= 0 || rung.P99 < rung.P50 || rung.RequestsPerSecond <= 0 {
			t.Errorf("rung %d was not measured: %+v", rung.Rung, rung)
		}
	}
}
