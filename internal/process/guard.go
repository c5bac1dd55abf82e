package process

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	// searchRounds and searchPause bound the search for what an unconfirmed child forked: it may still be forking.
	searchRounds = 10
	searchPause  = 10 * time.Millisecond
)

// ward is what a guardian knows of one child; pid is 0 while its start is not confirmed.
type ward struct {
	pid       int
	startTime uint64
	signal    syscall.Signal
}

// GuardianMain is the guardian process: it listens until its standard input ends, which means that Ladder is gone, ends
// what Ladder left behind and returns. Signals that Ladder's terminal or a service manager may send are ignored.
func GuardianMain(stdin io.Reader) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGTSTP)
	return guard(stdin)
}

func guard(stdin io.Reader) error {
	wards := make(map[string]ward)
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		if err := note(wards, lines.Text()); err != nil {
			fmt.Fprintln(os.Stderr, "ladder guardian:", err)
		}
	}
	var ended []int
	for mark, ward := range wards {
		if ward.end(mark) {
			ended = append(ended, ward.pid)
		}
	}
	if len(ended) > 0 { // told last: nobody may be reading any more
		fmt.Fprintln(os.Stderr, "ladder guardian: Ladder ended without stopping its children; ended process groups", ended)
	}
	return lines.Err()
}

// note takes one line from Ladder: "expect MARK SIGNAL", "watch MARK PID STARTTIME SIGNAL", "forget MARK".
func note(wards map[string]ward, line string) error {
	var verb, mark string
	if n, _ := fmt.Sscan(line, &verb, &mark); n != 2 {
		return fmt.Errorf("unreadable message %q", line)
	}
	switch verb {
	case "expect":
		var w ward
		if n, err := fmt.Sscan(line, &verb, &mark, (*int)(&w.signal)); n != 3 {
			return fmt.Errorf("unreadable message %q: %w", line, err)
		}
		wards[mark] = w
	case "watch":
		var w ward
		if n, err := fmt.Sscan(line, &verb, &mark, &w.pid, &w.startTime, (*int)(&w.signal)); n != 5 || err != nil || w.pid <= 1 {
			return fmt.Errorf("unreadable message %q: %d of 5 words read", line, n)
		}
		wards[mark] = w
	case "forget":
		delete(wards, mark)
	default:
		return fmt.Errorf("unknown message %q", line)
	}
	return nil
}

// end ends one child and what it forked. It reports whether a group was there to be ended.
func (w ward) end(mark string) bool {
	if w.pid == 0 {
		if w.signal == syscall.SIGKILL {
			endMarked(mark)
		}
		return false // else its own death signal has reached it, and it takes care of the rest
	}
	current, err := readStat(w.pid)
	alive := err == nil
	if alive && current.startTime != w.startTime {
		return false // the id belongs to somebody else by now, so nothing of the group is left
	}
	switch {
	case w.signal == syscall.SIGKILL:
		// The group outlives its leader, and its id is not given away while it has members.
		return syscall.Kill(-w.pid, syscall.SIGKILL) == nil
	case alive:
		return syscall.Kill(w.pid, w.signal) == nil
	}
	return false
}

// endMarked kills every process that carries the mark in its environment. The child itself is dying already by its death
// signal; this is for what it may have forked since.
func endMarked(mark string) {
	variable := []byte(MarkVariable + "=" + mark)
	for range searchRounds {
		for _, pid := range allProcesses() {
			if pid != os.Getpid() && hasVariable(pid, variable) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		time.Sleep(searchPause)
	}
}

func hasVariable(pid int, variable []byte) bool {
	environment, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for _, pair := range bytes.Split(environment, []byte{0}) {
		if bytes.Equal(pair, variable) {
			return true
		}
	}
	return false
}
