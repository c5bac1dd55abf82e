package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync/atomic"

	"ladder/admin"
	"ladder/config"
	"ladder/gateway"
	"ladder/internal/logfile"
	"ladder/telemetry"
)

// gatewayTier is the HTTP side: the gateway and the log that it writes to.
type gatewayTier struct {
	node    *Node
	gateway atomic.Pointer[gateway.Gateway] // nil while the file has none; status reads it at any time
	log     *logfile.File                   // nil when the log goes to standard output or nowhere
	logged  config.AccessLog                // what log was opened by
}

func newGatewayTier(n *Node) *gatewayTier { return &gatewayTier{node: n} }

// preflight finds out at once, before PostgreSQL and the application are started for nothing, that an address is taken.
func (t *gatewayTier) preflight(ctx context.Context, file *config.Config) error {
	if file.Gateway == nil {
		return nil
	}
	return gateway.Preflight(ctx, file.Gateway.Listen)
}

func (t *gatewayTier) Start(ctx context.Context) error { return t.apply(ctx, t.node.File()) }

func (t *gatewayTier) Stop(ctx context.Context) error {
	var failures []error
	if opened := t.gateway.Load(); opened != nil {
		failures = append(failures, opened.Stop(ctx))
		t.gateway.Store(nil)
	}
	return errors.Join(append(failures, t.closeLog())...)
}

func (t *gatewayTier) apply(ctx context.Context, file *config.Config) error {
	if file.Gateway == nil {
		return nil
	}
	log, err := t.openLog(file)
	if err != nil {
		return err
	}
	options := t.options(file, log)
	if opened := t.gateway.Load(); opened != nil {
		err = opened.Apply(ctx, options)
	} else {
		err = t.open(ctx, options)
	}
	if err != nil {
		return errors.Join(err, log.discard(t.log))
	}
	return t.keepLog(log, file.Gateway.AccessLog)
}

func (t *gatewayTier) open(ctx context.Context, options gateway.Options) error {
	opened, err := gateway.New(options)
	if err != nil {
		return fmt.Errorf("opening the gateway: %w", err)
	}
	if err := opened.Start(ctx); err != nil {
		return err
	}
	t.gateway.Store(opened)
	return nil
}

func (t *gatewayTier) retire(ctx context.Context, file *config.Config) error {
	if file.Gateway != nil {
		return nil
	}
	return t.Stop(ctx)
}

func (t *gatewayTier) options(file *config.Config, log accessLog) gateway.Options {
	limits, timeouts := file.Gateway.Limits, file.Gateway.Timeouts
	return gateway.Options{
		Listen: file.Gateway.Listen,
		Pool:   t.node.application.pool,
		Limits: gateway.Limits{
			Body: int64(limits.Body), Head: int64(limits.Head), Headers: limits.Headers,
			Connections: limits.Connections, HeaderTimeout: limits.HeaderTimeout.Std(),
		},
		Timeouts: gateway.Timeouts{
			Idle: timeouts.Idle.Std(), Body: timeouts.Body.Std(), Write: timeouts.Write.Std(),
			Connect: timeouts.Connect.Std(), Response: timeouts.Response.Std(), Drain: timeouts.Drain.Std(),
		},
		WithheldCookies: admin.CookiePrefix,
		TrustedProxies:  prefixes(file.Gateway.TrustedProxies),
		AccessLog:       gateway.AccessLog{Writer: log.writer, Format: file.Gateway.AccessLog.Format},
		Logger:          t.node.logger,
		Events:          t.node.bus,
		Health:          t.node.health,
	}
}

// prefixes reads networks that the file's validation has read before.
func prefixes(networks []string) []netip.Prefix {
	var read []netip.Prefix
	for _, network := range networks {
		if prefix, err := netip.ParsePrefix(network); err == nil {
			read = append(read, prefix.Masked())
		}
	}
	return read
}

// accessLog is where lines go: a file of ours, standard output, or nowhere (a nil writer).
type accessLog struct {
	writer io.Writer
	file   *logfile.File
}

// discard closes a log that was opened for nothing, unless it is the one in use.
func (l accessLog) discard(used *logfile.File) error {
	if l.file == nil || l.file == used {
		return nil
	}
	return l.file.Close()
}

func (t *gatewayTier) openLog(file *config.Config) (accessLog, error) {
	wanted := file.Gateway.AccessLog
	switch {
	case wanted.File == off:
		return accessLog{}, nil
	case wanted.File == "-":
		return accessLog{writer: os.Stdout}, nil
	case t.log != nil && t.logged == wanted:
		return accessLog{t.log, t.log}, nil
	}
	opened, err := logfile.Open(logfile.Options{
		Path: file.Path(wanted.File), MaxSize: int64(wanted.MaxSize), Keep: wanted.Keep,
		OnError: t.node.logFailing(telemetry.AccessLogFailing, "gateway"),
	})
	if err != nil {
		return accessLog{}, fmt.Errorf("opening the access log: %w", err)
	}
	return accessLog{opened, opened}, nil
}

// keepLog remembers the log in use and closes the one before it.
func (t *gatewayTier) keepLog(log accessLog, by config.AccessLog) error {
	before := t.log
	t.log, t.logged = log.file, by
	if before == nil || before == log.file {
		return nil
	}
	return before.Close()
}

func (t *gatewayTier) closeLog() error { return t.keepLog(accessLog{}, config.AccessLog{}) }
