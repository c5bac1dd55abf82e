package health

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ladder/topology"
)

// TestScenarios plays testdata: each file is a server's life. Commands:
//
//	server state=STATE fall=N rise=N     begins
//	configure fall=N rise=N              changes the thresholds
//	results                              one per line: "[+DURATION] pass" or "[+DURATION] fail REASON"; a second passes by default
//
// and prints the state after each result, with its age, and the reason when it changed.
func TestScenarios(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		now := start
		var machine *Machine
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "server":
				var name string
				d.ScanArgs(t, "state", &name)
				var state topology.State
				if err := state.UnmarshalText([]byte(name)); err != nil {
					d.Fatalf(t, "%v", err)
				}
				now = start
				machine = NewMachine(thresholds(t, d), state, now)
				return ""
			case "configure":
				machine.Configure(thresholds(t, d))
				return ""
			case "results":
				var out strings.Builder
				for line := range strings.Lines(d.Input) {
					now = feed(t, machine, now, strings.TrimSpace(line), &out)
				}
				return out.String()
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func thresholds(t *testing.T, d *datadriven.TestData) Thresholds {
	t.Helper()
	var result Thresholds
	d.ScanArgs(t, "fall", &result.Fall)
	d.ScanArgs(t, "rise", &result.Rise)
	return result
}

func feed(t *testing.T, machine *Machine, now time.Time, line string, out *strings.Builder) time.Time {
	t.Helper()
	step := time.Second
	if after, found := strings.CutPrefix(line, "+"); found {
		text, rest, _ := strings.Cut(after, " ")
		line = rest
		var err error
		if step, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	at := now.Add(step)
	verb, reason, _ := strings.Cut(line, " ")
	verdict, changed := machine.Feed(Result{Time: at, Passed: verb == "pass", Error: reason})
	fmt.Fprintf(out, "%-40s %s for %v", line, verdict.State, at.Sub(verdict.Since))
	if changed {
		fmt.Fprintf(out, "  <- %s", verdict.Reason)
	}
	out.WriteString("\n")
	if verdict != machine.Verdict() {
		t.Error("Feed and Verdict differ")
	}
	if at.Before(now) {
		return now
	}
	return at
}
