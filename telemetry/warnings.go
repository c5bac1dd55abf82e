package telemetry

// WarningCode names a kind of warning. Codes are stable: alerts and runbooks are written against them.
type WarningCode string

// The codes, one for each row of [Warnables].
const (
	AppInstanceCrashLoop WarningCode = "app-instance-crash-loop"
	AppInstanceUnhealthy WarningCode = "app-instance-unhealthy"
	AppNoReadyInstance   WarningCode = "app-no-ready-instance"
	DatabaseDown         WarningCode = "database-down"
	DatabaseCrashLoop    WarningCode = "database-crash-loop"
	DatabaseRecovering   WarningCode = "database-recovering"
	DatabaseDiskLow      WarningCode = "database-disk-low"
	GatewaySaturated     WarningCode = "gateway-saturated"
	AccessLogFailing     WarningCode = "access-log-failing"
	LogFailing           WarningCode = "log-failing"
	ApplyFailed          WarningCode = "apply-failed"
	FileLimitLow         WarningCode = "file-limit-low"
	GuardianMissing      WarningCode = "guardian-missing"
)

// Warnable is a kind of warning that Ladder can give: a row of the one table that CLI, dashboard, metrics and reference
// page are made from.
type Warnable struct {
	Code     WarningCode
	Title    string // a few words, for headings
	Severity Severity
	Meaning  string // what is wrong and what users notice, in one or two sentences
	Hint     string // what an operator does about it
	// DependsOn are the codes that explain this one: while one of them holds for any subject, this one is not shown.
	DependsOn []WarningCode
}

// Warnables is the table of all kinds of warnings.
func Warnables() []Warnable {
	return append(append(applicationWarnables(), databaseWarnables()...), nodeWarnables()...)
}

func applicationWarnables() []Warnable {
	return []Warnable{
		{
			Code: AppNoReadyInstance, Title: "No instance is ready", Severity: SeverityCritical,
			Meaning: "Every instance of the application is down or still starting, so the gateway answers all requests with 503.",
			Hint:    "Look at the last lines of the application's log: `ladder status` shows why each instance is down.",
		},
		{
			Code: AppInstanceCrashLoop, Title: "Instance keeps crashing", Severity: SeverityCritical,
			Meaning:   "An instance of the application ended several times within a minute. It is restarted with growing pauses; the other instances carry its traffic.",
			Hint:      "The message names its last exit; its output is in the application's log. `ladder apply` of a working command replaces it at once.",
			DependsOn: []WarningCode{DatabaseDown, DatabaseRecovering},
		},
		{
			Code: AppInstanceUnhealthy, Title: "Instance fails its health check", Severity: SeverityWarning,
			Meaning:   "An instance or server of the application runs but does not pass its health check; it gets no traffic until it does.",
			Hint:      "Ask the path of `app.health` yourself (the message has the address). If the check is too strict, raise `app.health.timeout` or `fall`.",
			DependsOn: []WarningCode{DatabaseDown, DatabaseRecovering},
		},
	}
}

func databaseWarnables() []Warnable {
	return []Warnable{
		{
			Code: DatabaseDown, Title: "Database is down", Severity: SeverityCritical,
			Meaning: "PostgreSQL does not accept connections. Whatever the application needs it for fails.",
			Hint:    "`ladder database logs` shows PostgreSQL's own words. An embedded one is restarted by Ladder; an external one is yours to start.",
		},
		{
			Code: DatabaseCrashLoop, Title: "Database keeps crashing", Severity: SeverityCritical,
			Meaning: "The embedded PostgreSQL ended several times within a short while. It is restarted with growing pauses.",
			Hint:    "`ladder database logs` has the reason: most often a full disk, too little memory or a damaged file.",
		},
		{
			Code: DatabaseRecovering, Title: "Database is recovering", Severity: SeverityWarning,
			Meaning: "PostgreSQL did not stop cleanly last time and replays its write-ahead log before it accepts connections. Nothing that was committed is lost.",
			Hint:    "Wait: it takes seconds to minutes. `ladder database logs` shows how far it is.",
		},
		{
			Code: DatabaseDiskLow, Title: "Disk of the database is nearly full", Severity: SeverityCritical,
			Meaning: "The file system that holds the database has little room left. When it is full PostgreSQL stops taking writes.",
			Hint:    "Free space or grow the file system that holds `database.embedded.directory`.",
		},
	}
}

func nodeWarnables() []Warnable {
	return []Warnable{
		{
			Code: GatewaySaturated, Title: "Gateway is at its connection limit", Severity: SeverityWarning,
			Meaning: "As many clients are connected as `gateway.limits.connections` allows; further ones wait to be accepted.",
			Hint:    "Raise `gateway.limits.connections` if memory and the file limit allow it, or lower `gateway.timeouts.idle`.",
		},
		{
			Code: AccessLogFailing, Title: "Access log cannot be written", Severity: SeverityWarning,
			Meaning: "Lines of the access log are being dropped. Requests are served as before.",
			Hint:    "The message has the reason; check that its disk has room and that the directory can be written to.",
		},
		{
			Code: LogFailing, Title: "Log cannot be written", Severity: SeverityWarning,
			Meaning: "Lines of Ladder's own log or of the application's output are being dropped.",
			Hint:    "The message names the file and the reason; check that its disk has room and that the directory can be written to.",
		},
		{
			Code: ApplyFailed, Title: "Last apply failed", Severity: SeverityWarning,
			Meaning: "A new file could not be applied; the node goes on with the one before. The file on disk and the running configuration differ until the next apply.",
			Hint:    "Correct the file by the message and run `ladder apply` again.",
		},
		{
			Code: FileLimitLow, Title: "Limit of open files is low", Severity: SeverityWarning,
			Meaning: "The process may not open as many files as `gateway.limits.connections` needs; clients will be refused before that limit is reached.",
			Hint:    "Raise the limit: `LimitNOFILE=` in the systemd unit, `ulimit -n` in a shell.",
		},
		{
			Code: GuardianMissing, Title: "Guardian process is gone", Severity: SeverityWarning,
			Meaning: "The small process that ends the application's children if Ladder is killed has ended itself. If Ladder were killed now, grandchildren of the application could be left behind.",
			Hint:    "Restart Ladder when it suits you.",
		},
	}
}
