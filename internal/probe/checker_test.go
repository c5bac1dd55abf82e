package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladder/telemetry"
	"ladder/topology"
	"ladder/topology/health"
)

// servers is a set of pretended servers, by address.
type servers struct {
	mu      sync.Mutex
	broken  map[string]error
	hanging map[string]bool
	checks  []time.Time
	running int
	most    int // checks at once
}

func newServers() *servers {
	return &servers{broken: map[string]error{}, hanging: map[string]bool{}}
}

func (s *servers) set(address string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[address] = err
}

func (s *servers) hang(address string, hanging bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging[address] = hanging
}

func (s *servers) probe(ctx context.Context, address string) error {
	s.mu.Lock()
	s.checks = append(s.checks, time.Now())
	s.running++
	s.most = max(s.most, s.running)
	err, hanging := s.broken[address], s.hanging[address]
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
	}()
	if hanging {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (s *servers) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.checks)
}

var errRefused = errors.New("connection refused")

// events remembers the codes.
type events struct {
	mu    sync.Mutex
	codes []string
}

func (e *events) Publish(event telemetry.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.codes = append(e.codes, event.Code+" "+event.Subject)
}

// inBubble runs a checker over pool in simulated time.
func inBubble(t *testing.T, exclusive bool, test func(t *testing.T, pool *topology.Pool, s *servers, c *Checker, options Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServers()
		options := Options{
			Pool: topology.NewPool("app"), Probe: s.probe, Interval: 2 * time.Second, Timeout: time.Second,
			Thresholds: health.Thresholds{Fall: 3, Rise: 2}, Exclusive: exclusive,
			Events: &events{}, Health: telemetry.NewHealth(nil),
		}
		c := NewChecker(options)
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, options.Pool, s, c, options)
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if left := options.Health.All(); len(left) != 0 {
			t.Errorf("warnings left after Stop: %v", left)
		}
	})
}

func expect(t *testing.T, pool *topology.Pool, name string, state topology.State) {
	t.Helper()
	synctest.Wait()
	entry, found := pool.Load().Find(name)
	if !found || entry.State != state {
		t.Fatalf("%s is %v (%s), want %v", name, entry.State, entry.Reason, state)
	}
}

func warnings(h *telemetry.Health) string {
	text := ""
	for _, warning := range h.All() {
		text += fmt.Sprintf("%s(%s) ", warning.Code, warning.Subject)
	}
	return text
}

func TestStaticServersAreJudgedByTheirFirstCheck(t *testing.T) {
	inBubble(t, true, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, options Options) {
		s.set("h:2", errRefused)
		pool.Add(topology.NewMember("one", "h:1"), topology.Starting, "added")
		pool.Add(topology.NewMember("two", "h:2"), topology.Starting, "added")
		expect(t, pool, "one", topology.Up)
		expect(t, pool, "two", topology.Down)
		if got := warnings(options.Health); got != "app-instance-unhealthy(two) " {
			t.Errorf("warnings: %s", got)
		}
		s.set("h:2", nil)
		time.Sleep(3 * time.Second)
		expect(t, pool, "two", topology.Down) // one pass of two
		time.Sleep(2 * time.Second)
		expect(t, pool, "two", topology.Up)
		if got := warnings(options.Health); got != "" {
			t.Errorf("warnings: %s", got)
		}
	})
}

func TestMembersAddedLaterAreCheckedAndRemovedOnesForgotten(t *testing.T) {
	inBubble(t, true, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, options Options) {
		time.Sleep(time.Minute)
		s.set("h:1", errRefused)
		pool.Add(topology.NewMember("late", "h:1"), topology.Starting, "added")
		expect(t, pool, "late", topology.Down)
		if got := warnings(options.Health); got != "app-no-ready-instance(app) app-instance-unhealthy(late) " {
			t.Errorf("warnings: %s", got)
		}
		pool.Remove("late")
		synctest.Wait()
		if got := warnings(options.Health); got != "" {
			t.Errorf("warnings: %s", got)
		}
		before := s.count()
		time.Sleep(time.Minute)
		if s.count() != before {
			t.Error("a removed member was checked")
		}
	})
}

func TestHangingMemberGoesDownAndReturns(t *testing.T) {
	inBubble(t, false, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, options Options) {
		pool.Add(topology.NewMember("app.1", "h:1"), topology.Up, "ready")
		time.Sleep(10 * time.Second)
		expect(t, pool, "app.1", topology.Up)
		s.hang("h:1", true)
		time.Sleep(10 * time.Second) // three intervals and three timeouts
		expect(t, pool, "app.1", topology.Down)
		entry, _ := pool.Load().Find("app.1")
		if want := "health check failed 3 times in a row: timed out after 1s"; entry.Reason != want {
			t.Errorf("reason %q, want %q", entry.Reason, want)
		}
		s.hang("h:1", false)
		time.Sleep(6 * time.Second)
		expect(t, pool, "app.1", topology.Up)
		log := options.Events.(*events)
		if got := fmt.Sprint(log.codes); got != "[member_down app.1 member_up app.1]" {
			t.Errorf("events: %s", got)
		}
	})
}

