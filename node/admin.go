package node

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"ladder/admin"
	"ladder/config"
	"ladder/dashboard"
	"ladder/telemetry"
)

// adminTier is the API with dashboard and metrics.
type adminTier struct {
	node   *Node
	server atomic.Pointer[admin.Server] // nil before Start; status reads it at any time
	series *telemetry.Series
	token  string
}

func newAdminTier(n *Node) *adminTier {
	return &adminTier{node: n, series: telemetry.NewSeries(telemetry.TrafficFunc(n.front.traffic))}
}

func (t *adminTier) Start(ctx context.Context) error {
	token, err := t.node.directory.makeToken()
	if err != nil {
		return err
	}
	t.token = token
	if err := t.series.Start(ctx); err != nil {
		return err
	}
	server := admin.New(t.options(t.node.File()))
	t.server.Store(server)
	return server.Start(ctx)
}

func (t *adminTier) Stop(ctx context.Context) error {
	var failures []error
	if server := t.server.Load(); server != nil {
		failures = append(failures, server.Stop(ctx))
		t.server.Store(nil)
	}
	return errors.Join(append(failures, t.series.Stop(ctx))...)
}

func (t *adminTier) apply(ctx context.Context, file *config.Config) error {
	return t.server.Load().Apply(ctx, t.options(file))
}

// retire has nothing to do: the server closes an old address itself, once the new one is open.
func (t *adminTier) retire(context.Context, *config.Config) error { return nil }

func (t *adminTier) options(file *config.Config) admin.Options {
	n := t.node
	return admin.Options{
		Listen: file.Admin.Listen, Token: file.Admin.Token.Reveal(), ActionToken: t.token,
		Status: n.Status, Controller: n, Config: func() []byte { return n.File().YAML() },
		Bus: n.bus, Health: n.health, Series: t.series,
		Metrics: telemetry.MetricsHandler(n.registry), Dashboard: dashboard.Handler(),
		Logger: n.logger,
	}
}

// url is where the API is reached from this machine; empty while it is closed.
func (t *adminTier) url() string {
	server := t.server.Load()
	if server == nil {
		return ""
	}
	return server.URL()
}

// URLs are where a person goes next.
func (n *Node) URLs() URLs {
	urls := URLs{Dashboard: n.admin.url()}
	for _, address := range n.front.addresses() {
		urls.Application = append(urls.Application, strings.TrimSuffix(admin.LocalURL(address.String()), ":80"))
	}
	if urls.Dashboard != "" {
		urls.API = urls.Dashboard + "/api/v1/status"
	}
	return urls
}

// URLs are where a person goes next.
type URLs = admin.URLs

// Status is the whole state of the node, for API and dashboard.
func (n *Node) Status() admin.Status {
	file := n.File()
	number, name := file.Rung()
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return admin.Status{
		Version: n.options.Version, Name: file.Name, Node: host,
		Rung:    admin.Rung{Number: number, Name: name},
		Started: n.started, PID: os.Getpid(), UptimeSeconds: time.Since(n.started).Seconds(),
		ConfigVersion: n.changes.Load(), URLs: n.URLs(),
		Gateway:  n.front.status(n.admin.series.Rates()),
		Pools:    n.application.status(),
		Database: n.database.status(file),
		Warnings: n.health.Current(),
		Events:   n.bus.Recent(admin.RecentEvents),
	}
}
