package node

import (
	"net"

	"ladder/admin"
	"ladder/config"
	"ladder/postgres"
	"ladder/supervise"
	"ladder/telemetry"
)

func (t *gatewayTier) addresses() []net.Addr {
	opened := t.gateway.Load()
	if opened == nil {
		return nil
	}
	return opened.Addresses()
}

// traffic is what the series samples.
func (t *gatewayTier) traffic() telemetry.Traffic {
	opened := t.gateway.Load()
	if opened == nil {
		return telemetry.Traffic{}
	}
	return opened.Traffic()
}

func (t *gatewayTier) status(rates telemetry.Rates) *admin.Gateway {
	if t.gateway.Load() == nil {
		return nil
	}
	traffic := t.traffic()
	status := &admin.Gateway{
		Listen: []string{}, Connections: traffic.Connections, InFlight: traffic.InFlight,
		RequestsTotal: traffic.Requests, ErrorsTotal: traffic.Errors,
		RequestsPerSecond: rates.RequestsPerSecond, ErrorsPerSecond: rates.ErrorsPerSecond,
		P50MS: admin.Milliseconds(rates.P50), P90MS: admin.Milliseconds(rates.P90), P99MS: admin.Milliseconds(rates.P99),
	}
	for _, address := range t.addresses() {
		status.Listen = append(status.Listen, address.String())
	}
	return status
}

func (t *applicationTier) status() []admin.Pool {
	processes := map[string]supervise.Instance{}
	if supervisor := t.supervisor.Load(); supervisor != nil {
		for _, instance := range supervisor.Instances() {
			processes[instance.Name] = instance
		}
	}
	pool := admin.Pool{Name: t.pool.Name(), Members: []admin.Member{}}
	for _, entry := range t.pool.Load().Entries {
		process := processes[entry.Name()]
		pool.Members = append(pool.Members, admin.Member{
			Name: entry.Name(), Address: entry.Address(), State: entry.State, Reason: entry.Reason, Since: entry.Since,
			InFlight: entry.InFlight.Load(), Handled: entry.Handled.Load(), Failed: entry.Failed.Load(),
			PID: process.PID, Restarts: process.Restarts, CPUPercent: process.CPUPercent, MemoryBytes: uint64(process.MemoryBytes),
		})
	}
	return []admin.Pool{pool}
}

func (t *databaseTier) status(file *config.Config) admin.Database {
	server := t.server.Load()
	switch {
	case file.Database == nil:
		return admin.Database{Kind: admin.DatabaseNone, State: admin.DatabaseUnknown}
	case !embeds(file):
		return admin.Database{Kind: admin.DatabaseExternal, State: admin.DatabaseUnknown}
	case server == nil:
		return admin.Database{Kind: admin.DatabaseEmbedded, State: admin.DatabaseStarting}
	}
	now := server.Status()
	return admin.Database{
		Kind: admin.DatabaseEmbedded, State: databaseState(now.State), Reason: now.LastFailure, Version: now.Version,
		Listen: now.Listen, Directory: now.Directory, PID: now.PID, Restarts: now.Restarts,
		Connections: now.Connections, SizeBytes: uint64(now.Size), Since: &now.Since,
	}
}

// databaseState is PostgreSQL's state in the words of the API, which knows no difference between down and not up yet again.
func databaseState(state postgres.State) string {
	switch state {
	case postgres.Up:
		return admin.DatabaseUp
	case postgres.Starting:
		return admin.DatabaseStarting
	case postgres.Recovering:
		return admin.DatabaseRecovering
	default:
		return admin.DatabaseDown
	}
}
