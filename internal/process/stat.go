package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ, which Linux fixes at 100 per second for all of user space.
const clockTick = time.Second / 100

// stat is what Ladder reads of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	state     byte
	parent    int
	group     int // process group
	session   int
	cpu       time.Duration // user and system, of all threads
	startTime uint64        // in clock ticks after boot; together with the pid it identifies a process
	resident  int64         // bytes
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// parseStat reads the fields after the program's name, which stands in parentheses and may itself hold any character.
func parseStat(text []byte) (stat, error) {
	const (
		fieldState, fieldParent, fieldGroup, fieldSession             = 0, 1, 2, 3
		fieldUserTime, fieldSystemTime, fieldStartTime, fieldResident = 11, 12, 19, 21
	)
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= fieldResident || len(fields[fieldState]) != 1 {
		return stat{}, fmt.Errorf("unreadable process status %q", text)
	}
	var numbers [fieldResident + 1]uint64
	for _, field := range []int{fieldParent, fieldGroup, fieldSession, fieldUserTime, fieldSystemTime, fieldStartTime, fieldResident} {
		number, err := strconv.ParseUint(string(fields[field]), 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("unreadable process status %q: %w", text, err)
		}
		numbers[field] = number
	}
	return stat{
		state:     fields[fieldState][0],
		parent:    int(numbers[fieldParent]),
		group:     int(numbers[fieldGroup]),
		session:   int(numbers[fieldSession]),
		cpu:       time.Duration(numbers[fieldUserTime]+numbers[fieldSystemTime]) * clockTick,
		startTime: numbers[fieldStartTime],
		resident:  int64(numbers[fieldResident]) * int64(os.Getpagesize()),
	}, nil
}

// allProcesses lists the ids under /proc; those that end meanwhile are simply gone when they are looked at.
func allProcesses() []int {
	directory, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = directory.Close() }()
	names, _ := directory.Readdirnames(-1)
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
