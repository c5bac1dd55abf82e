package gateway

import (
	"context"
	"errors"
	"slices"
)

// Apply changes a running gateway, all or nothing: addresses that are new are opened first, and if one cannot be, nothing has
// changed. Addresses that stay are not closed for a moment; those that are gone stop accepting, and their connections drain in the
// background, for Timeouts.Drain at most. Limits, timeouts and trusted proxies hold for requests that begin from now on; the access log for
// those that end from now on, and the writer before it is not used any more when Apply returns. The pool cannot change.
func (g *Gateway) Apply(ctx context.Context, options Options) error {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if options.Pool != g.options.Pool {
		return errors.New("a running gateway cannot be given another pool")
	}
	if !g.started || g.stopped {
		return errors.New("only a running gateway can be changed")
	}
	kept, added, removed := compareAddresses(g.listeners, options.Listen)
	opened, err := openAll(ctx, added)
	if err != nil {
		return err
	}
	g.listeners = inOrder(options.Listen, slices.Concat(kept, opened))
	g.options = options
	g.settings.Store(newSettings(options))
	g.admission.setLimit(options.Limits.Connections)
	g.log.redirect(options.AccessLog)
	for _, l := range opened {
		go g.accepting(l)
	}
	for _, l := range removed {
		g.drains.Go(func() { g.drainRemoved(l) })
	}
	return nil
}

// drainRemoved drains a listener that the new options do not have.
func (g *Gateway) drainRemoved(l *listener) {
	bounded, cancel := context.WithTimeoutCause(g.leaving, g.settings.Load().timeouts.Drain,
		errors.New("requests in flight did not end in time"))
	defer cancel()
	if err := g.drain(bounded, l); err != nil {
		g.logger.Warn("draining a listener that was removed", "address", l.address, "error", err)
	}
}

// compareAddresses says which listeners stay, which addresses are new, and which listeners go.
func compareAddresses(have []*listener, want []string) (kept []*listener, added []string, removed []*listener) {
	used := make([]bool, len(have))
	for _, address := range want {
		found := false
		for i, l := range have {
			if !used[i] && l.address == address {
				used[i], found = true, true
				kept = append(kept, l)
				break
			}
		}
		if !found {
			added = append(added, address)
		}
	}
	for i, l := range have {
		if !used[i] {
			removed = append(removed, l)
		}
	}
	return kept, added, removed
}

// inOrder puts listeners into the order of their addresses.
func inOrder(addresses []string, listeners []*listener) []*listener {
	var ordered []*listener
	for _, address := range addresses {
		if i := slices.IndexFunc(listeners, func(l *listener) bool { return l.address == address }); i >= 0 {
			ordered = append(ordered, listeners[i])
			listeners = slices.Delete(listeners, i, i+1)
		}
	}
	return ordered
}
