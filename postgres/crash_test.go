package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ladder/telemetry"
)

// write commits a row as the application and returns.
func write(t *testing.T, url string) {
	t.Helper()
	connection := open(t, url)
	execute(t, connection, "CREATE TABLE IF NOT EXISTS committed (n int)")
	execute(t, connection, "INSERT INTO committed VALUES (7)")
}

func expectWritten(t *testing.T, url string) {
	t.Helper()
	if got := ask(t, open(t, url), "SELECT sum(n)::text FROM committed"); got != "7" {
		t.Errorf("of what was committed there is %s", got)
	}
}

func TestKilledPostmasterIsRestartedWithWhatWasCommitted(t *testing.T) {
	server := start(t, testOptions(t))
	write(t, server.URL("app.1"))
	url, before := server.URL("app.1"), server.Status()

	signalProcess(t, before.PID, syscall.SIGKILL)
	exited := events(server).await(t, "database_exited")
	if exited.Severity != telemetry.SeverityCritical || !strings.Contains(exited.Message, "SIGKILL") {
		t.Errorf("event: %+v", exited)
	}
	events(server).await(t, "database_restarted")
	after := server.Status()
	if after.State != Up || after.Restarts != 1 || after.PID == before.PID || after.PID == 0 || after.LastFailure == "" {
		t.Errorf("status after the restart: %+v", after)
	}
	if server.URL("app.1") != url {
		t.Error("the URL changed with the restart")
	}
	expectWritten(t, url)
	raised := events(server).await(t, "warning_raised")
	if raised.Attributes["warning"] != string(telemetry.DatabaseDown) {
		t.Errorf("first warning: %+v", raised)
	}
	eventually(t, "the warnings are over", func() bool { return len(server.options.Health.All()) == 0 })
}

func TestKilledBackendIsSeenAndSurvived(t *testing.T) {
	server := start(t, testOptions(t))
	write(t, server.URL("app.1"))
	connection := open(t, server.URL("app.1"))
	backend, err := strconv.Atoi(ask(t, connection, "SELECT pg_backend_pid()::text"))
	if err != nil {
		t.Fatal(err)
	}
	before := server.Status()
	signalProcess(t, backend, syscall.SIGKILL)
	died := events(server).await(t, "database_process_died")
	if !strings.Contains(died.Message, strconv.Itoa(backend)) {
		t.Errorf("event: %+v", died)
	}
	events(server).await(t, "database_recovering")
	events(server).await(t, "database_recovered")
	after := server.Status()
	if after.State != Up || after.PID != before.PID || after.Restarts != 0 {
		t.Errorf("status: %+v", after)
	}
	expectWritten(t, server.URL("app.1"))
}

func TestServerThatIsStuckIsDownUntilItAnswers(t *testing.T) {
	server := start(t, testOptions(t))
	eventually(t, "the server is sampled", func() bool { return !server.Status().Sampled.IsZero() })
	found, err := processesIn(server.cluster.data())
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range found {
		signalProcess(t, process.pid, syscall.SIGSTOP)
	}
	eventually(t, "the server counts as down", func() bool { return server.Status().State == Down })
	if warnings := server.options.Health.Current(); len(warnings) != 1 || warnings[0].Code != telemetry.DatabaseDown {
		t.Errorf("warnings: %v", warnings)
	}
	for _, process := range found {
		_ = syscall.Kill(process.pid, syscall.SIGCONT) // the one that was sampling may be gone
	}
	eventually(t, "the server is up again", func() bool {
		return server.Status().State == Up && len(server.options.Health.All()) == 0
	})
}

func TestServerDiesWithItsLadder(t *testing.T) {
	options := testOptions(t)
	other := startParent(t, options)
	write(t, other.url)
	other.kill(t)
	eventually(t, "no process is left", func() bool {
		found, err := processesIn(filepath.Join(options.Directory, dataDirectory))
		return err == nil && len(found) == 0
	})
	server := start(t, options)
	expectWritten(t, server.URL("app.1"))
	if codes := events(server).codes(); contains(codes, "database_recovering") {
		t.Errorf("the server did not shut down cleanly: %v", codes)
	}
}

