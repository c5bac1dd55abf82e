package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"ladder/config"
	"ladder/node"
	"ladder/telemetry"
)

func newUp(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "up",
		Short: "Run what the file says, until Ctrl-C or SIGTERM",
		Long: `Run what the file says: the database, the application's instances, the gateway. It stays in the
foreground. SIGTERM or Ctrl-C stops it in order: it stops accepting, finishes the requests in
flight, stops the application, then PostgreSQL; a second signal ends it at once. SIGHUP applies the
file again, as ladder apply does.`,
		Args: noArguments,
	}
	file := fileFlag(c)
	logFormat := c.Flags().String("log-format", "text", "of Ladder's own log on standard error: text or json")
	logLevel := c.Flags().String("log-level", "info", "debug, info, warn or error")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var level slog.Level
		if err := level.UnmarshalText([]byte(*logLevel)); err != nil {
			return usageError{fmt.Errorf("--log-level: %w", err)}
		}
		logger, err := telemetry.NewLogger(t.err, telemetry.LogFormat(*logFormat), level)
		if err != nil {
			return usageError{fmt.Errorf("--log-format: %w", err)}
		}
		read, err := load(*file)
		if err != nil {
			return err
		}
		return up(c.Context(), t, read, logger)
	}
	return c
}

// up runs one node until ctx is done.
func up(ctx context.Context, t terminal, file *config.Config, logger *slog.Logger) error {
	running, err := node.New(file, node.Options{Version: version, Logger: logger, AppOutput: t.err})
	if err != nil {
		return err
	}
	if err := running.Start(ctx); err != nil {
		if ctx.Err() != nil { // interrupted while it started: that is no failure
			logger.Info("stopped before everything had started")
			return nil
		}
		return err
	}
	greet(t, file, running)
	notifySystemd(logger, daemon.SdNotifyReady)
	reloadOnHangup(ctx, running, logger)

	<-ctx.Done()
	notifySystemd(logger, daemon.SdNotifyStopping)
	logger.Info("stopping: no new requests, those in flight are finished first")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), running.StopTimeout())
	defer cancel()
	began := time.Now()
	if err := running.Stop(stopping); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	logger.Info("stopped", "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// greet tells a person where to go next.
func greet(t terminal, file *config.Config, running *node.Node) {
	rung, name := file.Rung()
	urls := running.URLs()
	fmt.Fprintf(t.out, "Ladder %s runs %s on rung %d, %s\n", version, file.Name, rung, name)
	for _, url := range urls.Application {
		fmt.Fprintf(t.out, "  application  %s\n", url)
	}
	if urls.Dashboard != "" {
		fmt.Fprintf(t.out, "  dashboard    %s   (to act on it: ladder dashboard -c %s)\n", urls.Dashboard, file.Source)
	}
	if file.Database != nil {
		fmt.Fprintf(t.out, "  database     psql \"$(ladder database url -c %s)\"\n", file.Source)
	}
	fmt.Fprintf(t.out, "  status       ladder status -c %s\n", file.Source)
	fmt.Fprintf(t.out, "  change       edit %[1]s, then: ladder plan -c %[1]s && ladder apply -c %[1]s\n", file.Source)
	fmt.Fprintln(t.out, "Ctrl-C stops it.")
}

// notifySystemd tells the service manager; without one it does nothing.
func notifySystemd(logger *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		logger.Warn("telling systemd", "error", err)
	}
}

// reloadOnHangup applies the file again at each SIGHUP, until ctx is done.
func reloadOnHangup(ctx context.Context, running *node.Node, logger *slog.Logger) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangups)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				if err := reload(ctx, running); err != nil {
					logger.Error("the file was not applied, everything stays as it was", "error", err)
				}
			}
		}
	}()
}

func reload(ctx context.Context, running *node.Node) error {
	source := running.File().Source
	text, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("reading the file again: %w", err)
	}
	if _, err = running.Apply(ctx, text); err != nil {
		return errors.Join(fmt.Errorf("applying %s", source), err)
	}
	return nil
}
