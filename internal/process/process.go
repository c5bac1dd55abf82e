// Package process starts child processes that never outlive Ladder and never block on it.
//
// Each child leads a process group of its own, so that a signal reaches what it forked as well. It dies with Ladder, even
// on kill -9: the kernel sends the child its DeathSignal (PR_SET_PDEATHSIG), and a [Guardian], where there is one, ends
// the rest of its group. What it prints arrives line by line; a slow reader loses lines, with a count, but never holds up
// the child. The package decides nothing about restarting (package supervise) and logs nothing: command words and
// environment may hold secrets and appear in no error. Start with [Start]; DESIGN.md has the reasons.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// killWait is how long Stop waits for a process to be gone after SIGKILL; longer, and it hangs in the kernel.
	killWait = 5 * time.Second
	// drainWait is how long Done waits, after the process has ended, for output: once for pipes that a grandchild which
	// left the group holds open, once for a reader that does not return.
	drainWait = time.Second
)

// Spec says what to start.
type Spec struct {
	// Name stands in errors: "app.1".
	Name string
	// Command is the program and its arguments. A program with a slash is a path relative to Directory, one without is
	// looked for in PATH: that of Env, or else Ladder's own.
	Command []string
	// Directory to run in; empty means Ladder's own.
	Directory string
	// Env is the full environment, as KEY=value; nothing of Ladder's own is added but the guardian's mark.
	Env []string
	// User to run as, by name or number, with all of its groups; empty means the user of Ladder. Another user needs root.
	User string

	// Stdout and Stderr are called with each line, without its line end, in the order of arrival and never both at once.
	// The slice is the callee's to keep. Lines longer than MaxLine come in pieces. Nil discards.
	Stdout, Stderr func(line []byte)
	// StdoutFile and StderrFile are handed to the child instead, and stay the caller's to close.
	StdoutFile, StderrFile *os.File
	// ExtraFiles are handed to the child as descriptors 3, 4 and so on, and stay the caller's to close.
	ExtraFiles []*os.File

	// DeathSignal is what the child gets when Ladder dies, SIGKILL by default. Any other says that the child takes care of
	// its own children: they get nothing from here then, neither when Ladder dies nor when the child does.
	DeathSignal syscall.Signal
	// Guardian, where not nil, covers what the child forks.
	Guardian *Guardian
}

// Exit says how a process ended.
type Exit struct {
	Code   int            // exit status; -1 when a signal ended it
	Signal syscall.Signal // 0 when it exited by itself
	CPU    time.Duration  // user and system time that it and the children it waited for used
}

// Clean reports whether the process exited by itself with status 0.
func (e Exit) Clean() bool { return e.Code == 0 && e.Signal == 0 }

