package supervise

import (
	"fmt"
	"slices"
	"time"

	"ladder/internal/process"
	"ladder/telemetry"
	"ladder/topology"
)

const (
	// nextSuffix and drainingSuffix name the two members that an instance has while it is being replaced: the replacement
	// before it is ready, and the predecessor after. The one that gets traffic always has the plain name.
	nextSuffix     = "-next"
	drainingSuffix = "-draining"
	// portChoices bounds the search for a port that no other instance has been given.
	portChoices = 20
)

// assignPort gives an instance its port for the next start: the one it had, if that one worked and is still free.
func (s *Supervisor) assignPort(i *instance) (Options, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	previous := 0
	if i.portProven {
		previous = i.port
	}
	for range portChoices {
		port, err := choosePort(previous)
		if err != nil {
			return Options{}, fmt.Errorf("%s: %w", i.name, err)
		}
		if !s.portAssignedLocked(port, i) {
			i.port = port
			return i.options, nil
		}
		previous = 0
	}
	return Options{}, fmt.Errorf("%s: found no free port in %d attempts", i.name, portChoices)
}

func (s *Supervisor) portAssignedLocked(port int, except *instance) bool {
	for _, other := range s.live {
		if other != except && other.port == port {
			return true
		}
	}
	return false
}

// introduce makes a started process known: its instance becomes, or is again, a member that is starting.
func (s *Supervisor) introduce(i *instance, memberName string, started *process.Process, output *tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.process, i.output = started, output
	reason := fmt.Sprintf("started as process %d", started.Pid())
	before, address := i.member, loopback(i.port)
	if before == nil {
		i.member = topology.NewMember(memberName, address)
		s.insertLocked(i, reason)
		return
	}
	if before.Address() != address {
		i.member = topology.NewMember(before.Name(), address)
	}
	s.pool.Edit(func(entries []topology.Entry) []topology.Entry {
		for k := range entries {
			if entries[k].Member == before {
				state := topology.Starting
				if i.retired {
					state = entries[k].State
				}
				entries[k] = topology.Entry{Member: i.member, State: state, Reason: reason, Since: time.Now()}
			}
		}
		return entries
	})
}

// insertLocked adds a new member in the order of the instances' numbers, whichever of them was faster.
func (s *Supervisor) insertLocked(i *instance, reason string) {
	later := make(map[*topology.Member]bool)
	for _, other := range s.live {
		later[other.member] = other.ordinal > i.ordinal
	}
	s.pool.Edit(func(entries []topology.Entry) []topology.Entry {
		place := slices.IndexFunc(entries, func(entry topology.Entry) bool { return later[entry.Member] })
		if place < 0 {
			place = len(entries)
		}
		return slices.Insert(entries, place, topology.Entry{Member: i.member, State: topology.Starting, Reason: reason, Since: time.Now()})
	})
}

// mark sets the state of an instance's member whatever it was, and its reason even where the state is the same: health
// checks see by the new time that the state is not theirs. An instance that is retired stays Draining.
func (s *Supervisor) mark(i *instance, state topology.State, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markLocked(i, state, reason)
}

func (s *Supervisor) markLocked(i *instance, state topology.State, reason string) {
	if i.member == nil || i.retired && state != topology.Draining {
		return
	}
	s.pool.Edit(func(entries []topology.Entry) []topology.Entry {
		for k := range entries {
			if entries[k].Member == i.member {
				entries[k].State, entries[k].Reason, entries[k].Since = state, reason, time.Now()
			}
		}
		return entries
	})
}

// promote lets traffic come to an instance that is ready. In the same step its predecessor, if there is one, gives up its
// name and starts to drain, so that the pool is at no time without the one or the other.
func (s *Supervisor) promote(i, old *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old == nil {
		s.markLocked(i, topology.Up, "ready")
		return
	}
	next, before := i.member, old.member
	i.member, old.member = next.Renamed(i.name), before.Renamed(old.name+drainingSuffix)
	old.retired = true
	now := time.Now()
	s.pool.Edit(func(entries []topology.Entry) []topology.Entry {
		kept := entries[:0]
		for _, entry := range entries {
			switch entry.Member {
			case next:
			case before:
				kept = append(kept, topology.Entry{Member: i.member, State: topology.Up, Reason: "ready", Since: now})
			default:
				kept = append(kept, entry)
			}
		}
		return append(kept, topology.Entry{Member: old.member, State: topology.Draining, Reason: "replaced", Since: now})
	})
}

// register and forget keep the list of everything that has, or is about to have, a process.
func (s *Supervisor) register(i *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	i.generation = s.made
	s.live = append(s.live, i)
}

func (s *Supervisor) forget(i *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, other := range s.live {
		if other == i {
			s.live = append(s.live[:k:k], s.live[k+1:]...)
			break
		}
	}
	if i.member != nil {
		s.pool.Remove(i.member.Name())
	}
}

func (s *Supervisor) running(i *instance) (*process.Process, Options) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return i.process, i.options
}

func (s *Supervisor) optionsOf(i *instance) Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return i.options
}

func (s *Supervisor) isRetired(i *instance) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return i.retired
}

func (s *Supervisor) countRestart(i *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.restarts++
}

func (s *Supervisor) noteExit(i *instance, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.lastExit = problem
}

// warnOfLoop raises the crash loop warning, unless the instance has been retired: its successor has the same name, and the
// warning has been cleared for good.
func (s *Supervisor) warnOfLoop(i *instance, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !i.retired {
		s.options.Health.Set(telemetry.AppInstanceCrashLoop, i.name, text)
	}
}

// tell publishes an event about an instance; the message continues its name.
func (s *Supervisor) tell(i *instance, severity telemetry.Severity, code, format string, arguments ...any) {
	s.current().Events.Publish(telemetry.Event{
		Code: code, Severity: severity, Subject: i.name, Message: i.name + " " + fmt.Sprintf(format, arguments...),
	})
}

func (s *Supervisor) tellExit(i *instance, pid int, problem string) {
	s.mu.Lock()
	last := i.output.last()
	s.mu.Unlock()
	s.current().Events.Publish(telemetry.Event{
		Code: "instance_exited", Severity: telemetry.SeverityWarning, Subject: i.name,
		Message:    fmt.Sprintf("%s ended by itself: %s", i.name, problem),
		Attributes: map[string]string{"exit": problem, "pid": fmt.Sprint(pid), "last_line": last},
	})
}
