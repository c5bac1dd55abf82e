package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ladder/config"
	"ladder/internal/hint"
)

// Exit codes are part of the command line's contract (docs/reference/cli.md).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// defaultFile is what -c names when it is not given.
const defaultFile = "ladder.yaml"

// errReported ends a verb with exitFailed when it has said already what is wrong.
var errReported = errors.New("reported already")

// usageError is a mistake in the words of a command rather than in what it did.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func (e usageError) Hint() string {
	return "ladder --help lists the commands, ladder COMMAND --help their flags"
}

// terminal is where a verb reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program, for main and for tests. It returns the exit code.
func run(ctx context.Context, arguments []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot(terminal{in, out, errOut})
	root.SetArgs(arguments)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	}
	printError(errOut, err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// printError says what went wrong and, where the error knows, what to do about it.
func printError(w io.Writer, err error) {
	var problems config.Problems
	if errors.As(err, &problems) { // each problem brings its own place and hint
		fmt.Fprintf(w, "Error: %v\n", err)
		return
	}
	fmt.Fprintf(w, "Error: %v\n", err)
	if try := hint.Of(err); try != "" {
		fmt.Fprintf(w, "Try: %s\n", try)
	}
}

func newRoot(t terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "ladder",
		Short: "Grow one web application from a single server to a million users, one rung at a time",
		Long: `Ladder stands in front of an unchanged application as HTTP gateway and behind it as
database, from one binary and one YAML file. Each rung is a few lines added to the file.

  ladder init       write a small commented file for your application
  ladder up         run what the file says, until Ctrl-C
  ladder status     what is running, and how it is
  ladder apply      bring a changed file to the running node, live`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) > 0 {
				return usageError{fmt.Errorf("unknown command %q", arguments[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newUp(t), newInit(t), newValidate(t), newPlan(t), newApply(t), newStatus(t), newRestart(t), newDashboard(t), newDoctor(t),
		newDatabase(t), newDemo(t), newSchema(t), newMan(t), newVersion(t), newGuardian(t),
	)
	return root
}

// noArguments refuses words that a verb has no use for.
func noArguments(c *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return usageError{fmt.Errorf("%s takes no argument, but got %q", c.CommandPath(), arguments[0])}
	}
	return nil
}

// fileFlag adds -c to a verb.
func fileFlag(c *cobra.Command) *string {
	file := c.Flags().StringP("config", "c", defaultFile, "the file")
	if err := c.MarkFlagFilename("config", "yaml", "yml"); err != nil {
		panic(err) // the flag was added on the line above
	}
	return file
}

// outputFlag adds -o to a verb. Its JSON is documented in docs/reference/cli.md as stable.
func outputFlag(c *cobra.Command) *outputFormat {
	format := outputFormat("text")
	c.Flags().VarP(&format, "output", "o", "text or json")
	return &format
}

type outputFormat string

func (f *outputFormat) String() string { return string(*f) }
func (f *outputFormat) Type() string   { return "format" }
func (f *outputFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return fmt.Errorf("%q is neither text nor json", text)
	}
	*f = outputFormat(text)
	return nil
}

func (f *outputFormat) json() bool { return *f == "json" }

// printJSON writes one indented document.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// load reads the file as every verb does. A missing ladder.yaml is the newcomer's first error, so it gets its own hint.
func load(file string) (*config.Config, error) {
	read, err := config.Load(file, os.LookupEnv)
	if errors.Is(err, os.ErrNotExist) {
		return nil, hint.Wrap(err, "ladder init writes one; -c FILE names another")
	}
	return read, err
}
