package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// distributionDirectories are where Debian, Red Hat and Homebrew keep the programs that are not on PATH.
var distributionDirectories = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
}

var errNotInstalled = errors.New("no PostgreSQL server found on PATH or in " +
	"/usr/lib/postgresql; install one: apt-get install postgresql (or run scripts/install-test-deps)")

// findBinaries returns the directory of the newest installation.
func findBinaries() (string, error) {
	best, major := "", 0
	for _, pattern := range distributionDirectories {
		directories, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("looking for %s: %w", pattern, err)
		}
		for _, directory := range directories {
			if found := majorOf(directory); found > major && hasServer(directory) {
				best, major = directory, found
			}
		}
	}
	if best != "" {
		return best, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil && hasServer(filepath.Dir(path)) {
		return filepath.Dir(path), nil
	}
	return "", errNotInstalled
}

// majorOf reads the version from a directory's name: the last run of digits before /bin.
func majorOf(directory string) int {
	name := filepath.Base(filepath.Dir(directory))
	start := len(name)
	for start > 0 && name[start-1] >= '0' && name[start-1] <= '9' {
		start--
	}
	major, err := strconv.Atoi(name[start:])
	if err != nil {
		return 0
	}
	return major
}

func hasServer(directory string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(directory, program)); err != nil {
			return false
		}
	}
	return true
}

// account is whom the server runs as; nil is the user of the test.
type account struct{ uid, gid uint32 }

// databaseAccount is nil for an ordinary user. PostgreSQL refuses to run as root, so root gets another account.
func databaseAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is an account: the test's own
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
		return &account{uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a postgres nor a nobody user to drop to")
}

// own gives a directory to the account.
func (a *account) own(directory string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(directory, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("giving %s to PostgreSQL's user: %w", directory, err)
	}
	return nil
}

// command runs a program as the account, in a process group of its own so that Ctrl-C on the test reaches only the
// test, and killed with the test.
func (a *account) command(path string, arguments ...string) *exec.Cmd {
	command := exec.Command(path, arguments...)
	command.Dir = "/" // the account may not be allowed into the test's directory
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return command
}
