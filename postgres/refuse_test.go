package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ladder/internal/hint"
)

// What Start refuses before it has changed anything.

func TestForeignDirectoriesAreLeftAlone(t *testing.T) {
	for name, test := range map[string]struct{ file, content, want string }{
		"another PostgreSQL's": {"PG_VERSION", "15\n", "did not make"},
		"somebody's":           {"thesis.tex", "precious", "thesis.tex"},
		"a newer Ladder's":     {versionFile, `{"format": 99}`, "newer Ladder"},
	} {
		t.Run(name, func(t *testing.T) {
			options := emptyOptions(t)
			if err := os.Mkdir(options.Directory, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(options.Directory, test.file), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			err := New(options).Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || hint.Of(err) == "" {
				t.Errorf("got %v\nhint: %s", err, hint.Of(err))
			}
			entries, err := os.ReadDir(options.Directory)
			if err != nil || len(entries) != 1 {
				t.Errorf("the directory holds %v, %v", entries, err)
			}
		})
	}
}

func TestFileInTheWay(t *testing.T) {
	options := emptyOptions(t)
	if err := os.WriteFile(options.Directory, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := New(options).Start(t.Context())
	if err == nil || !strings.Contains(hint.Of(err), "database.embedded.directory") {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
}

func TestWrongBinaries(t *testing.T) {
	options := emptyOptions(t)
	old := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) 13.22'\n"
		if err := os.WriteFile(filepath.Join(old, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for binaries, want := range map[string]string{"/nonexistent/bin": "/nonexistent/bin", "/usr/bin": "has no PostgreSQL server", old: "13.22"} {
		options.Binaries = binaries
		err := expectStartFails(t, options)
		if !strings.Contains(err.Error(), want) || hint.Of(err) == "" {
			t.Errorf("%s: %v\nhint: %s", binaries, err, hint.Of(err))
		}
		if _, findErr := Find(binaries); findErr == nil || !strings.Contains(findErr.Error(), want) {
			t.Errorf("Find(%q): %v", binaries, findErr)
		}
	}
	if _, err := findFor("", []string{old, "/nonexistent"}); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "13.22") {
		t.Errorf("only one that is too old: %v", err)
	}
}

func TestDataOfAnOlderMajorIsRefusedWithItsUpgrade(t *testing.T) {
	options := testOptions(t)
	installed := requirePostgres(t)
	stop(t, start(t, options))
	older := installed.Major - 1
	if older < MinimumMajor {
		t.Skipf("PostgreSQL %d is the oldest that Ladder runs", installed.Major)
	}
	version := filepath.Join(options.Directory, dataDirectory, "PG_VERSION")
	if err := os.WriteFile(version, fmt.Appendf(nil, "%d\n", older), 0o600); err != nil {
		t.Fatal(err)
	}
	options.Binaries = installed.Directory // so that nothing is downloaded
	err := expectStartFails(t, options)
	var wrong *VersionError
	if !errors.As(err, &wrong) || wrong.DataMajor != older {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{
		fmt.Sprintf("apt-get install postgresql-%d", older), installed.program("pg_upgrade"), " -d " + filepath.Join(options.Directory, dataDirectory),
	} {
		if !strings.Contains(hint.Of(err), part) {
			t.Errorf("the hint does not say %q:\n%s", part, hint.Of(err))
		}
	}
}

// The commands of the hint are run as they are. There is one major version here; pg_upgrade takes it for both.
func TestUpgradeCommandsWork(t *testing.T) {
	options := testOptions(t)
	installed := requirePostgres(t)
	if _, err := os.Stat(installed.program("pg_upgrade")); err != nil {
		t.Skip("this installation has no pg_upgrade")
	}
	first := start(t, options)
	write(t, first.URL("app.1"))
	who := first.cluster.account
	stop(t, first)

	script := "set -e\n" + upgradeCase{options.Directory, who}.commands(installed, installed)
	command := exec.Command("sh", "-c", script)
	command.Dir = "/"
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\nafter\n%s", err, output, script)
	}
	if _, err := os.Stat(filepath.Join(options.Directory, fmt.Sprintf("data.%d", installed.Major))); err != nil {
		t.Errorf("the old data was not kept: %v", err)
	}
	second := start(t, options)
	expectWritten(t, second.URL("app.1"))
	if checksums := ask(t, open(t, second.URL("")), "SHOW data_checksums"); checksums != "on" {
		t.Errorf("checksums are %s after the upgrade", checksums)
	}
}

func TestIncompleteDataIsNotOverwritten(t *testing.T) {
	options := testOptions(t)
	stop(t, start(t, options))
	if err := os.Remove(filepath.Join(options.Directory, dataDirectory, "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	err := expectStartFails(t, options)
	if !strings.Contains(err.Error(), "PG_VERSION") || hint.Of(err) == "" {
		t.Errorf("got %v\nhint: %s", err, hint.Of(err))
	}
	if _, err := os.Stat(filepath.Join(options.Directory, dataDirectory, "base")); err != nil {
		t.Errorf("the data is gone: %v", err)
	}
}

func TestRecoveryIsToldAtStart(t *testing.T) {
	options := testOptions(t)
	other := startParent(t, options)
	write(t, other.url)
	signalProcess(t, other.command.Process.Pid, syscall.SIGSTOP) // so that it cannot restart what dies now
	signalProcess(t, other.postmaster, syscall.SIGKILL)
	other.kill(t)
	server := start(t, options)
	if codes := events(server).codes(); !contains(codes, "database_recovering") {
		t.Errorf("events: %v", codes)
	}
	expectWritten(t, server.URL("app.1"))
	eventually(t, "the warning is over", func() bool { return len(server.options.Health.All()) == 0 })
}

func TestInstalledPlaces(t *testing.T) {
	places := installedPlaces("/somewhere/bin:relative:/usr/bin:")
	if places[0] != "/somewhere/bin" || places[1] != "/usr/bin" {
		t.Errorf("places: %v", places)
	}
	for _, place := range places {
		if !filepath.IsAbs(place) {
			t.Errorf("%q depends on the working directory", place)
		}
	}
}
