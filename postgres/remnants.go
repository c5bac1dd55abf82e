package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ladder/internal/hint"
	"ladder/telemetry"
)

const (
	pidFileName = "postmaster.pid"
	// immediateTimeout is how long a server may take to end after SIGQUIT: it kills what does not end by itself after 5 s.
	immediateTimeout = 15 * time.Second
	// remnantPause is the pause between two looks at whether a remnant is gone.
	remnantPause = 20 * time.Millisecond
	// noProcess is above every process id that Linux gives (PID_MAX_LIMIT is 2²²).
	noProcess = math.MaxInt32
)

// serverProcess is a PostgreSQL process that works in the data directory.
type serverProcess struct{ pid, parent int }

// remnantPlan says what has to happen before a server can be started on a directory.
type remnantPlan struct {
	postmaster int   // a server that still runs: stop it; 0 if there is none
	orphans    []int // processes whose server is gone: end them
	// disown: postmaster.pid names a process that lives and is not PostgreSQL's. It got the id of a server that died; PostgreSQL
	// would take it for that server and refuse to start.
	disown bool
}

// planRemnants decides from the process id in postmaster.pid (0 if there is no such file), from the PostgreSQL processes
// in the directory, and from whether the process of that id lives.
func planRemnants(filePID int, found []serverProcess, alive bool) remnantPlan {
	var plan remnantPlan
	for _, process := range found {
		if process.pid == filePID {
			plan.postmaster = filePID
		}
	}
	for _, process := range found {
		// The children of a server go with it.
		if process.pid != plan.postmaster && (plan.postmaster == 0 || process.parent != plan.postmaster) {
			plan.orphans = append(plan.orphans, process.pid)
		}
	}
	plan.disown = filePID != 0 && plan.postmaster == 0 && alive
	return plan
}

// parsePIDFile reads the process id from postmaster.pid; 0 if it has none. A negative one is that of a single-user server.
func parsePIDFile(text []byte) int {
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return max(pid, -pid)
}

// clearRemnants stops whatever PostgreSQL still works in the data directory. Ladder holds the directory's lock, so none of
// it is another Ladder's. A server that still runs is not adopted: it would be nobody's child, so that its end could not
// be waited for, it would outlive this Ladder, and its log would go nowhere.
func (c *cluster) clearRemnants(ctx context.Context) error {
	text, err := readSmall(filepath.Join(c.data(), pidFileName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return accessError("looking for a server that still runs", err)
	}
	found, err := processesIn(c.data())
	if err != nil {
		return fmt.Errorf("looking for a server that still runs: %w", err)
	}
	pid := parsePIDFile(text)
	plan := planRemnants(pid, found, pid != 0 && processAlive(pid))
	if plan.postmaster != 0 {
		if err := c.stopRemnant(ctx, plan.postmaster); err != nil {
			return err
		}
	}
	if len(plan.orphans) > 0 {
		if err := c.endOrphans(ctx, plan.orphans); err != nil {
			return err
		}
	}
	if plan.disown {
		return c.disownPIDFile(text)
	}
	return nil
}

func (c *cluster) stopRemnant(ctx context.Context, pid int) error {
	c.publish(telemetry.SeverityWarning, "database_remnant", "stopping the server of a Ladder that was killed",
		"pid", strconv.Itoa(pid))
	if endRemnant(ctx, c.data(), []int{pid}, syscall.SIGINT, c.options.StopTimeout) ||
		endRemnant(ctx, c.data(), []int{pid}, syscall.SIGQUIT, immediateTimeout) {
		return nil
	}
	return hint.Errorf(fmt.Sprintf("kill -QUIT %d; if it hangs in the kernel, the machine's disk is the first suspect", pid),
		"a PostgreSQL server (process %d) still runs on %s and does not stop", pid, c.data())
}

func (c *cluster) endOrphans(ctx context.Context, pids []int) error {
	c.publish(telemetry.SeverityWarning, "database_remnant", "ending processes of a server that died", "pids", fmt.Sprint(pids))
	if endRemnant(ctx, c.data(), pids, syscall.SIGQUIT, immediateTimeout) {
		return nil
	}
	return hint.Errorf("kill -QUIT them; if they hang in the kernel, the machine's disk is the first suspect",
		"processes %v of an earlier server on %s do not end", pids, c.data())
}

// endRemnant signals the processes and reports whether they are gone in time.
func endRemnant(ctx context.Context, data string, pids []int, signal syscall.Signal, timeout time.Duration) bool {
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal)
		_ = syscall.Kill(pid, syscall.SIGCONT) // one that is stopped would not see the other signal
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(remnantPause)
	defer ticker.Stop()
	for {
		found, err := processesIn(data)
		left := func(process serverProcess) bool { return slices.Contains(pids, process.pid) }
		if err == nil && !slices.ContainsFunc(found, left) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// disownPIDFile puts an id that no process has into postmaster.pid. The file stays: the rest of it is how PostgreSQL
// recognises shared memory that is still in use.
func (c *cluster) disownPIDFile(text []byte) error {
	_, rest, _ := strings.Cut(string(text), "\n")
	return replaceFile(c.data(), pidFileName, []byte(strconv.Itoa(noProcess)+"\n"+rest), 0o600, c.account.owner())
}

func processAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// processesIn lists the PostgreSQL processes that work in a directory; every one of a server does. A directory that does
// not exist has none. Processes of other users are invisible to an ordinary user, and could not work in its directory.
func processesIn(directory string) ([]serverProcess, error) {
	home, err := os.Stat(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []serverProcess
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		proc := "/proc/" + entry.Name()
		where, err := os.Stat(proc + "/cwd")
		if err != nil || !os.SameFile(home, where) {
			continue
		}
		if name, parent := processStat(proc); name == "postgres" || name == "postmaster" {
			found = append(found, serverProcess{pid, parent})
		}
	}
	return found, nil
}

// processStat reads a process's program name and parent from /proc/PID/stat: "4711 (postgres) S 4700 …".
func processStat(proc string) (name string, parent int) {
	text, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return "", 0
	}
	_, after, _ := strings.Cut(string(text), "(")
	closing := strings.LastIndexByte(after, ')')
	if closing < 0 {
		return "", 0
	}
	fields := strings.Fields(after[closing+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, err = strconv.Atoi(fields[1])
	if err != nil {
		return "", 0
	}
	return after[:closing], parent
}
