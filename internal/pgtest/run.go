package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// fastParameters trade every safety of a real server for speed: nothing here has to survive the machine.
var fastParameters = []string{
	"fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB", "unix_socket_directories=",
	"logging_collector=off", "log_min_messages=warning",
}

// running is one postmaster.
type running struct {
	process *os.Process
	done    chan struct{} // closed after exit
	err     error         // of the exit, read after done
}

// start starts the postmaster and waits until it answers.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	arguments := []string{"-D", s.data(), "-h", s.Host, "-p", strconv.Itoa(s.Port)}
	for _, parameter := range append(fastParameters[:len(fastParameters):len(fastParameters)], s.parameters...) {
		arguments = append(arguments, "-c", parameter)
	}
	run, err := launch(s.account.command(filepath.Join(s.binaries, "postgres"), arguments...), s.log())
	if err != nil {
		return err
	}
	if err := s.awaitReady(run); err != nil {
		return errors.Join(err, run.stop(syscall.SIGQUIT))
	}
	s.run = run
	return nil
}

// launch starts command from a thread that lives as long as the child: a parent-death signal is tied to the thread.
func launch(command *exec.Cmd, log string) (*running, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the server's log: %w", err)
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output

	run := &running{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		run.process = command.Process
		started <- err
		if err == nil {
			run.err = command.Wait()
		}
		close(run.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Path, err)
	}
	return run, nil
}

func (s *Server) awaitReady(run *running) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-run.done:
			return fmt.Errorf("PostgreSQL ended instead of starting (%w): %s", run.err, s.logText())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not answer within %v (%w): %s", readyTimeout, err, s.logText())
		case <-tick.C:
		}
	}
}

func (s *Server) logText() string {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop signals the postmaster and waits; after stopTimeout it is killed. A nil or ended one is fine.
func (r *running) stop(signal syscall.Signal) error {
	if r == nil {
		return nil
	}
	if err := r.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signalling PostgreSQL: %w", err)
	}
	select {
	case <-r.done:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := r.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing PostgreSQL: %w", err)
	}
	<-r.done
	return fmt.Errorf("PostgreSQL did not stop within %v and was killed", stopTimeout)
}
