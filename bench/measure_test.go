package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseWrk(t *testing.T) {
	output, err := os.ReadFile("testdata/wrk.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseWrk(string(output))
	if err != nil {
		t.Fatal(err)
	}
	want := load{Requests: 259633, Elapsed: 5100 * time.Millisecond, P50: 1190 * time.Microsecond, P99: 2890 * time.Microsecond}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rate := got.perSecond(); rate < 50908 || rate > 50909 {
		t.Errorf("perSecond is %v", rate)
	}
}

func TestParseWrkRefusesFailures(t *testing.T) {
	output, err := os.ReadFile("testdata/wrk.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"socket errors": string(output) + "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
		"statuses":      string(output) + "  Non-2xx or 3xx responses: 7\n",
		"cut off":       string(output[:200]),
		"no requests":   strings.Replace(string(output), "259633 requests", "0 requests", 1),
	} {
		if got, err := parseWrk(text); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "4242 (a (b) c) S 17 4242 4242 0 -1 4194560 1000 0 0 0 150 75 0 0 20 0 1 0 100 1000000 500 18446744073709551615 1 1"
	got, err := parseStat([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if want := (stat{parent: 17, cpu: 2250 * time.Millisecond}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 1 2 3", strings.Replace(line, " 150 ", " many ", 1)} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q read as %+v", bad, got)
		}
	}
}

func TestParseStatm(t *testing.T) {
	if pages, err := parseStatm([]byte("1000 250 30 1 0 90 0\n")); err != nil || pages != 250 {
		t.Errorf("got %d, %v", pages, err)
	}
	if _, err := parseStatm([]byte("1000\n")); err == nil {
		t.Error("a line with one field was read")
	}
}

// A process's children count as the process: nginx works in them.
func TestCPUOfAFamily(t *testing.T) {
	command := exec.Command("bash", "-c", `
		(for ((i = 0; i < 200000; i++)); do :; done; echo done; exec sleep 60) &
		wait`)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	}()
	if _, err := output.Read(make([]byte, 10)); err != nil { // the child has done its work
		t.Fatal(err)
	}
	own, err := readStat(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	all, err := cpuOf(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if all <= own.cpu {
		t.Errorf("the family used %v, its head alone %v", all, own.cpu)
	}
	if memory, err := memoryOf(command.Process.Pid); err != nil || memory < megabyte {
		t.Errorf("two shells have %d bytes of memory, %v", memory, err)
	}
}
