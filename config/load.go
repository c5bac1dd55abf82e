package config

import "fmt"

// Problem is one mistake in a file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1; 0 where no place can be named
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // of the key: app.health.interval
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`   // how to mend it
	Source  string `json:"source,omitempty"` // the offending line
}

// Problems is every mistake of a file at once, in the order of lines. It is the error of Load and Parse.
type Problems []Problem

func (p Problems) Error() string { return fmt.Sprintf("%d problems", len(p)) }

// Load reads, expands, decodes and validates a file. lookup takes the place of os.LookupEnv.
func Load(path string, lookup func(string) (string, bool)) (*Config, error) { panic("to be written") }

// Parse does what Load does with text that was read already; base is the directory that relative paths start from.
func Parse(name, base string, text []byte, lookup func(string) (string, bool)) (*Config, error) {
	panic("to be written")
}

// Change is one difference between two files.
type Change struct {
	Path string `json:"path"` // app.instances, app.env.LOG_LEVEL, app.servers[10.0.0.1:80]
	Old  string `json:"old"`  // as YAML would show it; empty where there was none; secrets redacted
	New  string `json:"new"`
}

// Diff lists what differs, in the order of the struct tree. Defaults count as written.
func Diff(before, after *Config) []Change { panic("to be written") }

// Rung is the highest rung that the file stands on, from 1 to 9, with its name: "single-server".
func (c *Config) Rung() (int, string) { panic("to be written") }

// Path makes a path of the file absolute.
func (c *Config) Path(relative string) string { panic("to be written") }

// YAML is the file with every default written out and secrets redacted.
func (c *Config) YAML() []byte { panic("to be written") }

// Schema is the JSON schema of the file (draft 2020-12).
func Schema() []byte { panic("to be written") }

// Reference is the reference page of the file, in Markdown.
func Reference() []byte { panic("to be written") }
