package admin

import (
	"time"

	"ladder/config"
	"ladder/telemetry"
	"ladder/topology"
)

// The documents of /api/v1. They are stable: fields are added, never renamed, removed or given another meaning.
// docs/reference/api.md describes each of them, and a test compares that page with these types.

// Status is the whole state of a node, at GET /api/v1/status.
type Status struct {
	Version       string    `json:"version"`
	Name          string    `json:"name"`
	Node          string    `json:"node"`
	Rung          Rung      `json:"rung"`
	Started       time.Time `json:"started"`
	PID           int       `json:"pid"`
	UptimeSeconds float64   `json:"uptime_seconds"`
	ConfigVersion uint64    `json:"config_version"`
	URLs          URLs      `json:"urls"`
	// Gateway is null when the file has none.
	Gateway  *Gateway            `json:"gateway"`
	Pools    []Pool              `json:"pools"`
	Database Database            `json:"database"`
	Warnings []telemetry.Warning `json:"warnings"`
	Events   []telemetry.Event   `json:"events"`
}

// Rung is the highest rung that the file stands on.
type Rung struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
}

// URLs are where a person goes next.
type URLs struct {
	Application []string `json:"application"`
	Dashboard   string   `json:"dashboard"`
	API         string   `json:"api"`
}

// Gateway is the HTTP side. Rates and percentiles are those of the last telemetry.RatesWindow.
type Gateway struct {
	Listen            []string `json:"listen"`
	Connections       int64    `json:"connections"`
	InFlight          int64    `json:"in_flight"`
	RequestsTotal     uint64   `json:"requests_total"`
	ErrorsTotal       uint64   `json:"errors_total"`
	RequestsPerSecond float64  `json:"requests_per_second"`
	ErrorsPerSecond   float64  `json:"errors_per_second"`
	P50MS             float64  `json:"p50_ms"`
	P90MS             float64  `json:"p90_ms"`
	P99MS             float64  `json:"p99_ms"`
}

// Pool is a set of members that can do one job.
type Pool struct {
	Name    string   `json:"name"`
	Members []Member `json:"members"`
}

// Member is one server of a pool. PID, Restarts, CPUPercent and MemoryBytes are 0 for servers that Ladder did not start.
type Member struct {
	Name        string         `json:"name"`
	Address     string         `json:"address"`
	State       topology.State `json:"state"`
	Reason      string         `json:"reason"`
	Since       time.Time      `json:"since"`
	InFlight    int64          `json:"in_flight"`
	Handled     uint64         `json:"handled"`
	Failed      uint64         `json:"failed"`
	PID         int            `json:"pid"`
	Restarts    int            `json:"restarts"`
	CPUPercent  float64        `json:"cpu_percent"`
	MemoryBytes uint64         `json:"memory_bytes"`
}

// The kinds of database that a file can have.
const (
	DatabaseEmbedded = "embedded"
	DatabaseExternal = "external"
	DatabaseNone     = "none"
)

// The states of a database.
const (
	DatabaseStarting   = "starting"
	DatabaseRecovering = "recovering"
	DatabaseUp         = "up"
	DatabaseDown       = "down"
	// DatabaseUnknown is that of an external database, which Ladder does not watch on this rung.
	DatabaseUnknown = "unknown"
)

// Database is what DATABASE_URL points at. All but Kind and State is empty for databases that Ladder does not run.
type Database struct {
	Kind        string `json:"kind"`
	State       string `json:"state"`
	Reason      string `json:"reason"`
	Version     string `json:"version"`
	Listen      string `json:"listen"`
	Directory   string `json:"directory"`
	PID         int    `json:"pid"`
	Restarts    int    `json:"restarts"`
	Connections int    `json:"connections"`
	SizeBytes   uint64 `json:"size_bytes"`
	// Since is when it came into this state; null when that is not known.
	Since *time.Time `json:"since"`
}

// Series is the last ten minutes of traffic at GET /api/v1/series, one entry per second in each list, oldest first.
// Percentiles are null for seconds without requests.
type Series struct {
	IntervalSeconds   float64    `json:"interval_seconds"`
	Time              []float64  `json:"time"` // Unix seconds
	RequestsPerSecond []float64  `json:"requests_per_second"`
	ErrorsPerSecond   []float64  `json:"errors_per_second"`
	P50MS             []*float64 `json:"p50_ms"`
	P90MS             []*float64 `json:"p90_ms"`
	P99MS             []*float64 `json:"p99_ms"`
	InFlight          []int64    `json:"in_flight"`
	Connections       []int64    `json:"connections"`
}

// WarningList is the data of a stream event of type "warning": all warnings that hold now.
type WarningList struct {
	Warnings []telemetry.Warning `json:"warnings"`
}

// Plan is what applying a file would change, at POST /api/v1/plan, or has changed, at POST /api/v1/apply.
type Plan struct {
	Changes []Change `json:"changes"`
	// NeedsRestart is true when a change among them cannot be applied to a running node; apply then refuses all of them.
	NeedsRestart bool `json:"needs_restart"`
}

// Change is one key that differs, with what applying it means.
type Change struct {
	Path    string `json:"path"`
	Old     string `json:"old"`
	New     string `json:"new"`
	Effect  string `json:"effect"`
	Meaning string `json:"meaning"`
}

// Session says what this caller may do, at GET /api/v1/session.
type Session struct {
	// Actions is true when the caller may act: restart an instance, apply a file.
	Actions bool `json:"actions"`
}

// Failure is the body of every answer that is not a success.
type Failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	// Problems are the mistakes of a file that was refused, all at once.
	Problems []config.Problem `json:"problems,omitempty"`
	// Plan is what an apply that failed would have changed.
	Plan *Plan `json:"plan,omitempty"`
}
