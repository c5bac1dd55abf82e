package process

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestStatOfThisProcess(t *testing.T) {
	stat, err := readStat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	session, err := syscall.Getpgid(0)
	if err != nil {
		t.Fatal(err)
	}
	if stat.parent != os.Getppid() || stat.group != session || stat.resident < 1<<20 || stat.startTime == 0 {
		t.Errorf("got %+v", stat)
	}
}

func TestStatSurvivesProgramNames(t *testing.T) {
	line := []byte("7 (a) R 1 (b) S 2 3 4 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 99 0 5 0\n")
	stat, err := parseStat(line)
	if err != nil {
		t.Fatal(err)
	}
	if stat.state != 'S' || stat.parent != 2 || stat.group != 3 || stat.session != 4 || stat.cpu != 2*time.Second || stat.startTime != 99 {
		t.Errorf("got %+v", stat)
	}
	for _, line := range []string{"", "7 (a", "7 (a) S", "7 (a) S x 3 4 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 99 0 5 0"} {
		if _, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("7 (a) R 1 (b) S 2 3 4 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 99 0 5 0\n"))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if stat, err := parseStat(line); err == nil && stat.state == 0 {
			t.Errorf("%q: %+v", line, stat)
		}
	})
}

func FuzzNote(f *testing.F) {
	f.Add("expect a 9")
	f.Add("watch a 4711 99 9")
	f.Add("forget a")
	f.Fuzz(func(t *testing.T, line string) {
		wards := map[string]ward{}
		_ = note(wards, line)
		for _, w := range wards {
			if w.pid == 1 || w.pid < 0 { // kill(-1) would be everybody
				t.Errorf("%q: %+v", line, w)
			}
		}
	})
}

func TestSamplerMeasuresTheWholeGroup(t *testing.T) {
	p := start(t, Spec{Name: "x", Command: shell(`while :; do :; done & sleep 1000`)})
	quiet := start(t, Spec{Name: "y", Command: shell(`sleep 1000`)})
	groups := []int{p.Pid(), quiet.Pid(), 1 << 30}
	sampler := NewSampler()
	eventually(t, "CPU of a grandchild is seen", func() bool {
		usage := sampler.Sample(time.Now(), groups)
		return usage[p.Pid()].CPUPercent > 5 && usage[p.Pid()].Processes == 3 && usage[quiet.Pid()].Memory > 0
	})
	if usage := sampler.Sample(time.Now(), groups); len(usage) != 2 || usage[quiet.Pid()].CPUPercent > usage[p.Pid()].CPUPercent {
		t.Errorf("got %+v", usage)
	}
}

func BenchmarkSample(b *testing.B) {
	sampler := NewSampler()
	for b.Loop() {
		sampler.Sample(time.Now(), []int{os.Getpid()})
	}
}
