package doctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// readyTimeout is how long a block in the background may take to print what it is waited for.
	readyTimeout = 2 * time.Minute
	// stopTimeout is how long it may take to end after SIGINT, which is what a reader would send with Ctrl-C.
	stopTimeout = time.Minute
	// pollInterval is the pause between two looks at its output.
	pollInterval = 20 * time.Millisecond
)

// Shell runs scenarios with bash, as a reader would who pastes one block after the other.
type Shell struct {
	Directory string   // in which every block starts
	Env       []string // full environment; PATH must lead to the programs that the documents name
	Log       func(format string, arguments ...any)
}

// Run runs one scenario. The error names the block that failed and holds its output.
func (s Shell) Run(ctx context.Context, scenario Scenario) (err error) {
	var running []*background
	defer func() {
		for i := len(running) - 1; i >= 0; i-- {
			err = errors.Join(err, running[i].stop())
		}
	}()
	for _, block := range scenario.Blocks {
		s.Log("%s:\n%s", block.Place(), block.Text)
		switch _, inBackground := block.Attributes["background"]; {
		case !block.IsShell():
			err = s.write(block)
		case inBackground:
			var started *background
			if started, err = s.start(block); err == nil {
				running = append(running, started)
				err = started.waitReady(ctx)
			}
		default:
			err = s.run(ctx, block)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s Shell) write(block Block) error {
	name := filepath.Join(s.Directory, filepath.FromSlash(block.Attributes["file"]))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("%s: %w", block.Place(), err)
	}
	if err := os.WriteFile(name, []byte(block.Text), 0o644); err != nil {
		return fmt.Errorf("%s: %w", block.Place(), err)
	}
	return nil
}

func (s Shell) command(ctx context.Context, block Block) *exec.Cmd {
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", block.Text)
	command.Dir, command.Env = s.Directory, s.Env
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = stopTimeout
	return command
}

func (s Shell) run(ctx context.Context, block Block) error {
	command := s.command(ctx, block)
	output, err := command.CombinedOutput()
	s.Log("%s", output)
	want, _ := strconv.Atoi(block.Attributes["exit"]) // absent means 0
	if exit := command.ProcessState; exit != nil && exit.ExitCode() == want {
		return nil
	}
	return fmt.Errorf("%s: %w; it printed:\n%s", block.Place(), err, output)
}

// background is a block whose command goes on.
type background struct {
	block   Block
	command *exec.Cmd
	output  *buffer
	ended   chan error
}

func (s Shell) start(block Block) (*background, error) {
	b := &background{block: block, output: &buffer{}, ended: make(chan error, 1)}
	b.command = s.command(context.Background(), block)
	b.command.Stdout, b.command.Stderr = b.output, b.output
	if err := b.command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", block.Place(), err)
	}
	go func() { b.ended <- b.command.Wait() }()
	return b, nil
}

func (b *background) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for !strings.Contains(b.output.String(), b.block.Attributes["background"]) {
		select {
		case <-poll.C:
		case err := <-b.ended:
			b.ended <- err
			if err == nil {
				err = errors.New("exit status 0")
			}
			return fmt.Errorf("%s: ended before it printed %q: %w:\n%s", b.block.Place(), b.block.Attributes["background"], err, b.output)
		case <-ctx.Done():
			return fmt.Errorf("%s: did not print %q: %w:\n%s", b.block.Place(), b.block.Attributes["background"], ctx.Err(), b.output)
		}
	}
	return nil
}

// stop ends the command as Ctrl-C would; it must then end by itself, and well.
func (b *background) stop() error {
	_ = syscall.Kill(-b.command.Process.Pid, syscall.SIGINT)
	select {
	case err := <-b.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGINT { //nolint:forcetypeassert // it is one on Unix
			return nil // bash itself, or a program that leaves SIGINT to the system
		}
		if err != nil {
			return fmt.Errorf("%s: ended badly after Ctrl-C: %w:\n%s", b.block.Place(), err, b.output)
		}
		return nil
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-b.command.Process.Pid, syscall.SIGKILL)
		return fmt.Errorf("%s: still running %v after Ctrl-C:\n%s", b.block.Place(), stopTimeout, b.output)
	}
}

// buffer collects output while somebody else reads it.
type buffer struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.String()
}
