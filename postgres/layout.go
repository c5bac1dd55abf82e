package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ladder/internal/hint"
)

// What stands in Options.Directory. DESIGN.md says who owns what.
const (
	versionFile      = "VERSION"
	credentialsFile  = "credentials.json"
	lockFile         = "lock"
	dataDirectory    = "data"     // PostgreSQL's own
	newDataDirectory = "data.new" // a data directory that initdb has not finished
	logDirectory     = "log"
	runDirectory     = "run" // sockets
	upgradeDirectory = "upgrade"

	// formatVersion is the version of this layout. A directory of a newer one is refused.
	formatVersion = 1
	// maxSmallFile is the largest that a file read whole may be, in bytes.
	maxSmallFile = 1 << 20
)

// layout names the files below Options.Directory.
type layout struct{ directory string }

func (l layout) path(name string) string { return filepath.Join(l.directory, name) }
func (l layout) data() string            { return l.path(dataDirectory) }
func (l layout) newData() string         { return l.path(newDataDirectory) }

// LogPath is the file that the server of the directory logs to.
func LogPath(directory string) string {
	return filepath.Join(directory, logDirectory, "postgresql.log")
}

// format is the VERSION file: what says that a directory is Ladder's.
type format struct {
	Format        int       `json:"format"`
	PostgresMajor int       `json:"postgres_major,omitempty"` // 0 until there is data
	Created       time.Time `json:"created"`
}

// checkDirectory decides whether Ladder may keep a database in a directory that holds these names; version is the text of
// its VERSION file, nil if there is none. It returns what VERSION says, the zero format for a directory that is still empty.
func checkDirectory(directory string, names []string, version []byte) (format, error) {
	if version != nil {
		return readFormat(directory, version)
	}
	// What a start that was killed before it wrote VERSION may have left.
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name == lockFile || name == "lost+found" || strings.HasPrefix(name, "."+versionFile)
	})
	switch {
	case len(names) == 0:
		return format{}, nil
	case slices.Contains(names, "PG_VERSION"):
		return format{}, hint.Errorf(
			"name another directory as `database.embedded.directory`, and bring the data over with pg_dump and psql",
			"%s is the data directory of a PostgreSQL that Ladder did not make", directory)
	default:
		return format{}, hint.Errorf("name an empty or new directory as `database.embedded.directory`",
			"%s holds something that is not Ladder's: %s", directory, strings.Join(names[:min(len(names), 3)], ", "))
	}
}

func readFormat(directory string, version []byte) (format, error) {
	var read format
	if err := json.Unmarshal(version, &read); err != nil || read.Format < 1 {
		return format{}, hint.Errorf(`restore it; of this version of Ladder it is {"format":1}`,
			"%s is not readable: %.60q", filepath.Join(directory, versionFile), version)
	}
	if read.Format > formatVersion {
		return format{}, hint.Errorf("run the version of Ladder that wrote it, or a newer one",
			"%s was written by a newer Ladder: its format is %d, this one knows up to %d", directory, read.Format, formatVersion)
	}
	return read, nil
}

// readVersion looks at the directory and its VERSION. A directory that does not exist is as good as an empty one.
func (l layout) readVersion() (format, error) {
	entries, err := os.ReadDir(l.directory)
	if errors.Is(err, fs.ErrNotExist) {
		return format{}, nil
	}
	if err != nil {
		return format{}, accessError("reading the database directory", err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	var version []byte
	if slices.Contains(names, versionFile) {
		if version, err = readSmall(l.path(versionFile)); err != nil {
			return format{}, accessError("reading the database directory", err)
		}
	}
	return checkDirectory(l.directory, names, version)
}

// dataMajor is the major version that the data was made by, 0 if there is none.
func (l layout) dataMajor() (int, error) {
	text, err := readSmall(filepath.Join(l.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(l.data()); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, hint.Errorf("restore the directory from a backup, or move it away to begin with an empty database",
			"%s is no complete data directory: it has no PG_VERSION", l.data())
	}
	if err != nil {
		return 0, accessError("reading the version of the data", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, hint.Errorf("restore the directory from a backup", "%s has an unreadable PG_VERSION: %.20q", l.data(), text)
	}
	return major, nil
}

// readSmall reads a small file, and no other than that one: PostgreSQL's user owns the data directory, so when Ladder is
// root a link in there must not lead it elsewhere.
func readSmall(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSmallFile+1))
	if len(text) > maxSmallFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxSmallFile)
	}
	return text, err
}

// owner is whom a file shall belong to; nil leaves it to the process that makes it.
type owner struct{ uid, gid int }

// replaceFile writes a file of the directory so that a reader, or the next start after a crash, sees the old text or the
// new one, never half. It follows no link, so that it is safe for root in a directory that belongs to somebody else.
func replaceFile(directory, name string, text []byte, mode fs.FileMode, whose *owner) (err error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return accessError("writing "+filepath.Join(directory, name), err)
	}
	defer root.Close()
	temporary := "." + name + ".new"
	if err := root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return accessError("writing "+filepath.Join(directory, name), err)
	}
	file, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return accessError("writing "+filepath.Join(directory, name), err)
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Chmod(mode)) // the umask must not decide who may read it
	if whose != nil {
		err = errors.Join(err, file.Chown(whose.uid, whose.gid))
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = root.Rename(temporary, name)
	}
	if err == nil {
		err = syncDirectory(directory)
	}
	if err != nil {
		return accessError("writing "+filepath.Join(directory, name), errors.Join(err, root.Remove(temporary)))
	}
	return nil
}

// syncDirectory makes names that were added to or renamed in a directory last beyond a power failure.
func syncDirectory(directory string) error {
	opened, err := os.Open(directory)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// accessError wraps what the file system said, with what to do about it.
func accessError(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return hint.Wrap(err, "run Ladder as the user that owns the directory, or name another as `database.embedded.directory`")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return hint.Wrap(err, "free some space on that disk, or name a directory on another one as `database.embedded.directory`")
	case errors.Is(err, syscall.EROFS):
		return hint.Wrap(err, "that file system is read-only: name a directory on another one as `database.embedded.directory`")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return hint.Wrap(err, "a file stands in the way: name another directory as `database.embedded.directory`")
	}
	return err
}
