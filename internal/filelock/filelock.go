// Package filelock makes sure that one process at a time works on a directory, and lets the second one say who the first
// is. The lock is the kernel's (flock(2)): it ends with the process, however that dies, so nothing has to be cleaned up
// after a crash. The file itself stays. It keeps nobody out who does not ask. Start with [Acquire].
package filelock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fileMode = 0o644
	// maxRecord bounds what is read of a lock file, in bytes.
	maxRecord = 4 << 10
	// readAttempts and readPause bound the wait for a holder that has just locked and not yet written who it is.
	readAttempts = 20
	readPause    = 5 * time.Millisecond
)

// HeldError says that another process holds the lock.
type HeldError struct {
	Path  string
	PID   int       // 0 when the holder did not say
	Since time.Time // zero when the holder did not say
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is held by another process", e.Path)
	}
	return fmt.Sprintf("%s is held by process %d since %s", e.Path, e.PID, e.Since.Local().Format(time.DateTime))
}

// Lock is held until Release, or until the process ends.
type Lock struct {
	file *os.File
}

type record struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// Acquire takes the lock that the file at path stands for, making the file where it is missing. It does not wait: while
// another process, or another Lock of this one, holds it, the error is a [*HeldError].
func Acquire(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		held := holder(file)
		return nil, errors.Join(held, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
	}
	if err := write(file, record{PID: os.Getpid(), Since: time.Now().Round(time.Second)}); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the holder into %s: %w", path, err), file.Close())
	}
	return &Lock{file}, nil
}

// Release gives the lock up. It may be called more than once, and on nil.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return errors.Join(file.Truncate(0), file.Close())
}

func write(file *os.File, held record) error {
	text, err := json.Marshal(held)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(text, '\n'), 0)
	return err
}

// holder reads who holds the lock. The holder writes right after it locks, so a file that is still empty is read again.
func holder(file *os.File) *HeldError {
	held := &HeldError{Path: file.Name()}
	for range readAttempts {
		text, err := io.ReadAll(io.NewSectionReader(file, 0, maxRecord))
		var found record
		if err == nil && json.Unmarshal(text, &found) == nil {
			held.PID, held.Since = found.PID, found.Since
			return held
		}
		time.Sleep(readPause)
	}
	return held
}
