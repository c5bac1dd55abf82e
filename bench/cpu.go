package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// ticksPerSecond is USER_HZ, the unit of times in /proc: 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// stat is what of /proc/PID/stat matters here. See proc(5).
type stat struct {
	parent int
	cpu    time.Duration // user and system, of all its threads
}

// parseStat reads /proc/PID/stat. The program's name, in parentheses, may hold anything, parentheses too.
func parseStat(text []byte) (stat, error) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return stat{}, fmt.Errorf("no program name in %q", text)
	}
	fields := bytes.Fields(text[end+1:]) // field 3 of proc(5) is the first here
	const parent, user, system = 4 - 3, 14 - 3, 15 - 3
	if len(fields) <= system {
		return stat{}, fmt.Errorf("too few fields in %q", text)
	}
	var numbers [3]int64
	for i, field := range []int{parent, user, system} {
		var err error
		if numbers[i], err = strconv.ParseInt(string(fields[field]), 10, 64); err != nil {
			return stat{}, fmt.Errorf("field %d of %q: %w", field+3, text, err)
		}
	}
	return stat{
		parent: int(numbers[0]),
		cpu:    time.Duration(numbers[1]+numbers[2]) * time.Second / ticksPerSecond,
	}, nil
}

// family lists a process and all that descend from it.
func family(root int) ([]int, error) {
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", entry, err)
		}
		if status, err := readStat(pid); err == nil { // it may be gone by now
			children[status.parent] = append(children[status.parent], pid)
		}
	}
	members := []int{root}
	for i := 0; i < len(members); i++ {
		members = append(members, children[members[i]]...)
	}
	slices.Sort(members)
	return members, nil
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// cpuOf is the processor time that a process and its descendants have used so far.
func cpuOf(root int) (time.Duration, error) {
	members, err := family(root)
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, pid := range members {
		status, err := readStat(pid)
		if gone(err) && pid != root {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
		}
		total += status.cpu
	}
	return total, nil
}

// memoryOf is the resident memory of a process and its descendants, in bytes.
func memoryOf(root int) (int64, error) {
	members, err := family(root)
	if err != nil {
		return 0, err
	}
	var total int64
	for _, pid := range members {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if gone(err) && pid != root {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		pages, err := parseStatm(text)
		if err != nil {
			return 0, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		total += pages * int64(os.Getpagesize())
	}
	return total, nil
}

// parseStatm reads the resident pages from /proc/PID/statm.
func parseStatm(text []byte) (int64, error) {
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("too few fields in %q", text)
	}
	return strconv.ParseInt(string(fields[1]), 10, 64)
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }
