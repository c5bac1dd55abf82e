package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"ladder/internal/hint"
	"ladder/internal/process"
)

const (
	// initdbTimeout bounds making an empty database; it takes seconds, on a slow disk a minute.
	initdbTimeout = 5 * time.Minute
	// passwordFile in the socket directory hands initdb the superuser's password; it exists only while initdb runs.
	passwordFile = "initdb-password"
	// quotedLines is how many lines of a program's output an error quotes.
	quotedLines = 20
)

// initdbFlags are what a data directory is made with, and an upgrade of it as well.
func initdbFlags(major int) []string {
	flags := []string{"--data-checksums", "--encoding=UTF8"}
	switch {
	case major >= 17: // C.UTF-8 built in: the order of text never changes with the system's library
		return append(flags, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
	case runtime.GOOS == "linux":
		return append(flags, "--locale=C.UTF-8")
	default:
		return append(flags, "--locale=C")
	}
}

// initialise makes the data directory. initdb works on data.new, which becomes data only when it is complete, so that
// whatever ends it halfway is followed by a fresh attempt.
func (c *cluster) initialise(ctx context.Context) error {
	fresh := c.layout.newData()
	if err := c.removeUnfinished(ctx, fresh); err != nil {
		return err
	}
	if err := makeOwned(fresh, c.account); err != nil {
		return err
	}
	if err := c.runInitdb(ctx, fresh); err != nil {
		return errors.Join(err, removeTree(fresh))
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return accessError("putting the new data directory in place", err)
	}
	if err := syncDirectory(c.layout.directory); err != nil {
		return accessError("putting the new data directory in place", err)
	}
	return nil
}

// removeUnfinished removes what an initdb that was killed has left, running or on disk. There is nothing in it to lose.
func (c *cluster) removeUnfinished(ctx context.Context, directory string) error {
	found, err := processesIn(directory)
	if err != nil {
		return fmt.Errorf("looking for an initdb that still runs: %w", err)
	}
	var pids []int
	for _, process := range found {
		pids = append(pids, process.pid)
	}
	if !endRemnant(ctx, directory, pids, syscall.SIGKILL, immediateTimeout) {
		return fmt.Errorf("processes %v of an earlier initdb in %s do not end", pids, directory)
	}
	return removeTree(directory)
}

func removeTree(directory string) error {
	if err := os.RemoveAll(directory); err != nil {
		return accessError("removing an unfinished data directory", err)
	}
	return nil
}

func (c *cluster) runInitdb(ctx context.Context, directory string) error {
	whose := c.account.owner()
	if err := replaceFile(c.socketDirectory, passwordFile, []byte(c.credentials.SuperuserPassword+"\n"), 0o600, whose); err != nil {
		return err
	}
	password := filepath.Join(c.socketDirectory, passwordFile)
	defer os.Remove(password)
	way, err := c.enter(directory)
	if err != nil {
		return err
	}
	defer way.close()

	command := append([]string{
		c.installation.program("initdb"), "--pgdata=" + way.path, "--username=" + superuser, "--pwfile=" + password,
		"--auth=scram-sha-256", "--no-instructions",
	}, initdbFlags(c.installation.Major)...)
	output := &tail{limit: quotedLines}
	child, err := process.Start(process.Spec{
		Name: "initdb", Command: command, Directory: way.directory, ExtraFiles: way.inherited,
		Env: c.environment(), User: c.account.name,
		Stdout: output.add, Stderr: output.add, DeathSignal: syscall.SIGKILL, Guardian: c.options.Guardian,
	})
	if err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	return c.awaitInitdb(ctx, child, output)
}

func (c *cluster) awaitInitdb(ctx context.Context, child *process.Process, output *tail) error {
	ctx, cancel := context.WithTimeoutCause(ctx, initdbTimeout, errors.New("initdb took too long"))
	defer cancel()
	select {
	case <-child.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("making the data directory: %w", context.Cause(ctx)), child.Stop(context.WithoutCancel(ctx), 0))
	}
	if child.Exit().Clean() {
		return nil
	}
	text := output.text()
	return hint.Wrap(fmt.Errorf("making the data directory: initdb ended with %s:\n%s", child.Exit(), text),
		outputHint(text, c.endpoint))
}

// environment of PostgreSQL's programs: nothing of Ladder's own, where secrets may stand and LC_ variables would change
// the language of the messages that Ladder reads.
func (c *cluster) environment() []string {
	environment := []string{"LC_ALL=C", "PATH=" + c.installation.Directory + ":/usr/local/bin:/usr/bin:/bin"}
	if zone := os.Getenv("TZ"); zone != "" {
		environment = append(environment, "TZ="+zone)
	}
	return environment
}

// tail keeps the last lines of a program's output.
type tail struct {
	limit int

	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, string(line))
	if excess := len(t.lines) - t.limit; excess > 0 {
		t.lines = append(t.lines[:0], t.lines[excess:]...)
	}
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
