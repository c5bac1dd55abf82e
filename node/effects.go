package node

import (
	"strings"

	"ladder/config"
)

// Effect is what applying one change means to a running node.
type Effect string

const (
	// Live: takes effect at once; no request, connection or instance is touched.
	Live Effect = "live"
	// Rolling: the instances are replaced one by one, each new one ready before an old one drains.
	Rolling Effect = "rolling restart"
	// Start: something is started, and used once it is ready.
	Start Effect = "start"
	// Stop: something finishes what it has in hand, and is stopped.
	Stop Effect = "stop"
	// Restart: apply refuses the change; it needs `ladder up` to be stopped and started.
	Restart Effect = "restart of Ladder"
)

// effects says what a change below a key means; no key lies below
// another. Every setting of the file must be covered: a test walks the struct tree.
var effects = []struct {
	key     string
	effect  Effect
	meaning string
}{
	{"name", Restart, "the name is part of the database's name"},
	{"directory", Restart, "lock, logs and data would be left behind"},

	{"app.command", Rolling, "instances run the new command"},
	{"app.directory", Rolling, "instances run in the new directory"},
	{"app.env", Rolling, "instances get the new environment"},
	{"app.user", Rolling, "instances run as the new user"},
	{"app.instances", Live, "instances are added once ready, or drained and stopped"},
	{"app.start_timeout", Live, "counts for the next start"},
	{"app.stop_timeout", Live, "counts for the next stop"},
	{"app.servers", Live, "new servers get traffic after their first passed check, removed ones finish what they have"},
	{"app.health", Live, "counts from the next check"},

	{"gateway.listen", Live, "new addresses open before old ones drain"},
	{"gateway.trusted_proxies", Live, "counts for the next request"},
	{"gateway.limits", Live, "counts for the next request"},
	{"gateway.timeouts", Live, "counts for the next request"},
	{"gateway.access_log", Live, "lines go to the new place"},

	{"database.primary", Rolling, "instances get the new DATABASE_URL"},
	{"database.embedded", Restart, "PostgreSQL reads it when it starts"},
	{"database.listen", Restart, "PostgreSQL would have to restart under its clients"},

	{"admin.listen", Live, "the new address opens before the old one closes"},
	{"admin.token", Live, "the old token stops working"},
}

// effectOf finds what a change means, given which whole sections come and go.
func effectOf(change config.Change, before, after *config.Config) (Effect, string) {
	switch section := strings.SplitN(change.Path, ".", 2)[0]; {
	case section == "app" && before.App == nil:
		return Start, "the application is started"
	case section == "app" && after.App == nil:
		return Stop, "the application is drained and stopped"
	case section == "gateway" && before.Gateway == nil:
		return Start, "the gateway opens"
	case section == "gateway" && after.Gateway == nil:
		return Stop, "the gateway stops accepting, and closes when the last request has ended"
	case section == "database" && !embeds(before) && embeds(after):
		return Start, "PostgreSQL is started, then the instances get its DATABASE_URL one by one"
	case section == "database" && embeds(before) && !embeds(after):
		return Stop, "the instances get the new DATABASE_URL one by one, then PostgreSQL is stopped; its data stays"
	}
	for _, candidate := range effects {
		if covers(candidate.key, change.Path) {
			return candidate.effect, candidate.meaning
		}
	}
	return Restart, "nothing is known about applying it live"
}

// covers reports whether a path of the file is a key or lies below it.
func covers(key, path string) bool {
	rest, found := strings.CutPrefix(path, key)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func embeds(file *config.Config) bool { return file.Database != nil && file.Database.Embedded != nil }
