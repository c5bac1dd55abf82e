package postgres

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ladder/internal/hint"
)

const (
	// maxSocketPath is the longest path of a Unix socket, in bytes (sun_path less its zero byte).
	maxSocketPath = 107
	// socketName is the longest name that PostgreSQL gives a socket.
	socketName = "/.s.PGSQL.65535.lock"

	privateMode  = 0o700
	enterMode    = 0o711 // root's directory that PostgreSQL's user passes through
	publicMode   = 0o755
	readableMode = 0o644
)

// cluster is a prepared directory: everything that is settled before the server starts and holds until Stop.
type cluster struct {
	options      Options
	layout       layout
	account      account
	installation Installation
	endpoint     endpoint
	credentials  credentials
	// blocker is a directory on the way to the data that the account may not enter; "" if there is none.
	blocker string
	// socketDirectory holds the Unix socket; nobody but the account and root may enter it.
	socketDirectory string
}

func (c *cluster) data() string { return c.layout.data() }

// entry is how a program of the account gets to a directory.
type entry struct {
	directory string     // to start the program in
	path      string     // to tell the program
	inherited []*os.File // what the program has to be given
}

func (e entry) close() {
	for _, file := range e.inherited {
		_ = file.Close()
	}
}

// inheritedPath is the first file that a program inherits, as it and everything that it forks can name it.
const inheritedPath = "/proc/self/fd/3"

// enter makes a way to a directory of the data. Usually it is the directory's path. Where the account may not pass through
// a directory above it, as with /root, Ladder opens the directory and lets the program inherit it: the path of an open
// directory asks for no permission on the way. The entry has to be closed once the program is started.
func (c *cluster) enter(directory string) (entry, error) {
	if c.blocker == "" {
		return entry{directory: directory, path: directory}, nil
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return entry{}, hint.Errorf(
			fmt.Sprintf("chmod o+x %s, or name a directory elsewhere as `database.embedded.directory`", c.blocker),
			"%s may not enter %s, where the database would be, and there is no /proc to go around it: %w", c.account, c.blocker, err)
	}
	opened, err := os.Open(directory)
	if err != nil {
		return entry{}, accessError("opening the data directory", err)
	}
	return entry{"/", inheritedPath, []*os.File{opened}}, nil
}

// makeDirectory makes Options.Directory, or makes sure that it can be used.
func (l layout) makeDirectory(euid int) error {
	mode := fs.FileMode(privateMode)
	if euid == 0 {
		mode = enterMode
	}
	if err := os.MkdirAll(filepath.Dir(l.directory), publicMode); err != nil {
		return accessError("making the database directory", err)
	}
	if err := os.Mkdir(l.directory, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return accessError("making the database directory", err)
	}
	info, err := os.Stat(l.directory)
	if err != nil {
		return accessError("making the database directory", err)
	}
	if whose := statOwner(info); euid == 0 && whose.uid != 0 {
		// Root must not write where another user can put links in its way.
		return hint.Errorf(
			fmt.Sprintf("run Ladder as that user; or, to run it as root from now on: chown root %s", shellQuote(l.directory)),
			"%s belongs to user %d, and Ladder runs as root", l.directory, whose.uid)
	}
	if info.Mode().Perm() == mode {
		return nil
	}
	if err := os.Chmod(l.directory, mode); err != nil {
		return accessError("protecting the database directory", err)
	}
	return nil
}

// makeOwned makes a directory below Options.Directory for the account alone, or gives it an existing one of root's.
func makeOwned(directory string, who account) error {
	if err := os.Mkdir(directory, privateMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return accessError("making "+directory, err)
	}
	if whose := who.owner(); whose != nil {
		if err := os.Lchown(directory, whose.uid, whose.gid); err != nil {
			return accessError("making "+directory, err)
		}
	}
	return nil
}

// makeSocketDirectory makes the private directory of the Unix socket: below Options.Directory where the path is short
// enough and the account can get there, else in a place for temporary files, under a name that is always the same for the
// same directory, so that what a crash leaves is used again.
func (l layout) makeSocketDirectory(who account) (string, error) {
	below := l.path(runDirectory)
	if len(below)+len(socketName) <= maxSocketPath {
		if blocker, err := blockedAt(l.directory, who); err == nil && blocker == "" {
			return below, makeOwned(below, who)
		}
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(l.directory)) // a hash takes every write
	name := fmt.Sprintf("ladder-%d-%x", os.Geteuid(), hash.Sum64())
	var failures []error
	for _, place := range []string{os.TempDir(), "/tmp", "/run"} {
		directory := filepath.Join(place, name)
		if len(directory)+len(socketName) > maxSocketPath {
			failures = append(failures, fmt.Errorf("%s is too long for a socket", place))
			continue
		}
		blocker, err := blockedAt(place, who)
		if err == nil && blocker != "" {
			err = fmt.Errorf("%s may not enter %s", who, blocker)
		}
		if err == nil {
			err = takePrivate(directory, who)
		}
		if err == nil {
			return directory, nil
		}
		failures = append(failures, err)
	}
	return "", hint.Errorf("set TMPDIR to a directory with a short path that everybody may enter",
		"no place for the server's socket: %w", errors.Join(failures...))
}

// takePrivate makes a directory where everybody may write, or takes one that an earlier start made. One that somebody
// else made is refused: its owner could be listening there in the server's place.
func takePrivate(directory string, who account) error {
	err := os.Mkdir(directory, privateMode)
	if err == nil {
		return makeOwned(directory, who)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(directory)
	if err != nil {
		return err
	}
	ours := []int{os.Geteuid()}
	if whose := who.owner(); whose != nil {
		ours = append(ours, whose.uid)
	}
	if !info.IsDir() || !slices.Contains(ours, statOwner(info).uid) || info.Mode().Perm() != privateMode {
		return fmt.Errorf("%s is somebody else's", directory)
	}
	return makeOwned(directory, who)
}

// removeSocketDirectory removes what makeSocketDirectory made; what a server that still runs needs stays.
func (c *cluster) removeSocketDirectory() {
	if c.socketDirectory == "" {
		return
	}
	_ = os.Remove(filepath.Join(c.socketDirectory, passwordFile))
	if !strings.HasPrefix(c.socketDirectory, c.layout.directory) {
		_ = os.Remove(c.socketDirectory) // fails while a socket is in it
	}
}
