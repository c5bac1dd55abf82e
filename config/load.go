package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"ladder/internal/hint"
)

// Load reads, expands, decodes and validates a file. lookup takes the place of os.LookupEnv, which nil stands for.
// Mistakes in the file are [Problems]; a file that cannot be read is another error, with a hint.
func Load(path string, lookup func(string) (string, bool)) (*Config, error) {
	base, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("finding the directory of %s: %w", path, err)
	}
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, base, text, lookup)
}

// readFile reads a file up to one byte more than may be in it.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint.Errorf("-c FILE names another file; ladder init writes a new one", "reading the file: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, hint.Errorf("let the user that runs ladder read it", "reading the file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return text, nil
}

// Parse does what Load does with text that was read already; base is the directory that relative paths start from, name
// what problems call the file. Beside the text it looks only at whether the files that it names exist.
func Parse(name, base string, text []byte, lookup func(string) (string, bool)) (*Config, error) {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	s, readable, r := newSource(name, text)
	if err := r.err(); err != nil {
		return nil, err
	}
	top := parseTree(s, readable, r)
	if top == nil {
		return nil, r.err()
	}
	c := &Config{Source: name, Base: base, text: text, written: writtenTexts{}}
	d := &decoder{
		report: r, lookup: lookup, config: c, written: c.written,
		keys: map[string]place{}, values: map[string]place{}, failed: map[string]bool{}, below: map[string]bool{},
	}
	d.section(reflect.ValueOf(c).Elem(), top, "")
	if !d.failed[""] {
		validate(&validator{decoder: d, Config: c})
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Text is the file as it was written, variables unexpanded; it must not be changed.
func (c *Config) Text() []byte { return c.text }

// Path makes a path of the file absolute: relative ones start at Base.
func (c *Config) Path(relative string) string {
	if filepath.IsAbs(relative) {
		return filepath.Clean(relative)
	}
	return filepath.Join(c.Base, relative)
}