// String reads "exit status 1" or "killed by SIGKILL".
func (e Exit) String() string {
	if e.Signal != 0 {
		return "killed by " + signalName(e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

func signalName(signal syscall.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(signal))
}

// Process is a started child.
type Process struct {
	spec    Spec
	child   *os.Process
	started time.Time
	output  *output
	ticket  ticket

	ended chan struct{} // closed when it has been reaped
	done  chan struct{} // closed when its output has been delivered too
	exit  Exit          // valid once ended is closed

	mu     sync.Mutex // guards reaped, and with it the validity of the process id
	reaped bool
}

// ErrEnded is returned by Signal when the process has ended.
var ErrEnded = errors.New("process has ended")

// Start starts a process. It returns once the program has been executed, or with a [*StartError].
func Start(spec Spec) (*Process, error) {
	if spec.DeathSignal == 0 {
		spec.DeathSignal = syscall.SIGKILL
	}
	image, err := prepare(&spec)
	if err != nil {
		return nil, err
	}
	p := &Process{spec: spec, ended: make(chan struct{}), done: make(chan struct{})}
	if p.output, err = newOutput(spec); err != nil {
		return nil, startError(spec, "", err)
	}
	started := make(chan error, 1)
	go p.run(image, started)
	if err := <-started; err != nil {
		return nil, startError(spec, image.credentialUser, err)
	}
	return p, nil
}

// run forks the child and waits for it, both on one OS thread that nothing else uses: the kernel sends the death signal
// when the *thread* that forked ends, not the process.
func (p *Process) run(image *image, started chan<- error) {
	runtime.LockOSThread()
	err := p.fork(image)
	started <- err
	if err == nil {
		p.await()
	}
	runtime.UnlockOSThread()
	if err == nil {
		close(p.ended)
		p.output.drain(drainWait)
		close(p.done)
	}
}

func (p *Process) fork(image *image) error {
	defer p.output.closeChildEnds()
	ticket, mark := p.spec.Guardian.expect(p.spec.DeathSignal)
	env := p.spec.Env
	if mark != "" {
		env = append(env[:len(env):len(env)], mark)
	}
	if env == nil {
		env = []string{} // nil would mean Ladder's own environment
	}
	child, err := os.StartProcess(image.program, p.spec.Command, &os.ProcAttr{
		Dir:   p.spec.Directory,
		Env:   env,
		Files: append(p.output.childFiles(), p.spec.ExtraFiles...),
		Sys: &syscall.SysProcAttr{
			Setpgid:    true,
			Pdeathsig:  p.spec.DeathSignal,
			Credential: image.credential,
		},
	})
	if err != nil {
		ticket.forget()
		p.output.abandon()
		return err
	}
	ticket.watch(child.Pid, p.spec.DeathSignal)
	p.child, p.ticket, p.started = child, ticket, time.Now()
	p.output.start()
	return nil
}

// await returns when the child has ended and been reaped. The rest of its group is killed before it is reaped, while the
// group's id cannot yet belong to anybody else.
func (p *Process) await() {
	for {
		err := unix.Waitid(unix.P_PID, p.child.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spec.DeathSignal == syscall.SIGKILL {
		_ = syscall.Kill(-p.child.Pid, syscall.SIGKILL)
	}
	p.ticket.forget()
	p.reaped = true
	state, err := p.child.Wait()
	if err != nil {
		p.exit = Exit{Code: -1}
		return
	}
	p.exit = Exit{Code: state.ExitCode(), CPU: state.UserTime() + state.SystemTime()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		p.exit.Signal = status.Signal()
	}
}

// Pid is the id of the process and of the process group that it leads.
func (p *Process) Pid() int { return p.child.Pid }

// Started is when the program was executed.
func (p *Process) Started() time.Time { return p.started }

// Ended is closed once the process has ended and been reaped; the last of its output may still be on its way.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Done is closed once the process has ended, been reaped, and its output delivered. The wait for output is bounded: a
// grandchild that left the group and holds the pipe open delays it by at most a second.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the process ended. It waits until it has.
func (p *Process) Exit() Exit {
	<-p.ended
	return p.exit
}

// Dropped is how many lines of output were thrown away because their reader was too slow.
func (p *Process) Dropped() uint64 { return p.output.dropped.Load() }

// Signal sends a signal to the whole group. It returns [ErrEnded] when the process has ended.
func (p *Process) Signal(signal syscall.Signal) error { return p.kill(-p.child.Pid, signal) }

// SignalLeader sends a signal to the process alone, for programs that take care of their own children.
func (p *Process) SignalLeader(signal syscall.Signal) error { return p.kill(p.child.Pid, signal) }

func (p *Process) kill(target int, signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return ErrEnded
	}
	if err := syscall.Kill(target, signal); err != nil {
		return fmt.Errorf("%s: sending %s: %w", p.spec.Name, signalName(signal), err)
	}
	return nil
}

// Stop asks the group to end with SIGTERM, and after grace, or when ctx is done, makes it with SIGKILL. It returns when
// the process is gone; the only error is that it is not, which means that it hangs in the kernel.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	_ = p.Signal(syscall.SIGTERM)
	_ = p.Signal(syscall.SIGCONT) // a stopped process would see SIGTERM only when somebody continues it
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	_ = p.Signal(syscall.SIGKILL)
	timer.Reset(killWait + 2*drainWait)
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("%s: process %d still exists %v after SIGKILL: it hangs in the kernel", p.spec.Name, p.Pid(), killWait)
	}
}
