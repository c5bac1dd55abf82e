package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"ladder/internal/hint"
	"ladder/internal/logfile"
	"ladder/internal/process"
)

const (
	// readyPause is the pause between two attempts to connect to a server that is starting.
	readyPause = 25 * time.Millisecond
	// oomProtection keeps the kernel from choosing the server's first process when memory runs out: with it the whole
	// server would go. Its children give the protection up again, as PostgreSQL's documentation advises (19.4.4).
	oomProtection = "-900"
)

// postmaster is one run of the server.
type postmaster struct {
	process *process.Process
	output  *tail
	pid     atomic.Int64
}

// launch starts the server; it does not wait for it to be ready. Each line of its log goes to log, and what it says about
// the server as a whole to observe.
func (c *cluster) launch(log *logfile.File, observe func(logSign, string)) (*postmaster, error) {
	way, err := c.enter(c.data())
	if err != nil {
		return nil, err
	}
	defer way.close()
	started := &postmaster{output: &tail{limit: quotedLines}}
	started.process, err = process.Start(process.Spec{
		Name: "postgres", Command: []string{c.installation.program("postgres"), "-D", way.path},
		Directory: way.directory, ExtraFiles: way.inherited, User: c.account.name, Guardian: c.options.Guardian,
		Env:    append(c.environment(), "PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj", "PG_OOM_ADJUST_VALUE=0"),
		Stderr: started.take(log, observe), Stdout: started.take(log, observe),
		// When Ladder dies the server shuts down by itself, cleanly. It must never be killed: it takes care of its children.
		DeathSignal: syscall.SIGINT,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	started.pid.Store(int64(started.process.Pid()))
	// Only root may; for anybody else the server is as likely to be chosen as any other process.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", started.process.Pid()), []byte(oomProtection), 0)
	return started, nil
}

func (p *postmaster) take(log *logfile.File, observe func(logSign, string)) func([]byte) {
	return func(line []byte) {
		p.output.add(line)
		_, _ = log.Write(append(line, '\n')) // it reports failures by itself
		if sign, message := parseLogLine(string(line), int(p.pid.Load())); sign != signNone {
			observe(sign, message)
		}
	}
}

// awaitReady returns a connection of Ladder's own as soon as the server accepts one. The error says why it does not: it
// ended, it does not know the password, or time is up.
func (c *cluster) awaitReady(ctx context.Context, p *postmaster) (*pgx.Conn, error) {
	ticker := time.NewTicker(readyPause)
	defer ticker.Stop()
	for {
		connection, err := c.connect(ctx, maintenanceDatabase, nil)
		if err == nil {
			return connection, nil
		}
		if refused(err) {
			return nil, hint.Errorf(
				"restore "+c.layout.path(credentialsFile)+" from a backup: it does not belong to the data beside it",
				"the server does not accept Ladder's password: %w", err)
		}
		select {
		case <-p.process.Done():
			return nil, c.exitError(p)
		case <-ctx.Done():
			return nil, hint.Errorf(
				"`ladder database logs` shows what it is doing; a long crash recovery needs a larger `database.embedded.start_timeout`",
				"the server does not accept connections yet: %w; last: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// exitError says how a server ended that nobody stopped, with its last words.
func (c *cluster) exitError(p *postmaster) error {
	text := p.output.text()
	err := fmt.Errorf("the server ended with %s; its last words:\n%s", p.process.Exit(), text)
	return hint.Wrap(err, outputHint(text, c.endpoint))
}

// errStillRunning is wrapped by stop when a server does not end.
var errStillRunning = errors.New("the server does not stop")

// stop ends the server: a fast shutdown (clients are disconnected, everything is written) and, when that takes longer
// than timeout or ctx is done, an immediate one (the next start recovers). It reports whether the fast one was enough.
func (p *postmaster) stop(ctx context.Context, timeout time.Duration) (fast bool, err error) {
	for _, step := range []struct {
		signal  syscall.Signal
		timeout time.Duration
		hurry   <-chan struct{}
	}{{syscall.SIGINT, timeout, ctx.Done()}, {syscall.SIGQUIT, immediateTimeout, nil}} {
		if err := p.process.SignalLeader(step.signal); err != nil && !errors.Is(err, process.ErrEnded) {
			return false, err
		}
		_ = p.process.SignalLeader(syscall.SIGCONT) // a stopped process would not see the other signal
		timer := time.NewTimer(step.timeout)
		select {
		case <-p.process.Done():
			timer.Stop()
			return step.signal == syscall.SIGINT, nil
		case <-step.hurry:
		case <-timer.C:
		}
		timer.Stop()
	}
	return false, hint.Errorf("if it hangs in the kernel, the machine's disk is the first suspect",
		"%w: process %d ignores an immediate shutdown", errStillRunning, p.process.Pid())
}
