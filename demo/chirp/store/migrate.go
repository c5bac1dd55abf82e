package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	// migrationLock is the key of the advisory lock under which one instance migrates while the others wait.
	migrationLock = 0x63686972 // "chir"
	// migrationTimeout bounds waiting for that lock together with the migrations themselves.
	migrationTimeout = 60 * time.Second
	// statementSeparator stands on a line of its own between two statements of a migration: the extended protocol
	// takes one statement at a time, and semicolons also stand inside of functions.
	statementSeparator = "\n-- next\n"
)

// migration is one file of migrations/, named VERSION_what.sql.
type migration struct {
	version    int
	name       string
	statements []string
}

// readMigrations returns the embedded migrations in the order of their versions.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	migrations := make([]migration, 0, len(names))
	for i, name := range names {
		digits, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(digits)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want version %04d in its name", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading migration: %w", err)
		}
		migrations = append(migrations, migration{version, path.Base(name), strings.Split(string(text), statementSeparator)})
	}
	return migrations, nil
}

// migrate brings the schema up to date in one transaction. Instances that start together take turns by an advisory lock,
// which ends with the transaction and so holds through a transaction pooler as well.
func (s *Store) migrate(ctx context.Context) error {
	migrations, err := readMigrations(migrationFiles)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	if done, err := s.migrated(ctx, len(migrations)); err != nil || done {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		limit := strconv.FormatInt(migrationTimeout.Milliseconds(), 10)
		if _, err := tx.Exec(ctx, `select set_config('statement_timeout', $1, true)`, limit); err != nil {
			return fmt.Errorf("setting the migration's timeout: %w", err)
		}
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
			return fmt.Errorf("waiting for other instances to migrate: %w", err)
		}
		return s.applyMissing(ctx, tx, migrations)
	})
}

// migrated reports whether nothing is left to do, without taking the lock: the usual case must not wait for anybody.
func (s *Store) migrated(ctx context.Context, version int) (bool, error) {
	var exists bool
	err := s.pool.QueryRow(ctx, `select to_regclass($1) is not null`, "schema_migrations").Scan(&exists)
	if err != nil || !exists {
		return false, err
	}
	var current int
	err = s.pool.QueryRow(ctx, `select coalesce(max(version), 0) from schema_migrations`).Scan(&current)
	if err == nil && current > version {
		s.logger.Warn("the database is newer than this program", "database_version", current, "program_version", version)
	}
	return current >= version, err
}

func (s *Store) applyMissing(ctx context.Context, tx pgx.Tx, migrations []migration) error {
	if err := execute(ctx, tx, `create table if not exists schema_migrations (
		version integer primary key, name text not null, applied_at timestamptz not null default now())`); err != nil {
		return fmt.Errorf("creating schema_migrations: %w", err)
	}
	var current int
	if err := tx.QueryRow(ctx, `select coalesce(max(version), 0) from schema_migrations`).Scan(&current); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	for _, m := range migrations[min(current, len(migrations)):] {
		for _, statement := range m.statements {
			if err := execute(ctx, tx, statement); err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
		if _, err := tx.Exec(ctx, `insert into schema_migrations (version, name) values ($1, $2)`, m.version, m.name); err != nil {
			return fmt.Errorf("recording migration %s: %w", m.name, err)
		}
		s.logger.Info("migrated", "version", m.version, "name", m.name)
	}
	return nil
}

// execute runs a statement without arguments by the extended protocol; pgx's Exec would take the simple one.
func execute(ctx context.Context, tx pgx.Tx, statement string) error {
	return tx.Conn().PgConn().ExecParams(ctx, statement, nil, nil, nil, nil).Read().Err
}
