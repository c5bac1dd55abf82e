// Package chirp is a small social site: people sign up, follow each other, post 280 characters and pictures. It is the
// application that Ladder's demo serves, and an ordinary one: net/http, html/template and pgx, a PORT and a DATABASE_URL,
// and no idea of what stands in front of it or behind. DESIGN.md tells how it is made. Start with [Open]; the packages
// below it are store (data), web (HTTP) and thumbnail (the slow job).
package chirp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"ladder/demo/chirp/store"
	"ladder/demo/chirp/web"
)

// Timeouts of the HTTP server. Event streams set their own for writing.
const (
	headerTimeout = 5 * time.Second   // for a request's head
	readTimeout   = 30 * time.Second  // for a whole request: an image over a slow line
	writeTimeout  = 30 * time.Second  // for a whole response
	idleTimeout   = 120 * time.Second // for the next request; longer than what proxies keep connections for
	maxHeader     = 32 << 10          // bytes
	// stopTimeout for what is in flight when chirp is asked to stop; below the 10 s that process supervisors usually give.
	stopTimeout = 8 * time.Second
)

// App is the site with its database.
type App struct {
	store  *store.Store
	site   *web.Server
	logger *slog.Logger
}

// Open connects to the database, waiting a bounded time for it, brings its schema up to date and prepares the site.
func Open(ctx context.Context, settings Settings, logger *slog.Logger) (*App, error) {
	passwords, err := store.NewPasswords(cmp.Or(settings.PasswordCost, passwordCost))
	if err != nil {
		return nil, fmt.Errorf("PASSWORD_COST: %w", err)
	}
	data, err := store.Open(ctx, store.Options{URL: settings.DatabaseURL, Logger: logger})
	if err != nil {
		return nil, err
	}
	site, err := web.New(web.Options{Store: data, Passwords: passwords, Logger: logger})
	if err != nil {
		data.Close()
		return nil, err
	}
	return &App{store: data, site: site, logger: logger}, nil
}

// Handler answers every request of the site.
func (a *App) Handler() http.Handler { return a.site.Handler() }

// Close finishes what runs in the background until ctx is done, and disconnects from the database.
func (a *App) Close(ctx context.Context) error {
	err := a.site.Close(ctx)
	a.store.Close()
	return err
}

// Serve answers on the listener until ctx is done. Then it accepts nothing more, ends the event streams, lets requests in
// flight finish for a bounded time, and closes the App. A clean stop is no error.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(a.site.EndStreams)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	var serving error
	select {
	case serving = <-failed:
		serving = fmt.Errorf("serving: %w", serving)
	case <-ctx.Done():
		a.logger.Info("stopping", "cause", context.Cause(ctx))
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		serving = errors.Join(serving, fmt.Errorf("requests were cut off after %v: %w", stopTimeout, err), server.Close())
	}
	return errors.Join(serving, a.Close(stopping))
}
