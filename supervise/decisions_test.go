package supervise

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestBackoffScenarios plays testdata/backoff. Commands:
//
//	backoff [initial=D] [max=D] [factor=F] [jitter=F] [reset=D] [exits=N] [window=D]    begins; the defaults stand in
//	failures [random=F]    one per line: "+DURATION [ready=DURATION]", the time since the pause before ended, and for how
//	                       long the instance had been ready; prints the pause that follows
func TestBackoffScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/backoff", func(t *testing.T, path string) {
		var backoff Backoff
		var history crashes
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "backoff":
				backoff, history = parseBackoff(t, d).withDefaults(), crashes{}
				return fmt.Sprintf("%+v", backoff)
			case "failures":
				random := 0.5
				if d.HasArg("random") {
					random = parseFloat(t, d, "random")
				}
				var out strings.Builder
				for line := range strings.Lines(d.Input) {
					now = playFailure(t, line, &history, backoff, now, random, &out)
				}
				return out.String()
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func playFailure(t *testing.T, line string, history *crashes, backoff Backoff, now time.Time, random float64, out *strings.Builder) time.Time {
	t.Helper()
	var step, ready time.Duration
	for _, word := range strings.Fields(line) {
		var err error
		if after, found := strings.CutPrefix(word, "ready="); found {
			ready, err = time.ParseDuration(after)
		} else {
			step, err = time.ParseDuration(strings.TrimPrefix(word, "+"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(step)
	verdict := history.failed(backoff, now, ready, random)
	fmt.Fprintf(out, "%-16s failure %d: pause %v", strings.TrimSpace(line), verdict.inRow, verdict.pause)
	if verdict.looping {
		out.WriteString(", crash loop")
	}
	out.WriteString("\n")
	return now.Add(verdict.pause)
}

func parseBackoff(t *testing.T, d *datadriven.TestData) (backoff Backoff) {
	t.Helper()
	for name, target := range map[string]*time.Duration{
		"initial": &backoff.Initial, "max": &backoff.Max, "reset": &backoff.ResetAfter, "window": &backoff.CrashLoopWindow,
	} {
		if d.HasArg(name) {
			var text string
			d.ScanArgs(t, name, &text)
			duration, err := time.ParseDuration(text)
			if err != nil {
				t.Fatal(err)
			}
			*target = duration
		}
	}
	for name, target := range map[string]*float64{"factor": &backoff.Factor, "jitter": &backoff.Jitter} {
		if d.HasArg(name) {
			*target = parseFloat(t, d, name)
		}
	}
	if d.HasArg("exits") {
		d.ScanArgs(t, "exits", &backoff.CrashLoopExits)
	}
	return backoff
}

func parseFloat(t *testing.T, d *datadriven.TestData, name string) float64 {
	t.Helper()
	var text string
	d.ScanArgs(t, name, &text)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestPlanScenarios plays testdata/plan: "plan instances=N fingerprint=F" with what runs as input, "ORDINAL FINGERPRINT" a line.
func TestPlanScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/plan", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var instances int
			var fingerprint string
			d.ScanArgs(t, "instances", &instances)
			d.ScanArgs(t, "fingerprint", &fingerprint)
			var running []slot
			for line := range strings.Lines(d.Input) {
				var s slot
				if _, err := fmt.Sscan(line, &s.ordinal, &s.fingerprint); err != nil {
					t.Fatal(err)
				}
				running = append(running, s)
			}
			p := makePlan(running, instances, fingerprint)
			return fmt.Sprintf("start %v\nreplace %v\nstop %v", p.start, p.replace, p.stop)
		})
	})
}
