package postgres

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ladder/internal/hint"
)

// requireRoot skips the tests of what only root does. The others run as whoever runs them.
func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root drops privileges")
	}
}

func TestRootDropsPrivileges(t *testing.T) {
	requireRoot(t)
	options := testOptions(t)
	server := start(t, options)
	status := server.Status()
	found, err := processesIn(server.cluster.data())
	if err != nil || len(found) < 3 {
		t.Fatalf("processes: %v, %v", found, err)
	}
	want := strconv.Itoa(server.cluster.account.uid)
	for _, process := range found {
		if user := processUser(t, process.pid); user != "" && user != want || user == "0" {
			t.Errorf("process %d runs as user %s, want %s (%s)", process.pid, user, want, status.Account)
		}
	}
	for name, want := range map[string]struct {
		mode fs.FileMode
		uid  int
	}{
		".": {enterMode, 0}, dataDirectory: {0o700, server.cluster.account.uid}, runDirectory: {0o700, server.cluster.account.uid},
		credentialsFile: {0o600, 0}, versionFile: {0o644, 0},
		dataDirectory + "/" + settingsFile: {0o600, server.cluster.account.uid},
	} {
		info, err := os.Stat(filepath.Join(options.Directory, name))
		if err != nil || info.Mode().Perm() != want.mode || statOwner(info).uid != want.uid {
			t.Errorf("%s: mode %v, owner %v, %v; want %v, %d", name, info.Mode(), statOwner(info), err, want.mode, want.uid)
		}
	}
	backend, err := strconv.Atoi(ask(t, open(t, server.URL("x")), "SELECT pg_backend_pid()::text"))
	if err != nil {
		t.Fatal(err)
	}
	protected := oomProtection
	if !mayProtect(t) {
		protected = "0"
	}
	for pid, want := range map[int]string{status.PID: protected, backend: "0"} {
		score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid))
		if err != nil || strings.TrimSpace(string(score)) != want {
			t.Errorf("out-of-memory score of process %d: %s, %v, want %s", pid, score, err, want)
		}
	}
}

// mayProtect reports whether this root may lower out-of-memory scores; in containers it often may not.
func mayProtect(t *testing.T) bool {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	return sets[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// A clone in /root is the most common place of all, and nobody but root may enter that.
func TestDirectoryBelowOneThatOnlyRootMayEnter(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	private := filepath.Join(reachable(t), "root")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	options.Directory = filepath.Join(private, "clone", ".ladder", "postgres")
	server := start(t, options)
	if server.cluster.blocker != private {
		t.Errorf("the way is blocked at %q", server.cluster.blocker)
	}
	if user := processUser(t, server.Status().PID); user == "0" {
		t.Error("the server runs as root")
	}
	write(t, server.URL("app.1"))
	execute(t, asSuperuser(t, server), "SELECT pg_reload_conf()") // the files are found again by every process
	execute(t, asSuperuser(t, server), "COPY (SELECT 1) TO PROGRAM 'cat > copied'")

	signalProcess(t, server.Status().PID, syscall.SIGKILL)
	events(server).await(t, "database_restarted")
	expectWritten(t, server.URL("app.1"))
	stop(t, server)

	other := startParent(t, options)
	signalProcess(t, other.postmaster, syscall.SIGSTOP)
	other.kill(t)
	again := start(t, options)
	expectWritten(t, again.URL("app.1"))
}

func TestDataOfRootIsGivenAway(t *testing.T) {
	requireRoot(t)
	options := testOptions(t)
	first := start(t, options)
	write(t, first.URL("x"))
	stop(t, first)
	// As after a restore from a backup.
	if err := giveTo(filepath.Join(options.Directory, dataDirectory), account{name: "root", uid: 0, groups: []int{0}}); err != nil {
		t.Fatal(err)
	}
	expectWritten(t, start(t, options).URL("x"))
}

func TestDataKeepsItsOwner(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	options.Account = "nobody"
	first := start(t, options)
	if first.Status().Account != "nobody" {
		t.Errorf("it runs as %q", first.Status().Account)
	}
	stop(t, first)
	options.Account = "" // postgres would come first
	second := start(t, options)
	if second.Status().Account != "nobody" {
		t.Errorf("it runs as %q", second.Status().Account)
	}
}

func TestRootRefusesSomebodyElsesDirectory(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	if err := os.Mkdir(options.Directory, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(options.Directory, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	err := New(options).Start(t.Context())
	if err == nil || !strings.Contains(hint.Of(err), "chown root") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func TestProgramsThatTheAccountCannotReach(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	private := filepath.Join(reachable(t), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\nexec " + shellQuote(requirePostgres(t).program(name)) + ` "$@"` + "\n"
		if err := os.WriteFile(filepath.Join(private, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	options.Binaries = private
	err := expectStartFails(t, options)
	if !strings.Contains(err.Error(), private) || !strings.Contains(hint.Of(err), "chmod o+x "+private) {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

// An ordinary user needs nothing of all that: this runs the program as nobody.
func TestOrdinaryUser(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	home := filepath.Dir(options.Directory)
	if err := os.Chown(home, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(home, "program")
	copyProgram(t, os.Args[0], program)
	command := exec.Command(program, "-test.run", "^(TestFirstStart|TestKilledPostmasterIsRestarted.*|TestServerDiesWithItsLadder|TestNotWritable)$", "-test.v")
	command.Dir = home
	command.Env = append(os.Environ(), "HOME="+home, "TMPDIR=/tmp")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, err := command.CombinedOutput()
	if err != nil || strings.Count(string(output), "--- PASS") != 4 {
		t.Errorf("as an ordinary user: %v\n%s", err, output)
	}
}

// TestNotWritable needs an ordinary user: root may write everywhere.
func TestNotWritable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("run by TestOrdinaryUser")
	}
	options := emptyOptions(t)
	if err := os.Chmod(filepath.Dir(options.Directory), 0o555); err != nil {
		t.Fatal(err)
	}
	err := expectStartFails(t, options)
	if !strings.Contains(hint.Of(err), "database.embedded.directory") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk runs on a file system of 30 MB, which is too small for a database.
func TestFullDisk(t *testing.T) {
	requireRoot(t)
	options := emptyOptions(t)
	disk := filepath.Dir(options.Directory)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=30m,mode=755"); err != nil {
		t.Skipf("this machine lets nobody mount a small file system: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	err := expectStartFails(t, options)
	if !strings.Contains(err.Error(), "No space left on device") || !strings.Contains(hint.Of(err), "free some space") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}
