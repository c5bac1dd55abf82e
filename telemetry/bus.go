package telemetry

import (
	"context"
	"log/slog"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// RecentEvents is how many events a bus remembers.
	RecentEvents = 512
	// SubscriptionBuffer is how many events a subscriber may be behind before its oldest are dropped.
	SubscriptionBuffer = 64
)

// Bus takes events from everybody, logs each, remembers the last [RecentEvents] and hands them to subscribers. A subscriber
// that does not keep up loses its oldest events, never anybody else's time. A nil *Bus discards.
type Bus struct {
	logger *slog.Logger

	mu          sync.Mutex
	last        uint64              // ID of the newest event
	ring        [RecentEvents]Event // event with ID n stands at n % RecentEvents
	subscribers map[*Subscription]struct{}
}

// NewBus makes an empty bus. Each event is also logged to logger; nil logs nothing.
func NewBus(logger *slog.Logger) *Bus {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Bus{logger: logger, subscribers: make(map[*Subscription]struct{})}
}

// Publish numbers the event, remembers it, hands it to the subscribers and logs it.
func (b *Bus) Publish(event Event) {
	if b == nil {
		return
	}
	if event.Time.IsZero() {
		event.Time = time.Now()
	}
	b.mu.Lock()
	b.last++
	event.ID = b.last
	b.ring[event.ID%RecentEvents] = event
	for subscription := range b.subscribers {
		subscription.offer(event)
	}
	b.mu.Unlock()
	b.log(event)
}

// Recent returns the newest events, at most limit of them, oldest first.
func (b *Bus) Recent(limit int) []Event {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := min(b.last, RecentEvents, uint64(max(limit, 0)))
	return b.sinceLocked(b.last - kept)
}

// Since returns the remembered events with an ID above id, oldest first.
func (b *Bus) Since(id uint64) []Event {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sinceLocked(id)
}

func (b *Bus) sinceLocked(id uint64) []Event {
	if b.last > RecentEvents {
		id = max(id, b.last-RecentEvents)
	}
	if id >= b.last {
		return nil
	}
	events := make([]Event, 0, b.last-id)
	for next := id + 1; next <= b.last; next++ {
		events = append(events, b.ring[next%RecentEvents])
	}
	return events
}

// Subscribe starts a subscription to everything that is published from now on. Close it when done.
func (b *Bus) Subscribe() *Subscription {
	if b == nil {
		return newSubscription(nil)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.subscribeLocked()
}

// SubscribeSince also returns the remembered events with an ID above id; none is missing between them and the first event
// of the subscription, and none comes twice. An ID that this bus has not given yet belongs to an earlier process: all
// remembered events are new then.
func (b *Bus) SubscribeSince(id uint64) ([]Event, *Subscription) {
	if b == nil {
		return nil, newSubscription(nil)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if id > b.last {
		id = 0
	}
	return b.sinceLocked(id), b.subscribeLocked()
}

func (b *Bus) subscribeLocked() *Subscription {
	subscription := newSubscription(b)
	b.subscribers[subscription] = struct{}{}
	return subscription
}

func newSubscription(bus *Bus) *Subscription {
	return &Subscription{bus: bus, events: make(chan Event, SubscriptionBuffer)}
}

func (b *Bus) log(event Event) {
	attributes := make([]slog.Attr, 0, 2+len(event.Attributes))
	attributes = append(attributes, slog.String("event", event.Code))
	if event.Subject != "" {
		attributes = append(attributes, slog.String("subject", event.Subject))
	}
	keys := make([]string, 0, len(event.Attributes))
	for key := range event.Attributes {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		attributes = append(attributes, slog.String(key, event.Attributes[key]))
	}
	b.logger.LogAttrs(context.Background(), event.Severity.level(), event.Message, attributes...)
}

func (s Severity) level() slog.Level {
	switch s {
	case SeverityInfo:
		return slog.LevelInfo
	case SeverityWarning:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// Subscription receives events from a [Bus].
type Subscription struct {
	bus     *Bus
	events  chan Event
	dropped atomic.Uint64
}

// Events is where they arrive, in order of their IDs. It is never closed: select on your own end too.
func (s *Subscription) Events() <-chan Event { return s.events }

// Dropped is how many events this subscriber has lost because it was too slow.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	if s.bus == nil {
		return
	}
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	delete(s.bus.subscribers, s)
}

// offer puts an event into the buffer, in place of the oldest if it is full. Only one goroutine offers at a time.
func (s *Subscription) offer(event Event) {
	for {
		select {
		case s.events <- event:
			return
		default:
		}
		select {
		case <-s.events:
			s.dropped.Add(1)
		default: // the subscriber has just made room
		}
	}
}
