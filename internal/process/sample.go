package process

import (
	"syscall"
	"time"
)

// Usage is what the processes of one group use together.
type Usage struct {
	CPUPercent float64 // of one core, since the sample before; 0 in the first
	Memory     int64   // resident bytes; pages that the processes share count once for each
	Processes  int
}

// Sampler measures process groups by looking through /proc. One system call for each process of the machine finds the
// members, and only theirs are read. It is used by one goroutine at a time.
type Sampler struct {
	at  time.Time
	cpu map[processIdentity]time.Duration
}

type processIdentity struct {
	pid       int
	startTime uint64
}

// NewSampler makes a sampler.
func NewSampler() *Sampler { return &Sampler{} }

// Sample measures the groups of these leaders. A group that is gone is missing from the result.
func (s *Sampler) Sample(now time.Time, groups []int) map[int]Usage {
	result := make(map[int]Usage, len(groups))
	cpu := make(map[processIdentity]time.Duration)
	if len(groups) > 0 {
		wanted := make(map[int]bool, len(groups))
		for _, group := range groups {
			wanted[group] = true
		}
		elapsed := now.Sub(s.at)
		for _, pid := range allProcesses() {
			if group, err := syscall.Getpgid(pid); err == nil && wanted[group] {
				s.add(result, cpu, pid, elapsed)
			}
		}
	}
	s.at, s.cpu = now, cpu
	return result
}

func (s *Sampler) add(result map[int]Usage, cpu map[processIdentity]time.Duration, pid int, elapsed time.Duration) {
	stat, err := readStat(pid)
	if err != nil || stat.state == 'Z' {
		return
	}
	usage := result[stat.group]
	usage.Memory += stat.resident
	usage.Processes++
	identity := processIdentity{pid, stat.startTime}
	cpu[identity] = stat.cpu
	if before, known := s.cpu[identity]; known && elapsed > 0 {
		usage.CPUPercent += 100 * float64(stat.cpu-before) / float64(elapsed)
	}
	result[stat.group] = usage
}
