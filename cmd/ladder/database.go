package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ladder/config"
	"ladder/internal/hint"
	"ladder/postgres"
)

const (
	// followInterval is how often a followed log is looked at for more.
	followInterval = 200 * time.Millisecond
	// logTail is how many bytes of a log are shown before it is followed.
	logTail = 16 << 10
)

func newDatabase(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "database",
		Short: "The database behind the application",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDatabaseURL(t), newDatabaseLogs(t))
	return c
}

func newDatabaseURL(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "url",
		Short:   "Print the URL of the database, password included",
		Example: `  psql "$(ladder database url)"`,
		Args:    noArguments,
	}
	file := fileFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		read, err := load(*file)
		if err != nil {
			return err
		}
		url, err := databaseURL(read)
		if err != nil {
			return err
		}
		fmt.Fprintln(t.out, url)
		return nil
	}
	return c
}

func databaseURL(file *config.Config) (string, error) {
	switch {
	case file.Database == nil:
		return "", hint.Errorf("add `database: {embedded: {}}`", "%s has no database", file.Source)
	case file.Database.Embedded == nil:
		return file.Database.Primary.Reveal(), nil
	}
	return postgres.ReadURL(file.Path(file.Database.Embedded.Directory), "psql")
}

func newDatabaseLogs(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "logs",
		Short: "Follow the log of the embedded PostgreSQL",
		Args:  noArguments,
	}
	file := fileFlag(c)
	follow := c.Flags().Bool("follow", true, "go on as the log grows; --follow=false prints the end of it")
	c.RunE = func(c *cobra.Command, _ []string) error {
		read, err := load(*file)
		if err != nil {
			return err
		}
		if read.Database == nil || read.Database.Embedded == nil {
			return hint.Errorf("ask whoever runs it", "%s has no embedded database", read.Source)
		}
		return printLog(c.Context(), t.out, postgres.LogPath(read.Path(read.Database.Embedded.Directory)), *follow)
	}
	return c
}

// printLog copies the end of a log file to out and, if asked to, what is added until ctx is done. It follows the path: when
// the file was put aside for a new one, it goes on with that.
func printLog(ctx context.Context, out io.Writer, path string, follow bool) error {
	log, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return hint.Wrap(fmt.Errorf("no log yet: %w", err), "ladder up starts PostgreSQL")
	}
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { log.Close() }()
	if size, err := log.Seek(0, io.SeekEnd); err == nil {
		if _, err := log.Seek(max(0, size-logTail), io.SeekStart); err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
	}
	for {
		if _, err := io.Copy(out, log); err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followInterval):
		}
		if next := successor(log, path); next != nil {
			_, err := io.Copy(out, log) // what came before its writer changed over
			if err := errors.Join(err, log.Close()); err != nil {
				return fmt.Errorf("reading the log: %w", err)
			}
			log = next
		}
	}
}

// successor opens the file that has taken the place of log at path, nil while log is still the one.
func successor(log *os.File, path string) *os.File {
	current, err := os.Stat(path)
	if err != nil {
		return nil // between two files; the next look will tell
	}
	if opened, err := log.Stat(); err == nil && os.SameFile(current, opened) {
		return nil
	}
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	return next
}
