package logfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ladder/internal/hint"
	"ladder/internal/logfile"
)

func open(t *testing.T, options logfile.Options) *logfile.File {
	t.Helper()
	file, err := logfile.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func write(t *testing.T, file *logfile.File, line string) {
	t.Helper()
	if n, err := file.Write([]byte(line)); n != len(line) || err != nil {
		t.Fatalf("Write returned %d, %v", n, err)
	}
}

func expectContent(t *testing.T, path, want string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(content) != want {
		t.Errorf("%s holds %q, want %q", filepath.Base(path), content, want)
	}
}

func TestMakesDirectoryAndAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "access.log")
	first := open(t, logfile.Options{Path: path})
	write(t, first, "one\n")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, first, "after close\n")
	if first.Dropped() != 1 {
		t.Errorf("%d dropped after Close, want 1", first.Dropped())
	}
	write(t, open(t, logfile.Options{Path: path}), "two\n")
	expectContent(t, path, "one\ntwo\n")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^logfile.FileMode != 0 {
		t.Errorf("mode is %v, %v; nobody but owner and group may read it", info.Mode(), err)
	}
}

func TestRotationKeepsTheNewest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	file := open(t, logfile.Options{Path: path, MaxSize: 10, Keep: 2})
	for i := range 5 {
		write(t, file, fmt.Sprintf("line %d\n", i)) // 7 bytes: one fits
	}
	expectContent(t, path, "line 4\n")
	expectContent(t, path+".1", "line 3\n")
	expectContent(t, path+".2", "line 2\n")
	if _, err := os.Stat(path + ".3"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a third file is kept: %v", err)
	}
}

func TestRotationThatKeepsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	file := open(t, logfile.Options{Path: path, MaxSize: 10})
	write(t, file, "first\n")
	write(t, file, "second\n")
	expectContent(t, path, "second\n")
}

func TestALineLongerThanTheFileIsKeptWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	file := open(t, logfile.Options{Path: path, MaxSize: 4, Keep: 1})
	write(t, file, "much longer\n")
	write(t, file, "than four\n")
	expectContent(t, path, "than four\n")
	expectContent(t, path+".1", "much longer\n")
}

func TestConcurrentLinesStayWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	file := open(t, logfile.Options{Path: path, MaxSize: 4096, Keep: 100})
	const writers, lines = 8, 200
	var running sync.WaitGroup
	for writer := range writers {
		running.Go(func() {
			for i := range lines {
				_, _ = fmt.Fprintf(file, "writer %d line %d\n", writer, i)
			}
		})
	}
	running.Wait()
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) < 2 {
		t.Fatalf("files %v, %v: expected a rotation", names, err)
	}
	seen := make(map[string]bool)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			seen[line] = true
		}
	}
	for writer := range writers {
		for i := range lines {
			if !seen[fmt.Sprintf("writer %d line %d\n", writer, i)] {
				t.Fatalf("line %d of writer %d is missing or torn", i, writer)
			}
		}
	}
	if len(seen) != writers*lines {
		t.Errorf("%d different lines, want %d", len(seen), writers*lines)
	}
}

// TestFullDisk writes to /dev/full, whose every write fails with ENOSPC, and then gives the path a real file.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var reports []error
		file := open(t, logfile.Options{Path: path, OnError: func(err error) { reports = append(reports, err) }})
		for range 3 {
			write(t, file, "lost\n")
		}
		if file.Dropped() != 3 || len(reports) != 1 || !errors.Is(reports[0], syscall.ENOSPC) {
			t.Fatalf("%d dropped, reports %v; want 3 and one that says why", file.Dropped(), reports)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		write(t, file, "too early\n")
		time.Sleep(logfile.RetryInterval)
		write(t, file, "kept\n")
		if len(reports) != 2 || reports[1] != nil || file.Dropped() != 4 {
			t.Errorf("after recovery: %d dropped, reports %v", file.Dropped(), reports)
		}
	})
	expectContent(t, path, "kept\n")
}

func TestFollowsWhatOthersDoToTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	synctest.Test(t, func(t *testing.T) {
		file := open(t, logfile.Options{Path: path, MaxSize: 8, Keep: 1})
		write(t, file, "first\n")
		if err := os.Rename(path, path+".moved"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(logfile.CheckInterval)
		write(t, file, "second\n")
		expectContent(t, path, "second\n")
		expectContent(t, path+".moved", "first\n")

		if err := os.Truncate(path, 0); err != nil { // what logrotate's copytruncate does
			t.Fatal(err)
		}
		time.Sleep(logfile.CheckInterval)
		write(t, file, "third\n")
		expectContent(t, path, "third\n")

		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		if err := file.Reopen(); err != nil {
			t.Fatal(err)
		}
		write(t, file, "fourth\n")
		expectContent(t, path, "fourth\n")
	})
}

func TestOpenSaysWhatToDo(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := logfile.Open(logfile.Options{Path: filepath.Join(blocked, "x.log")})
	if err == nil || hint.Of(err) == "" {
		t.Errorf("error %v has no hint", err)
	}
}
