package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"ladder/internal/hint"
)

// account is whom PostgreSQL runs as. The zero account is the user of Ladder itself; root always needs another, because
// PostgreSQL refuses to run as root.
type account struct {
	name   string // as process.Spec takes it; empty for Ladder's own user
	uid    int
	groups []int // the first one is the primary group
}

// owner is whom files have to belong to that PostgreSQL writes; nil where that is Ladder's own user.
func (a account) owner() *owner {
	if a.name == "" {
		return nil
	}
	return &owner{a.uid, a.groups[0]}
}

func (a account) String() string {
	if a.name == "" {
		return "Ladder's own user"
	}
	return "user " + a.name
}

// nobodyOwns stands for the owner of data that does not exist yet.
const nobodyOwns = -1

// chooseAccount decides whom PostgreSQL runs as, from who Ladder is, what the options ask for and whom the data belongs to.
func chooseAccount(euid int, wanted string, dataOwner int, lookup func(name string) (account, error)) (account, error) {
	if euid != 0 {
		if dataOwner != nobodyOwns && dataOwner != euid {
			return account{}, hint.Errorf("run Ladder as that user, or as root",
				"the data belongs to user %d, and Ladder runs as user %d", dataOwner, euid)
		}
		return account{}, nil
	}
	candidates := []string{"postgres", "nobody"}
	switch {
	case wanted != "":
		candidates = []string{wanted}
	case dataOwner > 0: // PostgreSQL insists on owning its data; data of root's is given to the account
		candidates = []string{strconv.Itoa(dataOwner)}
	}
	var failures []error
	for _, name := range candidates {
		found, err := lookup(name)
		switch {
		case err != nil:
			failures = append(failures, err)
		case found.uid == 0:
			return account{}, hint.Errorf("name another user", "PostgreSQL refuses to run as root")
		case dataOwner > 0 && found.uid != dataOwner:
			return account{}, hint.Errorf("chown -R the data directory to that user, or leave the user out",
				"the data belongs to user %d, not to %s", dataOwner, name)
		default:
			return found, nil
		}
	}
	return account{}, hint.Errorf("make a user for it: useradd --system postgres; or run Ladder as an ordinary user",
		"Ladder runs as root and finds no other user to run PostgreSQL as: %w", errors.Join(failures...))
}

// lookupAccount finds a user by name or number.
func lookupAccount(name string) (account, error) {
	found, err := user.Lookup(name)
	if _, notNumeric := strconv.Atoi(name); err != nil && notNumeric == nil {
		found, err = user.LookupId(name)
	}
	if err != nil {
		return account{}, err
	}
	made := account{name: found.Username}
	if made.uid, err = strconv.Atoi(found.Uid); err != nil {
		return account{}, err
	}
	groups, err := found.GroupIds()
	if err != nil {
		groups = nil // the primary group is enough
	}
	for _, text := range append([]string{found.Gid}, groups...) {
		group, err := strconv.Atoi(text)
		if err != nil {
			return account{}, err
		}
		made.groups = append(made.groups, group)
	}
	return made, nil
}

// ownerOf is whom a file belongs to, nobodyOwns if it does not exist.
func ownerOf(path string) (int, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nobodyOwns, nil
	}
	if err != nil {
		return nobodyOwns, err
	}
	return statOwner(info).uid, nil
}

func statOwner(info fs.FileInfo) owner {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return owner{int(stat.Uid), int(stat.Gid)}
	}
	return owner{nobodyOwns, nobodyOwns}
}

// blockedAt returns the first directory on the way to path, itself included, that the account may not enter; "" if there
// is none. It goes by the mode alone: access lists may decide otherwise, and PostgreSQL then says so.
func blockedAt(path string, who account) (string, error) {
	if who.name == "" {
		return "", nil
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	for _, directory := range ancestors(resolved) {
		info, err := os.Lstat(directory)
		if err != nil {
			return "", err
		}
		if !mayEnter(info.Mode().Perm(), statOwner(info), who) {
			return directory, nil
		}
	}
	return "", nil
}

// ancestors are the directories from the root down to path.
func ancestors(path string) []string {
	way := []string{path}
	for path != filepath.Dir(path) {
		path = filepath.Dir(path)
		way = append(way, path)
	}
	slices.Reverse(way)
	return way
}

func mayEnter(mode fs.FileMode, whose owner, who account) bool {
	switch {
	case whose.uid == who.uid:
		return mode&0o100 != 0
	case slices.Contains(who.groups, whose.gid):
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// giveTo makes a tree of root's belong to the account: one that was copied or restored as root.
func giveTo(tree string, who account) error {
	whose := who.owner()
	if whose == nil {
		return nil
	}
	err := filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, whose.uid, whose.gid)
	})
	if err != nil {
		return fmt.Errorf("giving the data to %s: %w", who, err)
	}
	return nil
}
