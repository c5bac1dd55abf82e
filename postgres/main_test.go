package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"ladder/telemetry"
)

// generous bounds waiting for something that takes a second on a machine at rest.
const generous = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		parentMain()
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if template.place != "" {
			_ = os.RemoveAll(template.place)
		}
		os.Exit(code)
	}))
}

// recorder keeps events and tells who waits for one.
type recorder struct {
	mu      sync.Mutex
	events  []telemetry.Event
	changed chan struct{}
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) Publish(event telemetry.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) find(code string) (telemetry.Event, bool, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.events, func(event telemetry.Event) bool { return event.Code == code })
	if at < 0 {
		return telemetry.Event{}, false, r.changed
	}
	return r.events[at], true, r.changed
}

// await returns the first event of a code, waiting for it where it has not come.
func (r *recorder) await(t *testing.T, code string) telemetry.Event {
	t.Helper()
	deadline := time.After(generous)
	for {
		event, found, changed := r.find(code)
		if found {
			return event
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("no event %s; there were %v", code, r.codes())
		}
	}
}

func (r *recorder) codes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var codes []string
	for _, event := range r.events {
		codes = append(codes, event.Code)
	}
	return codes
}

// requirePostgres skips where no PostgreSQL is installed, which must not happen where the tests are relied on.
func requirePostgres(t *testing.T) Installation {
	t.Helper()
	found, err := Find("")
	if err == nil {
		return found
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs PostgreSQL: %v (scripts/install-test-deps installs it)", err)
	}
	t.Skipf("NOT TESTED, PostgreSQL is missing: %v (scripts/install-test-deps installs it)", err)
	return Installation{}
}

// reachable makes a directory that PostgreSQL's user can get to, even where TMPDIR is private.
func reachable(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("/tmp", "ladder-test-") //nolint:usetesting // t.TempDir is below TMPDIR
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	return directory
}

// emptyOptions are those of a server whose directory does not exist yet.
func emptyOptions(t *testing.T) Options {
	t.Helper()
	requirePostgres(t)
	return Options{
		Directory: filepath.Join(reachable(t), "postgres"), Listen: "127.0.0.1:0", Database: "chirp",
		// Durability is tested against killed processes, which need no fsync.
		Parameters:   map[string]string{"fsync": "off", "shared_buffers": "16MB"},
		StartTimeout: generous, StopTimeout: generous,
		Events: newRecorder(),
	}
}

// testOptions are those of a server that was started and stopped before, with an empty database: a copy of one that is
// made once, because initdb takes longer than everything else here.
func testOptions(t *testing.T) Options {
	t.Helper()
	options := emptyOptions(t)
	template, err := templateDirectory(options)
	if err != nil {
		t.Fatalf("making the template: %v", err)
	}
	if output, err := exec.Command("cp", "-a", template, options.Directory).CombinedOutput(); err != nil {
		t.Fatalf("copying the template: %v: %s", err, output)
	}
	return options
}

// template is the directory that tests copy, below a directory of its own.
var template struct {
	once  sync.Once
	place string
	err   error
}

func templateDirectory(options Options) (string, error) {
	template.once.Do(func() {
		template.place, template.err = os.MkdirTemp("/tmp", "ladder-template-")
		if template.err != nil {
			return
		}
		options.Directory = filepath.Join(template.place, "postgres")
		template.err = errors.Join(template.err, os.Chmod(template.place, 0o755))
		server := New(options)
		template.err = errors.Join(template.err, server.Start(context.Background()), server.Stop(context.Background()))
	})
	return filepath.Join(template.place, "postgres"), template.err
}

// events returns the recorder of options made by testOptions.
func events(server *Server) *recorder { return server.options.Events.(*recorder) }

// start starts a server that stops with the test.
func start(t *testing.T, options Options) *Server {
	t.Helper()
	options.Health = telemetry.NewHealth(options.Events)
	server := New(options)
	t.Cleanup(func() { stop(t, server) })
	if err := server.Start(t.Context()); err != nil {
		t.Fatalf("start: %v", err)
	}
	return server
}

func stop(t *testing.T, server *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// open connects as the application does.
func open(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connecting as the application: %v", err)
	}
	t.Cleanup(func() { disconnect(connection) })
	return connection
}

func execute(t *testing.T, connection *pgx.Conn, statement string) {
	t.Helper()
	if _, err := connection.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask(t *testing.T, connection *pgx.Conn, query string) string {
	t.Helper()
	var answer string
	if err := connection.QueryRow(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// asSuperuser connects as Ladder does.
func asSuperuser(t *testing.T, server *Server) *pgx.Conn {
	t.Helper()
	connection, err := server.cluster.connect(t.Context(), "postgres", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disconnect(connection) })
	return connection
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(generous)
	defer deadline.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

func connectURL(t *testing.T, url string) (*pgx.Conn, error) {
	t.Helper()
	return pgx.Connect(t.Context(), url)
}

func contains(codes []string, code string) bool { return slices.Contains(codes, code) }
