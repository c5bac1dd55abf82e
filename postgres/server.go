package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"ladder/internal/filelock"
	"ladder/internal/hint"
	"ladder/internal/lifecycle"
	"ladder/internal/logfile"
	"ladder/telemetry"
)

const (
	// logSize in bytes at which the server's log is put aside, and how many that were put aside are kept.
	logSize = 16 << 20
	logKeep = 3
	// portAttempts is how often another free port is tried when somebody took the one that the kernel had named.
	portAttempts = 5
)

// Server is one PostgreSQL server that Ladder runs. It is a lifecycle.Service; it starts once.
type Server struct {
	options Options
	places  []string // where installations are looked for

	tasks lifecycle.Tasks

	running sync.Mutex // held by Start and Stop, so that they wait for each other
	started bool
	lock    *filelock.Lock
	log     *logfile.File
	cluster *cluster // set before the tasks run, and then never changed

	mu         sync.Mutex
	status     Status
	urls       credentials // as of the last time it was up
	postmaster *postmaster // nil while none runs
	crashes    []time.Time // those that still count, see nextRestart
}

var _ lifecycle.Service = (*Server)(nil)

// New makes a server; it touches nothing before Start.
func New(options Options) *Server {
	options = options.withDefaults()
	return &Server{
		options: options,
		places:  installedPlaces(os.Getenv("PATH")),
		status:  Status{Since: time.Now(), Directory: options.Directory, Database: options.Database},
	}
}

// Start returns when the application's database accepts connections: after fetching PostgreSQL, making the cluster,
// stopping what an earlier Ladder left and replaying the log after a crash, as far as each is needed. When it fails
// nothing is left running.
func (s *Server) Start(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.started {
		return errors.New("the database server was started before: make another with New")
	}
	s.started = true
	s.enter(Starting)
	if err := s.start(ctx); err != nil {
		s.fail(err)
		return errors.Join(err, s.release())
	}
	s.tasks.Go(s.watchTask)
	s.tasks.Go(s.sampleTask)
	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	var err error
	s.log, err = logfile.Open(logfile.Options{
		Path: LogPath(s.options.Directory), MaxSize: logSize, Keep: logKeep, OnError: s.logFailing,
	})
	if err != nil {
		return fmt.Errorf("opening the server's log: %w", err)
	}
	// Only here, never at a restart: data that vanished from under a running server must not become an empty database.
	if err := s.cluster.ensureData(ctx); err != nil {
		return err
	}
	chosen := s.cluster.endpoint.port == 0
	for attempt := 1; ; attempt++ {
		if chosen {
			if s.cluster.endpoint.port, err = freePort(ctx, s.cluster.endpoint.host); err != nil {
				return err
			}
		}
		err = s.bringUp(ctx)
		if err == nil || !chosen || attempt == portAttempts || !inUse(err) {
			return err
		}
	}
}

// bringUp starts the server on the prepared directory and waits until the application's database can be used. It is the
// same at the first start and after a crash. When it fails no server runs.
func (s *Server) bringUp(ctx context.Context) error {
	c, begun := s.cluster, time.Now()
	if err := c.clearRemnants(ctx); err != nil {
		return err
	}
	if err := takePrivate(c.socketDirectory, c.account); err != nil { // whoever cleans up temporary files may have removed it
		return fmt.Errorf("making the socket's directory: %w", err)
	}
	if err := c.writeSettings(); err != nil {
		return err
	}
	launched, err := c.launch(s.log, s.observe)
	if err != nil {
		return err
	}
	if err := s.awaitUsable(ctx, launched); err != nil {
		_, stopErr := launched.stop(context.WithoutCancel(ctx), s.options.StopTimeout)
		if stopErr != nil {
			s.hold(launched)
		}
		return errors.Join(err, stopErr)
	}
	s.up(launched, time.Since(begun))
	return nil
}

func (s *Server) awaitUsable(ctx context.Context, launched *postmaster) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.StartTimeout, fmt.Errorf("%v are over", s.options.StartTimeout))
	defer cancel()
	connection, err := s.cluster.awaitReady(ctx, launched)
	if err != nil {
		return err
	}
	defer disconnect(connection)
	if err := s.cluster.ensureDatabase(ctx, connection); err != nil {
		return err
	}
	if address := s.cluster.endpoint.client(); s.cluster.credentials.Address != address {
		s.cluster.credentials.Address = address
		return s.cluster.credentials.write(s.options.Directory)
	}
	return nil
}

// Stop disconnects all clients and shuts the server down; after StopTimeout, or when ctx is done, it does so at once, which
// costs the next start a recovery but loses nothing. It may be called again, also after an error.
func (s *Server) Stop(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.cluster == nil {
		return nil
	}
	s.enter(Stopping)
	// The watch must be gone first: it would take the shutdown for a crash.
	tasksErr := s.tasks.Stop(context.WithoutCancel(ctx))
	return errors.Join(tasksErr, s.shutDown(ctx), s.release())
}

func (s *Server) shutDown(ctx context.Context) error {
	s.mu.Lock()
	running := s.postmaster
	s.mu.Unlock()
	if running == nil {
		return nil
	}
	begun := time.Now()
	fast, err := running.stop(ctx, s.options.StopTimeout)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.postmaster = nil
	s.mu.Unlock()
	if fast {
		s.publish(telemetry.SeverityInfo, "database_stopped", "stopped after "+time.Since(begun).Round(time.Millisecond).String())
	} else {
		s.publish(telemetry.SeverityWarning, "database_stop_forced",
			fmt.Sprintf("a fast shutdown took longer than %v; stopped at once, so the next start recovers", time.Since(begun).Round(time.Second)))
	}
	return nil
}

// release gives back what Start took. It does nothing while a server still runs, so that the lock keeps others away.
func (s *Server) release() error {
	s.mu.Lock()
	stillRuns := s.postmaster != nil
	s.mu.Unlock()
	if stillRuns {
		return nil
	}
	var failures []error
	if s.log != nil {
		failures = append(failures, s.log.Close())
		s.log = nil
	}
	if s.cluster != nil {
		s.cluster.removeSocketDirectory()
		s.cluster = nil
	}
	failures = append(failures, s.lock.Release())
	s.enter(Stopped)
	s.clearWarnings()
	return errors.Join(failures...)
}

// URL is what a client that calls itself applicationName connects with. It holds the password. It is empty before Start
// and stays what it was after Stop.
func (s *Server) URL(applicationName string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Listen == "" {
		return ""
	}
	return s.urls.url(applicationName)
}

// Status is the picture of the server as it is now.
func (s *Server) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// lockError says who has the directory.
func lockError(directory string, err error) error {
	var held *filelock.HeldError
	if errors.As(err, &held) {
		return hint.Wrap(fmt.Errorf("the database in %s is run by another Ladder (process %d): %w", directory, held.PID, err),
			fmt.Sprintf("stop that one first (kill %d), or name another directory as `database.embedded.directory`", held.PID))
	}
	return accessError("locking the database directory", err)
}
