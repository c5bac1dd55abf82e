package topology

import (
	"strings"
	"testing"
	"time"
)

func describe(pool *Pool) string {
	var words []string
	for _, entry := range pool.Load().Entries {
		words = append(words, entry.Name()+"="+entry.State.String())
	}
	return strings.Join(words, " ")
}

func TestOnlyMembersThatAreUpAreReady(t *testing.T) {
	pool := NewPool("app")
	for name, state := range map[string]State{"a": Up, "b": Starting, "c": Draining, "d": Down} {
		pool.Add(NewMember(name, "127.0.0.1:1"), state, "")
	}
	if ready := pool.Load().Ready; len(ready) != 1 || ready[0].Name() != "a" {
		t.Errorf("ready: %v", ready)
	}
	pool.SetState("d", Up, "")
	pool.SetState("a", Down, "")
	if ready := pool.Load().Ready; len(ready) != 1 || ready[0].Name() != "d" {
		t.Errorf("ready: %v", ready)
	}
}

func TestWhatChangesNothingWakesNobody(t *testing.T) {
	pool := NewPool("app")
	pool.Add(NewMember("a", "127.0.0.1:1"), Up, "")
	changed, version := pool.Changed(), pool.Load().Version
	if pool.SetState("a", Up, "again") || pool.SetState("unknown", Down, "") {
		t.Error("reported a change")
	}
	pool.Remove("unknown")
	select {
	case <-changed:
		t.Error("woken")
	default:
	}
	if pool.Load().Version != version {
		t.Error("the version grew")
	}
	pool.Remove("a")
	select {
	case <-changed:
	default:
		t.Error("not woken")
	}
}

func TestSetStateIfYieldsToWhoWasFaster(t *testing.T) {
	pool := NewPool("app")
	pool.Add(NewMember("a", "127.0.0.1:1"), Up, "")
	seen, _ := pool.Load().Find("a")

	now, moved := pool.SetStateIf(seen, Down, "health check")
	if !moved || now.State != Down || now.Reason != "health check" {
		t.Fatalf("got %+v, %v", now, moved)
	}
	if _, moved := pool.SetStateIf(seen, Draining, ""); moved {
		t.Error("moved an entry that had changed since it was seen")
	}
	if again, moved := pool.SetStateIf(now, Down, "exited"); !moved || again.Reason != "exited" || !again.Since.After(now.Since) {
		t.Errorf("another reason for the same state: %+v, %v", again, moved)
	}
	pool.Remove("a")
	pool.Add(NewMember("a", "127.0.0.1:2"), Down, "exited")
	if _, moved := pool.SetStateIf(now, Up, ""); moved {
		t.Error("moved another member of the same name")
	}
}

func TestReplacementIsOneChangeAndKeepsCounting(t *testing.T) {
	pool := NewPool("app")
	old := NewMember("app.1", "127.0.0.1:1")
	pool.Add(old, Up, "")
	old.InFlight.Add(1)
	version := pool.Load().Version
	pool.Edit(func(entries []Entry) []Entry {
		entries[0] = Entry{Member: NewMember("app.1", "127.0.0.1:2"), State: Up, Since: time.Now()}
		return append(entries, Entry{Member: old.Renamed("app.1-draining"), State: Draining, Since: time.Now()})
	})
	if got := describe(pool); got != "app.1=up app.1-draining=draining" || pool.Load().Version != version+1 {
		t.Errorf("got %s", got)
	}
	draining, _ := pool.Load().Find("app.1-draining")
	old.InFlight.Add(1) // by somebody who still holds the member by its old name
	if draining.InFlight.Load() != 2 || draining.Address() != "127.0.0.1:1" {
		t.Errorf("in flight %d at %s", draining.InFlight.Load(), draining.Address())
	}
}

func TestTwoMembersOfOneNamePanic(t *testing.T) {
	pool := NewPool("app")
	pool.Add(NewMember("a", "127.0.0.1:1"), Up, "")
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if got := describe(pool); got != "a=up" {
			t.Errorf("the pool was changed: %s", got)
		}
	}()
	pool.Add(NewMember("a", "127.0.0.1:2"), Up, "")
}

func TestStateNames(t *testing.T) {
	for state := Starting; state <= Down; state++ {
		text, err := state.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back State
		if err := back.UnmarshalText(text); err != nil || back != state {
			t.Errorf("%s came back as %s, %v", state, back, err)
		}
	}
	if err := new(State).UnmarshalText([]byte("well")); err == nil {
		t.Error("an unknown state was accepted")
	}
	if got := State(9).String(); got != "state(9)" {
		t.Error(got)
	}
}
