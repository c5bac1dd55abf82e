package store

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ladder/internal/pgtest"
)

func TestInstancesThatStartAtOnceMigrateOnce(t *testing.T) {
	url := server.Database(t)
	var starting sync.WaitGroup
	failures := make(chan error, 4)
	for range 4 {
		starting.Go(func() {
			s, err := Open(t.Context(), Options{URL: url})
			if err == nil {
				_, err = s.Public(t.Context(), 0, 0)
				s.Close()
			}
			failures <- err
		})
	}
	starting.Wait()
	for range 4 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	s := open(t, url)
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	applied, err := collect(t.Context(), s, scanText, `select name from schema_migrations where version > $1 order by version`, 0)
	if err != nil || len(applied) != len(files) {
		t.Errorf("applied %v (%v), want each of %d files once", applied, err, len(files))
	}
}

func TestMigrationsMustBeNumberedWithoutGaps(t *testing.T) {
	for _, name := range []string{"migrations/0002_late.sql", "migrations/first.sql"} {
		if _, err := readMigrations(fstest.MapFS{name: {Data: []byte("select 1")}}); err == nil {
			t.Errorf("%s is accepted as the first migration", name)
		}
	}
	migrations, err := readMigrations(fstest.MapFS{"migrations/0001_a.sql": {Data: []byte("select 1\n-- next\nselect ';'")}})
	if err != nil || len(migrations) != 1 || len(migrations[0].statements) != 2 {
		t.Errorf("got %+v, %v; want one migration of two statements", migrations, err)
	}
}

func TestEveryPrimaryKeyBeginsWithItsOwner(t *testing.T) {
	s := newStore(t)
	odd, err := collect(t.Context(), s, scanText, `select c.relname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
		where k.contype = 'p' and c.relnamespace = 'public'::regnamespace and a.attname <> $1`, "user_id")
	if err != nil || !slices.Equal(odd, []string{"schema_migrations"}) {
		t.Errorf("tables whose key does not begin with user_id: %v (%v)", odd, err)
	}
	// A foreign key that names the owner on both sides stays within one database.
	crossing, err := collect(t.Context(), s, scanText, `select k.conname::text from pg_constraint k
		join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
		join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
		where k.contype = 'f' and (a.attname <> $1 or b.attname <> $1)`, "user_id")
	if err != nil || len(crossing) != 0 {
		t.Errorf("foreign keys that may cross users: %v (%v)", crossing, err)
	}
}

// TestARestartOfTheServerCostsNothing is why every operation may run twice: all pooled connections are dead at once.
func TestARestartOfTheServerCostsNothing(t *testing.T) {
	own := pgtest.Start(t)
	s := open(t, own.URL)
	maya := newUser(t, s, "maya")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := exhaust(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		own.Restart(t, signal)
		id, err := s.CreatePost(t.Context(), maya.ID, 0, "after "+signal.String())
		if err != nil {
			t.Errorf("a post right after %v: %v", signal, err)
		}
		if _, err := s.Post(t.Context(), 0, maya.ID, id); err != nil {
			t.Errorf("reading it back: %v", err)
		}
	}
	own.Stop(t)
	if _, err := s.Public(t.Context(), 0, 0); !Unavailable(err) {
		t.Errorf("without a server: %v, want an error that says to try again later", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	s.lastSuccess.Store(0)
	if err := s.Ready(ctx); err == nil {
		t.Error("the store is ready without a server")
	}
	own.Resume(t)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
}

// exhaust opens every connection that the pool may have.
func exhaust(ctx context.Context, s *Store) error {
	for range maxConnections {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

func TestOpenGivesUpOnADatabaseThatNeverAnswers(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable", StartTimeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("got %v, want an error that names DATABASE_URL", err)
	}
	if _, err := Open(t.Context(), Options{URL: "postgres://%%"}); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("got %v, want an error that names DATABASE_URL", err)
	}
	// A wrong answer is not waited for.
	_, err = Open(t.Context(), Options{URL: strings.Replace(server.URL, "/postgres?", "/missing?", 1)})
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v, want the server's own words", err)
	}
}

func TestOpenWaitsForADatabaseThatIsStarting(t *testing.T) {
	own := pgtest.Start(t)
	own.Stop(t)
	opened := make(chan error, 1)
	go func() {
		s, err := Open(context.Background(), Options{URL: own.URL})
		if err == nil {
			s.Close()
		}
		opened <- err
	}()
	own.Resume(t)
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestListenHearsPostsOfOtherInstancesAlsoAfterARestart(t *testing.T) {
	own := pgtest.Start(t)
	listener, writer := open(t, own.URL), open(t, own.URL)
	maya := newUser(t, writer, "maya")
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan Post, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		listener.Listen(ctx, func(post Post) { heard <- post })
	}()
	hear := func() { // posts until one is heard: nobody says when listening has begun
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			id := newPost(t, writer, maya, `says "hi"`)
			select {
			case post := <-heard:
				if post.Username != "maya" || post.Body != `says "hi"` || post.ID > id {
					t.Errorf("heard %+v", post)
				}
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
		t.Fatal("no post was heard")
	}
	hear()
	own.Restart(t)
	for len(heard) > 0 {
		<-heard
	}
	hear()
	cancel()
	<-ended
}

func TestConnectionLostTellsBrokenConnectionsFromErrors(t *testing.T) {
	for code, want := range map[string]bool{"57P01": true, "57P03": true, "08006": true, "23505": false, "40001": false, "57014": false} {
		if got := connectionLost(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("SQLSTATE %s: %v, want %v", code, got, want)
		}
	}
	for _, err := range []error{nil, ErrNotFound, context.Canceled, context.DeadlineExceeded, pgx.ErrNoRows} {
		if connectionLost(err) {
			t.Errorf("%v is taken for a broken connection", err)
		}
	}
}
