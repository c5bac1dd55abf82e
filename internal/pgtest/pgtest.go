// Package pgtest gives tests a real PostgreSQL of their own: a throw-away cluster on loopback, on a port that the kernel
// chose, without fsync, gone when the test is over. It finds the newest installation on PATH and in the distribution's
// directories, and works for root (it drops to the postgres or nobody user) as for anybody else. It is for tests only;
// what Ladder itself runs is package postgres. Start with [Start]; a package with many tests shares one [Server] from its
// TestMain through [Open] and takes a fresh database from it for each test.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// readyTimeout bounds a start: crash recovery of a small cluster on a busy machine included.
	readyTimeout = 60 * time.Second
	// stopTimeout bounds a fast shutdown before the server is killed.
	stopTimeout = 10 * time.Second
	// pollInterval between two questions whether the server answers.
	pollInterval = 20 * time.Millisecond
	// portAttempts is how often another port is tried when somebody took the one that the kernel had named.
	portAttempts = 5
)

// Server is one running cluster.
type Server struct {
	// URL of the database postgres, as a superuser, without a password (trust on loopback).
	URL string
	// Host and Port that it listens on; Port stays the same over [Server.Restart].
	Host string
	Port int

	binaries   string
	directory  string
	parameters []string
	account    *account
	databases  atomic.Int64

	mu     sync.Mutex
	run    *running
	closed bool
}

// Start starts a server that ends with the test. Parameters are settings of postgresql.conf as name=value, for instance
// "wal_level=logical"; they win over the ones that make tests fast.
func Start(tb testing.TB, parameters ...string) *Server {
	tb.Helper()
	server, err := Open(parameters...)
	if err != nil {
		tb.Fatalf("starting a PostgreSQL for the test: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Errorf("stopping the test's PostgreSQL: %v", err)
		}
	})
	return server
}

// Open is [Start] for a TestMain; the caller closes the server.
func Open(parameters ...string) (*Server, error) {
	binaries, err := findBinaries()
	if err != nil {
		return nil, err
	}
	owner, err := databaseAccount()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: its parent is readable by its owner alone, and root's postgres runs as somebody else.
	directory, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the cluster: %w", err)
	}
	s := &Server{Host: "127.0.0.1", binaries: binaries, directory: directory, parameters: parameters, account: owner}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	return s, nil
}

// create makes the cluster and starts it.
// Main runs a package's tests with one server for all of them, for its TestMain; it returns the exit code.
func Main(m *testing.M, server **Server) int {
	var err error
	if *server, err = Open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := (*server).Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func (s *Server) create() error {
	if err := s.account.own(s.directory); err != nil {
		return err
	}
	output, err := s.account.command(filepath.Join(s.binaries, "initdb"), "--pgdata", s.data(), "--auth", "trust",
		"--username", "postgres", "--encoding", "UTF8", "--locale", "C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}
	for attempt := 1; ; attempt++ {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(); err == nil || attempt == portAttempts {
			break
		}
	}
	if err != nil {
		return err
	}
	s.URL = s.url("postgres")
	return nil
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }
func (s *Server) log() string  { return filepath.Join(s.directory, "log") }

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), database)
}

// Database makes a new, empty database and returns its URL. It goes with the server.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := "test" + strconv.FormatInt(s.databases.Add(1), 10)
	conn, err := pgx.Connect(tb.Context(), s.URL)
	if err != nil {
		tb.Fatalf("connecting to the test's PostgreSQL: %v", err)
	}
	defer conn.Close(context.WithoutCancel(tb.Context()))
	if _, err := conn.Exec(tb.Context(), "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		tb.Fatalf("creating database %s: %v", name, err)
	}
	return s.url(name)
}

// Restart stops the server with signal (SIGINT: fast, SIGQUIT: immediate, as after a crash) and starts it again on the
// same port. Without a signal it is a fast stop.
func (s *Server) Restart(tb testing.TB, signal ...syscall.Signal) {
	tb.Helper()
	s.Stop(tb, signal...)
	s.Resume(tb)
}

// Stop ends the server as [Server.Restart] does, and leaves it down until [Server.Resume].
func (s *Server) Stop(tb testing.TB, signal ...syscall.Signal) {
	tb.Helper()
	how := syscall.SIGINT
	if len(signal) > 0 {
		how = signal[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.run.stop(how); err != nil {
		tb.Fatalf("stopping the test's PostgreSQL: %v", err)
	}
}

// Resume starts a server that was stopped.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("starting the test's PostgreSQL again: %v", err)
	}
}

// Close stops the server and removes its files. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.run.stop(syscall.SIGINT), os.RemoveAll(s.directory))
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("asking the kernel for a port: %w", err)
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("listener on %v has no port", listener.Addr())
	}
	return address.Port, nil
}
