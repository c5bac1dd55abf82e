package supervise

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ladder/internal/hint"
	"ladder/telemetry"
)

// Apply goes over to new options, all or nothing: new instances are started first, then those with another fingerprint are
// replaced one after the other, each drained before the next is touched, and last those that are too many are drained and
// stopped. When an instance does not become ready everything is brought back to what it was, and the error says why.
// Time-outs, backoff and the readiness check count for running instances too, from their next use.
func (s *Supervisor) Apply(ctx context.Context, options Options) error {
	ctx, end, err := s.operation(ctx)
	if err != nil {
		return err
	}
	defer end()
	before := s.current()
	options = options.inheriting(before).withDefaults()
	if err := options.validate(); err != nil {
		return err
	}
	p := makePlan(s.occupied(), options.Instances, options.Fingerprint)
	if err := s.startAll(ctx, p.start, options); err != nil {
		return err
	}
	if done, err := s.replaceAll(ctx, p.replace, options); err != nil {
		return errors.Join(err, s.rollBack(ctx, p.start, done, before))
	}
	s.mu.Lock()
	s.options = options
	for _, i := range s.live {
		i.options = options
	}
	s.mu.Unlock()
	s.retireAll(s.pick(p.stop), true, "fewer instances are wanted")
	return nil
}

// inheriting takes what cannot be changed from the options before.
func (o Options) inheriting(before Options) Options {
	o.Name, o.Pool, o.Events, o.Health, o.Logger, o.Guardian =
		before.Name, before.Pool, before.Events, before.Health, before.Logger, before.Guardian
	return o
}

// Restart replaces one instance by another with the same options: the replacement is ready before the instance drains. When
// it does not become ready, the instance stays.
func (s *Supervisor) Restart(ctx context.Context, name string) error {
	ctx, end, err := s.operation(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.mu.Lock()
	var names []string
	var old *instance
	for _, ordinal := range slices.Sorted(maps.Keys(s.slots)) {
		names = append(names, s.slots[ordinal].name)
		if s.slots[ordinal].name == name {
			old = s.slots[ordinal]
		}
	}
	s.mu.Unlock()
	if old == nil {
		return hint.Errorf("the instances are "+strings.Join(names, ", "), "%w: %q", ErrUnknownInstance, name)
	}
	return s.replace(ctx, old, s.optionsOf(old))
}

// replace starts a successor and retires the instance once the successor gets the traffic.
func (s *Supervisor) replace(ctx context.Context, old *instance, options Options) error {
	if _, err := s.launch(ctx, old.ordinal, options, old); err != nil {
		return err
	}
	s.tell(old, telemetry.SeverityInfo, "instance_replaced", "has been replaced")
	s.retire(old, true, "replaced")
	return nil
}

// replaceAll returns the ordinals that were replaced.
func (s *Supervisor) replaceAll(ctx context.Context, ordinals []int, options Options) (done []int, err error) {
	for _, ordinal := range ordinals {
		for _, old := range s.pick([]int{ordinal}) {
			if err := s.replace(ctx, old, options); err != nil {
				return done, err
			}
			done = append(done, ordinal)
		}
	}
	return done, nil
}

// rollBack undoes the first half of an Apply. It goes on when the caller has given up, but not when Ladder stops.
func (s *Supervisor) rollBack(ctx context.Context, started, replaced []int, before Options) error {
	background := s.tasks.Context()
	if background.Err() != nil {
		return nil // everything is being stopped anyway
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	detach := context.AfterFunc(background, func() { cancel(context.Cause(background)) })
	defer detach()
	s.retireAll(s.pick(started), true, "the change was taken back")
	slices.Reverse(replaced)
	if _, err := s.replaceAll(ctx, replaced, before); err != nil {
		return fmt.Errorf("and what had been replaced already could not be brought back: %w", err)
	}
	return nil
}

// occupied is what the plan starts from.
func (s *Supervisor) occupied() []slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	var result []slot
	for _, ordinal := range slices.Sorted(maps.Keys(s.slots)) {
		result = append(result, slot{ordinal: ordinal, fingerprint: s.slots[ordinal].options.Fingerprint})
	}
	return result
}

// pick returns the instances of some ordinals.
func (s *Supervisor) pick(ordinals []int) []*instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	var result []*instance
	for _, ordinal := range ordinals {
		if i := s.slots[ordinal]; i != nil {
			result = append(result, i)
		}
	}
	return result
}