// The rules by which supervise and the checker share a pool.
func TestStatesOfOthersAreLeftAlone(t *testing.T) {
	for _, state := range []topology.State{topology.Starting, topology.Draining, topology.Down} {
		for _, broken := range []error{nil, errRefused} {
			inBubble(t, false, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, _ Options) {
				s.set("h:1", broken)
				pool.Add(topology.NewMember("app.1", "h:1"), state, "by supervise")
				time.Sleep(time.Minute)
				expect(t, pool, "app.1", state)
				if s.count() != 0 {
					t.Errorf("checked %d times while %v", s.count(), state)
				}
			})
		}
	}
}

func TestDrainingIsLeftAloneEvenWhenExclusive(t *testing.T) {
	inBubble(t, true, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, _ Options) {
		s.set("h:1", errRefused)
		pool.Add(topology.NewMember("one", "h:1"), topology.Draining, "by an operator")
		time.Sleep(time.Minute)
		expect(t, pool, "one", topology.Draining)
	})
}

// A member that hangs, was taken down, and then is killed: from then on it is supervise's to bring back.
func TestTakenOverByTheOwner(t *testing.T) {
	inBubble(t, false, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, options Options) {
		s.set("h:1", errRefused)
		pool.Add(topology.NewMember("app.1", "h:1"), topology.Up, "ready")
		time.Sleep(time.Minute)
		expect(t, pool, "app.1", topology.Down)
		entry, _ := pool.Load().Find("app.1")
		pool.SetStateIf(entry, topology.Down, "killed by SIGKILL")
		s.set("h:1", nil)
		time.Sleep(time.Minute)
		expect(t, pool, "app.1", topology.Down)
		if got := warnings(options.Health); got != "app-no-ready-instance(app) " {
			t.Errorf("warnings: %s", got)
		}
		pool.SetState("app.1", topology.Up, "ready")
		time.Sleep(time.Minute)
		expect(t, pool, "app.1", topology.Up)
	})
}

// A check that began before somebody changed the state says nothing about the state after.
func TestLateResultDoesNotUndoADrain(t *testing.T) {
	inBubble(t, false, func(t *testing.T, pool *topology.Pool, s *servers, c *Checker, options Options) {
		options.Thresholds.Fall = 1
		c.Apply(options)
		s.hang("h:1", true)
		pool.Add(topology.NewMember("app.1", "h:1"), topology.Up, "ready")
		for s.count() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		pool.SetState("app.1", topology.Draining, "replaced")
		time.Sleep(5 * time.Second)
		expect(t, pool, "app.1", topology.Draining)
	})
}

func TestIntervalHasJitterAndAppliesLive(t *testing.T) {
	inBubble(t, true, func(t *testing.T, pool *topology.Pool, s *servers, c *Checker, options Options) {
		pool.Add(topology.NewMember("one", "h:1"), topology.Starting, "added")
		time.Sleep(200 * time.Second)
		synctest.Wait()
		different := map[time.Duration]bool{}
		for i := 2; i < len(s.checks); i++ { // the first pause is random
			gap := s.checks[i].Sub(s.checks[i-1])
			different[gap] = true
			if gap < 1800*time.Millisecond || gap > 2200*time.Millisecond {
				t.Errorf("%v between two checks", gap)
			}
		}
		if len(different) < 50 {
			t.Errorf("only %d different gaps", len(different))
		}
		options.Interval = 10 * time.Hour
		c.Apply(options)
		time.Sleep(3 * time.Second) // the check that was due
		before := s.count()
		time.Sleep(time.Hour)
		if s.count() != before {
			t.Errorf("%d checks within an hour at ten hours' interval", s.count()-before)
		}
		options.Interval = time.Second
		c.Apply(options)
		time.Sleep(10 * time.Second)
		if got := s.count() - before; got < 8 || got > 12 {
			t.Errorf("%d checks within 10 s at an interval of 1 s", got)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	inBubble(t, true, func(t *testing.T, pool *topology.Pool, s *servers, _ *Checker, _ Options) {
		const members = 3 * Concurrency
		for i := range members {
			s.hang(fmt.Sprint("h:", i), true)
			pool.Add(topology.NewMember(fmt.Sprint(i), fmt.Sprint("h:", i)), topology.Starting, "added")
		}
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if s.most != Concurrency {
			t.Errorf("%d checks at once, want %d", s.most, Concurrency)
		}
		for _, entry := range pool.Load().Entries {
			if entry.State != topology.Down {
				t.Fatalf("%s was never checked", entry.Name())
			}
		}
	})
}

func TestStartingPoolIsNoProblemYet(t *testing.T) {
	inBubble(t, false, func(t *testing.T, pool *topology.Pool, _ *servers, _ *Checker, options Options) {
		pool.Add(topology.NewMember("app.1", "h:1"), topology.Starting, "started")
		synctest.Wait()
		if got := warnings(options.Health); got != "" {
			t.Errorf("warnings: %s", got)
		}
		pool.SetState("app.1", topology.Down, "exit status 1")
		synctest.Wait()
		if got := options.Health.All(); len(got) != 1 || got[0].Text != "app.1: exit status 1" {
			t.Errorf("warnings: %+v", got)
		}
		pool.SetState("app.1", topology.Starting, "restarted")
		synctest.Wait()
		if got := warnings(options.Health); got != "app-no-ready-instance(app) " {
			t.Errorf("the warning went before somebody was ready: %s", got)
		}
		pool.SetState("app.1", topology.Up, "ready")
		synctest.Wait()
		if got := warnings(options.Health); got != "" {
			t.Errorf("warnings: %s", got)
		}
	})
}
