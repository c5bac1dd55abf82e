package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"ladder/config"
	"ladder/internal/hint"
)

const newFileMode = 0o644

func newInit(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "init [-- COMMAND [WORD …]]",
		Short: "Write a small commented file for an existing application",
		Example: `  ladder init -- ./server --production       Ladder starts the application itself
  ladder init --server 127.0.0.1:3000        the application runs already`,
	}
	file := fileFlag(c)
	name := c.Flags().String("name", "", "name of the application (default: this directory's)")
	servers := c.Flags().StringSlice("server", nil, "address of an application that runs already, as host:port")
	listen := c.Flags().String("listen", "", "address that users reach the application at (default: the file's default)")
	force := c.Flags().Bool("force", false, "replace a file that exists")
	c.RunE = func(_ *cobra.Command, command []string) error {
		if len(command) > 0 && len(*servers) > 0 {
			return usageError{errors.New("a command and --server exclude each other: Ladder starts the application, or somebody else does")}
		}
		text := config.Init(config.InitOptions{
			Name: nameOr(*name), Command: command, Servers: *servers, Listen: *listen,
		})
		if err := writeNew(*file, text, *force); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "wrote %s; next:\n  ladder validate -c %[1]s\n  ladder up -c %[1]s\n", *file)
		return nil
	}
	return c
}

func writeNew(file string, text []byte, force bool) error {
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	written, err := os.OpenFile(file, mode, newFileMode)
	if errors.Is(err, fs.ErrExist) {
		return hint.Wrap(fmt.Errorf("%s exists already", file), "--force replaces it; -c NAME writes another")
	}
	if err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	_, err = written.Write(text)
	if err := errors.Join(err, written.Close()); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9-]+`)

// nameOr gives the name, or one made of the current directory's.
func nameOr(name string) string {
	if name != "" {
		return name
	}
	directory, err := os.Getwd()
	if err != nil {
		return "app"
	}
	name = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(directory)), "-"), "-")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return "app"
	}
	return name
}
