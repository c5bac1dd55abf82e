package postgres

import (
	"fmt"
	"time"
)

// State is what the server can be used for.
type State uint8

// The states, in the order in which a server goes through them.
const (
	// Stopped: not started, stopped, or failed to start.
	Stopped State = iota
	// Starting: being prepared or started.
	Starting
	// Recovering: replaying its write-ahead log after a crash; connections are refused until it is done.
	Recovering
	// Up: accepts connections.
	Up
	// Down: crashed, or does not answer; it is being restarted.
	Down
	// Stopping: shutting down.
	Stopping
)

var stateNames = [...]string{"stopped", "starting", "recovering", "up", "down", "stopping"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText gives the name that API and logs use.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Status is the picture of a server at one moment. What is sampled is at most a few seconds old.
type Status struct {
	State         State
	Since         time.Time // when it came into this state
	Version       string    // "15.14"; empty before it is known
	Major         int
	Binaries      string // directory of its programs
	PID           int    // 0 while it does not run
	Account       string // whom it runs as; empty for Ladder's own user
	Listen        string // host:port that clients connect to
	Directory     string // Options.Directory
	DataDirectory string
	LogPath       string
	Database      string
	Restarts      int    // after crashes, since Start
	LastFailure   string // why it last ended or could not be restarted; empty if it never did

	Sampled               time.Time // when what follows was sampled; zero if it never was
	Size                  int64     // of the application's database, in bytes
	Connections           int       // of clients; Ladder's own is not counted
	MaxConnections        int
	TransactionsPerSecond float64
	DiskFree, DiskTotal   int64 // bytes, of the file system that holds the data
}
