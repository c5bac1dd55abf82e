// Package store keeps chirp's data in PostgreSQL: users, sessions, posts, follows, likes and images. It knows nothing of
// HTTP. Every statement names one user_id, or is a plain ordered scan over all users that can be merged from several
// databases; DESIGN.md says why. Start with [Open].
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxConnections of one instance's pool: ten instances, each with one more for LISTEN, stay below PostgreSQL's
	// default of 100. pool_max_conns in DATABASE_URL wins.
	maxConnections = 8
	// statementTimeout after which PostgreSQL itself gives a statement up.
	statementTimeout = 5 * time.Second
	// operationTimeout bounds one operation with its wait for a connection; longer than statementTimeout, so that the
	// server's own error arrives.
	operationTimeout = 8 * time.Second
	// connectTimeout of one connection.
	connectTimeout = 3 * time.Second
	// startTimeout is how long Open tries to reach the database before it gives up.
	startTimeout = 30 * time.Second
	// firstStartPause doubles up to maxStartPause between two attempts of Open.
	firstStartPause = 100 * time.Millisecond
	maxStartPause   = 2 * time.Second
	// retryPause before an operation whose connection broke is tried a second and last time, plus as much jitter.
	retryPause = 50 * time.Millisecond
	// recentSuccess is how long an answered statement speaks for the database's health.
	recentSuccess = 500 * time.Millisecond
)

// ErrNotFound is returned for a row that does not exist.
var ErrNotFound = errors.New("not found")

// Options of [Open].
type Options struct {
	// URL of the database, as libpq understands it.
	URL    string
	Logger *slog.Logger
	// StartTimeout is how long to try to reach the database; 0 means 30 seconds.
	StartTimeout time.Duration
}

// Store is the open database. It is safe for concurrent use and survives restarts of the server.
type Store struct {
	pool        *pgxpool.Pool
	logger      *slog.Logger
	ids         ids
	lastSuccess atomic.Int64 // Unix nanoseconds of the last answered statement
}

// Open connects, waiting a bounded time for a database that is still starting, and brings the schema up to date.
func Open(ctx context.Context, options Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(options.URL)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	configure(config, options.URL)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	s := &Store{pool: pool, logger: options.Logger}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if err := s.prepare(ctx, options.StartTimeout); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

func configure(config *pgxpool.Config, url string) {
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = maxConnections
	}
	if config.ConnConfig.ConnectTimeout == 0 || config.ConnConfig.ConnectTimeout > connectTimeout {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	parameters := config.ConnConfig.RuntimeParams
	if _, set := parameters["statement_timeout"]; !set {
		parameters["statement_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	}
	if _, set := parameters["application_name"]; !set {
		parameters["application_name"] = "chirp"
	}
}

// prepare waits for the database and migrates. A database that goes away in between is waited for as well.
func (s *Store) prepare(ctx context.Context, limit time.Duration) error {
	if limit <= 0 {
		limit = startTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for pause := firstStartPause; ; pause = min(2*pause, maxStartPause) {
		err := s.migrate(ctx)
		if err == nil {
			return nil
		}
		if !connectionLost(err) && ctx.Err() == nil {
			return err
		}
		s.logger.Warn("the database does not answer yet", "error", err, "retry_in", pause)
		select {
		case <-ctx.Done():
			return fmt.Errorf("no usable database at DATABASE_URL within %v; is PostgreSQL running, and the URL right? %w", limit, err)
		case <-time.After(pause):
		}
	}
}

// Close waits for running statements and closes the connections.
func (s *Store) Close() { s.pool.Close() }

// Ready reports whether the database answers. A statement that was answered a moment ago counts as well, so that a busy
// pool is not mistaken for a broken database.
func (s *Store) Ready(ctx context.Context) error {
	if time.Since(time.Unix(0, s.lastSuccess.Load())) < recentSuccess {
		return nil
	}
	var one int
	if err := s.pool.QueryRow(ctx, `select 1`).Scan(&one); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	s.lastSuccess.Store(time.Now().UnixNano())
	return nil
}

// attempt runs one operation, and a second time if its connection broke: every operation of this package may run twice,
// since its inserts name their keys and ignore what is there already. The operation outlives a caller who hangs up;
// aborting it would cost the pool a connection and save a millisecond.
func (s *Store) attempt(ctx context.Context, operation func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
	defer cancel()
	err := operation(ctx)
	if connectionLost(err) && ctx.Err() == nil {
		s.logger.Debug("a database connection broke, trying once more", "error", err)
		s.pool.Reset() // the other idle connections went to the same server
		time.Sleep(retryPause + rand.N(retryPause))
		err = operation(ctx)
	}
	if err == nil || errors.Is(err, ErrNotFound) {
		s.lastSuccess.Store(time.Now().UnixNano())
	}
	return err
}

// connectionLost tells a broken or refused connection from an answer that is an error.
func connectionLost(err error) bool {
	if err == nil {
		return false
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "57P01", "57P02", "57P03": // admin shutdown, crash shutdown, cannot connect now
			return true
		}
		return strings.HasPrefix(answer.Code, "08") // connection exceptions
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.As(err, &network) && !network.Timeout() ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// Unavailable tells whether an operation failed because the database could not be reached or was too slow, so that trying
// again later makes sense.
func Unavailable(err error) bool {
	var answer *pgconn.PgError
	if errors.As(err, &answer) && answer.Code == "57014" { // query_canceled: statement_timeout
		return true
	}
	return connectionLost(err) || errors.Is(err, context.DeadlineExceeded)
}

// missingReference tells whether a row was refused because what it belongs to does not exist.
func missingReference(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == "23503" // foreign_key_violation
}

// exec runs a statement that returns no rows and tells how many it affected.
func (s *Store) exec(ctx context.Context, statement string, arguments ...any) (affected int64, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, statement, arguments...)
		affected = tag.RowsAffected()
		return err
	})
	return affected, err
}

// collect runs a query and reads every row.
func collect[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], query string, arguments ...any) (all []T, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, query, arguments...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scan)
		return err
	})
	return all, err
}

// collectOne runs a query for one row; there being none is [ErrNotFound].
func collectOne[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], query string, arguments ...any) (one T, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, query, arguments...)
		if err != nil {
			return err
		}
		one, err = pgx.CollectExactlyOneRow(rows, scan)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		return err
	})
	return one, err
}
