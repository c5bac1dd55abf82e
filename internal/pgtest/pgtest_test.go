package pgtest

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestServerKeepsItsDataOverRestarts(t *testing.T) {
	server := Start(t, "wal_level=logical")
	execute(t, server.URL, "create table kept (n int)")
	execute(t, server.URL, "insert into kept values (7)")
	server.Restart(t)
	server.Restart(t, syscall.SIGQUIT)
	if got := queryText(t, server.URL, "select n::text from kept"); got != "7" {
		t.Errorf("after two restarts the row reads %q, want 7", got)
	}
	if got := queryText(t, server.URL, "show wal_level"); got != "logical" {
		t.Errorf("wal_level = %q, want the parameter that was asked for", got)
	}
}

func TestDatabasesAreApartAndGoWithTheServer(t *testing.T) {
	server, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	first, second := server.Database(t), server.Database(t)
	execute(t, first, "create table only_here (n int)")
	if got := queryText(t, second, "select count(*)::text from pg_tables where tablename = 'only_here'"); got != "0" {
		t.Errorf("a table of one database is seen in another")
	}
	for range 2 {
		if err := server.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	if _, err := os.Stat(server.directory); !os.IsNotExist(err) {
		t.Errorf("the cluster's directory is still there: %v", err)
	}
	if _, err := pgx.Connect(context.Background(), server.URL); err == nil {
		t.Error("a closed server still answers")
	}
}

func TestMajorOf(t *testing.T) {
	for directory, want := range map[string]int{
		"/usr/lib/postgresql/15/bin": 15, "/usr/pgsql-9/bin": 9, "/opt/homebrew/opt/postgresql@17/bin": 17, "/usr/bin": 0,
	} {
		if got := majorOf(directory); got != want {
			t.Errorf("majorOf(%s) = %d, want %d", directory, got, want)
		}
	}
}

func execute(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func queryText(t *testing.T, url, query string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}
