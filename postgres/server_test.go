package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ladder/internal/filelock"
	"ladder/internal/hint"
	"ladder/telemetry"
)

func TestFirstStart(t *testing.T) {
	options := emptyOptions(t)
	options.Parameters["work_mem"] = "5MB"
	options.Parameters["application.greeting"] = `it's a \ backslash`
	server := start(t, options)
	connection := open(t, server.URL("app.1"))
	for query, want := range map[string]string{
		"SELECT current_user":       "chirp",
		"SELECT current_database()": "chirp",
		"SHOW application_name":     "app.1",
		"SHOW data_checksums":       "on",
		"SHOW wal_level":            "logical",
		"SHOW password_encryption":  "scram-sha-256",
		"SHOW server_encoding":      "UTF8",
		"SHOW max_wal_senders":      strconv.Itoa(walSenders),
		"SHOW hot_standby":          "on",
		"SHOW shared_buffers":       "16MB",
		"SHOW work_mem":             "5MB",
		"SHOW application.greeting": `it's a \ backslash`,
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user":                              "false",
		"SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname='chirp'": "chirp",
	} {
		if got := ask(t, connection, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	execute(t, connection, "CREATE EXTENSION citext") // a trusted one, which the owner of the database may install
	execute(t, connection, "CREATE TABLE posts (text citext)")

	status := server.Status()
	if status.State != Up || status.PID == 0 || status.Major < MinimumMajor || status.Version == "" || status.Restarts != 0 {
		t.Errorf("status: %+v", status)
	}
	if _, port, err := net.SplitHostPort(status.Listen); err != nil || port == "0" {
		t.Errorf("it listens on %q", status.Listen)
	}
	eventually(t, "the server is sampled", func() bool {
		status := server.Status()
		return status.Connections == 1 && status.MaxConnections == 100 && status.Size > 0 && status.DiskFree > 0
	})
	var log []byte
	eventually(t, "the log has the start", func() bool {
		log, _ = os.ReadFile(LogPath(options.Directory))
		return strings.Contains(string(log), "database system is ready to accept connections")
	})
}

func TestPasswordsAreStoredAsScramAndShownNowhere(t *testing.T) {
	options := emptyOptions(t)
	options.Parameters["log_statement"] = "all"
	server := start(t, options)
	admin := asSuperuser(t, server)
	for _, role := range []string{"chirp", superuser} {
		if verifier := ask(t, admin, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+role+"'"); !strings.HasPrefix(verifier, "SCRAM-SHA-256$") {
			t.Errorf("the password of %s is stored as %.20q", role, verifier)
		}
	}
	if peers := ask(t, admin, "SELECT count(*)::text FROM pg_hba_file_rules WHERE auth_method NOT IN ('scram-sha-256', 'reject')"); peers != "0" {
		t.Errorf("%s rules of pg_hba.conf ask for no password", peers)
	}
	secret := server.cluster.credentials
	wrong := strings.Replace(server.URL("x"), secret.Password, "wrong", 1)
	if connection, err := connectURL(t, wrong); err == nil {
		disconnect(connection)
		t.Error("a wrong password was accepted")
	}
	info, err := os.Stat(filepath.Join(options.Directory, credentialsFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the credentials: %v, %v", info.Mode(), err)
	}
	lines := commandLines(t)
	log, err := os.ReadFile(LogPath(options.Directory))
	if err != nil || !strings.Contains(string(log), "CREATE ROLE") {
		t.Errorf("the log has no statements, so this test proves nothing: %v", err)
	}
	told := strings.Builder{}
	for _, event := range server.options.Events.(*recorder).events {
		told.WriteString(event.Message)
	}
	for _, password := range []string{secret.Password, secret.SuperuserPassword} {
		for where, text := range map[string]string{"process list": lines, "log": string(log), "events": told.String()} {
			if strings.Contains(text, password) {
				t.Errorf("a password stands in the %s", where)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(server.cluster.socketDirectory, passwordFile)); !os.IsNotExist(err) {
		t.Errorf("the password file of initdb is still there: %v", err)
	}
}

func TestRestartKeepsData(t *testing.T) {
	options := testOptions(t)
	first := start(t, options)
	connection := open(t, first.URL("app.1"))
	execute(t, connection, "CREATE TABLE kept AS SELECT 42 AS answer")
	url := first.URL("app.1")
	stop(t, first)
	stop(t, first) // again does nothing
	if state := first.Status().State; state != Stopped {
		t.Errorf("state after stop: %v", state)
	}
	if codes := events(first).codes(); !contains(codes, "database_stopped") {
		t.Errorf("it was not a fast shutdown: %v", codes)
	}

	read, err := ReadURL(options.Directory, "app.1")
	if err != nil || read != url || first.URL("app.1") != url {
		t.Errorf("URLs after stop: %q, %v, want %q", read, err, url)
	}
	options.Events = newRecorder()
	options.Listen = first.Status().Listen
	second := start(t, options)
	if got := second.URL("app.1"); got != url {
		t.Errorf("the URL changed from %q to %q", url, got)
	}
	if answer := ask(t, open(t, second.URL("app.1")), "SELECT answer::text FROM kept"); answer != "42" {
		t.Errorf("read %s back", answer)
	}
	if codes := events(second).codes(); contains(codes, "database_initializing") || contains(codes, "database_recovering") {
		t.Errorf("events of the second start: %v", codes)
	}
}

func TestSecondServerIsToldWhoHoldsTheDirectory(t *testing.T) {
	options := testOptions(t)
	first := start(t, options)
	second := New(options)
	err := second.Start(t.Context())
	var held *filelock.HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() || !strings.Contains(hint.Of(err), strconv.Itoa(os.Getpid())) {
		t.Errorf("the second start: %v (hint %q)", err, hint.Of(err))
	}
	stop(t, second)
	open(t, first.URL("app.1"))
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	options := testOptions(t)
	options.Listen = listener.Addr().String()
	err = expectStartFails(t, options)
	if !strings.Contains(err.Error(), addressInUse) || !strings.Contains(hint.Of(err), "database.listen") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func TestWrongParameterIsNamed(t *testing.T) {
	options := testOptions(t)
	options.Parameters["shared_bufers"] = "1GB"
	err := expectStartFails(t, options)
	if !strings.Contains(err.Error(), "shared_bufers") || !strings.Contains(hint.Of(err), "database.embedded.parameters") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func TestWrongPasswordIsNotWaitedFor(t *testing.T) {
	options := testOptions(t)
	stop(t, start(t, options))
	changed, err := readCredentials(options.Directory)
	if err != nil {
		t.Fatal(err)
	}
	changed.SuperuserPassword = "of-another-directory"
	if err := changed.write(options.Directory); err != nil {
		t.Fatal(err)
	}
	err = expectStartFails(t, options)
	if !strings.Contains(hint.Of(err), credentialsFile) || strings.Contains(err.Error(), "of-another-directory") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func TestStartThatIsCancelledLeavesNothing(t *testing.T) {
	options := emptyOptions(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := New(options)
	done := make(chan error, 1)
	go func() { done <- server.Start(ctx) }()
	events(server).await(t, "database_initializing")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("start: %v", err)
	}
	expectNothingLeft(t, options)
	start(t, options)
}

func TestStartOnlyOnce(t *testing.T) {
	options := testOptions(t)
	server := start(t, options)
	if err := server.Start(t.Context()); err == nil {
		t.Error("a second start of the same server succeeded")
	}
	never := New(options)
	if url := never.URL("x"); url != "" {
		t.Errorf("URL before start: %q", url)
	}
	stop(t, never)
}

func TestLongDirectory(t *testing.T) {
	options := testOptions(t)
	long := filepath.Join(options.Directory+"-"+strings.Repeat("long", 30), "postgres")
	if err := os.Mkdir(filepath.Dir(long), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(options.Directory, long); err != nil {
		t.Fatal(err)
	}
	options.Directory = long
	server := start(t, options)
	if strings.HasPrefix(server.cluster.socketDirectory, filepath.Dir(filepath.Dir(options.Directory))) {
		t.Errorf("the socket is in %s", server.cluster.socketDirectory)
	}
	info, err := os.Stat(server.cluster.socketDirectory)
	if err != nil || info.Mode().Perm() != privateMode {
		t.Errorf("the socket's directory: %v, %v", info.Mode(), err)
	}
	socket := server.cluster.socketDirectory
	open(t, server.URL("app.1"))
	stop(t, server)
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket's directory was left: %v", err)
	}
}

func TestNameOfTheDatabaseChanges(t *testing.T) {
	options := testOptions(t)
	first := start(t, options)
	execute(t, open(t, first.URL("")), "CREATE TABLE old (n int)")
	stop(t, first)
	options.Database = "Sparrow-2 \"quoted\""
	second := start(t, options)
	connection := open(t, second.URL("app.1"))
	if got := ask(t, connection, "SELECT current_database() || '/' || current_user"); got != options.Database+"/"+options.Database {
		t.Errorf("connected to %s", got)
	}
	if count := ask(t, asSuperuser(t, second), "SELECT count(*)::text FROM pg_database WHERE datname = 'chirp'"); count != "1" {
		t.Error("the old database is gone")
	}
}

func TestChangedPasswordIsBroughtBack(t *testing.T) {
	options := testOptions(t)
	first := start(t, options)
	execute(t, asSuperuser(t, first), "ALTER ROLE chirp PASSWORD 'forgotten' NOLOGIN")
	stop(t, first)
	second := start(t, options)
	open(t, second.URL("app.1"))
}

func TestStopHurries(t *testing.T) {
	options := testOptions(t)
	server := start(t, options)
	// A stopped checkpointer keeps a fast shutdown from ending.
	found, err := processesIn(server.cluster.data())
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range found {
		if process.parent == server.Status().PID {
			_ = syscall.Kill(process.pid, syscall.SIGSTOP) // some come and go by themselves
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if codes := events(server).codes(); !contains(codes, "database_stop_forced") {
		t.Errorf("events: %v", codes)
	}
	expectNothingLeft(t, options)
}

// expectStartFails starts a server that must fail and leave nothing behind.
func expectStartFails(t *testing.T, options Options) error {
	t.Helper()
	health := telemetry.NewHealth(nil)
	options.Health = health
	server := New(options)
	err := server.Start(t.Context())
	if err == nil {
		stop(t, server)
		t.Fatal("the start succeeded")
	}
	stop(t, server)
	if state := server.Status(); state.State != Stopped || state.LastFailure == "" || state.PID != 0 {
		t.Errorf("status after a failed start: %+v", state)
	}
	if warnings := health.All(); len(warnings) != 0 {
		t.Errorf("warnings after a failed start: %v", warnings)
	}
	expectNothingLeft(t, options)
	return err
}

// expectNothingLeft checks that no server runs, nothing is locked and nothing is half done.
func expectNothingLeft(t *testing.T, options Options) {
	t.Helper()
	for _, name := range []string{dataDirectory, newDataDirectory} {
		found, err := processesIn(filepath.Join(options.Directory, name))
		if err != nil || len(found) != 0 {
			t.Errorf("processes in %s: %v, %v", name, found, err)
		}
	}
	if _, err := os.Stat(filepath.Join(options.Directory, newDataDirectory)); !os.IsNotExist(err) {
		t.Errorf("an unfinished data directory is left: %v", err)
	}
	if _, err := os.Stat(options.Directory); os.IsNotExist(err) {
		return
	}
	lock, err := filelock.Acquire(filepath.Join(options.Directory, lockFile))
	if err != nil {
		t.Errorf("the directory is still locked: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}
