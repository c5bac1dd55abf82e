// Package doctest keeps the documentation true: it finds the commands in fenced blocks of Markdown files, says of each how
// it is proved, and runs those that can be run.
//
// A block of shell commands carries, behind its language, exactly one of
//
//	test=NAME             the blocks of that name in one file are run in order, in one directory, by test/
//	covered=TestFunction  that Go test does what the block says, with other addresses or durations
//	unchecked="reason"    it cannot be run here, because …
//
// A block with test=NAME may also carry background="text": the command goes on while the blocks after it run, which they do
// as soon as it has printed the text; and exit=N: the status that it is expected to end with. A block of any other
// language that carries test=NAME and file=PATH is written to that file before the blocks after it run.
//
// Start with [Parse], [Scenarios] and [Shell].
package doctest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Block is one fenced block.
type Block struct {
	File       string            // the Markdown file
	Line       int               // of the opening fence, from 1
	Language   string            // the first word behind the fence: sh, yaml
	Attributes map[string]string // what follows it
	Text       string
}

// shells are the languages whose blocks are commands.
var shells = []string{"sh", "bash", "shell", "console", "zsh"}

// IsShell reports whether the block holds commands.
func (b Block) IsShell() bool { return slices.Contains(shells, b.Language) }

// Place is where the block stands, as file:line.
func (b Block) Place() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// Parse lists the fenced blocks of a Markdown text. Errors name the place of a fence that is not closed or whose attributes
// cannot be read.
func Parse(file string, text []byte) ([]Block, error) {
	var blocks []Block
	var open *Block
	var fence, indent string
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxLineBytes)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		trimmed := strings.TrimLeft(line, " ")
		switch marks := fenceOf(trimmed); {
		case open == nil && marks != "":
			block, err := parseInfo(strings.TrimPrefix(trimmed, marks))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, number, err)
			}
			block.File, block.Line = file, number
			open, fence, indent = &block, marks, line[:len(line)-len(trimmed)]
		case open != nil && strings.HasPrefix(marks, fence) && strings.TrimSpace(trimmed) == marks:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block is never closed", open.Place())
	}
	return blocks, lines.Err()
}

// maxLineBytes is the longest line of a document.
const maxLineBytes = 1 << 20

// fenceOf is the run of three or more backticks or tildes that a line begins with.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		length := len(line) - len(strings.TrimLeft(line, mark))
		if length >= 3 && !strings.Contains(line[length:], "`") {
			return line[:length]
		}
	}
	return ""
}

// parseInfo reads what stands behind an opening fence.
func parseInfo(info string) (Block, error) {
	block := Block{Attributes: map[string]string{}}
	block.Language, info, _ = strings.Cut(strings.TrimSpace(info), " ")
	for info = strings.TrimSpace(info); info != ""; info = strings.TrimSpace(info) {
		key, rest, found := strings.Cut(info, "=")
		if !found || strings.ContainsAny(key, ` "`) {
			return Block{}, fmt.Errorf("cannot read %q behind the fence; write key=value or key=\"some words\"", info)
		}
		if !strings.HasPrefix(rest, `"`) {
			block.Attributes[key], info, _ = strings.Cut(rest, " ")
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return Block{}, fmt.Errorf("the quotes of %s are not closed: %w", key, err)
		}
		if block.Attributes[key], err = strconv.Unquote(quoted); err != nil {
			return Block{}, fmt.Errorf("reading %s: %w", key, err)
		}
		info = rest[len(quoted):]
	}
	return block, nil
}

// What may stand behind the fence of a block with commands, and of one that becomes a file.
var (
	shellAttributes = []string{"test", "covered", "unchecked", "background", "exit"}
	fileAttributes  = []string{"test", "file"}
	proofs          = []string{"test", "covered", "unchecked"}
)

// Check says what is wrong with the block's attributes, or nothing.
func (b Block) Check() error {
	allowed := fileAttributes
	if b.IsShell() {
		allowed = shellAttributes
	}
	var given int
	for key, value := range b.Attributes {
		if !slices.Contains(allowed, key) {
			return fmt.Errorf("%s: a %s block knows no %q; there are %s", b.Place(), b.Language, key, strings.Join(allowed, ", "))
		}
		if value == "" {
			return fmt.Errorf("%s: %s is empty", b.Place(), key)
		}
		if slices.Contains(proofs, key) {
			given++
		}
	}
	_, inTest := b.Attributes["test"]
	_, asFile := b.Attributes["file"]
	switch {
	case b.IsShell() && given != 1:
		return fmt.Errorf("%s: say how these commands are proved: test=NAME, covered=TestFunction or unchecked=\"reason\", one of them", b.Place())
	case !b.IsShell() && inTest != asFile:
		return fmt.Errorf("%s: test=NAME and file=PATH go together", b.Place())
	case asFile && !fs.ValidPath(b.Attributes["file"]):
		return fmt.Errorf("%s: file=%s is not a path below the directory of the test", b.Place(), b.Attributes["file"])
	}
	return nil
}

// Scenario is all blocks of one file that carry the same test name, in their order.
type Scenario struct {
	Name   string // path of the Markdown file, then the name: README.md/quickstart
	Blocks []Block
}

// Scenarios lists what the Markdown files below root want to be run. All errors are returned at once.
func Scenarios(root fs.FS) ([]Scenario, error) {
	var scenarios []Scenario
	var failures []error
	files, err := documents(root)
	if err != nil {
		return nil, fmt.Errorf("looking for documents: %w", err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, err
		}
		blocks, err := Parse(file, text)
		failures = append(failures, err)
		for _, block := range blocks {
			failures = append(failures, block.Check())
			scenarios = put(scenarios, block)
		}
	}
	return scenarios, errors.Join(failures...)
}

func put(scenarios []Scenario, block Block) []Scenario {
	test, ok := block.Attributes["test"]
	if !ok {
		return scenarios
	}
	name := block.File + "/" + test
	for i := range scenarios {
		if scenarios[i].Name == name {
			scenarios[i].Blocks = append(scenarios[i].Blocks, block)
			return scenarios
		}
	}
	return append(scenarios, Scenario{Name: name, Blocks: []Block{block}})
}

// documented are the places whose Markdown files are documents; "." stands for the root alone, not what is below it.
var documented = []string{".", "docs", "deploy", "bench", "examples"}

// IsDocument reports whether the commands of a Markdown file must be proved.
func IsDocument(name string) bool {
	top, _, nested := strings.Cut(name, "/")
	if !nested {
		top = "."
	}
	return path.Ext(name) == ".md" && slices.Contains(documented, top)
}

// documents lists the Markdown files whose commands must be proved.
func documents(root fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && !strings.Contains(name, "/") && !slices.Contains(documented, name):
			return fs.SkipDir
		case entry.Type().IsRegular() && IsDocument(name):
			files = append(files, name)
		}
		return nil
	})
	return files, err
}
