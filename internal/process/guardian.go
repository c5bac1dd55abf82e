package process

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// MarkVariable stands in the environment of each guarded child with a value of its own, so that the guardian finds
	// what a child forked even when Ladder dies in the instant between the fork and telling the guardian.
	MarkVariable = "LADDER_GUARD"
	// guardianWrite is how long telling the guardian may take before it is taken for stuck and replaced.
	guardianWrite = time.Second
	// guardianPause is the pause before a guardian that died is replaced.
	guardianPause = time.Second
)

// Guardian is a small process beside Ladder that ends the process groups of Ladder's children when Ladder itself is
// killed, grandchildren included, which no death signal reaches. It learns of them through a pipe; when the pipe breaks,
// Ladder is gone. A guardian that dies is replaced. All methods work on a nil Guardian and then do nothing.
type Guardian struct {
	executable string
	arguments  []string

	mu       sync.Mutex
	pipe     *os.File
	command  *exec.Cmd
	records  map[string]string // by mark: the line that a new guardian has to be told
	stopping chan struct{}
	done     chan struct{}
	stopOnce sync.Once
}

// StartGuardian starts executable with arguments, which has to call [GuardianMain] with its standard input. The path has
// to be absolute; "/proc/self/exe" is this program even after its file has been replaced.
func StartGuardian(executable string, arguments ...string) (*Guardian, error) {
	g := &Guardian{
		executable: executable, arguments: arguments,
		records:  make(map[string]string),
		stopping: make(chan struct{}), done: make(chan struct{}),
	}
	if err := g.spawn(); err != nil {
		return nil, err
	}
	go g.keep()
	return g, nil
}

// spawn starts a guardian process and tells it everything that is guarded.
func (g *Guardian) spawn() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.stopping:
		return nil // Stop has closed the pipe already and would not close another
	default:
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("starting the guardian: %w", err)
	}
	defer func() { _ = read.Close() }()
	command := exec.Command(g.executable, g.arguments...)
	command.Dir = "/"
	command.Env = []string{} // secrets of Ladder's environment are none of its business
	command.Stdin, command.Stderr = read, os.Stderr
	// A session of its own: what a terminal sends to Ladder when somebody presses Ctrl-C or closes it must not reach it.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		_ = write.Close()
		return fmt.Errorf("starting the guardian: %w", err)
	}
	g.pipe, g.command = write, command
	for _, record := range g.records {
		g.tellLocked(record)
	}
	return nil
}

// keep replaces a guardian that dies.
func (g *Guardian) keep() {
	defer close(g.done)
	for {
		g.mu.Lock()
		command := g.command
		g.mu.Unlock()
		if command != nil {
			_ = command.Wait()
			g.closePipe()
		}
		select {
		case <-g.stopping:
			return
		case <-time.After(guardianPause):
		}
		_ = g.spawn() // failing, it is tried again after the next pause
	}
}

func (g *Guardian) closePipe() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe != nil {
		_ = g.pipe.Close()
	}
	g.pipe, g.command = nil, nil
}

// Running reports whether the guardian process is there now. It can be missing for a moment after it died, and for longer
// when the machine cannot start another.
func (g *Guardian) Running() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pipe != nil
}

// Stop lets the guardian end. Groups that are still guarded are ended by it, so stop it last.
func (g *Guardian) Stop(ctx context.Context) error {
	if g == nil {
		return nil
	}
	g.stopOnce.Do(func() {
		close(g.stopping)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.pipe != nil {
			_ = g.pipe.Close()
			g.pipe = nil
		}
	})
	select {
	case <-g.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the guardian did not end in time: %w", context.Cause(ctx))
	}
}

// tellLocked writes one line. The pipe keeps it even when Ladder dies right afterwards: no answer is needed.
func (g *Guardian) tellLocked(line string) {
	if g.pipe == nil {
		return
	}
	_ = g.pipe.SetWriteDeadline(time.Now().Add(guardianWrite))
	if _, err := g.pipe.WriteString(line); err != nil && g.command != nil {
		_ = g.command.Process.Kill() // stuck or gone: keep starts another and tells it everything
	}
}

// ticket is a guardian's record of one child. Its zero value does nothing.
type ticket struct {
	guardian *Guardian
	mark     string
}

// expect announces a child that is about to be forked, and returns what has to stand in its environment.
func (g *Guardian) expect(signal syscall.Signal) (ticket, string) {
	if g == nil {
		return ticket{}, ""
	}
	t := ticket{guardian: g, mark: rand.Text()}
	t.record(fmt.Sprintf("expect %s %d\n", t.mark, int(signal)))
	return t, MarkVariable + "=" + t.mark
}

// watch says that the child exists now. It is called before the child can have been reaped.
func (t ticket) watch(pid int, signal syscall.Signal) {
	if t.guardian == nil {
		return
	}
	stat, err := readStat(pid)
	if err != nil {
		return // the mark still finds what it forked
	}
	t.record(fmt.Sprintf("watch %s %d %d %d\n", t.mark, pid, stat.startTime, int(signal)))
}

func (t ticket) record(line string) {
	t.guardian.mu.Lock()
	defer t.guardian.mu.Unlock()
	t.guardian.records[t.mark] = line
	t.guardian.tellLocked(line)
}

// forget says that the child is about to be reaped: from then on its id may belong to another.
func (t ticket) forget() {
	if t.guardian == nil {
		return
	}
	t.guardian.mu.Lock()
	defer t.guardian.mu.Unlock()
	delete(t.guardian.records, t.mark)
	t.guardian.tellLocked(fmt.Sprintf("forget %s\n", t.mark))
}
