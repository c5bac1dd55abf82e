package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"ladder/telemetry"
)

// Off as Options.Listen means that the server does not listen.
const Off = "off"

// Bounds on what callers may take.
const (
	MaxBodyBytes   = 1 << 20 // of a file to plan or apply
	MaxHeaderBytes = 16 << 10
	MaxConnections = 256
	MaxStreams     = 32 // event streams open at once
	MaxSessions    = 64 // browsers logged in at once; the one unused longest goes first
	RecentEvents   = 50 // events that a node should put into Status

	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 30 * time.Second
	WriteTimeout      = 30 * time.Second
	IdleTimeout       = 2 * time.Minute
	// ActionTimeout bounds an apply or a restart, which wait for instances to become ready and to drain.
	ActionTimeout = 15 * time.Minute
	// SessionLifetime is how long a browser stays logged in after it was last seen.
	SessionLifetime = 12 * time.Hour

	// StatusInterval is the time between two status events of a stream.
	StatusInterval = time.Second
	// HeartbeatInterval is how long a stream may be silent before it says that it is alive.
	HeartbeatInterval = 15 * time.Second
	// StreamWriteTimeout is how long a stream's client may take to accept what it is sent before it is dropped.
	StreamWriteTimeout = 5 * time.Second

	// LoginAttempts is how many wrong tokens one address may show within LoginWindow.
	LoginAttempts = 10
	LoginWindow   = time.Minute
)

// ErrUnknownInstance is what [Controller.Restart] returns, wrapped, for an instance that there is not: 404.
var ErrUnknownInstance = errors.New("no such instance")

// Controller acts on the node.
type Controller interface {
	// Plan says what applying the text of a file would change.
	Plan(ctx context.Context, file []byte) (Plan, error)
	// Apply applies it, all or nothing. The plan is returned with an error too, as far as it was made.
	Apply(ctx context.Context, file []byte) (Plan, error)
	// Restart replaces an instance of the application by a fresh one.
	Restart(ctx context.Context, instance string) error
}

// Options are what a [Server] shows and to whom. Status, Controller and ActionToken must be set.
type Options struct {
	// Listen is a host:port, or Off.
	Listen string
	// Token, when set, is asked for by everything, reading included; a Listen that is not loopback needs one.
	Token string
	// ActionToken allows everything; the command line reads it from a file that only the owner can read.
	ActionToken string

	Status     func() Status
	Controller Controller
	// Config is the running file as YAML, with secrets redacted; nil for none.
	Config func() []byte

	Bus    *telemetry.Bus    // may be nil
	Health *telemetry.Health // may be nil
	Series *telemetry.Series // may be nil
	// Metrics is served at /metrics, Dashboard at / and below; nil for none.
	Metrics   http.Handler
	Dashboard http.Handler

	Logger *slog.Logger // may be nil
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Config == nil {
		o.Config = func() []byte { return nil }
	}
	for _, handler := range []*http.Handler{&o.Metrics, &o.Dashboard} {
		if *handler == nil {
			*handler = http.NotFoundHandler()
		}
	}
	return o
}

func (o Options) validate() error {
	var problems []error
	if o.Status == nil {
		problems = append(problems, errors.New("admin: Options.Status is missing"))
	}
	if o.Controller == nil {
		problems = append(problems, errors.New("admin: Options.Controller is missing"))
	}
	if o.ActionToken == "" {
		problems = append(problems, errors.New("admin: Options.ActionToken is missing"))
	}
	return errors.Join(problems...)
}
