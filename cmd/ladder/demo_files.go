package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sort"

	"ladder/examples"
	"ladder/internal/hint"
)

const (
	demoDirectoryMode = 0o755
	sampleProgram     = "chirp"
)

// unpackDemo writes the examples of all rungs below directory and the sample application where they expect it, and returns
// the rungs' files in order. An address that another program holds is replaced by a free one, in all files alike: what runs
// is always what the file says, and every other verb works on it (ladder status -c FILE).
func unpackDemo(directory string) ([]string, error) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return nil, fmt.Errorf("finding the demo's directory: %w", err)
	}
	for _, name := range []string{"examples", "bin"} {
		if err := os.MkdirAll(filepath.Join(directory, name), demoDirectoryMode); err != nil {
			return nil, hint.Wrap(fmt.Errorf("making the demo's directory: %w", err), "name a writable one with --directory")
		}
	}
	if err := linkSample(filepath.Join(directory, "bin", sampleProgram)); err != nil {
		return nil, err
	}
	names, err := fs.Glob(examples.Files, "[0-9][0-9]-*.yaml")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("this binary carries no examples: %w", err)
	}
	sort.Strings(names)
	free := freeAddresses{}
	rungs := make([]string, 0, len(names))
	for _, name := range names {
		text, err := examples.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the example: %w", err)
		}
		rung := filepath.Join(directory, "examples", name)
		if text, err = free.replace(text); err != nil {
			return nil, err
		}
		if err := os.WriteFile(rung, text, newFileMode); err != nil {
			return nil, fmt.Errorf("writing the example: %w", err)
		}
		rungs = append(rungs, rung)
	}
	return rungs, nil
}

// linkSample points to the sample application, which is built and shipped beside ladder.
func linkSample(link string) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	sample := filepath.Join(filepath.Dir(executable), sampleProgram)
	if _, err := os.Stat(sample); err != nil {
		return hint.Errorf("make build makes both", "the sample application is not beside %s: %w", executable, err)
	}
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("pointing to the sample application: %w", err)
	}
	if err := os.Symlink(sample, link); err != nil {
		return fmt.Errorf("pointing to the sample application: %w", err)
	}
	return nil
}

// demoAddresses are those that the examples listen on and that the demo may move.
var demoAddresses = []string{"127.0.0.1:8080", "127.0.0.1:6432", "127.0.0.1:9900"}

// freeAddresses remembers what each address was replaced by.
type freeAddresses map[string]string

// replace puts free addresses in the place of those that are taken. An address that is only a default in the file cannot be
// replaced, so the examples name all of theirs.
func (f freeAddresses) replace(text []byte) ([]byte, error) {
	for _, address := range demoAddresses {
		if _, known := f[address]; !known {
			free, err := freeAddress(address)
			if err != nil {
				return nil, err
			}
			f[address] = free
		}
		text = bytes.ReplaceAll(text, []byte(address), []byte(f[address]))
	}
	return text, nil
}

// freeAddress is the address itself, or one with another port when that one is taken.
func freeAddress(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", fmt.Errorf("finding a free port: %w", err)
		}
	}
	free := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return free, nil
}
