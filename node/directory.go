package node

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ladder/config"
	"ladder/internal/hint"
)

// Everything that a node writes on its machine, below `directory` of the file. Only the owner may enter where secrets lie;
// the directory itself can be passed through, because PostgreSQL runs below it as a user of its own.
const (
	lockFile    = "lock"
	runningFile = "node.json"
	tokenFile   = "admin.token"
	appliedFile = "applied.yaml"
	logs        = "log"

	directoryMode = 0o755
	secretMode    = 0o600

	tokenBytes = 24
)

// Directory is the place on this machine that one node writes to.
type Directory string

// DirectoryOf is the directory that a file names.
func DirectoryOf(file *config.Config) Directory { return Directory(file.Path(file.Directory)) }

func (d Directory) path(name string) string { return filepath.Join(string(d), name) }

// Log is the path of a log file, for instance "app.log".
func (d Directory) Log(name string) string { return filepath.Join(string(d), logs, name) }

func (d Directory) make() error {
	if err := os.MkdirAll(string(d), directoryMode); err != nil {
		return hint.Wrap(fmt.Errorf("making the directory that Ladder writes to: %w", err),
			"name a writable one as `directory` in the file")
	}
	return nil
}

// Running is what a node leaves in its directory for the command line to find it.
type Running struct {
	PID     int       `json:"pid"`
	Admin   string    `json:"admin"` // base URL of the API; empty when admin is off
	File    string    `json:"file"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
}

// ErrNotRunning says that no node has left a trace in the directory.
var ErrNotRunning = errors.New("no node is running")

// Running reads what the running node left, or ErrNotRunning.
func (d Directory) Running() (Running, error) {
	text, err := os.ReadFile(d.path(runningFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Running{}, hint.Wrap(fmt.Errorf("%w on %s", ErrNotRunning, d), "ladder up starts one")
	}
	if err != nil {
		return Running{}, fmt.Errorf("reading what the running node left: %w", err)
	}
	var running Running
	if err := json.Unmarshal(text, &running); err != nil {
		return Running{}, fmt.Errorf("reading %s: %w", d.path(runningFile), err)
	}
	return running, nil
}

func (d Directory) setRunning(running Running) error {
	text, err := json.MarshalIndent(running, "", "  ")
	if err != nil {
		return fmt.Errorf("describing the node: %w", err)
	}
	return d.replace(runningFile, append(text, '\n'), secretMode)
}

func (d Directory) clearRunning() error {
	if err := os.Remove(d.path(runningFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the node's description: %w", err)
	}
	return nil
}

// Token is the secret that actions on the API need; the first node to start here makes it.
func (d Directory) Token() (string, error) {
	text, err := os.ReadFile(d.path(tokenFile))
	if err == nil && len(strings.TrimSpace(string(text))) >= tokenBytes {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", hint.Wrap(fmt.Errorf("reading the token of the API: %w", err),
			"run this as the user that ladder up runs as")
	}
	return "", ErrNotRunning
}

func (d Directory) makeToken() (string, error) {
	token, err := d.Token()
	if !errors.Is(err, ErrNotRunning) {
		return token, err
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("making the token of the API: %w", err)
	}
	token = hex.EncodeToString(raw)
	return token, d.replace(tokenFile, []byte(token+"\n"), secretMode)
}

// Applied is the last file that this node ran, as text; nil if none was.
func (d Directory) Applied() ([]byte, error) {
	text, err := os.ReadFile(d.path(appliedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last applied file: %w", err)
	}
	return text, nil
}

func (d Directory) setApplied(text []byte) error { return d.replace(appliedFile, text, secretMode) }

// replace writes a file so that a reader, or the next start after a crash, sees the old text or the new one, never half.
func (d Directory) replace(name string, text []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(string(d), "."+name+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.path(name), err)
	}
	defer os.Remove(temporary.Name()) // fails when the rename below has moved it, as it should
	err = errors.Join(temporary.Chmod(mode), write(temporary, text), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), d.path(name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.path(name), err)
	}
	return nil
}

func write(file *os.File, text []byte) error {
	_, err := file.Write(text)
	return err
}
