package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/report.txt instead of comparing with it")

// exampleResults has round figures, so that the table can be checked by eye.
func exampleResults() results {
	r := results{
		Benchmark: benchmarkName,
		Facts:     facts{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc1234", CPU: "Example CPU", Cores: 2, Kernel: "6.0"},
		Options:   options{Rounds: 3, Duration: time.Second, Connections: 64, Idle: 10_000},
		Skipped:   map[string]string{"caddy": "caddy is not installed; apt-get install caddy"},
		Idle: map[string]idleMemory{
			"nginx":  {Connections: 10_000, Before: 10 * megabyte, During: 15 * megabyte},
			"ladder": {Connections: 10_000, Before: 20 * megabyte, During: 110 * megabyte},
		},
	}
	for round, factor := range []int{1, 3, 2} {
		for peer, cost := range map[string]int{"nginx": 10, "haproxy": 11, "ladder": 9} {
			r.Loads = append(r.Loads, measurement{
				Scenario: small, Round: round + 1, Peer: peer, CPU: time.Duration(factor*cost) * time.Millisecond,
				load: load{Requests: 1000, Elapsed: time.Second, P50: time.Millisecond, P99: 2500 * time.Microsecond},
			})
		}
	}
	return r
}

func TestReport(t *testing.T) {
	var out strings.Builder
	exampleResults().print(&out)
	const golden = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestKeptResultsReadBack(t *testing.T) {
	want := exampleResults()
	name, err := want.keep(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := readResults(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(measurement{})); diff != "" {
		t.Errorf("-kept +read:\n%s", diff)
	}
}

// The tables in the documentation are those of kept results: every kept file must still print.
func TestStoredResultsPrint(t *testing.T) {
	files, err := os.ReadDir("results")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") {
			continue
		}
		var out strings.Builder
		if err := report([]string{"results/" + file.Name()}, &out); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "µs/request") && !strings.Contains(out.String(), "KiB each") {
			t.Errorf("%s prints no table:\n%s", file.Name(), &out)
		}
	}
}

// The README quotes the report of a kept run, word for word.
func TestQuotedReportIsThatOfTheKeptRun(t *testing.T) {
	const readme = "README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	match := quotedReport.FindStringSubmatchIndex(string(text))
	if match == nil {
		t.Fatal("no report is quoted")
	}
	file, quoted := string(text[match[2]:match[3]]), string(text[match[4]:match[5]])
	var out strings.Builder
	if err := report([]string{file}, &out); err != nil {
		t.Fatal(err)
	}
	printed := strings.TrimLeft(out.String(), "\n")
	if *update {
		replaced := string(text[:match[4]]) + printed + string(text[match[5]:])
		if err := os.WriteFile(readme, []byte(replaced), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(printed, quoted); diff != "" {
		t.Errorf("the report of %s is another (-printed +quoted); go test ./bench -run Quoted -update quotes it anew:\n%s", file, diff)
	}
}

// quotedReport finds the file and the quoted text.
var quotedReport = regexp.MustCompile("(?s)go run ./bench report bench/(results/[^`]+)`.*?```text\n(.*?)```")

func TestMedian(t *testing.T) {
	same := func(n int) int { return n }
	for _, test := range []struct {
		figures []int
		want    int
	}{{[]int{7}, 7}, {[]int{9, 1, 5}, 5}, {[]int{4, 1, 2, 3}, 2}} {
		if got := median(test.figures, same); got != test.want {
			t.Errorf("median of %v is %d, want %d", test.figures, got, test.want)
		}
	}
}

func TestOptions(t *testing.T) {
	got, err := parseOptions([]string{"--scenario", "small,idle", "--only=nginx, ladder", "--rounds", "2", "--duration", "1s"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"small", "idle"}, got.Scenarios); diff != "" {
		t.Error(diff)
	}
	if !got.wants("nginx") || !got.wants("ladder") || got.wants("caddy") {
		t.Errorf("wants the wrong peers: %v", got.Only)
	}
	for _, bad := range [][]string{{"--scenario", "medium"}, {"--only", "apache"}, {"--rounds", "0"}, {"--duration", "10ms"}} {
		if _, err := parseOptions(bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
