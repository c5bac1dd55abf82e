// Command chirp serves the sample application. It takes PORT and DATABASE_URL from its environment; HOST, LOG_LEVEL and
// PASSWORD_COST are optional. SIGTERM and SIGINT stop it cleanly.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"ladder/demo/chirp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.LookupEnv, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "chirp: %v\n", err)
		os.Exit(1)
	}
}

// run serves until ctx is done. It listens only once the database is ready, so an open port means a usable site.
func run(ctx context.Context, lookup func(name string) (string, bool), output io.Writer) error {
	settings, err := chirp.ReadSettings(lookup)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(output, &slog.HandlerOptions{Level: settings.LogLevel}))
	app, err := chirp.Open(ctx, settings, logger)
	if err != nil && ctx.Err() != nil {
		return nil //nolint:nilerr // asked to stop while still waiting for the database
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.Address)
	if err != nil {
		_ = app.Close(ctx)
		return fmt.Errorf("%w; is another program using this port?", err)
	}
	logger.Info("chirp is ready", "address", "http://"+listener.Addr().String())
	return app.Serve(ctx, listener)
}
