// Package logfile is an append-only file for lines, that puts itself aside when it has grown and never fails its writers:
// when the disk is full, lines are dropped, counted and reported, and writing goes on by itself once there is room. It
// knows nothing of what a line says. Start with [Open].
package logfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"ladder/internal/hint"
)

const (
	// FileMode: readable by the owner and its group (adm and the like), by nobody else.
	FileMode fs.FileMode = 0o640
	// DirectoryMode of directories that Open makes.
	DirectoryMode fs.FileMode = 0o750
	// CheckInterval is how often, at most, a write looks whether the file was taken away or truncated by somebody else.
	CheckInterval = time.Second
	// RetryInterval is how long lines are dropped after a failure before writing is tried again.
	RetryInterval = time.Second
)

// Options say where to write and how much to keep.
type Options struct {
	Path string
	// MaxSize in bytes at which the file is put aside; 0 never.
	MaxSize int64
	// Keep is how many files that were put aside are kept, as Path.1 (the newest), Path.2, …; 0 keeps none.
	Keep int
	// OnError is called with the reason when lines begin to be dropped, and with nil when writing works again. It is
	// called from within Write, without a lock held, and must be quick. May be nil.
	OnError func(error)
}

// File is written by any number of goroutines; each Write is kept whole. Use [Open].
type File struct {
	options Options

	mu      sync.Mutex
	file    *os.File // nil after a failure, until the next try, and after Close
	size    int64
	checked time.Time // when the file was last compared with its path
	failed  time.Time // when writing last failed; zero while it works
	dropped uint64
	closed  bool
}

// Open opens the file for appending, with its directory where that is missing.
func Open(options Options) (*File, error) {
	f := &File{options: options}
	if err := f.open(); err != nil {
		return nil, hint.Wrap(fmt.Errorf("opening log file: %w", err),
			"let the user that runs Ladder write to "+filepath.Dir(options.Path)+", or name another file")
	}
	return f, nil
}

// Write appends p, which should be one or more whole lines. It always reports success, so that a bufio.Writer or a log
// handler above does not give up for good: what could not be written is counted by Dropped and told to OnError.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	wasFailing := !f.failed.IsZero()
	err := f.append(p, time.Now())
	nowFailing := !f.failed.IsZero()
	f.mu.Unlock()

	if nowFailing != wasFailing && f.options.OnError != nil {
		f.options.OnError(err)
	}
	return len(p), nil
}

// Dropped is how many writes were lost.
func (f *File) Dropped() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dropped
}

// Reopen closes the file and opens its path anew, for a log rotation done by somebody else. Ladder notices that by itself
// within [CheckInterval].
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	return f.reopen()
}

// Close closes the file; later writes are dropped.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.closeFile()
}

// append writes p or drops it, and remembers in f.failed which.
func (f *File) append(p []byte, now time.Time) error {
	if f.closed || !f.failed.IsZero() && now.Sub(f.failed) < RetryInterval {
		f.dropped++
		return nil
	}
	err := f.prepare(int64(len(p)), now)
	if err == nil {
		err = f.writeWhole(p)
	}
	if err == nil {
		f.failed = time.Time{}
		return nil
	}
	f.dropped++
	f.failed = now
	_ = f.closeFile() // the next try opens it anew
	return fmt.Errorf("writing log file %s: %w", f.options.Path, err)
}

// prepare sees to it that f.file is open, is what its path names, and has room for more bytes.
func (f *File) prepare(more int64, now time.Time) error {
	if f.file == nil {
		return f.open()
	}
	if now.Sub(f.checked) >= CheckInterval {
		f.checked = now
		if err := f.compare(); err != nil {
			return err
		}
	}
	if f.options.MaxSize > 0 && f.size > 0 && f.size+more > f.options.MaxSize {
		return f.rotate()
	}
	return nil
}

// writeWhole writes all of p, or takes back the part that was written: half a line would spoil the next one.
func (f *File) writeWhole(p []byte) error {
	n, err := f.file.Write(p)
	f.size += int64(n)
	if err == nil || n == 0 {
		return err
	}
	if info, statErr := f.file.Stat(); statErr == nil && info.Mode().IsRegular() {
		_ = f.file.Truncate(info.Size() - int64(n))
	}
	return err
}

// compare notices that the file was renamed, removed or truncated under us.
func (f *File) compare() error {
	opened, err := f.file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(f.options.Path)
	if err != nil || !os.SameFile(opened, named) {
		return f.reopen()
	}
	f.size = opened.Size()
	return nil
}

// rotate puts the file aside under the name Path.1, the one before under Path.2 and so on, and begins a new one. Where
// it cannot be put aside, lines go on into the same file: a log that is too long is better than none.
func (f *File) rotate() error {
	path := f.options.Path
	if f.options.Keep == 0 {
		if err := f.file.Truncate(0); err == nil {
			f.size = 0
		}
		return nil
	}
	for number := f.options.Keep - 1; number >= 1; number-- {
		_ = os.Rename(aside(path, number), aside(path, number+1)) // there may be none yet
	}
	if err := os.Rename(path, aside(path, 1)); err != nil {
		return nil //nolint:nilerr // it goes on in the file that it has
	}
	return f.reopen()
}

func aside(path string, number int) string { return path + "." + strconv.Itoa(number) }

func (f *File) reopen() error {
	_ = f.closeFile() // everything written is with the kernel already
	return f.open()
}

func (f *File) open() error {
	if err := os.MkdirAll(filepath.Dir(f.options.Path), DirectoryMode); err != nil {
		return err
	}
	file, err := os.OpenFile(f.options.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, FileMode)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.size, f.checked = file, info.Size(), time.Now()
	return nil
}

func (f *File) closeFile() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