// A server that outlives its Ladder is rare: somebody stopped it in that moment, or it hangs in a shutdown.
func TestServerThatOutlivedItsLadderIsStopped(t *testing.T) {
	for name, hang := range map[string]func(t *testing.T, postmaster int, data string){
		"that would end":  func(*testing.T, int, string) {},
		"that is stopped": func(t *testing.T, postmaster int, _ string) { signalProcess(t, postmaster, syscall.SIGSTOP) },
		"that lost its pid file": func(t *testing.T, postmaster int, data string) {
			signalProcess(t, postmaster, syscall.SIGSTOP)
			if err := os.Remove(filepath.Join(data, pidFileName)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run("one "+name, func(t *testing.T) {
			options := testOptions(t)
			other := startParent(t, options)
			write(t, other.url)
			hang(t, other.postmaster, filepath.Join(options.Directory, dataDirectory))
			other.kill(t)
			server := start(t, options)
			expectWritten(t, server.URL("app.1"))
			found, err := processesIn(server.cluster.data())
			if err != nil {
				t.Fatal(err)
			}
			postmasters := 0
			for _, process := range found {
				if process.parent == os.Getpid() {
					postmasters++
				}
				if process.pid == other.postmaster {
					t.Errorf("the old server %d still runs", process.pid)
				}
			}
			if postmasters != 1 {
				t.Errorf("%d servers run on the directory", postmasters)
			}
		})
	}
}

// The id in postmaster.pid may by now be that of any other process, and PostgreSQL would refuse to start.
func TestReusedProcessID(t *testing.T) {
	options := testOptions(t)
	other := startParent(t, options)
	write(t, other.url)
	signalProcess(t, other.postmaster, syscall.SIGKILL)
	signalProcess(t, other.command.Process.Pid, syscall.SIGKILL)
	other.kill(t)
	pidFile := filepath.Join(options.Directory, dataDirectory, pidFileName)
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatalf("the killed server left no pid file: %v", err)
	}
	// The test itself would be taken for the parent of the server, which PostgreSQL overlooks.
	bystander, _ := launchParent(t, Options{})
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(bystander.Process.Pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	bystanderAlive := syscall.Kill(bystander.Process.Pid, 0) == nil
	server := start(t, options)
	if !bystanderAlive || syscall.Kill(bystander.Process.Pid, 0) != nil {
		t.Error("the bystander is gone, so this test proves nothing")
	}
	expectWritten(t, server.URL("app.1"))
}

func TestInitdbThatWasKilledIsRepeated(t *testing.T) {
	options := emptyOptions(t)
	command, _ := launchParent(t, options)
	unfinished := filepath.Join(options.Directory, newDataDirectory)
	eventually(t, "initdb is at work", func() bool {
		_, err := os.Stat(filepath.Join(unfinished, "base"))
		return err == nil
	})
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	if _, err := os.Stat(filepath.Join(options.Directory, dataDirectory)); !os.IsNotExist(err) {
		t.Fatalf("initdb was already through: %v", err)
	}
	server := start(t, options)
	write(t, server.URL("app.1"))
	if _, err := os.Stat(unfinished); !os.IsNotExist(err) {
		t.Errorf("the unfinished data directory is still there: %v", err)
	}
}

// A kill between initdb and CREATE DATABASE leaves a cluster without the application's database.
func TestMissingDatabaseIsMade(t *testing.T) {
	options := testOptions(t)
	first := start(t, options)
	admin := asSuperuser(t, first)
	execute(t, admin, "DROP DATABASE chirp WITH (FORCE)")
	execute(t, admin, "DROP ROLE chirp")
	stop(t, first)
	write(t, start(t, options).URL("app.1"))
}

func TestRestartGoesOnUntilItSucceeds(t *testing.T) {
	options := testOptions(t)
	server := start(t, options)
	control := filepath.Join(server.cluster.data(), "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	signalProcess(t, server.Status().PID, syscall.SIGKILL)
	failed := events(server).await(t, "database_restart_failed")
	if strings.Contains(failed.Message, "\n") {
		t.Errorf("the message has several lines: %q", failed.Message)
	}
	if err := os.Rename(control+".away", control); err != nil {
		t.Fatal(err)
	}
	events(server).await(t, "database_restarted")
	open(t, server.URL("app.1"))
}

func TestStopDuringRestart(t *testing.T) {
	options := testOptions(t)
	server := start(t, options)
	control := filepath.Join(server.cluster.data(), "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	signalProcess(t, server.Status().PID, syscall.SIGKILL)
	events(server).await(t, "database_exited")
	if err := server.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	expectNothingLeft(t, options)
}

// An unmounted disk, or a mistaken rm, must not turn into an empty database that looks like a new one.
func TestDataThatVanishedIsNotMadeAnew(t *testing.T) {
	server := start(t, testOptions(t))
	data := server.cluster.data()
	if err := os.Rename(data, data+".away"); err != nil {
		t.Fatal(err)
	}
	signalProcess(t, server.Status().PID, syscall.SIGKILL)
	events(server).await(t, "database_restart_failed")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("there is a new data directory: %v", err)
	}
	if err := os.Rename(data+".away", data); err != nil {
		t.Fatal(err)
	}
	events(server).await(t, "database_restarted")
}
