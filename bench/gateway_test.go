package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGatewayBenchmark runs the whole benchmark, shortly, over real programs: those peers that are installed, and Ladder when
// it can be built.
func TestGatewayBenchmark(t *testing.T) {
	for _, program := range []string{"wrk", "taskset"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing; run scripts/install-test-deps bench", program)
		}
	}
	o, err := parseOptions([]string{"--rounds=2", "--duration=1s", "--idle=200", "--connections=8"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lookUp("nginx"); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat("/sys/devices/system/cpu/cpu1"); err != nil {
		o.LoadCores = "0" // figures do not matter here
	}
	o.Ladder = filepath.Join(t.TempDir(), "ladder")
	if output, err := exec.Command("go", "build", "-o", o.Ladder, "ladder/cmd/ladder").CombinedOutput(); err != nil {
		t.Fatalf("building Ladder: %v\n%s", err, output)
	}
	o.Results = t.TempDir()

	var out strings.Builder
	begun := time.Now()
	err = measureGateway(t.Context(), o, &out)
	t.Logf("%v:\n%s", time.Since(begun), &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"small responses", "large responses", "200 idle", "CPU per request, Ladder : nginx ="} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	checkKept(t, o.Results)
}

func checkKept(t *testing.T, directory string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "gateway-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept %v, %v", files, err)
	}
	kept, err := readResults(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, scenario := range []string{small, large} {
		for _, peer := range []string{"nginx", "ladder"} {
			rounds := kept.of(scenario, peer)
			if len(rounds) != 2 {
				t.Errorf("%s %s has %d measurements, want 2", scenario, peer, len(rounds))
			}
			for _, m := range rounds {
				if m.Requests == 0 || m.CPU == 0 {
					t.Errorf("an empty measurement: %+v", m)
				}
			}
		}
	}
	if kept.Facts.CPU == "" || kept.Facts.Versions["nginx"] == "" || kept.Configurations["ladder"]["ladder.yaml"] == "" {
		t.Errorf("facts are missing: %+v", kept.Facts)
	}
}

// An unknown word is refused with what there is.
func TestUnknownBenchmark(t *testing.T) {
	for _, arguments := range [][]string{{}, {"database"}, {"report"}, {"report", "no-such-file.json"}} {
		if err := run(t.Context(), arguments, os.Stderr); err == nil {
			t.Errorf("%v was accepted", arguments)
		}
	}
}
