package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// facts are what somebody needs to know about the machine to judge the figures.
type facts struct {
	Time     time.Time         `json:"time"`
	Commit   string            `json:"commit"` // with "-dirty" when files differed from it
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Memory   string            `json:"memory"`
	Kernel   string            `json:"kernel"`
	System   string            `json:"system"`
	Go       string            `json:"go"`
	Load     string            `json:"load_average"` // before the run: others on the machine make figures worthless
	Versions map[string]string `json:"versions"`
}

func gatherFacts(versions map[string]string) facts {
	return facts{
		Time:     time.Now().UTC().Truncate(time.Second),
		Commit:   firstLine(exec.Command("git", "describe", "--always", "--dirty", "--exclude=*")),
		CPU:      valueIn("/proc/cpuinfo", "model name"),
		Cores:    runtime.NumCPU(),
		Memory:   valueIn("/proc/meminfo", "MemTotal"),
		Kernel:   contents("/proc/sys/kernel/osrelease"),
		System:   strings.Trim(valueIn("/etc/os-release", "PRETTY_NAME"), `"`),
		Go:       runtime.Version(),
		Load:     contents("/proc/loadavg"),
		Versions: versions,
	}
}

func firstLine(command *exec.Cmd) string {
	output, err := command.Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(output), "\n")
	return line
}

func contents(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// valueIn finds "key : value" or "key=value" in a file.
func valueIn(file, key string) string {
	for line := range strings.Lines(contents(file)) {
		name, value, found := strings.Cut(line, ":")
		if !found {
			name, value, found = strings.Cut(line, "=")
		}
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
