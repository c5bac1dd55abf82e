// Package health decides from check results whether a server is well. It is a pure state machine: results and their
// times go in, a state with a reason comes out; sockets, timers and pools are elsewhere (internal/probe). Start with [Machine].
package health

import (
	"fmt"
	"time"

	"ladder/topology"
)

// Thresholds keep a server from flapping. Values below 1 count as 1.
type Thresholds struct {
	Fall int // failed checks in a row that take a server down
	Rise int // passed checks in a row that bring it back
}

// Result is the outcome of one check.
type Result struct {
	Time   time.Time // when the check ended
	Passed bool
	Error  string // why it failed, short and for a person: "connection refused"
}

// Verdict is what a server may be used for, by its checks alone.
type Verdict struct {
	State  topology.State // Starting, Up or Down
	Reason string
	Since  time.Time // the result that led to State
}

// Machine judges one server. A server that is Starting needs one result only: it knows nothing yet, so a pass makes it Up
// at once, and a failure Down. After that it takes Fall failures or Rise passes in a row to change. It is used by one
// goroutine at a time.
type Machine struct {
	thresholds Thresholds
	verdict    Verdict
	streak     int  // results in a row that were alike
	passing    bool // what they were
	last       time.Time
}

// NewMachine begins with a server whose state is known from elsewhere.
func NewMachine(thresholds Thresholds, state topology.State, since time.Time) *Machine {
	return &Machine{thresholds: thresholds, verdict: Verdict{State: state, Since: since}}
}

// Configure changes the thresholds; they count from the next result on.
func (m *Machine) Configure(thresholds Thresholds) { m.thresholds = thresholds }

// Verdict is the present one.
func (m *Machine) Verdict() Verdict { return m.verdict }

// Feed takes the next result and reports whether the state changed. A result older than the last one is ignored.
func (m *Machine) Feed(result Result) (Verdict, bool) {
	if result.Time.Before(m.last) {
		return m.verdict, false
	}
	m.last = result.Time
	if m.streak == 0 || result.Passed != m.passing {
		m.streak, m.passing = 0, result.Passed
	}
	m.streak++
	next := m.judge()
	if next == m.verdict.State {
		return m.verdict, false
	}
	m.verdict = Verdict{State: next, Reason: m.reason(result), Since: result.Time}
	return m.verdict, true
}

func (m *Machine) judge() topology.State {
	switch {
	case m.passing && m.verdict.State == topology.Starting:
		return topology.Up
	case m.passing && m.verdict.State == topology.Down && m.streak >= m.thresholds.Rise:
		return topology.Up
	case !m.passing && m.verdict.State == topology.Starting:
		return topology.Down
	case !m.passing && m.verdict.State == topology.Up && m.streak >= m.thresholds.Fall:
		return topology.Down
	}
	return m.verdict.State
}

func (m *Machine) reason(result Result) string {
	if result.Passed {
		return "health check passed"
	}
	if m.streak > 1 {
		return fmt.Sprintf("health check failed %d times in a row: %s", m.streak, result.Error)
	}
	return "health check failed: " + result.Error
}
