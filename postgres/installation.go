package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"ladder/internal/hint"
)

const (
	// MinimumMajor is the oldest PostgreSQL that Ladder runs: the one with which logical replication of large transactions
	// and the log of start-up progress begin to be usable.
	MinimumMajor = 14
	// versionTimeout bounds asking a program for its version.
	versionTimeout = 10 * time.Second
	// installHint is what to do when there is no PostgreSQL.
	installHint = "apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora, RHEL) or " +
		"brew install postgresql@17 (macOS); or name the directory of its programs as `database.embedded.binaries`"
)

// ErrNotInstalled says that this machine has no PostgreSQL that Ladder can run.
var ErrNotInstalled = errors.New("no PostgreSQL server is installed")

// Installation is one set of PostgreSQL programs.
type Installation struct {
	Directory string // that holds initdb and postgres
	Version   string // "15.14"
	Major     int    // 15
}

func (i Installation) program(name string) string { return filepath.Join(i.Directory, name) }

// Find returns the installation that a new database would be made with: the one in the directory binaries, or, where that
// is empty, the newest among PATH and the distributions' directories. Downloaded ones are not considered.
func Find(binaries string) (Installation, error) {
	return findFor(binaries, installedPlaces(os.Getenv("PATH")))
}

func findFor(binaries string, places []string) (Installation, error) {
	if binaries != "" {
		return inspect(binaries)
	}
	found, rejected := survey(places)
	if len(found) == 0 {
		return Installation{}, notInstalled(rejected)
	}
	return found[0], nil
}

// notInstalled names what was found and could not be used, because that is what its reader has to correct.
func notInstalled(rejected []error) error {
	err := ErrNotInstalled
	if len(rejected) > 0 {
		err = fmt.Errorf("%w that can be used: %w", ErrNotInstalled, errors.Join(rejected...))
	}
	return hint.Wrap(err, installHint)
}

// installedPlaces are the directories that may hold PostgreSQL's programs.
func installedPlaces(path string) []string {
	places := slices.DeleteFunc(filepath.SplitList(path), func(place string) bool { return !filepath.IsAbs(place) })
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PostgreSQL's own packages for Red Hat
		"/usr/lib/postgresql*/bin",  // SUSE, Gentoo
		"/usr/libexec/postgresql*",  // Alpine
		"/usr/local/pgsql/bin",      // built from source
		"/opt/homebrew/opt/postgresql@*/bin", "/opt/homebrew/opt/postgresql/bin",
		"/usr/local/opt/postgresql@*/bin", "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	} {
		matches, err := filepath.Glob(pattern)
		if err == nil {
			places = append(places, matches...)
		}
	}
	return places
}

// survey inspects every place that has a server in it and returns the usable installations, newest first, each once, and
// what is wrong with the others.
func survey(places []string) (found []Installation, rejected []error) {
	seen := make(map[string]bool)
	for _, place := range places {
		server, err := filepath.EvalSymlinks(filepath.Join(place, "postgres"))
		if err != nil || seen[server] {
			continue
		}
		seen[server] = true
		installation, err := inspect(filepath.Dir(server))
		if err != nil {
			rejected = append(rejected, err)
			continue
		}
		found = append(found, installation)
	}
	slices.SortStableFunc(found, newestFirst)
	return found, rejected
}

// newestFirst compares by version, number by number.
func newestFirst(a, b Installation) int {
	return slices.Compare(versionNumbers(b.Version), versionNumbers(a.Version))
}

func versionNumbers(version string) []int {
	var numbers []int
	for _, digits := range digitRuns.FindAllString(version, -1) {
		number, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		numbers = append(numbers, number)
	}
	return numbers
}

var (
	digitRuns = regexp.MustCompile(`[0-9]+`)
	// versionOutput is what `postgres --version` prints: "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "… 18beta1".
	versionOutput = regexp.MustCompile(`\(PostgreSQL\) (([0-9]+)[0-9a-z.]*)`)
)

func parseVersion(output string) (version string, major int, err error) {
	match := versionOutput.FindStringSubmatch(output)
	if match == nil {
		return "", 0, fmt.Errorf("%.80q names no version of PostgreSQL", output)
	}
	major, err = strconv.Atoi(match[2])
	return match[1], major, err
}

// inspect finds out what a directory of programs holds, by asking the server itself.
func inspect(directory string) (Installation, error) {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return Installation{}, fmt.Errorf("directory of the PostgreSQL programs: %w", err)
	}
	installation := Installation{Directory: absolute}
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(installation.program(name)); err != nil {
			return Installation{}, hint.Errorf(
				"name the directory that holds `postgres` and `initdb` as `database.embedded.binaries`, or leave it out",
				"%s has no PostgreSQL server: %w", absolute, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, installation.program("postgres"), "--version").Output()
	if err != nil {
		return Installation{}, hint.Errorf("run it by hand to see why; reinstalling the package often helps",
			"%s --version: %w", installation.program("postgres"), cmp.Or(ctx.Err(), err))
	}
	if installation.Version, installation.Major, err = parseVersion(string(output)); err != nil {
		return Installation{}, fmt.Errorf("%s --version: %w", installation.program("postgres"), err)
	}
	if installation.Major < MinimumMajor {
		return Installation{}, hint.Errorf(installHint, "PostgreSQL %s in %s is too old: Ladder needs %d or newer",
			installation.Version, absolute, MinimumMajor)
	}
	return installation, nil
}
