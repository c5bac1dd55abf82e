package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"ladder/internal/hint"
)

const manDirectoryMode = 0o755

func newMan(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "man",
		Short: "Write the manual pages into a directory",
		Args:  noArguments,
	}
	directory := c.Flags().String("directory", "man", "where to write ladder.1, ladder-up.1, …")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := os.MkdirAll(*directory, manDirectoryMode); err != nil {
			return hint.Wrap(fmt.Errorf("making the directory of the manual pages: %w", err), "name a writable one with --directory")
		}
		header := &doc.GenManHeader{Section: "1", Source: "Ladder " + version, Manual: "Ladder"}
		if err := doc.GenManTree(c.Root(), header, *directory); err != nil {
			return fmt.Errorf("writing manual pages: %w", err)
		}
		fmt.Fprintf(t.out, "wrote manual pages to %s; read one with: man %s/ladder.1\n", *directory, *directory)
		return nil
	}
	return c
}
