package node

import (
	"context"
	"errors"
	"sync/atomic"

	"ladder/config"
	"ladder/postgres"
)

// databaseTier is what DATABASE_URL points at: an embedded PostgreSQL that it runs, or an external one that it only names.
type databaseTier struct {
	node   *Node
	server atomic.Pointer[postgres.Server] // nil without an embedded one; status reads it at any time
}

func newDatabaseTier(n *Node) *databaseTier { return &databaseTier{node: n} }

func (t *databaseTier) Start(ctx context.Context) error { return t.apply(ctx, t.node.File()) }

func (t *databaseTier) Stop(ctx context.Context) error {
	server := t.server.Load()
	if server == nil {
		return nil
	}
	defer t.server.Store(nil)
	return server.Stop(ctx)
}

// apply starts an embedded PostgreSQL that the file newly has. Other changes to one are refused before they come here.
func (t *databaseTier) apply(ctx context.Context, file *config.Config) error {
	if t.server.Load() != nil || !embeds(file) {
		return nil
	}
	server := postgres.New(t.options(file))
	t.server.Store(server) // while it starts, status shows how far it is
	if err := server.Start(ctx); err != nil {
		t.server.Store(nil)
		return errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

func (t *databaseTier) retire(ctx context.Context, file *config.Config) error {
	if embeds(file) {
		return nil
	}
	return t.Stop(ctx)
}

func (t *databaseTier) options(file *config.Config) postgres.Options {
	embedded := file.Database.Embedded
	return postgres.Options{
		Directory:    file.Path(embedded.Directory),
		Listen:       file.Database.Listen,
		Database:     file.Name,
		Binaries:     binaries(file),
		Parameters:   embedded.Parameters,
		StartTimeout: embedded.StartTimeout.Std(),
		StopTimeout:  embedded.StopTimeout.Std(),
		Guardian:     t.node.guardian,
		Logger:       t.node.logger,
		Events:       t.node.bus,
		Health:       t.node.health,
	}
}

// binaries is where the file says that PostgreSQL's programs are; empty to look for them.
func binaries(file *config.Config) string {
	if named := file.Database.Embedded.Binaries; named != "" {
		return file.Path(named)
	}
	return ""
}

// url is what an instance finds in DATABASE_URL; empty when the file has no database. Each instance has its own, so that a
// statement can be traced to the instance that sent it.
func (t *databaseTier) url(file *config.Config, instance string) string {
	switch {
	case file.Database == nil:
		return ""
	case embeds(file):
		return t.server.Load().URL(instance)
	default:
		return file.Database.Primary.Reveal()
	}
}
