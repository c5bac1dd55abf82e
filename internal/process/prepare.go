package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// StartError says why a process could not be started. It names the program but none of its arguments.
type StartError struct {
	Name    string // what was to be started: "app.1"
	Program string
	hint    string
	err     error
}

func (e *StartError) Error() string {
	return fmt.Sprintf("starting %s (%s): %v", e.Name, e.Program, e.err)
}

func (e *StartError) Unwrap() error { return e.err }

// Hint is what an operator can do about it; it may be empty.
func (e *StartError) Hint() string { return e.hint }

// image is what a child is made from.
type image struct {
	program        string
	credential     *syscall.Credential
	credentialUser string
}

// prepare finds the program, and the user's ids, before anything is forked, so that each mistake has a message of its own.
func prepare(spec *Spec) (*image, error) {
	if len(spec.Command) == 0 || spec.Command[0] == "" {
		return nil, &StartError{Name: spec.Name, err: errors.New("the command is empty"), hint: "give the program to run as the first word of the command"}
	}
	fail := func(err error, hint string) error {
		return &StartError{Name: spec.Name, Program: spec.Command[0], err: err, hint: hint}
	}
	if spec.Directory != "" {
		if info, err := os.Stat(spec.Directory); err != nil {
			return nil, fail(fmt.Errorf("working directory: %w", err), "create the directory or correct its path")
		} else if !info.IsDir() {
			return nil, fail(fmt.Errorf("working directory %s is a file", spec.Directory), "give the directory that the program is to run in")
		}
	}
	program, err := findProgram(spec)
	if err != nil {
		return nil, fail(err, hintFor(err, ""))
	}
	credential, err := findCredential(spec.User)
	if err != nil {
		return nil, fail(err, "name an existing user, and run Ladder as root to start programs as another")
	}
	made := &image{program: program, credential: credential}
	if credential != nil {
		made.credentialUser = spec.User
	}
	return made, nil
}

// findProgram returns an absolute path where the name is looked up in PATH or relative to the directory.
func findProgram(spec *Spec) (string, error) {
	name := spec.Command[0]
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(spec.Directory, path)
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		return absolute, executable(absolute)
	}
	for _, directory := range filepath.SplitList(searchPath(spec.Env)) {
		path := filepath.Join(directory, name)
		if filepath.IsAbs(path) && executable(path) == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("not found in PATH: %w", fs.ErrNotExist)
}

func searchPath(env []string) string {
	path := os.Getenv("PATH")
	for _, pair := range env {
		if value, found := strings.CutPrefix(pair, "PATH="); found {
			path = value // the last one counts, as it does for the child
		}
	}
	return path
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not executable: %w", path, fs.ErrPermission)
	}
	return nil
}

// findCredential looks a user up with all groups. Nil means that nothing has to change.
func findCredential(name string) (*syscall.Credential, error) {
	if name == "" {
		return nil, nil
	}
	account, err := user.Lookup(name)
	if err != nil {
		if _, numeric := strconv.Atoi(name); numeric != nil {
			return nil, err
		}
		if account, err = user.LookupId(name); err != nil {
			return nil, err
		}
	}
	uid, err := parseID(account.Uid)
	if err != nil {
		return nil, err
	}
	if int(uid) == os.Geteuid() {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("cannot run as user %s: Ladder is not root: %w", name, fs.ErrPermission)
	}
	gid, err := parseID(account.Gid)
	if err != nil {
		return nil, err
	}
	groupNames, err := account.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of user %s: %w", name, err)
	}
	credential := &syscall.Credential{Uid: uid, Gid: gid}
	for _, text := range groupNames {
		group, err := parseID(text)
		if err != nil {
			return nil, err
		}
		credential.Groups = append(credential.Groups, group)
	}
	return credential, nil
}

func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	return uint32(id), err
}

func startError(spec Spec, user string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the program is named already, "fork/exec" tells an operator nothing
	}
	return &StartError{Name: spec.Name, Program: spec.Command[0], err: err, hint: hintFor(err, user)}
}

func hintFor(err error, user string) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "check the path; a script also needs the interpreter that its first line names"
	case errors.Is(err, syscall.ENOEXEC):
		return "the file is neither a program of this machine's architecture nor a script with a #! line"
	case errors.Is(err, fs.ErrPermission) && user != "":
		return "user " + user + " must be able to enter the working directory and to execute the program"
	case errors.Is(err, fs.ErrPermission):
		return "make the file executable (chmod +x) and its directories accessible"
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return "the machine is out of processes or memory: see ulimit -u and free"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "raise the limit of open files (ulimit -n)"
	}
	return ""
}
